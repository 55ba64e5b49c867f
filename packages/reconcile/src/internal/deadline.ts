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
