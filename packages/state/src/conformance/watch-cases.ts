import { expect } from 'vitest';
import { ExpiredError } from '../errors.ts';
import type { StateCursor } from '../store.ts';
import type { Case } from './describe.ts';
import { del, gather, keyOf, put, trace, view, write } from './fixtures.ts';

const isReady = (cursor: StateCursor): Promise<void> => new Promise((resolve) => void cursor.ready(resolve));

async function readAll(cursor: StateCursor, count: number, max?: number): Promise<string[]> {
  const events: string[] = [];
  while (events.length < count) {
    await isReady(cursor);
    events.push(...cursor.read(max).map(trace));
  }
  return events;
}

/** How watches behave. */
export const watchCases: readonly Case[] = [
  [
    'a watch is cold, and tells changes after its revision in order',
    async (make) => {
      const store = await make();
      const { revision } = await write(store, 'a', '1');
      const watch = store.watch('/', revision);
      await write(store, 'b', '2');
      const watched = gather(watch);
      await store.commit([put('a', '3'), del('b')]);
      await watched.until(3);
      expect(watched.events.map(trace)).toEqual([`put b=2@${revision + 1}`, `put a=3@${revision + 2}`, `delete b=2@${revision + 2}`]);
    },
  ],
  [
    'an event has the record, its value and what was there before',
    async (make) => {
      const store = await make();
      const created = (await write(store, 'a', '1')).records[0];
      const watched = gather(store.watch('/', store.revision));
      const updated = (await write(store, 'a', '2')).records[0];
      const { revision } = await store.commit([del('a')]);
      const [put, deleted] = await watched.until(2);
      expect(put).toMatchObject({ type: 'put', key: keyOf('a'), revision: updated?.modRevision });
      expect([put?.record, put?.value, put?.previous]).toEqual([updated, updated?.value, created]);
      expect(deleted).toMatchObject({ type: 'delete', key: keyOf('a'), revision, previous: updated });
      expect(deleted?.value).toEqual({ ...updated?.value, metadata: { ...updated?.value.metadata, resourceVersion: String(revision) } });
      expect(JSON.parse(new TextDecoder().decode(deleted?.record.bytes()))).toEqual(deleted?.value);
      expect(Object.isFrozen(deleted?.value.metadata)).toBe(true);
    },
  ],
  [
    'a watch can begin at every retained revision, without gap or repeat',
    async (make) => {
      const store = await make();
      const start = store.revision;
      const revisions: number[] = [];
      for (let at = 0; at < 10; at += 1) revisions.push((await write(store, `n${at % 3}`, String(at))).revision);
      const watches = [start, ...revisions].map((from) => gather(store.watch('/', from)));
      revisions.push((await write(store, 'last')).revision);
      for (const [at, watched] of watches.entries()) {
        await watched.until(revisions.length - at);
        expect(watched.events.map(({ revision }) => revision)).toEqual(revisions.slice(at));
      }
    },
  ],
  [
    'a watch tells only of its prefix',
    async (make) => {
      const store = await make();
      const from = store.revision;
      const prefixes = ['/registry/core/configmaps/ns/', '/registry/core/configmaps/ns/a', '/registry/core/', '', '/registry/core/conf', '/registry/apps/'];
      const watches = prefixes.map((prefix) => gather(store.watch(prefix, from)));
      const late = (): typeof watches => prefixes.map((prefix) => gather(store.watch(prefix, from)));
      await store.commit([
        put('a'),
        put('ab'),
        put('b'),
        { ...put('p'), key: '/registry/core/pods/ns/p' },
        { ...put('d'), key: '/registry/apps/deployments/ns/d' },
      ]);
      const expected = [['a', 'ab', 'b'], ['a', 'ab'], ['a', 'ab', 'b', 'p'], ['a', 'ab', 'b', 'p', 'd'], ['a', 'ab', 'b'], ['d']];
      for (const group of [watches, late()]) {
        for (const [at, watched] of group.entries()) {
          await watched.until(expected[at]?.length ?? 0);
          expect(watched.events.map(({ value }) => value.metadata.name)).toEqual(expected[at]);
        }
      }
    },
  ],
  [
    'a watch from a revision that is still to come waits for what is after it',
    async (make) => {
      const store = await make();
      const { revision } = await write(store, 'a');
      const watched = gather(store.watch('/', revision + 1));
      const cursor = store.cursor('/', revision + 1);
      await write(store, 'b');
      await write(store, 'c');
      expect((await watched.until(1)).map(trace)).toEqual([`put c=@${revision + 2}`]);
      expect(await readAll(cursor, 1)).toEqual([`put c=@${revision + 2}`]);
    },
  ],
  [
    'a commit that changes nothing is not told',
    async (make) => {
      const store = await make();
      const { records } = await write(store, 'a');
      const watched = gather(store.watch('/', store.revision));
      await store.commit([{ key: keyOf('a'), value: records[0]?.value }, del('none')]);
      await write(store, 'b');
      expect((await watched.until(1)).map(({ key }) => key)).toEqual([keyOf('b')]);
    },
  ],
  [
    'every subscriber sees all events in order also when subscribers commit',
    async (make) => {
      const store = await make();
      const from = store.revision;
      const replies: Promise<unknown>[] = [];
      const first = store.watch('/', from).subscribe(({ key }) => {
        if (key === keyOf('ping')) replies.push(write(store, 'pong'), write(store, 'pong', 'again'));
      });
      const second = gather(store.watch('/', from));
      await store.commit([put('ping'), put('other')]);
      const events = await second.until(4);
      await Promise.all(replies);
      expect(events.map(({ key }) => key)).toEqual([keyOf('ping'), keyOf('other'), keyOf('pong'), keyOf('pong')]);
      expect(events.map(({ revision }) => revision - from)).toEqual([1, 1, 2, 3]);
      first.unsubscribe();
    },
  ],
  [
    'a subscriber may subscribe from within an event, to what came before it too',
    async (make) => {
      const store = await make();
      const from = store.revision;
      const inner: ReturnType<typeof gather>[] = [];
      const outer = store.watch('/', from).subscribe(({ key }) => {
        if (key === keyOf('a')) inner.push(gather(store.watch('/', from)));
      });
      await store.commit([put('a'), put('b')]);
      await write(store, 'c');
      const probe = gather(store.watch('/', from));
      await probe.until(3);
      expect((await inner[0]?.until(3))?.map(({ key }) => key)).toEqual([keyOf('a'), keyOf('b'), keyOf('c')]);
      outer.unsubscribe();
    },
  ],
  [
    'an unsubscribed watch is told nothing more, not even of the commit under way',
    async (make) => {
      const store = await make();
      const from = store.revision;
      const seen: string[] = [];
      const subscription = store.watch('/', from).subscribe(({ key }) => {
        seen.push(key);
        subscription.unsubscribe();
      });
      const other = gather(store.watch('/', from));
      await store.commit([put('a'), put('b')]);
      await other.until(2);
      expect(seen).toEqual([keyOf('a')]);
    },
  ],
  [
    'a subscriber that throws hurts nobody and is reported',
    async (make) => {
      const errors: unknown[] = [];
      const store = await make({ onError: (error) => errors.push(error) });
      const from = store.revision;
      const bad = store.watch('/', from).subscribe(({ key }) => {
        throw new Error(key);
      });
      const good = gather(store.watch('/', from));
      await write(store, 'a');
      await write(store, 'b');
      expect((await good.until(2)).map(({ key }) => key)).toEqual([keyOf('a'), keyOf('b')]);
      expect(errors.map(String)).toEqual([`Error: ${keyOf('a')}`, `Error: ${keyOf('b')}`]);
      bad.unsubscribe();
    },
  ],
  [
    'a watch from a compacted revision has expired',
    async (make) => {
      const store = await make();
      const { revision } = await write(store, 'a', '1');
      await write(store, 'a', '2');
      await store.compact(revision + 1);
      const expired = gather(store.watch('/', revision));
      expect(await expired.over()).toEqual({ error: expect.any(ExpiredError) });
      expect(expired.outcome).toMatchObject({ error: { requested: revision, compacted: revision + 1 } });
      expect(() => store.cursor('/', revision).read()).toThrow(ExpiredError);
      const served = gather(store.watch('/', revision + 1));
      await write(store, 'a', '3');
      expect((await served.until(1)).map(trace)).toEqual([`put a=3@${revision + 2}`]);
    },
  ],
  [
    'compaction does not disturb a watch that has kept up',
    async (make) => {
      const store = await make();
      const watched = gather(store.watch('/', store.revision));
      const cursor = store.cursor('/', store.revision);
      await write(store, 'a');
      await watched.until(1);
      await readAll(cursor, 1);
      await store.compact(store.revision);
      await write(store, 'b');
      expect((await watched.until(2)).map(({ key }) => key)).toEqual([keyOf('a'), keyOf('b')]);
      expect(await readAll(cursor, 1)).toEqual([`put b=@${store.revision}`]);
    },
  ],
  [
    'a cursor reads at its own pace, in whole commits, and says how far it is',
    async (make) => {
      const store = await make();
      const from = store.revision;
      const cursor = store.cursor('/', from);
      expect(cursor.read()).toEqual([]);
      await store.commit([put('a'), put('b'), put('c')]);
      await write(store, 'd');
      await write(store, 'e');
      await isReady(cursor);
      expect(cursor.read(1).map(({ key }) => key)).toEqual([keyOf('a'), keyOf('b'), keyOf('c')]);
      expect(cursor.revision).toBe(from + 1);
      await isReady(cursor);
      expect(cursor.read(1).map(({ key }) => key)).toEqual([keyOf('d')]);
      expect(cursor.revision).toBe(from + 2);
      expect(await readAll(cursor, 1)).toEqual([`put e=@${from + 3}`]);
      expect(cursor.revision).toBe(from + 3);
    },
  ],
  [
    'an idle cursor moves on with what does not concern it',
    async (make) => {
      const store = await make({ historyLimit: 32 });
      const cursor = store.cursor('/registry/apps/', store.revision);
      const probe = gather(store.watch('/', store.revision));
      for (let at = 0; at < 100; at += 1) await write(store, 'a', String(at));
      await probe.until(100);
      expect(cursor.read()).toEqual([]);
      expect(cursor.revision).toBe(store.revision);
      const { revision } = await store.commit([{ ...put('d'), key: '/registry/apps/deployments/ns/d' }]);
      expect(await readAll(cursor, 1)).toEqual([`put d=@${revision}`]);
    },
  ],
  [
    'a cursor that is not read for too long has expired, and says so when read',
    async (make) => {
      const store = await make({ historyLimit: 32 });
      const cursor = store.cursor('/', store.revision);
      const probe = gather(store.watch('/', store.revision));
      for (let at = 0; at < 100; at += 1) await write(store, 'a', String(at));
      await probe.until(100);
      await isReady(cursor);
      expect(() => cursor.read()).toThrow(ExpiredError);
      expect(() => cursor.read()).toThrow(ExpiredError);
    },
  ],
  [
    'ready is taken back, and a callback that throws is reported',
    async (make) => {
      const errors: unknown[] = [];
      const store = await make({ onError: (error) => errors.push(error) });
      const from = store.revision;
      const calls: string[] = [];
      const cursors = ['taken back', 'replaced', 'throws'].map(() => store.cursor('/', from));
      cursors[0]?.ready(() => calls.push('taken back'))();
      cursors[1]?.ready(() => calls.push('first'));
      cursors[1]?.ready(() => calls.push('second'));
      cursors[2]?.ready(() => {
        throw new Error('callback');
      });
      const probe = gather(store.watch('/', from));
      await write(store, 'a');
      await write(store, 'b');
      await probe.until(2);
      expect(calls).toEqual(['second']);
      expect(errors.map(String)).toEqual(['Error: callback']);
    },
  ],
  [
    'watchers read the revisions that they are told of',
    async (make) => {
      const store = await make();
      const reads: Promise<unknown>[] = [];
      const watched = store.watch('/', store.revision).subscribe(({ key, revision }) => reads.push(store.get(key, { at: revision }).then(view)));
      const probe = gather(store.watch('/', store.revision));
      await write(store, 'a', '1');
      await write(store, 'a', '2');
      await probe.until(2);
      expect(await Promise.all(reads)).toEqual(probe.events.map(({ record }) => view(record)));
      watched.unsubscribe();
    },
  ],
];
