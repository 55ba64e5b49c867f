import type { Revision } from '../../store.ts';

interface Waiter {
  readonly revision: Revision;
  readonly resolve: () => void;
}

/** Those who wait until a store has come to a revision. */
export class RevisionWaiters {
  /** Invariant: in the order of their revisions. */
  readonly #waiters: Waiter[] = [];

  get size(): number {
    return this.#waiters.length;
  }

  /** Calls `resolve` once `revision` is reached. @returns takes it back; idempotent */
  add(revision: Revision, resolve: () => void): () => void {
    const waiter = { revision, resolve };
    let at = this.#waiters.length;
    while (at > 0 && (this.#waiters[at - 1] as Waiter).revision > revision) at -= 1;
    this.#waiters.splice(at, 0, waiter);
    return () => {
      const index = this.#waiters.indexOf(waiter);
      if (index >= 0) this.#waiters.splice(index, 1);
    };
  }

  /** The store has come to `revision`. */
  reached(revision: Revision): void {
    let count = 0;
    while (count < this.#waiters.length && (this.#waiters[count] as Waiter).revision <= revision) count += 1;
    if (count === 0) return;
    for (const { resolve } of this.#waiters.splice(0, count)) resolve();
  }
}
