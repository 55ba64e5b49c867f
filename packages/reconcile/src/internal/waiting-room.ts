import type { Clock, KubernetesObject } from '@kybern/core';
import type { CachingInformer } from '../informer.ts';
import type { OwnWrites } from './own-writes.ts';

/** What {@link WaitingRoom} works with. */
export interface WaitingRoomOptions {
  readonly clock: Clock;
  readonly writes: OwnWrites;
  readonly timeoutMs: number;
  /** The caches show what `key` wrote, or the wait was given up: `behind` are the kinds whose caches still do not. */
  readonly onLeave: (key: string, behind: readonly string[], waitedMs: number) => void;
}

/** Keys that wait until the caches show what they wrote. Costs the informers nothing while nobody waits. */
export class WaitingRoom {
  readonly #options: WaitingRoomOptions;
  /** Who waits, since when, with the way to stop the time-out. */
  readonly #keys = new Map<string, { readonly sinceMs: number; readonly stop: () => void }>();
  /** The informers that tell of their progress, with the way to stop that. Invariant: empty when nobody waits. */
  readonly #told = new Map<CachingInformer<KubernetesObject>, () => void>();
  #isLooking = false;

  constructor(options: WaitingRoomOptions) {
    this.#options = options;
  }

  enter(key: string): void {
    const { clock, timeoutMs, writes } = this.#options;
    this.#keys.set(key, { sinceMs: clock.monotonicMs(), stop: clock.after(timeoutMs, () => this.#leave(key)) });
    for (const informer of writes.behind(key))
      if (!this.#told.has(informer))
        this.#told.set(
          informer,
          informer.onProgress(() => this.#lookSoon()),
        );
  }

  /** Forgets everybody; returns who waited. */
  clear(): readonly string[] {
    const keys = [...this.#keys.keys()];
    for (const { stop } of this.#keys.values()) stop();
    this.#keys.clear();
    this.#unsubscribeIfEmpty();
    return keys;
  }

  /** One look for all events that arrive together. */
  #lookSoon(): void {
    if (this.#isLooking) return;
    this.#isLooking = true;
    void Promise.resolve().then(() => {
      this.#isLooking = false;
      for (const key of [...this.#keys.keys()]) if (this.#options.writes.isCaughtUp(key)) this.#leave(key);
    });
  }

  #leave(key: string): void {
    const { clock, writes, onLeave } = this.#options;
    const waiting = this.#keys.get(key);
    if (waiting === undefined) return;
    waiting.stop();
    this.#keys.delete(key);
    this.#unsubscribeIfEmpty();
    onLeave(key, writes.giveUp(key), clock.monotonicMs() - waiting.sinceMs);
  }

  #unsubscribeIfEmpty(): void {
    if (this.#keys.size > 0) return;
    for (const unsubscribe of this.#told.values()) unsubscribe();
    this.#told.clear();
  }
}
