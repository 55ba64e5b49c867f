import { randomInt, seededRandom, sleep, systemClock, type Clock, type Random } from '@kybern/core';
import type { StateStore } from '@kybern/state';
import { openEtcd } from '@kybern/state/etcd';
import { etcdMethods, type KeyValue } from '../../../src/etcd/generated/etcd.ts';
import { isCompacted } from '../../../src/etcd/internal/feed.ts';
import { checkHistory, type Operation, type Told } from '../model.ts';
import { FAULTS, inflict, type Fault } from './faults.ts';
import { startMembers, type Members } from './members.ts';
import { act, toldOf, wander, type Wanderer } from './workload.ts';

/** Options of {@link tortureEtcd}. */
export interface EtcdTortureOptions {
  readonly seed: string;
  /** The faults, one after the other; default: as many as `faultCount`, at random. */
  readonly faults?: readonly Fault[];
  readonly faultCount?: number;
  readonly writers?: number;
  readonly onFault?: (fault: Fault, count: number) => void;
}

/** What came of it. */
export interface EtcdTortureReport {
  /** What is wrong; empty when nothing is. */
  readonly problems: readonly string[];
  readonly faults: Readonly<Record<string, number>>;
  readonly operations: Readonly<Record<string, number>>;
  readonly events: number;
  /** How often watchers went on at another server. */
  readonly moves: number;
}

/** Two servers over an etcd of three members, writers and watchers at both, while members are killed, stopped and cut off. */
export async function tortureEtcd({ seed, faults, faultCount = 5, writers = 8, onFault }: EtcdTortureOptions): Promise<EtcdTortureReport> {
  const random = seededRandom(seed);
  const clock = systemClock();
  await using stack = new AsyncDisposableStack();
  const members = stack.use(await startMembers());
  const stores = await Promise.all([0, 1].map(async (at) => stack.use(await openStore(members, at))));
  const from = Math.max(...stores.map(({ revision }) => revision));
  await Promise.all(stores.map((store) => store.range('/')));

  const stop = new AbortController();
  const operations: Operation[] = [];
  const log = followLog(stores[0] as StateStore, from);
  const actor = (name: string): Parameters<typeof act>[0] => ({ name, stores, clock, random: random.fork(name), signal: stop.signal });
  const acting = Array.from({ length: writers }, (_, at) => act(actor(`w${at}`), (operation) => operations.push(operation)));
  const wanderers = Array.from({ length: 4 }, (_, at) => wander(actor(`watcher${at}`), from));
  const counts = await inflictAll({
    stores,
    plan: faults ?? drawn(faultCount, random.fork('faults')),
    members,
    clock,
    random: random.fork('how'),
    onFault,
    acting,
  });
  stop.abort();
  await Promise.all(acting);

  const until = await lastRevision(stores, clock);
  await Promise.all(wanderers.map((each) => toldUpTo(each, { until, log, clock })));
  const problems = [...checkHistory({ operations, log: log.told, from, watchers: wanderers.map(({ told }, at) => ({ name: String(at), from, until, told })) })];
  if (log.problem() !== undefined) problems.push(`the log broke off: ${log.problem() ?? ''}`);
  problems.push(...(await compareWithEtcd(members, log.told)));
  for (const each of wanderers) {
    each.stop();
    if (each.expired > 0) problems.push('a watch expired');
  }
  log.stop();
  return {
    problems,
    faults: counts,
    operations: countBy(operations, ({ outcome }) => outcome.type),
    events: log.told.length,
    moves: wanderers.reduce((sum, { moves }) => sum + moves, 0),
  };
}

async function openStore({ members }: Members, first: number): Promise<StateStore> {
  const endpoints = members.map((_, at) => members[(at + first) % members.length]?.endpoint ?? '');
  return openEtcd({ endpoints, requestTimeoutMs: 5_000, dialTimeoutMs: 1_000, compactIntervalMs: 0 });
}

function drawn(count: number, random: Random): readonly Fault[] {
  return Array.from({ length: count }, () => FAULTS[randomInt(random, FAULTS.length)] as Fault);
}

interface Inflicting {
  readonly stores: readonly StateStore[];
  readonly plan: readonly Fault[];
  readonly members: Members;
  readonly clock: Clock;
  readonly random: Random;
  readonly onFault: EtcdTortureOptions['onFault'];
  /** What fails when something is wrong with the writers. */
  readonly acting: readonly Promise<void>[];
}

async function inflictAll({ stores, plan, members, clock, random, onFault, acting }: Inflicting): Promise<Record<string, number>> {
  const client = members.client();
  // Not beyond what the servers have heard of: there they would have to begin anew, and watches would expire.
  const compact = async (): Promise<void> => {
    const revision = Math.min(...stores.map((store) => store.revision));
    await client.call(etcdMethods.compact, { revision }, { repeatable: true }).catch((error: unknown) => {
      if (!isCompacted(error)) throw error;
    });
  };
  const counts: Record<string, number> = {};
  const ended = Promise.all(acting).then(() => Promise.reject(new Error('the writers ended')));
  ended.catch(() => undefined);
  try {
    for (const [at, fault] of plan.entries()) {
      onFault?.(fault, at + 1);
      await Promise.race([inflict(fault, { members, clock, random, compact }), ended]);
      counts[fault] = (counts[fault] ?? 0) + 1;
      await Promise.race([sleep(clock, 200 + randomInt(random, 1_500)), ended]);
    }
  } finally {
    client.close();
  }
  return counts;
}

interface Log {
  readonly told: readonly Told[];
  problem(): string | undefined;
  stop(): void;
}

/** Everything as one server tells it, without going anywhere. */
function followLog(store: StateStore, from: number): Log {
  const told: Told[] = [];
  let problem: string | undefined;
  const subscription = store.watch('/', from).subscribe({ next: (event) => told.push(toldOf(event)), error: (error: unknown) => (problem = String(error)) });
  return { told, problem: () => problem, stop: () => subscription.unsubscribe() };
}

/** When all is quiet: a revision that comes after everything, and that every server has heard of. */
async function lastRevision(stores: readonly StateStore[], clock: Clock): Promise<number> {
  for (;;) {
    try {
      const ranges = await Promise.all(stores.map((store) => store.range('/')));
      return Math.max(...ranges.map(({ revision }) => revision));
    } catch {
      await sleep(clock, 100); // the members have not found together yet
    }
  }
}

async function toldUpTo({ told }: Wanderer, { until, log, clock }: { until: number; log: Log; clock: Clock }): Promise<void> {
  const wanted = log.told.findLast(({ revision }) => revision <= until)?.revision ?? 0;
  const deadlineMs = clock.monotonicMs() + 30_000;
  while ((told.at(-1)?.revision ?? 0) < wanted && clock.monotonicMs() < deadlineMs) await sleep(clock, 20);
}

/** Whether the end of the log is what etcd holds. */
async function compareWithEtcd(members: Members, log: readonly Told[]): Promise<string[]> {
  const client = members.client();
  try {
    const { kvs } = await client.call(
      etcdMethods.range,
      { key: Buffer.from('/registry/core/'), rangeEnd: Buffer.from('/registry/core0') },
      { repeatable: true },
    );
    const wanted = new Map<string, string>();
    for (const { key, type, value, revision } of log) {
      if (type === 'put') wanted.set(key, `${value}@${revision}`);
      else wanted.delete(key);
    }
    const held = kvs.map((kv): [string, string] => [Buffer.from(kv.key).toString(), `${dataIn(kv)}@${kv.modRevision}`]);
    const lines = (entries: Iterable<[string, string]>): string =>
      [...entries]
        .map(([key, value]) => `${key}=${value}`)
        .sort()
        .join('\n');
    return lines(held) === lines(wanted) ? [] : [`etcd holds\n${lines(held)}\nand the log ends with\n${lines(wanted)}`];
  } finally {
    client.close();
  }
}

const dataIn = ({ value }: KeyValue): string => (JSON.parse(Buffer.from(value).toString()) as { data: string }).data;

function countBy<T>(items: readonly T[], keyOf: (item: T) => string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const item of items) counts[keyOf(item)] = (counts[keyOf(item)] ?? 0) + 1;
  return counts;
}
