import { describe, expect, it } from 'vitest';
import { WatchIndex } from './watch-index.ts';

const visited = (index: WatchIndex<string>, key: string): string[] => {
  const found: string[] = [];
  index.visit(key, (watcher) => found.push(watcher));
  return found;
};

describe('a watch index', () => {
  it.each([
    { name: 'every prefix that ends in a slash', prefixes: ['/r/', '/r/x/', '/r/x/ns/'], key: '/r/x/ns/a', found: ['/r/', '/r/x/', '/r/x/ns/'] },
    { name: 'no other resource, and no other namespace', prefixes: ['/r/y/', '/r/x/nt/', '/q/'], key: '/r/x/ns/a', found: [] },
    {
      name: 'the beginning of a name, and the whole key',
      prefixes: ['/r/x/ns/ab', '/r/x/ns/a', '/r/x/ns/b'],
      key: '/r/x/ns/ab',
      found: ['/r/x/ns/a', '/r/x/ns/ab'],
    },
    { name: 'the empty prefix', prefixes: [''], key: '/r', found: [''] },
    { name: 'a prefix that is longer than the key not', prefixes: ['/r/x/ns/a/', '/r/x/ns/ab'], key: '/r/x/ns/a', found: [] },
    { name: 'a segment that only begins alike not', prefixes: ['/r/x/', '/r/xy/'], key: '/r/xy/a', found: ['/r/xy/'] },
  ])('finds $name', ({ prefixes, key, found }) => {
    const index = new WatchIndex<string>();
    for (const prefix of prefixes) index.add(prefix, prefix);
    expect(visited(index, key)).toEqual(found);
  });

  it('visits the watchers of a prefix in the order in which they came, also after others have gone', () => {
    const index = new WatchIndex<string>();
    const removes = ['a', 'b', 'c', 'd', 'e'].map((watcher) => index.add('/r/', watcher));
    for (const at of [0, 2, 3]) removes[at]?.();
    removes[0]?.();
    index.add('/r/', 'f');
    expect(visited(index, '/r/x')).toEqual(['b', 'e', 'f']);
  });

  it('does not visit who comes while the key is visited, however it comes', () => {
    const index = new WatchIndex<string>();
    const found: string[] = [];
    index.add('/r/', 'first');
    index.add('/r/x', 'second');
    index.visit('/r/x', (watcher) => {
      found.push(watcher);
      index.add('/r/', `${watcher}+`);
      index.add('/', `${watcher}-`);
    });
    expect(found).toEqual(['first', 'second']);
  });

  it('forgets prefixes that nobody watches', () => {
    const index = new WatchIndex<string>();
    const remove = index.add('/r/', 'a');
    remove();
    expect(visited(index, '/r/x')).toEqual([]);
    index.add('/r/', 'b');
    expect(visited(index, '/r/x')).toEqual(['b']);
  });
});
