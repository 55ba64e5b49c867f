import type { Clock, TimerOptions } from '../clock.ts';
import { macrotask } from './macrotask.ts';

/** Options of {@link createFakeClock}. */
export interface FakeClockOptions {
  /** Wall time at the start, ms since the Unix epoch. Default 2026-01-01T00:00:00Z. */
  readonly startMs?: number;
  /** Which of `count` (≥ 2) timers that are due together fires next, from 0: the one that was made first. Default 0. For exploring other orders. */
  readonly pick?: (count: number) => number;
}

/**
 * A clock that stands still until it is told to move. Timers fire in the order of their due time, and in the order of their creation when due
 * together. After each timer everything that can run without time passing runs to its end (all promise callbacks), so a run is repeatable.
 */
export interface FakeClock extends Clock {
  /** When the next timer is due, in ms of {@link Clock.monotonicMs}; undefined when there is none. */
  nextDueMs(options?: { readonly includeBackground?: boolean }): number | undefined;
  /** Lets everything run that is runnable now, without moving the time. */
  settleNow(): Promise<void>;
  /** Moves the time on by `ms`, firing what falls due on the way. */
  advance(ms: number): Promise<void>;
  /** Moves to the next due timer and fires it, without letting promise callbacks run. False when there is none, or none due by `untilMs`. */
  fireNext(untilMs?: number): boolean;
}

/** Invariant: a timer is in the heap until it fired; a cancelled one stays there with `fn` cleared. */
interface Timer {
  readonly dueMs: number;
  readonly order: number;
  fn: (() => void) | undefined;
}

const DEFAULT_START_MS = 1_767_225_600_000;

/** Makes a {@link FakeClock}. */
export function createFakeClock(options: FakeClockOptions = {}): FakeClock {
  const startMs = options.startMs ?? DEFAULT_START_MS;
  const foreground: Timer[] = [];
  const background: Timer[] = [];
  let nowMs = 0;
  let order = 0;

  const fireNext = (untilMs = Infinity): boolean => {
    const [a, b] = [firstTimer(foreground), firstTimer(background)];
    const heap = a !== undefined && (b === undefined || before(a, b)) ? foreground : background;
    const first = heap[0];
    if (first?.fn === undefined || first.dueMs > untilMs) return false;
    const timer = options.pick === undefined ? first : pickTimer([...foreground, ...background], first.dueMs, options.pick);
    if (timer === first) popTimer(heap);
    nowMs = Math.max(nowMs, timer.dueMs);
    const { fn } = timer;
    timer.fn = undefined;
    fn?.();
    return true;
  };
  return {
    now: () => startMs + nowMs,
    monotonicMs: () => nowMs,
    after(delayMs: number, fn: () => void, timerOptions?: TimerOptions) {
      const timer: Timer = { dueMs: nowMs + Math.max(0, delayMs), order: order++, fn };
      pushTimer(timerOptions?.background === true ? background : foreground, timer);
      return () => {
        timer.fn = undefined;
      };
    },
    nextDueMs({ includeBackground = true } = {}) {
      const dueMs = Math.min(firstTimer(foreground)?.dueMs ?? Infinity, includeBackground ? (firstTimer(background)?.dueMs ?? Infinity) : Infinity);
      return dueMs === Infinity ? undefined : dueMs;
    },
    settleNow: macrotask,
    fireNext,
    async advance(ms) {
      const untilMs = nowMs + ms;
      await macrotask();
      while (fireNext(untilMs)) await macrotask();
      nowMs = Math.max(nowMs, untilMs);
    },
  };
}

/** One of the live timers that are due together; those that were made first come first. */
function pickTimer(timers: readonly Timer[], dueMs: number, pick: (count: number) => number): Timer {
  const due = timers.filter((timer) => timer.fn !== undefined && timer.dueMs === dueMs).sort((a, b) => a.order - b.order);
  return due[due.length < 2 ? 0 : pick(due.length)] as Timer;
}

/** The next live timer of a heap; drops cancelled ones on the way. */
function firstTimer(heap: Timer[]): Timer | undefined {
  while (heap[0] !== undefined && heap[0].fn === undefined) popTimer(heap);
  return heap[0];
}

const before = (a: Timer, b: Timer): boolean => a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order);

function pushTimer(heap: Timer[], timer: Timer): void {
  let at = heap.push(timer) - 1;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    const above = heap[parent] as Timer;
    if (before(above, timer)) break;
    heap[at] = above;
    at = parent;
  }
  heap[at] = timer;
}

function popTimer(heap: Timer[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let at = 0;
  for (;;) {
    let child = at * 2 + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && before(heap[child + 1] as Timer, heap[child] as Timer)) child += 1;
    if (before(last, heap[child] as Timer)) break;
    heap[at] = heap[child] as Timer;
    at = child;
  }
  heap[at] = last;
}
