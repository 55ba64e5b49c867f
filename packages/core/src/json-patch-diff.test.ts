import { describe, expect, it } from 'vitest';
import { createJsonPatch } from './json-patch-diff.ts';

describe('createJsonPatch', () => {
  it.each([
    { name: 'a field that changes', from: { a: 1, b: 2 }, to: { a: 1, b: 3 }, patch: [{ op: 'replace', path: '/b', value: 3 }] },
    { name: 'a field that comes', from: {}, to: { 'a/b~c': 1 }, patch: [{ op: 'add', path: '/a~1b~0c', value: 1 }] },
    { name: 'a field that goes', from: { a: 1 }, to: {}, patch: [{ op: 'remove', path: '/a' }] },
    { name: 'a field that becomes undefined', from: { a: 1 }, to: { a: undefined }, patch: [{ op: 'remove', path: '/a' }] },
    { name: 'an element that comes first', from: { l: [2, 3] }, to: { l: [1, 2, 3] }, patch: [{ op: 'add', path: '/l/0', value: 1 }] },
    { name: 'an element that goes in the middle', from: { l: [1, 2, 3] }, to: { l: [1, 3] }, patch: [{ op: 'remove', path: '/l/1' }] },
    {
      name: 'an element that changes',
      from: { l: [{ a: 1 }, { a: 2 }] },
      to: { l: [{ a: 1 }, { a: 3 }] },
      patch: [{ op: 'replace', path: '/l/1/a', value: 3 }],
    },
    {
      name: 'elements that come at the end',
      from: { l: [] },
      to: { l: [1, 2] },
      patch: [
        { op: 'add', path: '/l/0', value: 1 },
        { op: 'add', path: '/l/1', value: 2 },
      ],
    },
    {
      name: 'elements that go at the end',
      from: { l: [1, 2, 3] },
      to: { l: [1] },
      patch: [
        { op: 'remove', path: '/l/2' },
        { op: 'remove', path: '/l/1' },
      ],
    },
    { name: 'another type', from: { a: [1] }, to: { a: { b: 1 } }, patch: [{ op: 'replace', path: '/a', value: { b: 1 } }] },
    { name: 'nothing', from: { a: [{ b: 1 }] }, to: { a: [{ b: 1 }] }, patch: [] },
  ])('describes $name', ({ from, to, patch }) => {
    expect(createJsonPatch(from, to)).toEqual(patch);
  });

  it('does not look into what is identical', () => {
    const part = new Proxy({}, { ownKeys: () => expect.fail('looked inside') });
    expect(createJsonPatch({ part, a: 1 }, { part, a: 2 })).toHaveLength(1);
  });

  it('does not share its values with what it describes', () => {
    const to = { a: { b: [1] } };
    const [operation] = createJsonPatch({}, to);
    to.a.b.push(2);
    expect(operation).toEqual({ op: 'add', path: '/a', value: { b: [1] } });
  });
});
