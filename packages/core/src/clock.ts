import { formatSeconds } from './internal/rfc-3339.ts';

/** Options of {@link Clock.after}. */
export interface TimerOptions {
  /**
   * The timer belongs to something that goes on for ever (a heartbeat, a resync, a monitor loop), not to work in progress. Virtual clocks
   * that run "until nothing is left to do" do not wait for it. Default false.
   */
  readonly background?: boolean;
}

/**
 * Wall time for API timestamps; monotonic time for leases, back-off and timeouts. Only `systemClock()` touches the globals, so a whole cluster
 * runs in virtual time when it is given another clock.
 */
export interface Clock {
  /** Wall clock in ms since the Unix epoch. May jump. */
  now(): number;
  /** Monotonic ms with an arbitrary origin. Only subtract two readings of one clock. */
  monotonicMs(): number;
  /** Runs `fn` once after `delayMs` (≥ 0). The returned function cancels; it is idempotent. */
  after(delayMs: number, fn: () => void, options?: TimerOptions): () => void;
  /**
   * Keeps the process alive until the returned function is called; it is idempotent. For what runs until it is told to stop and has nothing but
   * background timers. Absent on clocks that do not move by themselves.
   */
  hold?(): () => void;
}

/** The machine's clock. Timers keep the process alive, except background ones. */
export function systemClock(): Clock {
  return {
    now: () => Date.now(),
    monotonicMs: () => performance.now(),
    after(delayMs, fn, options) {
      const timer: unknown = setTimeout(fn, Math.min(delayMs, MAX_TIMEOUT_MS));
      if (options?.background === true && hasUnref(timer)) timer.unref();
      return () => clearTimeout(timer as ReturnType<typeof setTimeout>);
    },
    hold() {
      const timer = setInterval(() => undefined, MAX_TIMEOUT_MS);
      return () => clearInterval(timer);
    },
  };
}

/** `setTimeout` fires at once beyond 2^31-1 ms; the longest timer here is therefore 24.8 days. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

function hasUnref(timer: unknown): timer is { unref(): void } {
  return typeof timer === 'object' && timer !== null && 'unref' in timer;
}

/** Options of {@link sleep}. */
export interface SleepOptions extends TimerOptions {
  readonly signal?: AbortSignal;
}

/**
 * Resolves after `delayMs` on `clock`.
 *
 * @throws the signal's reason when it aborts first
 */
export function sleep(clock: Clock, delayMs: number, options: SleepOptions = {}): Promise<void> {
  const { signal } = options;
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(signal.reason as Error);
      return;
    }
    const onAbort = (): void => {
      cancel();
      reject(signal?.reason as Error);
    };
    const cancel = clock.after(
      delayMs,
      () => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      },
      options,
    );
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/** A time as Kubernetes' `metav1.Time` writes it: RFC 3339, UTC, whole seconds. */
export function formatTime(epochMs: number): string {
  return formatSeconds(epochMs);
}

/** A time as `metav1.MicroTime` writes it: RFC 3339, UTC, six decimals. */
export function formatMicroTime(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 23)}000Z`;
}

/** Parses an RFC 3339 time to ms since the Unix epoch. NaN when it is none. */
export function parseTime(time: string): number {
  return Date.parse(time);
}
