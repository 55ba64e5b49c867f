import { createMemoryStore, isCompareFailed, isExpiredRevision, type StateCursor, type StateSnapshot, type StateStore } from '@kybern/state';
import fc from 'fast-check';
import type { Subscription } from 'rxjs';
import { expect, test } from 'vitest';
import { eventText, Model, recordText, toChange, type Planned } from './model.ts';

/** A store beside its model, with everything that was opened on it. */
interface Pair {
  readonly store: StateStore;
  readonly model: Model;
  readonly watches: Watched[];
  readonly cursors: Read[];
  readonly snapshots: { readonly snapshot: StateSnapshot; readonly revision: number }[];
}

interface Watched {
  readonly prefix: string;
  readonly from: number;
  readonly seen: string[];
  error: unknown;
  readonly subscription: Subscription;
  /** Whether a drain has brought it up to date once. */
  joined: boolean;
}

interface Read {
  readonly prefix: string;
  readonly cursor: StateCursor;
  position: number;
  expired: boolean;
  /** Calls of the `ready` callback that is waited for. */
  readonly wakes: { count: number };
}

interface World {
  readonly pairs: Pair[];
  readonly drains: (() => void)[];
}

interface Command extends fc.AsyncCommand<object, World> {
  run(model: object, world: World): Promise<void>;
}

const command = (name: string, of: number, run: (pair: Pair, world: World) => Promise<void> | void): Command => ({
  check: () => true,
  run: async (_, world) => run(world.pairs[of % world.pairs.length] as Pair, world),
  toString: () => `${of}.${name}`,
});

const pairOf = (store: StateStore, model: Model): Pair => ({ store, model, watches: [], cursors: [], snapshots: [] });

const key = fc.constantFrom('/r/x/ns/a', '/r/x/ns/ab', '/r/x/ns/b', '/r/x/nt/a', '/r/x/c', '/r/y/ns/a', '/q');
const prefix = fc.constantFrom('', '/', '/r/', '/r/x/', '/r/x/ns/', '/r/x/ns/a', '/r/y/', '/none/');
const pair = fc.nat({ max: 3 });
/** How far back from the current revision. */
const back = fc.nat({ max: 12 });
/** The same for watches, which may also begin in the future. */
const start = fc.integer({ min: -2, max: 12 });
const changes = fc.uniqueArray(
  fc.record({ key, data: fc.option(fc.string({ maxLength: 2 }), { nil: undefined }), same: fc.nat({ max: 5 }), expect: fc.nat({ max: 5 }) }),
  {
    selector: (change) => change.key,
    maxLength: 4,
  },
);

const commits = fc.tuple(pair, changes).map(([of, planned]) =>
  command(`commit(${JSON.stringify(planned)})`, of, async ({ store, model }) => {
    const now = model.now;
    const plan = planned.map(({ key: name, data, same, expect: kind }): Planned => {
      const mod = now.get(name)?.mod ?? 0;
      return { key: name, data, same: same === 0 && now.has(name), expect: kind === 0 ? mod + 1 : kind < 3 ? mod : undefined };
    });
    const current = await Promise.all(plan.map((change) => store.get(change.key)));
    const before = store.revision;
    const outcome = model.commit(plan);
    const result = await store.commit(plan.map((change, at) => toChange(change, current[at]))).catch((error: unknown) => error);
    if (outcome === 'failed') expect(isCompareFailed(result)).toBe(true);
    else expect((result as { revision: number }).revision).toBe(outcome === 'unchanged' ? before : before + 1);
    expect(store.revision).toBe(model.revision);
  }),
);

const ranges = fc
  .tuple(pair, prefix, back, fc.option(key, { nil: undefined }), fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }))
  .map(([of, start, age, after, limit]) =>
    command(`range(${start}, -${age}, ${after}, ${limit})`, of, async ({ store, model }) => {
      const at = Math.max(0, model.revision - age);
      const result = await store.range(start, { at: age === 0 ? undefined : at, after, limit }).catch((error: unknown) => error as Error);
      if (at < model.compacted) return expect(isExpiredRevision(result)).toBe(true);
      if (result instanceof Error) throw result;
      const { rows, remaining } = model.range(start, { at, after, limit });
      expect({ rows: result.records.map(recordText), remaining: result.remaining, more: result.more, revision: result.revision }).toEqual({
        rows,
        remaining,
        more: remaining > 0,
        revision: at,
      });
    }),
  );

const gets = fc.tuple(pair, key, back).map(([of, name, age]) =>
  command(`get(${name}, -${age})`, of, async ({ store, model }) => {
    const at = Math.max(0, model.revision - age);
    const result = await store.get(name, { at }).catch((error: unknown) => error as Error);
    if (at < model.compacted) return expect(isExpiredRevision(result)).toBe(true);
    if (result instanceof Error) throw result;
    expect(result && recordText(result)).toEqual(model.range(name, { at, after: undefined, limit: undefined }).rows.find((row) => row.startsWith(`${name} `)));
  }),
);

const watches = fc.tuple(pair, prefix, start).map(([of, begin, age]) =>
  command(`watch(${begin}, -${age})`, of, ({ store, model, watches: list }) => {
    const from = Math.max(0, model.revision - age);
    const seen: string[] = [];
    const subscription = store.watch(begin, from).subscribe({
      next: (event) => seen.push(eventText(event)),
      error: (error: unknown) => (watched.error = error),
    });
    const watched: Watched = { prefix: begin, from, seen, error: undefined, subscription, joined: false };
    list.push(watched);
  }),
);

const unsubscribes = fc.tuple(pair, fc.nat({ max: 5 })).map(([of, at]) =>
  command(`unsubscribe(${at})`, of, ({ watches: list }) => {
    const [gone] = list.splice(at, 1);
    gone?.subscription.unsubscribe();
  }),
);

const drains = fc.constant(
  command('drain()', 0, (_, world) => {
    for (const drain of world.drains.splice(0)) drain();
    for (const { model, watches: list } of world.pairs) {
      for (const watched of list) {
        if (!watched.joined && watched.from < model.compacted) expect(isExpiredRevision(watched.error)).toBe(true);
        else if (watched.error === undefined) expect(watched.seen).toEqual(model.told(watched.prefix, watched.from, model.revision));
        else expect(watched.joined).toBe(false);
        watched.joined = watched.error === undefined;
      }
    }
  }),
);

const cursors = fc.tuple(pair, prefix, start).map(([of, begin, age]) =>
  command(`cursor(${begin}, -${age})`, of, ({ store, model, cursors: list }) => {
    const from = Math.max(0, model.revision - age);
    const read: Read = { prefix: begin, cursor: store.cursor(begin, from), position: from, expired: false, wakes: { count: 0 } };
    read.cursor.ready(() => (read.wakes.count += 1));
    list.push(read);
  }),
);

const reads = fc.tuple(pair, fc.nat({ max: 3 }), fc.integer({ min: 1, max: 3 })).map(([of, at, max]) =>
  command(`read(${at}, ${max})`, of, ({ model, cursors: list }) => {
    const read = list[at];
    if (read === undefined) return;
    try {
      const events = read.cursor.read(max);
      expect(read.expired).toBe(false);
      const until = read.cursor.revision;
      expect(events.map(eventText)).toEqual(model.told(read.prefix, read.position, Math.max(until, events.at(-1)?.revision ?? 0)));
      expect(until).toBeGreaterThanOrEqual(read.position);
      if (events.length < max) expect(model.told(read.prefix, until, model.revision)).toEqual([]);
      read.position = until;
    } catch (error) {
      if (!isExpiredRevision(error)) throw error;
      expect(read.position).toBeLessThan(model.compacted);
      read.expired = true;
    }
  }),
);

const compactions = fc.tuple(pair, back).map(([of, age]) =>
  command(`compact(-${age})`, of, async ({ store, model }) => {
    const before = Math.max(0, model.revision - age);
    model.compacted = Math.max(model.compacted, before);
    await store.compact(before);
    expect(store.compactedRevision).toBe(model.compacted);
  }),
);

const forks = pair.map((of) =>
  command('fork()', of, ({ store, model }, world) => {
    if (world.pairs.length < 4) world.pairs.push(pairOf(store.fork(), model.fork()));
  }),
);

const snapshots = pair.map((of) =>
  command('snapshot()', of, ({ store, model, snapshots: list }) => {
    list.push({ snapshot: store.snapshot(), revision: model.revision });
    for (const { snapshot, revision } of list) {
      const { rows } = model.range('', { at: revision, after: undefined, limit: undefined });
      expect([snapshot.revision, snapshot.size, snapshot.range('').records.map(recordText)]).toEqual([revision, rows.length, rows]);
    }
  }),
);

const commands = fc.commands([commits, commits, commits, ranges, gets, watches, unsubscribes, drains, cursors, reads, reads, compactions, forks, snapshots], {
  maxCommands: 100,
  size: '+2',
});

test('the memory store does what an array of all its states does', async () => {
  await fc.assert(
    fc.asyncProperty(commands, async (run) => {
      const queue: (() => void)[] = [];
      const store = createMemoryStore({ schedule: (drain) => queue.push(drain) });
      await fc.asyncModelRun(() => ({ model: {}, real: { pairs: [pairOf(store, new Model())], drains: queue } }), run);
    }),
    { numRuns: 300 },
  );
});
