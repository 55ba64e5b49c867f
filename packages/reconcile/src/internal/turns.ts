import type { Clock } from '@kybern/core';

/** Most steps and most ms of one turn. */
const STEPS = 10_000;
const TURN_MS = 20;
/** The clock is read once in so many steps. */
const LOOK_EVERY = 64;

/**
 * Shares the event loop: work that goes on for ever as promise callbacks (a reconcile whose write wakes itself) would otherwise keep timers and sockets from
 * ever being served. A turn is a number of steps, and a time on clocks that move by themselves, so it is repeatable on a virtual one.
 */
export class Turns {
  readonly #clock: Clock;
  #steps = 0;
  #beganMs = 0;
  #cancelRest: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Counts a step. True when the turn is over: {@link Turns.rest} before the next step. */
  step(): boolean {
    if (this.#steps === 0) this.#beganMs = this.#clock.monotonicMs();
    this.#steps += 1;
    if (this.#steps >= STEPS) return true;
    return this.#steps % LOOK_EVERY === 0 && this.#clock.monotonicMs() - this.#beganMs > TURN_MS;
  }

  /** Nothing is left to do for now: the next step begins a turn. */
  end(): void {
    this.#steps = 0;
  }

  get isResting(): boolean {
    return this.#cancelRest !== undefined;
  }

  /** Lets everything else go first, then begins a turn with `resume`. */
  rest(resume: () => void): void {
    this.#cancelRest ??= this.#clock.after(0, () => {
      this.#cancelRest = undefined;
      this.#steps = 0;
      resume();
    });
  }

  stop(): void {
    this.#cancelRest?.();
    this.#cancelRest = undefined;
  }
}
