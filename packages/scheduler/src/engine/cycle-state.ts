/** A value in a {@link CycleState} that changes while Pods are added and removed for a what-if: it can be copied. */
export interface ClonableState {
  clone(): unknown;
}

/**
 * What plugins keep between the steps of one scheduling attempt, under keys of their own (their name, as a rule). One attempt, one state: nothing in it
 * outlives the attempt.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/kube-scheduler/framework/cycle_state.go
 */
export class CycleState {
  readonly #values = new Map<string, unknown>();

  /** What was written under `key` in this attempt. */
  get<T>(key: string): T | undefined {
    return this.#values.get(key) as T | undefined;
  }

  set(key: string, value: unknown): void {
    this.#values.set(key, value);
  }

  delete(key: string): void {
    this.#values.delete(key);
  }

  /** A copy for a what-if. Values with a `clone()` method are copied by it, all others are shared. */
  clone(): CycleState {
    const copy = new CycleState();
    for (const [key, value] of this.#values) copy.set(key, isClonable(value) ? value.clone() : value);
    return copy;
  }
}

function isClonable(value: unknown): value is ClonableState {
  return typeof value === 'object' && value !== null && 'clone' in value && typeof value.clone === 'function';
}
