import { sleep, type Clock, type Random } from '@kybern/core';
import type { DurationMs } from './behaviors.ts';

/** Waiting in simulated time, for durations drawn from the runtime's own generator. */
export class Latencies {
  readonly #clock: Clock;
  readonly #random: Random;

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** A duration in ms. */
  draw(duration: DurationMs): number {
    if (typeof duration === 'number') return duration;
    const [min, max] = duration;
    return min + Math.floor(this.#random.next() * (max - min + 1));
  }

  /** Resolves after a drawn duration; at once when it is 0. Rejects with the signal's reason. */
  async wait(duration: DurationMs, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const ms = this.draw(duration);
    if (ms > 0) await sleep(this.#clock, ms, signal === undefined ? {} : { signal });
  }

  /** `promise`, or the signal's reason when that aborts first. The work goes on all the same. */
  untilAborted<T>(promise: Promise<T>, signal?: AbortSignal): Promise<T> {
    if (signal === undefined) return promise;
    return new Promise((resolve, reject) => {
      const onAbort = (): void => reject(signal.reason as Error);
      if (signal.aborted) return onAbort();
      signal.addEventListener('abort', onAbort, { once: true });
      promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
    });
  }
}
