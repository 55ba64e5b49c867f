import type { Clock, KubernetesObject, Logger } from '@kybern/core';
import { isCompareFailed, isExpiredRevision } from './errors.ts';
import type { StateCursor, StateStore } from './store.ts';

/** Options of {@link expireObjects}. */
export interface ExpiryOptions {
  readonly clock: Clock;
  /** Objects under these prefixes go away. */
  readonly prefixes: readonly string[];
  /** How long after its last write an object goes away, in ms. */
  readonly ttlMs: number;
  /** When an object that is found at start was last written, in ms since the Unix epoch; undefined: nobody knows, so it counts from now. */
  readonly writtenAt: (object: KubernetesObject) => number | undefined;
  readonly logger: Logger;
}

/** So many objects go in one commit. */
const BATCH = 100;
/** After a commit that failed. */
const RETRY_MS = 1000;

/** What is due when: in the order of time, because every object lives equally long. */
interface Due {
  readonly key: string;
  /** As it was written: later writes have entries of their own. */
  readonly revision: number;
  /** On the clock's monotonic scale. */
  readonly dueMs: number;
}

/**
 * Deletes objects that nobody has written for a while, whatever the store: Events. Survives restarts, because what it finds at start is as old as it says.
 * Runs until the signal aborts.
 *
 * @see kubernetes v1.36 pkg/registry/core/event/storage/storage.go (ttl)
 */
export async function expireObjects(store: StateStore, options: ExpiryOptions, signal: AbortSignal): Promise<void> {
  const expiries = options.prefixes.map((prefix) => new Expiry(store, prefix, options));
  await Promise.all(expiries.map((expiry) => expiry.run(signal)));
}

class Expiry {
  readonly #store: StateStore;
  readonly #prefix: string;
  readonly #options: ExpiryOptions;
  #due: Due[] = [];
  #cursor: StateCursor | undefined;
  #cancel: (() => void) | undefined;
  #deleting = false;

  constructor(store: StateStore, prefix: string, options: ExpiryOptions) {
    this.#store = store;
    this.#prefix = prefix;
    this.#options = options;
  }

  async run(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    this.#list();
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    this.#cancel?.();
    this.#cursor?.close();
  }

  #list(): void {
    const { clock, ttlMs, writtenAt } = this.#options;
    const snapshot = this.#store.snapshot();
    const nowMs = clock.now();
    this.#due = snapshot
      .range(this.#prefix)
      .records.map(({ key, modRevision, value }) => {
        const ageMs = Math.max(0, nowMs - (writtenAt(value) ?? nowMs));
        return { key, revision: modRevision, dueMs: clock.monotonicMs() + ttlMs - ageMs };
      })
      .sort((a, b) => a.dueMs - b.dueMs);
    this.#cursor?.close();
    this.#cursor = this.#store.cursor(this.#prefix, snapshot.revision);
    this.#follow();
  }

  #follow(): void {
    const cursor = this.#cursor as StateCursor;
    try {
      const dueMs = this.#options.clock.monotonicMs() + this.#options.ttlMs;
      for (const event of cursor.read()) if (event.type === 'put') this.#due.push({ key: event.key, revision: event.revision, dueMs });
    } catch (error) {
      if (isExpiredRevision(error)) this.#list();
      return;
    }
    cursor.ready(() => this.#follow());
    this.#schedule();
  }

  #schedule(delayMs?: number): void {
    const [next] = this.#due;
    this.#cancel?.();
    this.#cancel = undefined;
    if (next === undefined || this.#deleting) return;
    const { clock } = this.#options;
    const inMs = delayMs ?? Math.max(0, next.dueMs - clock.monotonicMs());
    this.#cancel = clock.after(inMs, () => void this.#expire(), { background: true });
  }

  async #expire(): Promise<void> {
    const nowMs = this.#options.clock.monotonicMs();
    const count = this.#due.findIndex(({ dueMs }) => dueMs > nowMs);
    const over = this.#due.slice(0, Math.min(BATCH, count < 0 ? this.#due.length : count));
    this.#deleting = true;
    let delayMs: number | undefined;
    try {
      await this.#delete(over);
      // Unless all of them were listed anew in the meantime.
      if (this.#due[0] === over[0]) this.#due.splice(0, over.length);
    } catch (error) {
      this.#options.logger.warn('objects that are to expire could not be deleted', { prefix: this.#prefix, error });
      delayMs = RETRY_MS;
    }
    this.#deleting = false;
    this.#schedule(delayMs);
  }

  async #delete(over: readonly Due[]): Promise<void> {
    const snapshot = this.#store.snapshot();
    const stale = over.filter(({ key, revision }) => snapshot.get(key)?.modRevision === revision);
    try {
      if (stale.length > 0) await this.#store.commit(stale.map(({ key, revision }) => ({ key, value: undefined, expect: revision })));
    } catch (error) {
      // One of them was written at this moment: each on its own, then.
      if (!isCompareFailed(error)) throw error;
      for (const { key, revision } of stale) await this.#deleteOne(key, revision);
    }
  }

  async #deleteOne(key: string, expect: number): Promise<void> {
    try {
      await this.#store.commit([{ key, value: undefined, expect }]);
    } catch (error) {
      if (!isCompareFailed(error)) throw error;
    }
  }
}
