import type { Clock } from '@kybern/core';

/** A process's own view of the cluster's time. */
export interface ProcessClock extends Clock {
  /** Its wall clock is so many ms ahead (negative: behind) from now on. Its monotonic clock is not affected. */
  skew(ms: number): void;
  /** Its timers fire no more. */
  stop(): void;
}

/** Makes a process's clock over that of its cluster. */
export function createProcessClock(clock: Clock, skewMs = 0): ProcessClock {
  let aheadMs = skewMs;
  let stopped = false;
  return {
    now: () => clock.now() + aheadMs,
    monotonicMs: () => clock.monotonicMs(),
    after(delayMs, fn, options) {
      return clock.after(delayMs, () => stopped || fn(), options);
    },
    skew(ms) {
      aheadMs = ms;
    },
    stop() {
      stopped = true;
    },
  };
}
