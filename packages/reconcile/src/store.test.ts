import type { KubernetesObject } from '@kybern/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Store } from './store.ts';

interface Item extends KubernetesObject {
  readonly values: readonly string[];
}

const item = (name: string, ...values: string[]): Item => ({ apiVersion: 'v1', kind: 'Item', metadata: { name }, values });

const storeOf = (...items: readonly Item[]): Store<Item> => {
  const store = new Store<Item>();
  store.addIndex('value', (each) => each.values);
  for (const each of items) store.put(each.metadata.name, each);
  return store;
};

describe('a store', () => {
  it('holds objects by key and finds them by their index values', () => {
    const [a, b] = [item('a', 'x', 'y'), item('b', 'y')];
    const store = storeOf(a, b);
    expect(store.get('a')).toBe(a);
    expect(store.by('value', 'y')).toEqual([a, b]);
    expect(store.by('value', 'x')).toEqual([a]);
    expect(store.by('value', 'z')).toEqual([]);
    expect(() => store.by('unknown', 'x')).toThrow('no index "unknown"');
  });

  it('moves a changed object to its new values', () => {
    const store = storeOf(item('a', 'x', 'y'));
    const changed = item('a', 'y', 'z');
    store.put('a', changed);
    expect(store.by('value', 'x')).toEqual([]);
    expect(store.by('value', 'y')).toEqual([changed]);
    expect(store.by('value', 'z')).toEqual([changed]);
    store.put('a', undefined);
    expect(store.by('value', 'z')).toEqual([]);
    expect(store.size).toBe(0);
  });

  it('gives the same frozen list until something changes', () => {
    const store = storeOf(item('a', 'x'), item('b', 'y'));
    const [all, x] = [store.list(), store.by('value', 'x')];
    expect(store.list()).toBe(all);
    expect(Object.isFrozen(all) && Object.isFrozen(x)).toBe(true);
    store.put('b', item('b', 'y'));
    expect(store.list()).not.toBe(all);
    expect(store.by('value', 'x')).toBe(x);
    expect(all.map((each) => each.metadata.name)).toEqual(['a', 'b']);
  });

  it('fills an index that is added late', () => {
    const store = storeOf(item('a', 'x'));
    store.addIndex('name', (each) => [each.metadata.name]);
    expect(store.by('name', 'a')).toHaveLength(1);
  });

  it('an index is what filtering all objects would give, after any history', () => {
    const change = fc.record({
      name: fc.constantFrom('a', 'b', 'c', 'd'),
      values: fc.option(fc.array(fc.constantFrom('x', 'y', 'z'), { maxLength: 3 }), { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
        const store = storeOf();
        for (const { name, values } of changes) {
          store.put(name, values === undefined ? undefined : item(name, ...values));
          for (const value of ['x', 'y', 'z']) {
            const expected = store.list().filter((each) => each.values.includes(value));
            expect(new Set(store.by('value', value))).toEqual(new Set(expected));
            expect(store.by('value', value)).toHaveLength(expected.length);
          }
        }
      }),
    );
  });

  it('is filled in one go, indexes included; not with two objects of one key', () => {
    const store = new Store<Item>();
    store.addIndex('label', ({ values }) => values);
    const one = { key: 'one', object: item('one', 'x') };
    expect(store.fill([one, one])).toBe(false);
    expect([store.size, store.list(), store.by('label', 'x')]).toEqual([0, [], []]);
    expect(store.fill([one])).toBe(true);
    expect([store.get('one'), store.list(), store.by('label', 'x')]).toEqual([one.object, [one.object], [one.object]]);
  });
});
