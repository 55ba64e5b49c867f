import type { Clock } from '@kybern/core';

/** Somebody who waits, until `atMs`. */
interface Waiter {
  readonly atMs: number;
  onTimeout: (() => void) | undefined;
}

/**
 * Many waits of the same length on one timer: bindings begin by the thousand per second and hardly ever take too long.
 * Invariants: `#waiters` from `#first` on are in the order of their ends; a timer runs exactly while somebody waits.
 */
export class Deadlines {
  readonly limitMs: number;
  readonly #clock: Clock;
  readonly #waiters: (Waiter | undefined)[] = [];
  #first = 0;
  #waiting = 0;
  #stop: (() => void) | undefined;

  constructor(clock: Clock, limitMs: number) {
    this.#clock = clock;
    this.limitMs = limitMs;
  }

  /** Calls `onTimeout` once the time is over, unless the returned function is called before. */
  add(onTimeout: () => void): () => void {
    const waiter: Waiter = { atMs: this.#clock.monotonicMs() + this.limitMs, onTimeout };
    this.#waiters.push(waiter);
    this.#waiting += 1;
    this.#stop ??= this.#clock.after(this.limitMs, () => this.#ring());
    return () => {
      if (waiter.onTimeout === undefined) return;
      waiter.onTimeout = undefined;
      this.#left();
    };
  }

  #left(): void {
    this.#waiting -= 1;
    this.#dropFirst();
    if (this.#waiting > 0) return;
    this.#stop?.();
    this.#stop = undefined;
  }

  /** Forgets those at the front who no longer wait. */
  #dropFirst(): void {
    while (this.#first < this.#waiters.length && this.#waiters[this.#first]?.onTimeout === undefined) this.#waiters[this.#first++] = undefined;
    if (this.#first < 1024 && this.#first < this.#waiters.length) return;
    this.#waiters.splice(0, this.#first);
    this.#first = 0;
  }

  #ring(): void {
    this.#stop = undefined;
    const nowMs = this.#clock.monotonicMs();
    for (let next = this.#next(); next !== undefined && next.atMs <= nowMs; next = this.#next()) {
      const { onTimeout } = next;
      next.onTimeout = undefined;
      this.#waiting -= 1;
      onTimeout?.();
    }
    const left = this.#next();
    if (left !== undefined) this.#stop ??= this.#clock.after(Math.max(0, left.atMs - nowMs), () => this.#ring());
  }

  #next(): Waiter | undefined {
    this.#dropFirst();
    return this.#waiters[this.#first];
  }
}
