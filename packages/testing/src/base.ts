import { noopLogger, randomIds, seededRandom, type Clock, type Logger, type Random } from '@kybern/core';
import { createFakeClock } from '@kybern/core/testing';
import type { ErrorSink } from '@kybern/reconcile';
import { createMemoryStore, type StateStore } from '@kybern/state';
import type { Choices } from './choices.ts';
import { createEventLog, type EventLog } from './event-log.ts';
import type { FaultSource, Struck } from './faults/fault-source.ts';
import type { Outside } from './endpoint/outside.ts';
import { FaultWorld } from './faults/fault-world.ts';
import { createHotLoopDetector } from './hot-loop.ts';
import type { TestClusterOptions } from './options.ts';
import { createStruck, ProcessTable } from './processes/process-table.ts';
import type { ReportedError } from './test-cluster.ts';
import { Trace } from './trace.ts';
import { createVirtualTime, type VirtualTime } from './virtual-time.ts';

/** What a cluster begins with besides its options. */
export interface Origin {
  /** Its state; the cluster disposes of it. Default: an empty one. */
  readonly state?: StateStore;
  /** Makes what decides wherever more than one thing may happen, once the cluster is up. Default: the usual thing happens. */
  readonly decide?: (nowMs: () => number) => Choices;
  /** What changes the order of things. */
  readonly order?: readonly FaultSource[];
}

/** What everything else in a cluster is made from. */
export interface Base {
  readonly time: VirtualTime;
  readonly clock: Clock;
  readonly seed: number | string;
  readonly random: Random;
  readonly ids: ReturnType<typeof randomIds>;
  readonly logger: Logger;
  readonly state: StateStore;
  readonly log: EventLog;
  readonly trace: Trace;
  readonly world: FaultWorld;
  readonly table: ProcessTable;
  /** The open endpoints. */
  readonly outsides: Set<Outside>;
  readonly errors: ReportedError[];
  readonly onError: ErrorSink;
  /** For processes that have no error sink of their own: what they log as an error is kept with the other errors. */
  readonly backgroundLogger: Logger;
  /** Called whenever nothing more can run without time passing; throw to end the run. */
  readonly checks: (() => void)[];
  /** Lets everything run that can. */
  settleNow(): Promise<void>;
}

/** Makes what a cluster is made from; nothing runs yet. */
export function createBase(options: TestClusterOptions, origin: Origin): Base {
  const seed = options.seed ?? 1;
  const checks: (() => void)[] = [];
  const outsides = new Set<Outside>();
  const table = new ProcessTable();
  const clock = createFakeClock({
    ...(options.startMs === undefined ? {} : { startMs: options.startMs }),
    ...(origin.order === undefined ? {} : { pick: (count: number) => pickTimer(world.choices, count) }),
  });
  const state = origin.state ?? createMemoryStore();
  const trace = new Trace(
    () => clock.monotonicMs(),
    () => state.revision,
  );
  let struck: Struck | undefined;
  const world: FaultWorld = new FaultWorld({
    clock,
    trace,
    struck: () => (struck ??= createStruck({ table, world, clock, entries: log.entries, revision: () => state.revision })),
  });
  const log = createEventLog(state, () => clock.now());
  const hotLoops = createHotLoopDetector({ entries: log.entries, trace, onFound: () => table.crashAll() });
  log.onWrite((entry) => hotLoops.wrote(entry));
  checks.push(() => {
    if (hotLoops.found !== undefined) throw hotLoops.found;
  });
  const time = createVirtualTime(clock, {
    heldUntilMs: () => (isAnswering(outsides) ? Infinity : world.heldUntilMs),
    outside: () => talking(outsides),
    check() {
      for (const check of checks) check();
    },
    settling: (begins) => (begins ? hotLoops.begin() : hotLoops.end()),
  });
  const random = seededRandom(seed);
  const errors: ReportedError[] = [];
  return {
    time,
    clock,
    seed,
    random,
    ids: randomIds(random.fork('ids')),
    logger: options.logger ?? noopLogger,
    state,
    log,
    trace,
    world,
    table,
    outsides,
    errors,
    onError: (error, context) => errors.push({ error, context }),
    backgroundLogger: options.logger ?? reportingLogger(errors),
    checks,
    settleNow: () => clock.settleNow(),
  };
}

/** Whether a request from outside has no answer yet. */
function isAnswering(outsides: ReadonlySet<Outside>): boolean {
  for (const { answering } of outsides) if (answering > 0) return true;
  return false;
}

/** What is to be waited for before time may pass; undefined: nothing. */
function talking(outsides: ReadonlySet<Outside>): Promise<void> | undefined {
  for (const outside of outsides) if (outside.isTalking()) return outside.quiet();
  return undefined;
}

/** Keeps errors, and nothing else. */
function reportingLogger(errors: ReportedError[]): Logger {
  const logger: Logger = {
    ...noopLogger,
    error: (what, fields) => errors.push({ error: toError(fields?.['error']) ?? new Error(what), context: { source: 'background', what } }),
    with: () => logger,
  };
  return logger;
}

function toError(thrown: unknown): Error | undefined {
  return thrown instanceof Error ? thrown : undefined;
}

const PICK_CHANCE = 0.1;

/** Which of the timers that are due together fires next. */
function pickTimer(choices: Choices, count: number): number {
  const alternatives = Array.from({ length: Math.min(count, 4) - 1 }, (_, index) => ({ name: `number ${String(index + 2)} of those due`, at: index + 1 }));
  return choices.choose({ where: 'clock: next timer', source: 'interleavings' }, alternatives, PICK_CHANCE)?.at ?? 0;
}
