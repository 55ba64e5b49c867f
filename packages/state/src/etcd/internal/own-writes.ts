import type { KubernetesObject } from '@kybern/core';

/** A value on its way to etcd. */
export interface OwnWrite {
  readonly key: string;
  readonly bytes: Uint8Array;
  readonly value: KubernetesObject;
  taken: boolean;
}

/**
 * The objects that this process is writing. What comes back from etcd with the same bytes is the same object: it need not be parsed, and what lies beside
 * it in memory stays.
 */
export class OwnWrites {
  readonly #byKey = new Map<string, OwnWrite[]>();

  /** @returns forgets it again */
  add(write: OwnWrite): () => void {
    const writes = this.#byKey.get(write.key);
    if (writes === undefined) this.#byKey.set(write.key, [write]);
    else writes.push(write);
    return () => this.#remove(write);
  }

  /** The object of a value, which nobody gets a second time; undefined when it is not one of ours. */
  take(key: string, bytes: Uint8Array): KubernetesObject | undefined {
    const write = this.#byKey.get(key)?.find((each) => !each.taken && (each.bytes as Buffer).equals(bytes));
    if (write === undefined) return undefined;
    write.taken = true;
    return write.value;
  }

  #remove(write: OwnWrite): void {
    const writes = this.#byKey.get(write.key);
    if (writes === undefined) return;
    const at = writes.indexOf(write);
    if (at >= 0) writes.splice(at, 1);
    if (writes.length === 0) this.#byKey.delete(write.key);
  }
}
