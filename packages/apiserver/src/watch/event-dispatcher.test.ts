import type { MutableJson } from '@kybern/core';
import { createMemoryStore, type StateStore } from '@kybern/state';
import { describe, expect, it } from 'vitest';
import { createEventDispatcher, type Watcher } from './event-dispatcher.ts';

const PREFIX = '/registry/core/pods/';
const nodeName = { field: 'spec.nodeName', read: (object: MutableJson): string => object.spec?.nodeName ?? '' };

const put = (state: StateStore, name: string, node?: string): Promise<unknown> =>
  state.commit([
    {
      key: `${PREFIX}default/${name}`,
      value: { apiVersion: 'v1', kind: 'Pod', metadata: { name }, ...(node === undefined ? {} : { spec: { nodeName: node } }) } as never,
    },
  ]);

function recorder(after = 0): Watcher & { readonly keys: string[]; readonly ends: unknown[] } {
  const keys: string[] = [];
  const ends: unknown[] = [];
  return { after, keys, ends, onEvent: ({ key }) => void keys.push(key.slice(PREFIX.length)), onEnd: (error) => void ends.push(error) };
}

describe('createEventDispatcher', () => {
  it('asks only the watchers of the value that an object has or had', async () => {
    const state = createMemoryStore();
    const dispatcher = createEventDispatcher(state);
    const watchers = Array.from({ length: 100 }, () => recorder());
    watchers.forEach((watcher, i) => dispatcher.add(watcher, { prefix: PREFIX, index: { ...nodeName, value: `node-${i}` } }));
    await put(state, 'a');
    await put(state, 'a', 'node-7');
    await put(state, 'a', 'node-8');
    await Promise.resolve();
    expect(watchers.map(({ keys }) => keys.length)).toEqual(watchers.map((_, i) => (i === 7 ? 2 : i === 8 ? 1 : 0)));
  });

  it('tells resources apart', async () => {
    const state = createMemoryStore();
    const dispatcher = createEventDispatcher(state);
    const pods = recorder();
    dispatcher.add(pods, { prefix: PREFIX });
    await state.commit([{ key: '/registry/core/podtemplates/default/x', value: { apiVersion: 'v1', kind: 'PodTemplate', metadata: { name: 'x' } } }]);
    await put(state, 'a');
    await Promise.resolve();
    expect(pods.keys).toEqual(['default/a']);
  });

  it('leaves out what a watcher has from elsewhere, and who has left', async () => {
    const state = createMemoryStore();
    const dispatcher = createEventDispatcher(state);
    const late = recorder(2);
    const gone = recorder();
    dispatcher.add(late, { prefix: PREFIX });
    const remove = dispatcher.add(gone, { prefix: PREFIX });
    remove();
    remove();
    for (const name of ['a', 'b', 'c']) await put(state, name);
    await Promise.resolve();
    expect(late.keys).toEqual(['default/c']);
    expect(gone.keys).toEqual([]);
    expect(dispatcher.revision).toBe(3);
  });

  it('ends its watchers when it is closed, and those who come later', async () => {
    const state = createMemoryStore();
    const dispatcher = createEventDispatcher(state);
    const first = recorder();
    dispatcher.add(first, { prefix: PREFIX });
    dispatcher.close();
    expect(first.ends).toEqual([undefined]);
    const second = recorder();
    dispatcher.add(second, { prefix: PREFIX });
    await put(state, 'a');
    await Promise.resolve();
    expect(first.keys).toEqual([]);
    expect(second.keys).toEqual([]);
    expect(second.ends).toEqual([undefined]);
  });
});
