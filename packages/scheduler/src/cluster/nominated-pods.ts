import { keyOf } from '@kybern/core';
import type { Pod } from '@kybern/core/kinds';

const NONE: readonly Pod[] = Object.freeze([]);

/** A Pod's priority; 0 when it has none. */
export function priorityOf(pod: Pod): number {
  return pod.spec.priority ?? 0;
}

/**
 * The Pods that wait for room which was made for them on a node. Until they have it, no Pod of lower priority may take it.
 *
 * @see kubernetes v1.36 pkg/scheduler/backend/queue/nominator.go
 */
export class NominatedPods {
  /** Invariant: a Pod is in `#byNode` under the node that `#nodeOf` says, and nowhere else. */
  readonly #byNode = new Map<string, Map<string, Pod>>();
  readonly #nodeOf = new Map<string, string>();
  /** By node: the number of the last change there. Invariant: has the nodes of `#byNode`. */
  readonly #changes = new Map<string, number>();
  #lastChange = 0;

  get size(): number {
    return this.#nodeOf.size;
  }

  /** Every Pod with the node where it was promised room. */
  *all(): Iterable<readonly [Pod, string]> {
    for (const [nodeName, pods] of this.#byNode) for (const pod of pods.values()) yield [pod, nodeName];
  }

  nodeOf(key: string): string | undefined {
    return this.#nodeOf.get(key);
  }

  set(pod: Pod, nodeName: string): void {
    const key = keyOf(pod);
    this.delete(key);
    this.#nodeOf.set(key, nodeName);
    let there = this.#byNode.get(nodeName);
    if (there === undefined) this.#byNode.set(nodeName, (there = new Map()));
    there.set(key, pod);
    this.#changes.set(nodeName, ++this.#lastChange);
  }

  /** The nodes where room was promised. */
  bins(): Iterable<string> {
    return this.#byNode.keys();
  }

  /** See {@link Nominations}. */
  stamp(pod: Pod, nodeName: string): string | undefined {
    const change = this.#changes.get(nodeName);
    if (change === undefined) return '';
    return this.#nodeOf.get(keyOf(pod)) === nodeName ? undefined : `${change}/${priorityOf(pod)}`;
  }

  delete(key: string): void {
    const nodeName = this.#nodeOf.get(key);
    if (nodeName === undefined) return;
    this.#nodeOf.delete(key);
    const there = this.#byNode.get(nodeName);
    there?.delete(key);
    if (there?.size === 0) {
      this.#byNode.delete(nodeName);
      this.#changes.delete(nodeName);
    } else this.#changes.set(nodeName, ++this.#lastChange);
  }

  /** The Pods whose room on the node `pod` must respect: all of at least its priority. */
  before(pod: Pod, nodeName: string): readonly Pod[] {
    return this.#select(pod, nodeName, (other) => priorityOf(other) >= priorityOf(pod));
  }

  /** The Pods whose room on the node `pod` may take. */
  after(pod: Pod, nodeName: string): readonly Pod[] {
    return this.#select(pod, nodeName, (other) => priorityOf(other) < priorityOf(pod));
  }

  #select(pod: Pod, nodeName: string, isMeant: (other: Pod) => boolean): readonly Pod[] {
    const there = this.#byNode.get(nodeName);
    if (there === undefined) return NONE;
    const key = keyOf(pod);
    return [...there].filter(([name, other]) => name !== key && isMeant(other)).map(([, other]) => other);
  }
}
