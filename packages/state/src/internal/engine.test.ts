import { describe, expect, it } from 'vitest';
import { CompareFailedError } from '../errors.ts';
import { put, del, keyOf, thing, view } from '../conformance/fixtures.ts';
import { Engine } from './engine.ts';
import { History } from './history.ts';
import { OrderedMap } from './ordered-map.ts';
import { accept, ObjectRecord } from './record.ts';

const engine = (): Engine =>
  new Engine(
    { records: new OrderedMap(), history: new History(0), revision: 0 },
    { historyLimit: undefined, schedule: () => undefined, onError: () => undefined },
  );

describe('an engine whose commits are staged', () => {
  it('shows nothing of a commit before it is applied', () => {
    const store = engine();
    const staged = store.stage([put('a', '1', 0)]);
    expect([store.revision, store.stagedRevision, store.get(keyOf('a'))]).toEqual([0, 1, undefined]);
    store.apply(staged);
    expect([store.revision, view(store.get(keyOf('a')))]).toEqual([1, 'a=1@1']);
  });

  it('decides later commits on top of what is staged', () => {
    const store = engine();
    const first = store.stage([put('a', '1')]);
    expect(() => store.stage([put('a', '2', 0)])).toThrow(CompareFailedError);
    const second = store.stage([put('a', '2', first.revision)]);
    const third = store.stage([del('a', second.revision)]);
    const fourth = store.stage([put('a', '3', 0)]);
    for (const staged of [first, second, third, fourth]) store.apply(staged);
    expect(store.get(keyOf('a'))).toMatchObject({ createRevision: 4, modRevision: 4, version: 1 });
    expect(second.events[0]?.previous).toBe(first.records[0]);
  });

  it('takes the last staged commit back, and then all of them', () => {
    const store = engine();
    store.apply(store.stage([put('a', '1')]));
    const kept = store.stage([put('a', '2')]);
    store.unstage(store.stage([put('a', '3'), put('b', '3')]));
    expect(store.stagedRevision).toBe(kept.revision);
    expect(() => store.stage([put('a', '4', 1)])).toThrow(CompareFailedError);
    store.discard();
    expect([store.stagedRevision, view(store.stage([put('a', '4', 1)]).records[0])]).toEqual([1, 'a=4@2']);
  });

  it('applies in order only', () => {
    const store = engine();
    store.stage([put('a')]);
    const second = store.stage([put('b')]);
    expect(() => store.apply(second)).toThrow(RangeError);
  });

  it('takes over what another system committed, with its revisions', () => {
    const store = engine();
    const record = new ObjectRecord(keyOf('a'), accept(thing('a', '1'), 7), { modRevision: 7, createRevision: 7, version: 1 });
    const put7 = store.feed(7, [{ key: record.key, record }]);
    expect([store.revision, store.get(record.key)]).toEqual([7, record]);
    store.feed(8, []);
    const gone = store.feed(12, [
      { key: record.key, record: undefined },
      { key: keyOf('b'), record: undefined },
    ]);
    expect([...put7, ...gone].map(({ type, revision, value }) => [type, revision, value.metadata.resourceVersion])).toEqual([
      ['put', 7, '7'],
      ['delete', 12, '12'],
    ]);
    expect(() => store.feed(12, [])).toThrow(RangeError);
  });
});
