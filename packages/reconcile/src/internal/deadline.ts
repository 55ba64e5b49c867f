import type { Clock } from '@kybern/core';

/** What {@link withDeadline} works with. */
export interface DeadlineOptions {
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** What the promise rejects with when the time is up. */
  readonly onTimeout: () => Error;
  readonly signal: AbortSignal;
}

/**
 * Runs `work` with a signal that aborts with the caller's, or when the time is up. Settles then, even when `work` ignores its signal.
 * The timer is a background one: it guards work in progress and is none itself.
 */
export function withDeadline<T>(work: (signal: AbortSignal) => Promise<T>, options: DeadlineOptions): Promise<T> {
  const { clock, timeoutMs, onTimeout, signal } = options;
  if (signal.aborted) return Promise.reject(signal.reason as Error);
  return new Promise((resolve, reject) => {
    const abort = new AbortController();
    const settle = (): void => {
      cancel();
      signal.removeEventListener('abort', onAbort);
    };
    const fail = (reason: unknown): void => {
      settle();
      reject(reason as Error);
      abort.abort(reason);
    };
    const onAbort = (): void => fail(signal.reason);
    const cancel = clock.after(timeoutMs, () => fail(onTimeout()), { background: true });
    signal.addEventListener('abort', onAbort, { once: true });
    work(abort.signal).then((value) => (settle(), resolve(value)), fail);
  });
}

/** A call that {@link SerialDeadline} guards. */
interface Call {
  readonly beganMs: number;
  readonly fail: (error: Error) => void;
}

/**
 * {@link withDeadline} for one call after the other: they share one signal and one timer, which are made anew only when a call was given up. So a call
 * costs a promise and no more, however many there are.
 */
export class SerialDeadline {
  readonly #options: Omit<DeadlineOptions, 'signal'>;
  /** Made for the first call. */
  #abort: AbortController | undefined;
  #call: Call | undefined;
  /** Invariant: set while there is a call, and for at most one `timeoutMs` longer. */
  #stopTimer: (() => void) | undefined;

  constructor(options: Omit<DeadlineOptions, 'signal'>) {
    this.#options = options;
  }

  /** Runs `work`, which must not overlap with an earlier one. Settles when the time is up, even when `work` ignores its signal. */
  run<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { clock, timeoutMs } = this.#options;
    return new Promise((resolve, reject) => {
      const call = { beganMs: clock.monotonicMs(), fail: reject };
      this.#call = call;
      if (this.#stopTimer === undefined) this.#look(timeoutMs);
      this.#abort ??= new AbortController();
      work(this.#abort.signal).then(
        (value) => (this.#end(call), resolve(value)),
        (error: unknown) => (this.#end(call), reject(error as Error)),
      );
    });
  }

  /** Takes the timer off; to be called when no call is under way and none is to be expected soon. */
  rest(): void {
    this.#stopTimer?.();
    this.#stopTimer = undefined;
  }

  #end(call: Call): void {
    if (this.#call === call) this.#call = undefined;
  }

  #look(inMs: number): void {
    this.#stopTimer = this.#options.clock.after(inMs, () => this.#check(), { background: true });
  }

  #check(): void {
    const { clock, timeoutMs, onTimeout } = this.#options;
    this.#stopTimer = undefined;
    const call = this.#call;
    if (call === undefined) return;
    const leftMs = timeoutMs - (clock.monotonicMs() - call.beganMs);
    if (leftMs > 0) {
      this.#look(leftMs);
      return;
    }
    const abort = this.#abort;
    this.#abort = undefined;
    this.#call = undefined;
    const error = onTimeout();
    call.fail(error);
    abort?.abort(error);
  }
}
