import { expect } from 'vitest';
import { StoreClosedError } from '../errors.ts';
import type { StateStore } from '../store.ts';
import type { Case } from './describe.ts';
import { del, gather, keyOf, put, trace, view, views, write } from './fixtures.ts';

/** How snapshots, forks and disposal behave. */
export const forkCases: readonly Case[] = [
  [
    'a snapshot is one picture for as long as it is held',
    async (make) => {
      const store = await make();
      await store.commit([put('a', '1'), put('b', '1'), put('c', '1')]);
      const snapshot = store.snapshot();
      const { revision } = snapshot;
      await store.commit([put('a', '2'), del('b')]);
      await store.compact(store.revision);
      await store[Symbol.asyncDispose]();
      expect([snapshot.size, view(snapshot.get(keyOf('a'))), view(snapshot.get(keyOf('b'))), snapshot.get(keyOf('d'))]).toEqual([
        3,
        `a=1@${revision}`,
        `b=1@${revision}`,
        undefined,
      ]);
      const page = snapshot.range('/', { after: keyOf('a'), limit: 1 });
      expect([views(page), page.revision, page.more, page.remaining]).toEqual([[`b=1@${revision}`], revision, true, 1]);
    },
  ],
  [
    'a fork starts as the store is and goes its own way',
    async (make) => {
      const store = await make();
      const { revision } = await write(store, 'a', '1');
      const fork = store.fork();
      await store.commit([put('a', 'store'), put('c', 'store')]);
      await fork.commit([put('a', 'fork'), put('b', 'fork')]);
      expect([store.revision, fork.revision]).toEqual([revision + 1, revision + 1]);
      expect(views(await store.range('/'))).toEqual([`a=store@${revision + 1}`, `c=store@${revision + 1}`]);
      expect(views(await fork.range('/'))).toEqual([`a=fork@${revision + 1}`, `b=fork@${revision + 1}`]);
      expect(views(await fork.range('/', { at: revision }))).toEqual([`a=1@${revision}`]);
      await fork[Symbol.asyncDispose]();
      expect(view(await store.get(keyOf('a')))).toBe(`a=store@${revision + 1}`);
    },
  ],
  [
    'a fork has the history, and its own watchers only',
    async (make) => {
      const store = await make();
      const from = store.revision;
      await write(store, 'a', '1');
      await using fork = store.fork();
      const ofStore = gather(store.watch('/', from));
      const ofFork = gather(fork.watch('/', from));
      await write(fork, 'a', 'fork');
      await write(store, 'a', 'store');
      expect((await ofStore.until(2)).map(trace)).toEqual([`put a=1@${from + 1}`, `put a=store@${from + 2}`]);
      expect((await ofFork.until(2)).map(trace)).toEqual([`put a=1@${from + 1}`, `put a=fork@${from + 2}`]);
    },
  ],
  [
    'a fork of a fork, and what the store compacts, leave each other alone',
    async (make) => {
      const store = await make();
      const { revision } = await write(store, 'a', '1');
      await write(store, 'a', '2');
      await using fork = store.fork();
      await using second = fork.fork();
      await store.compact(store.revision);
      await fork.commit([del('a')]);
      expect(view(await fork.get(keyOf('a'), { at: revision }))).toBe(`a=1@${revision}`);
      expect(view(await second.get(keyOf('a')))).toBe(`a=2@${revision + 1}`);
      expect(view(await store.get(keyOf('a')))).toBe(`a=2@${revision + 1}`);
    },
  ],
  [
    'disposal completes watches, wakes cursors, and makes later calls reject',
    async (make) => {
      const store = await make();
      const watched = gather(store.watch('/', store.revision));
      const cursor = store.cursor('/', store.revision);
      const woken = new Promise<void>((resolve) => void cursor.ready(resolve));
      await store[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
      expect(await watched.over()).toBe('complete');
      await woken;
      expect(() => cursor.read()).toThrow(StoreClosedError);
      const calls: ((closed: StateStore) => Promise<unknown>)[] = [
        (closed) => closed.get('a'),
        (closed) => closed.range('/'),
        (closed) => closed.commit([put('a')]),
        (closed) => closed.compact(0),
      ];
      for (const call of calls) await expect(call(store)).rejects.toBeInstanceOf(StoreClosedError);
      expect(() => store.snapshot()).toThrow(StoreClosedError);
      expect(() => store.fork()).toThrow(StoreClosedError);
      expect(() => store.cursor('/', 0)).toThrow(StoreClosedError);
      expect(await gather(store.watch('/', 0)).over()).toEqual({ error: expect.any(StoreClosedError) });
    },
  ],
  [
    'a cursor that was closed gives nothing more',
    async (make) => {
      const store = await make();
      const cursor = store.cursor('/', store.revision);
      const probe = gather(store.watch('/', store.revision));
      let calls = 0;
      cursor.ready(() => (calls += 1));
      cursor.close();
      cursor.close();
      await write(store, 'a');
      await probe.until(1);
      expect(calls).toBe(0);
      expect(() => cursor.read()).toThrow(StoreClosedError);
    },
  ],
];
