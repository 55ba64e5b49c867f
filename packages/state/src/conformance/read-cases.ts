import { expect } from 'vitest';
import { ExpiredError, FutureRevisionError } from '../errors.ts';
import type { StateStore } from '../store.ts';
import type { Case } from './describe.ts';
import { del, keyOf, put, thing, view, views, write } from './fixtures.ts';

/** Three revisions: [a=1], [a=1, b=2], [b=3]. */
async function history(store: StateStore): Promise<readonly [number, number, number]> {
  const first = (await write(store, 'a', '1')).revision;
  const second = (await write(store, 'b', '2')).revision;
  const third = (await store.commit([del('a'), put('b', '3')])).revision;
  return [first, second, third];
}

/** How reads behave. */
export const readCases: readonly Case[] = [
  [
    'get returns the record, the same one each time',
    async (make) => {
      const store = await make();
      const { records } = await write(store, 'a', '1');
      expect(await store.get(keyOf('a'))).toBe(records[0]);
      expect((await store.range(keyOf('a'))).records[0]).toBe(records[0]);
      expect(await store.get(keyOf('none'))).toBeUndefined();
    },
  ],
  [
    'the byte face is the JSON of the object, made once',
    async (make) => {
      const store = await make();
      await write(store, 'a', 'grün ✓');
      const record = await store.get(keyOf('a'));
      const bytes = record?.bytes();
      expect(JSON.parse(new TextDecoder().decode(bytes))).toEqual(record?.value);
      expect(record?.bytes()).toBe(bytes);
      record?.dropBytes();
      expect(record?.bytes()).toEqual(bytes);
    },
  ],
  [
    'range returns the keys of a prefix in order',
    async (make) => {
      const store = await make();
      for (const name of ['b', 'c', 'a', 'bb', 'B']) await write(store, name);
      await store.commit([{ key: '/registry/core/pods/ns/a', value: thing('pod') }]);
      const names = async (prefix: string): Promise<unknown> => (await store.range(prefix)).records.map(({ value }) => value.metadata.name);
      expect(await names('/registry/core/configmaps/ns/')).toEqual(['B', 'a', 'b', 'bb', 'c']);
      expect(await names('/registry/core/configmaps/ns/b')).toEqual(['b', 'bb']);
      expect(await names('')).toEqual(['B', 'a', 'b', 'bb', 'c', 'pod']);
      expect(await names('/registry/core/configmapz')).toEqual([]);
    },
  ],
  [
    'pages of one revision are one picture, whatever is written meanwhile',
    async (make) => {
      const store = await make();
      await store.commit(['a', 'b', 'c', 'd', 'e'].map((name) => put(name, '1')));
      const first = await store.range('/', { limit: 2 });
      expect(first).toMatchObject({ revision: store.revision, more: true, remaining: 3 });
      await store.commit([del('c'), put('bb', '2'), put('d', '2'), del('a'), put('f', '2')]);
      const second = await store.range('/', { limit: 2, at: first.revision, after: keyOf('b') });
      const third = await store.range('/', { limit: 2, at: first.revision, after: keyOf('d') });
      expect(second).toMatchObject({ revision: first.revision, more: true, remaining: 1 });
      expect(third).toMatchObject({ revision: first.revision, more: false, remaining: 0 });
      const all = [first, second, third].flatMap(views);
      expect(all).toEqual(['a', 'b', 'c', 'd', 'e'].map((name) => `${name}=1@${first.revision}`));
    },
  ],
  [
    'after is a key that need not exist, and limit is exact',
    async (make) => {
      const store = await make();
      await store.commit(['a', 'b', 'c'].map((name) => put(name)));
      const names = async (options: { after?: string; limit?: number }): Promise<unknown> =>
        (await store.range('/registry/core/configmaps/ns/', options)).records.map(({ value }) => value.metadata.name);
      expect(await names({ after: keyOf('aa') })).toEqual(['b', 'c']);
      expect(await names({ after: keyOf('c') })).toEqual([]);
      expect(await names({ after: '/registry/core/a' })).toEqual(['a', 'b', 'c']);
      expect(await names({ after: '/z' })).toEqual([]);
      expect(await store.range('/', { limit: 3 })).toMatchObject({ more: false, remaining: 0 });
      await expect(store.range('/', { limit: 0 })).rejects.toBeInstanceOf(RangeError);
    },
  ],
  [
    'every retained revision can be read',
    async (make) => {
      const store = await make();
      const start = store.revision;
      const [first, second, third] = await history(store);
      const at = async (revision: number): Promise<unknown> => views(await store.range('/', { at: revision }));
      expect(await at(start)).toEqual([]);
      expect(await at(first)).toEqual([`a=1@${first}`]);
      expect(await at(second)).toEqual([`a=1@${first}`, `b=2@${second}`]);
      expect(await at(third)).toEqual([`b=3@${third}`]);
      expect(view(await store.get(keyOf('a'), { at: second }))).toBe(`a=1@${first}`);
      expect(view(await store.get(keyOf('b'), { at: first }))).toBeUndefined();
      expect(view(await store.get(keyOf('b'), { at: second }))).toBe(`b=2@${second}`);
    },
  ],
  [
    'a revision that is still to come is refused',
    async (make) => {
      const store = await make();
      const { revision } = await write(store, 'a');
      const error = { requested: revision + 1, current: revision };
      await expect(store.get(keyOf('a'), { at: revision + 1 })).rejects.toMatchObject(error);
      await expect(store.range('/', { at: revision + 1 })).rejects.toBeInstanceOf(FutureRevisionError);
      await expect(store.get(keyOf('a'), { atLeast: revision + 1 })).rejects.toMatchObject(error);
      await expect(store.range('/', { atLeast: revision + 1 })).rejects.toBeInstanceOf(FutureRevisionError);
      await expect(store.compact(revision + 1)).rejects.toBeInstanceOf(FutureRevisionError);
    },
  ],
  [
    'a revision that is new enough is served with what is there',
    async (make) => {
      const store = await make();
      const [first, , third] = await history(store);
      for (const atLeast of [0, first, third]) {
        expect(view(await store.get(keyOf('b'), { atLeast }))).toBe(`b=3@${third}`);
        expect(await store.range('/', { atLeast })).toMatchObject({ revision: third });
      }
      expect(view(await store.get(keyOf('b'), { at: first + 1, atLeast: third }))).toBe(`b=2@${first + 1}`);
    },
  ],
  [
    'a compacted revision has expired; later ones are served',
    async (make) => {
      const store = await make();
      const [first, second, third] = await history(store);
      await store.compact(second);
      expect(store.compactedRevision).toBe(second);
      await expect(store.range('/', { at: first })).rejects.toMatchObject({ requested: first, compacted: second });
      await expect(store.get(keyOf('a'), { at: first })).rejects.toBeInstanceOf(ExpiredError);
      expect(views(await store.range('/', { at: second }))).toEqual([`a=1@${first}`, `b=2@${second}`]);
      await store.compact(first);
      expect(store.compactedRevision).toBe(second);
      await store.compact(third);
      expect(views(await store.range('/', { at: third }))).toEqual([`b=3@${third}`]);
    },
  ],
  [
    'a list whose revision was compacted between two pages has expired',
    async (make) => {
      const store = await make();
      await store.commit([put('a'), put('b')]);
      const { revision } = await store.range('/', { limit: 1 });
      await write(store, 'c');
      await store.compact(store.revision);
      await expect(store.range('/', { at: revision, after: keyOf('a'), limit: 1 })).rejects.toBeInstanceOf(ExpiredError);
    },
  ],
  [
    'the history is bounded by itself',
    async (make) => {
      const store = await make({ historyLimit: 32 });
      const { revision } = await write(store, 'a', '0');
      for (let at = 1; at <= 100; at += 1) await write(store, 'a', String(at));
      expect(store.compactedRevision).toBeGreaterThan(revision);
      await expect(store.get(keyOf('a'), { at: revision })).rejects.toBeInstanceOf(ExpiredError);
      expect(view(await store.get(keyOf('a'), { at: store.revision - 32 }))).toBe(`a=68@${store.revision - 32}`);
    },
  ],
];
