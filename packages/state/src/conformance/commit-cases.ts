import { expect } from 'vitest';
import { encodedObject, encodeObject } from '../encoded-object.ts';
import { CompareFailedError } from '../errors.ts';
import type { Case } from './describe.ts';
import { del, keyOf, put, thing, view, views, write } from './fixtures.ts';

const expired = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'resolved',
    (error: unknown) => error,
  );

/** How commits behave. */
export const commitCases: readonly Case[] = [
  [
    'revisions strictly increase, one per commit',
    async (make) => {
      const store = await make();
      const start = store.revision;
      const first = await write(store, 'a');
      const second = await store.commit([put('b'), put('c')]);
      expect(first.revision).toBeGreaterThan(start);
      expect(second.revision).toBeGreaterThan(first.revision);
      expect(second.records.map((record) => record?.modRevision)).toEqual([second.revision, second.revision]);
      expect(store.revision).toBe(second.revision);
    },
  ],
  [
    'a record tells its revisions and counts its writes',
    async (make) => {
      const store = await make();
      const created = (await write(store, 'a', '1')).revision;
      const updated = (await write(store, 'a', '2')).revision;
      expect(await store.get(keyOf('a'))).toMatchObject({ key: keyOf('a'), createRevision: created, modRevision: updated, version: 2 });
      await store.commit([del('a')]);
      const again = (await write(store, 'a', '3')).revision;
      expect(await store.get(keyOf('a'))).toMatchObject({ createRevision: again, modRevision: again, version: 1 });
    },
  ],
  [
    'a stored object is stamped with its revision and deeply frozen',
    async (make) => {
      const store = await make();
      const { revision, records } = await write(store, 'a', '1');
      const value = records[0]?.value;
      expect(value).toEqual({ ...thing('a', '1'), metadata: { ...thing('a').metadata, resourceVersion: String(revision) } });
      expect([value, value?.metadata, (value as { spec?: unknown }).spec].every(Object.isFrozen)).toBe(true);
    },
  ],
  [
    'an object that is encoded already is stored like any other',
    async (make) => {
      const store = await make();
      const first = await store.commit([{ key: keyOf('a'), value: encodeObject(thing('a', 'ä€😀"\\')), expect: 0 }]);
      const json = Buffer.from('{ "kind":"ConfigMap", "metadata":{}, "apiVersion":"v1" }');
      const second = await store.commit([put('c'), { key: keyOf('b'), value: encodedObject(json) }]);
      const third = await store.commit([{ key: keyOf('a'), value: encodeObject(thing('a', '2')), expect: first.revision }]);
      const stamped = { ...thing('a').metadata, resourceVersion: String(third.revision) };
      const [record] = third.records;
      expect(record?.value).toEqual({ ...thing('a', '2'), metadata: stamped });
      expect(JSON.parse(Buffer.from(record?.bytes() ?? []).toString())).toEqual(record?.value);
      expect([record?.value, record?.value.metadata].every(Object.isFrozen)).toBe(true);
      expect((await store.get(keyOf('b')))?.value).toEqual({ kind: 'ConfigMap', metadata: { resourceVersion: String(second.revision) }, apiVersion: 'v1' });
      expect(view(await store.get(keyOf('a'), { at: second.revision }))).toBe(`a=ä€😀"\\@${first.revision}`);
      const stale = store.commit([{ key: keyOf('a'), value: encodeObject(thing('a', '3')), expect: first.revision }]);
      await expect(stale).rejects.toThrow(CompareFailedError);
      expect((await store.commit([del('a', third.revision)])).events.map(({ type, value }) => [type, value.metadata.name])).toEqual([['delete', 'a']]);
    },
  ],
  [
    'a key that bytes could not bring back is refused',
    async (make) => {
      const store = await make();
      const before = store.revision;
      await expect(store.commit([{ key: '/registry/\ud800', value: thing('a') }])).rejects.toThrow(/surrogate/);
      await expect(store.commit([put('b'), { key: '/registry/\udc00x', value: undefined }])).rejects.toThrow(/surrogate/);
      expect(store.revision).toBe(before);
    },
  ],
  [
    'a path-copied object shares what it did not change',
    async (make) => {
      const store = await make();
      const before = (await write(store, 'a', '1')).records[0]?.value as ReturnType<typeof thing>;
      const { records, revision } = await store.commit([{ key: keyOf('a'), value: { ...before, extra: true } as typeof before }]);
      expect((records[0]?.value as typeof before).spec).toBe(before.spec);
      expect(records[0]?.value.metadata.resourceVersion).toBe(String(revision));
      expect(before.metadata.resourceVersion).not.toBe(String(revision));
    },
  ],
  [
    'a put of the identical value makes no revision',
    async (make) => {
      const store = await make();
      const { revision, records } = await write(store, 'a', '1');
      const again = await store.commit([{ key: keyOf('a'), value: records[0]?.value }]);
      expect(again).toMatchObject({ revision, events: [] });
      expect(again.records[0]).toBe(records[0]);
      expect(store.revision).toBe(revision);
    },
  ],
  [
    'a delete of what is not there makes no revision',
    async (make) => {
      const store = await make();
      const { revision } = await write(store, 'a');
      expect(await store.commit([del('b')])).toMatchObject({ revision, records: [undefined], events: [] });
      expect(await store.commit([])).toMatchObject({ revision, records: [], events: [] });
    },
  ],
  [
    'only what changes of a commit gets its revision',
    async (make) => {
      const store = await make();
      const { records, revision } = await write(store, 'a', '1');
      const result = await store.commit([{ key: keyOf('a'), value: records[0]?.value }, put('b', '2')]);
      expect(result.revision).toBeGreaterThan(revision);
      expect(result.records.map(view)).toEqual([`a=1@${revision}`, `b=2@${result.revision}`]);
      expect(result.events.map(({ key }) => key)).toEqual([keyOf('b')]);
    },
  ],
  [
    'a change applies when its key has the expected revision',
    async (make) => {
      const store = await make();
      const created = await store.commit([put('a', '1', 0)]);
      const updated = await store.commit([put('a', '2', created.revision)]);
      const deleted = await store.commit([del('a', updated.revision)]);
      expect(deleted.revision).toBeGreaterThan(updated.revision);
      expect(await store.get(keyOf('a'))).toBeUndefined();
      await store.commit([del('a', 0)]);
    },
  ],
  ...(
    [
      ['a stale update fails and tells what is there', '2', 1],
      ['a create of what exists fails and tells what is there', '2', 0],
      ['an update of what does not exist fails', undefined, 1],
    ] as const
  ).map(
    ([name, actual, stale]): Case => [
      name,
      async (make) => {
        const store = await make();
        const first = (await write(store, 'other')).revision;
        if (actual !== undefined) await write(store, 'a', actual);
        const before = store.revision;
        const error = await expired(store.commit([put('a', '3', stale === 0 ? 0 : first)]));
        expect(error).toBeInstanceOf(CompareFailedError);
        expect(error).toMatchObject({ name: 'CompareFailedError', key: keyOf('a'), expected: stale === 0 ? 0 : first });
        expect(view((error as CompareFailedError).actual)).toBe(actual && `a=${actual}@${before}`);
        expect(store.revision).toBe(before);
      },
    ],
  ),
  [
    'a commit of which one change fails changes nothing',
    async (make) => {
      const store = await make();
      await write(store, 'a', '1');
      const { revision } = await write(store, 'b', '1');
      const change = put('a', '2');
      await expect(store.commit([change, del('b'), put('c', '2', revision)])).rejects.toBeInstanceOf(CompareFailedError);
      expect(store.revision).toBe(revision);
      expect(views(await store.range('/'))).toEqual([`a=1@${revision - 1}`, `b=1@${revision}`]);
      expect(Object.isFrozen(change.value)).toBe(false);
    },
  ],
  [
    'a failed compare counts also when its value would change nothing',
    async (make) => {
      const store = await make();
      const { records } = await write(store, 'a', '1');
      await expect(store.commit([{ key: keyOf('a'), value: records[0]?.value, expect: 0 }])).rejects.toBeInstanceOf(CompareFailedError);
    },
  ],
  [
    'a commit may not change a key twice, nor an empty key',
    async (make) => {
      const store = await make();
      const before = store.revision;
      await expect(store.commit([put('a', '1'), put('a', '2')])).rejects.toBeInstanceOf(TypeError);
      await expect(store.commit([{ key: '', value: thing('a') }])).rejects.toBeInstanceOf(TypeError);
      expect(store.revision).toBe(before);
    },
  ],
  [
    'of concurrent compare-and-set writes one wins each revision',
    async (make) => {
      const store = await make();
      const { revision } = await write(store, 'a', '0');
      const outcomes = await Promise.allSettled(Array.from({ length: 20 }, (_, at) => store.commit([put('a', String(at), revision)])));
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      expect(await store.get(keyOf('a'))).toMatchObject({ version: 2 });
    },
  ],
  [
    'an aborted signal keeps a commit from starting',
    async (make) => {
      const store = await make();
      const reason = new Error('enough');
      await expect(store.commit([put('a')], { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
      expect(await store.get(keyOf('a'))).toBeUndefined();
    },
  ],
];
