import { randomInt, seededRandom, type Random } from '@kybern/core';
import { isStateWrite, type Change, type StateRecord } from '@kybern/state';
import { openFileStore, type FileStore } from '@kybern/state/file';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { checkHistory, type Operation, type Told } from '../model.ts';
import { simulatedDisk, type SimulatedDisk } from './simulated-disk.ts';

const KEYS = 6;
const DIRECTORY = '/state';
const objectOf = (value: string): NonNullable<Change['value']> =>
  ({ apiVersion: 'v1', kind: 'Thing', metadata: { name: value }, weight: 'x'.repeat(200) }) as NonNullable<Change['value']>;
const nameOf = ({ value }: Pick<StateRecord, 'value'>): string => value.metadata.name as string;

/** One machine that loses its power after so many calls of its disk, again and again. */
async function run(seed: number, crashes: number): Promise<{ problems: string[]; acknowledged: number; revisions: number }> {
  const random = seededRandom(seed);
  const operations: Operation[] = [];
  const log: Told[] = [];
  const problems: string[] = [];
  let revision = 0;
  let time = 0;
  let left = Infinity;
  const never = new Promise<void>(() => undefined);
  let ended: () => void = () => undefined;
  let disk: SimulatedDisk = simulatedDisk(async () => {
    left -= 1;
    if (left > 0) return undefined;
    ended();
    return never;
  });
  const open = (): Promise<FileStore> => openFileStore({ directory: DIRECTORY, files: disk.files, segmentBytes: 4096, historyLimit: 130, objectLimit: 2 });
  for (let crash = 0; crash <= crashes && problems.length === 0; crash += 1) {
    left = crash === crashes ? Infinity : 1 + randomInt(random, 120);
    const over = new Promise<void>((resolve) => (ended = resolve));
    const life = async (): Promise<void> => {
      const store = await open().catch((error: unknown) => void problems.push(`crash ${crash}: cannot be opened: ${String(error)}`));
      if (store === undefined) return;
      revision = learn(store, { revision, log, problems });
      const tick = (): number => (time += 1);
      await Promise.all([0, 1, 2, 3].map((at) => write(store, { random: random.fork(`${crash}/${at}`), operations, tick, count: crash === crashes ? 0 : 30 })));
      if (crash === crashes) await store[Symbol.asyncDispose]();
    };
    await Promise.race([life(), over]);
    // What was under way is forgotten with the machine.
    for (const operation of operations) if (operation.endMs === 0) Object.assign(operation, { endMs: (time += 1) });
    disk = disk.crash(random);
  }
  problems.push(...checkHistory({ operations, log, from: 0, watchers: [] }));
  return { problems, acknowledged: operations.filter(({ outcome }) => outcome.type === 'written').length, revisions: revision };
}

/** Reads what the store has, all of it and what is new. */
function learn(store: FileStore, { revision, log, problems }: { revision: number; log: Told[]; problems: string[] }): number {
  if (store.revision < revision) problems.push(`the revision went back from ${revision} to ${store.revision}`);
  const cursor = store.cursor('/', revision);
  for (const event of cursor.read(Infinity))
    log.push({ revision: event.revision, type: event.type, key: event.key, value: event.type === 'put' ? nameOf(event.record) : '' });
  cursor.close();
  const replayed = new Map<string, string>();
  for (const told of log) {
    if (told.type === 'put') replayed.set(told.key, `${told.key}=${told.value}@${told.revision}`);
    else replayed.delete(told.key);
  }
  const there = store
    .snapshot()
    .range('/')
    .records.map((record) => `${record.key}=${nameOf(record)}@${record.modRevision}`);
  if (there.join() !== [...replayed.values()].sort().join())
    problems.push(`the objects ${there.join()} are not what the log makes: ${[...replayed.values()].sort().join()}`);
  return store.revision;
}

async function write(
  store: FileStore,
  { random, operations, tick, count }: { random: Random; operations: Operation[]; tick: () => number; count: number },
): Promise<void> {
  for (let at = 0; at < count; at += 1) {
    const key = `/k${randomInt(random, KEYS)}`;
    const value = `v${tick()}`;
    const isDelete = random.next() < 0.3;
    const operation = {
      startMs: tick(),
      endMs: 0,
      key,
      action: isDelete ? ({ type: 'delete', expect: undefined } as const) : ({ type: 'put', value, expect: undefined } as const),
      outcome: { type: 'unknown' } as Operation['outcome'],
    };
    operations.push(operation);
    try {
      const { revision, events } = await store.commit([{ key, value: isDelete ? undefined : objectOf(value) }]);
      operation.outcome = { type: 'written', revision: events.length > 0 ? revision : undefined };
    } catch (error) {
      if (!isStateWrite(error)) throw error;
    }
    operation.endMs = tick();
  }
}

it('a durable store keeps its promises over losses of power that tear what was not synced', { timeout: 120_000 }, async () => {
  let acknowledged = 0;
  await fc.assert(
    fc.asyncProperty(fc.integer(), async (seed) => {
      const report = await run(seed, 20);
      expect(report.problems).toEqual([]);
      acknowledged += report.acknowledged;
    }),
    { numRuns: 25 },
  );
  expect(acknowledged).toBeGreaterThan(500);
});
