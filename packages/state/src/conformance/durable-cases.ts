import { expect } from 'vitest';
import type { StateStore } from '../store.ts';
import type { MakeStoreOptions } from './describe.ts';
import { del, gather, keyOf, put, trace, view, views, write } from './fixtures.ts';

/** Makes a store, and ends one and opens what it kept. */
export interface DurableStores {
  make(options?: MakeStoreOptions): Promise<StateStore>;
  reopen(store: StateStore): Promise<StateStore>;
}

/** How a state that outlives its store behaves when it is opened again. */
export const durableCases: readonly (readonly [name: string, run: (stores: DurableStores) => Promise<void>])[] = [
  [
    'a state that is opened again has its objects, with their revisions',
    async ({ make, reopen }) => {
      const store = await make();
      await store.commit([put('a', '1'), put('b', '1')]);
      await write(store, 'a', '2');
      await store.commit([del('b')]);
      const before = await store.range('/');
      const again = await reopen(store);
      expect([again.revision, views(await again.range('/'))]).toEqual([before.revision, views(before)]);
      expect(await again.get(keyOf('a'))).toMatchObject({ version: 2, createRevision: before.records[0]?.createRevision });
    },
  ],
  [
    'revisions go on where they were, also after a delete',
    async ({ make, reopen }) => {
      const store = await make();
      await write(store, 'a');
      const { revision } = await store.commit([del('a')]);
      const again = await reopen(store);
      expect(again.revision).toBe(revision);
      expect((await write(again, 'a')).revision).toBeGreaterThan(revision);
      expect(await again.get(keyOf('a'))).toMatchObject({ version: 1 });
    },
  ],
  [
    'a compare that held before holds, and a stale one fails',
    async ({ make, reopen }) => {
      const store = await make();
      const stale = (await write(store, 'a', '1')).revision;
      const { revision } = await write(store, 'a', '2');
      const again = await reopen(store);
      await expect(again.commit([put('a', '3', stale)])).rejects.toMatchObject({ name: 'CompareFailedError' });
      expect(view((await again.commit([put('a', '3', revision)])).records[0])).toMatch(/^a=3@/);
    },
  ],
  [
    'a watch from the revision that it was opened at misses nothing',
    async ({ make, reopen }) => {
      const { revision } = await write(await make(), 'other');
      expect(revision).toBeGreaterThan(0);
      const store = await make();
      await write(store, 'a', '1');
      const from = store.revision;
      const again = await reopen(store);
      const watched = gather(again.watch('/', from));
      const second = await write(again, 'a', '2');
      expect((await watched.until(1)).map(trace)).toEqual([`put a=2@${second.revision}`]);
    },
  ],
];
