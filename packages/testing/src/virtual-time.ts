import type { Clock } from '@kybern/core';
import type { FakeClock } from '@kybern/core/testing';
import { NotSettledError } from './errors.ts';

/** Options of {@link VirtualTime.settle}. */
export interface SettleOptions {
  /** Work that is due within this many ms of virtual time is waited for; later work is "waiting", not "to do". Default 5 s. */
  readonly windowMs?: number;
  /** How many timers may fire before the cluster counts as never settling. Default 1,000,000. */
  readonly maxTimers?: number;
}

/**
 * Drives a {@link FakeClock}: everything that is runnable runs to its end before the next timer fires, so the order of all that happens depends only on the
 * program and the seed.
 */
export interface VirtualTime {
  readonly clock: Clock;
  /** Announces a real asynchronous load. Loads run one after the other, and no timer fires while one is under way. */
  pending<T>(load: Promise<T>): Promise<T>;
  /** Runs until nothing is runnable and no work is due soon. Background timers that fall due on the way fire; they are not waited for. @throws {NotSettledError} */
  settle(options?: SettleOptions): Promise<void>;
  /** Runs everything that happens within the next `ms` of virtual time. */
  advance(ms: number): Promise<void>;
  /** Runs until `holds` does, for at most so long; asked at the start and after everything that happens. @returns whether it held */
  until(holds: () => boolean | Promise<boolean>, withinMs: number): Promise<boolean>;
}

/** What a {@link VirtualTime} asks while it runs. */
export interface VirtualTimeHooks {
  /** Work that is due by then (monotonic ms) is waited for by `settle`, however late it is. */
  heldUntilMs(): number;
  /** Clients in real time that have just been told something: what to wait for before virtual time goes on. Undefined: nobody. */
  outside?(): Promise<void> | undefined;
  /** Called whenever nothing more can run without time passing. Throws to end the run. */
  check(): void;
  /** A `settle()` begins, or is over. */
  settling(begins: boolean): void;
}

const DEFAULT_WINDOW_MS = 5_000;
const DEFAULT_MAX_TIMERS = 1_000_000;

/** Makes a {@link VirtualTime} over a clock. */
export function createVirtualTime(clock: FakeClock, hooks?: VirtualTimeHooks): VirtualTime {
  /** Invariant: settles when all announced loads have; undefined when none is under way. */
  let loading: Promise<unknown> | undefined;

  /** Lets everything run that can, loads included. */
  const drain = async (): Promise<void> => {
    await clock.settleNow();
    for (;;) {
      const current = loading;
      const wait = current ?? hooks?.outside?.();
      if (wait === undefined) break;
      await wait;
      if (loading === current) loading = undefined;
      await clock.settleNow();
    }
    hooks?.check();
  };
  const settle = async ({ windowMs = DEFAULT_WINDOW_MS, maxTimers = DEFAULT_MAX_TIMERS }: SettleOptions): Promise<void> => {
    for (let fired = 0; ; fired++) {
      await drain();
      const dueMs = clock.nextDueMs({ includeBackground: false });
      if (dueMs === undefined || dueMs > Math.max(clock.monotonicMs() + windowMs, hooks?.heldUntilMs() ?? 0)) return;
      if (fired >= maxTimers)
        throw new NotSettledError(
          `the cluster does not settle: ${String(maxTimers)} timers fired, and work is still due in ${String(dueMs - clock.monotonicMs())} ms`,
        );
      clock.fireNext(dueMs);
    }
  };
  return {
    clock,
    pending<T>(load: Promise<T>): Promise<T> {
      // Whether it was loaded before, by another cluster in this process, must make no difference: what waits for it always goes on after all that can run
      // without it.
      const turn = (loading ?? Promise.resolve())
        .then(() => load)
        .then(async (loaded) => {
          await clock.settleNow();
          return loaded;
        });
      // Whoever asked for the load sees its failure; here it only has to be over.
      loading = turn.then(noop, noop);
      return turn;
    },
    async settle(options = {}) {
      hooks?.settling(true);
      try {
        await settle(options);
      } finally {
        hooks?.settling(false);
      }
    },
    async advance(ms) {
      const untilMs = clock.monotonicMs() + ms;
      await drain();
      while (clock.fireNext(untilMs)) await drain();
      await clock.advance(untilMs - clock.monotonicMs());
      hooks?.check();
    },
    async until(holds, withinMs) {
      const untilMs = clock.monotonicMs() + withinMs;
      await drain();
      for (;;) {
        if (await holds()) return true;
        if (!clock.fireNext(untilMs)) break;
        await drain();
      }
      await clock.advance(untilMs - clock.monotonicMs());
      return await holds();
    },
  };
}

function noop(): void {
  // nothing to do with the outcome
}
