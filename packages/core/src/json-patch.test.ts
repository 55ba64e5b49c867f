import { describe, expect, it } from 'vitest';
import type { JsonPatchOperation } from './client.ts';
import { applyJsonPatch } from './json-patch.ts';
import { deepFreeze } from './json-data.ts';

type Patch = readonly JsonPatchOperation[];
interface Row {
  readonly name: string;
  readonly value: unknown;
  readonly patch: Patch;
  readonly result?: unknown;
  readonly reason?: string;
}

/** The examples of RFC 6902, appendix A. */
const APPENDIX: readonly Row[] = [
  { name: 'A.1 adding an object member', value: { foo: 'bar' }, patch: [{ op: 'add', path: '/baz', value: 'qux' }], result: { baz: 'qux', foo: 'bar' } },
  {
    name: 'A.2 adding an array element',
    value: { foo: ['bar', 'baz'] },
    patch: [{ op: 'add', path: '/foo/1', value: 'qux' }],
    result: { foo: ['bar', 'qux', 'baz'] },
  },
  { name: 'A.3 removing an object member', value: { baz: 'qux', foo: 'bar' }, patch: [{ op: 'remove', path: '/baz' }], result: { foo: 'bar' } },
  { name: 'A.4 removing an array element', value: { foo: ['bar', 'qux', 'baz'] }, patch: [{ op: 'remove', path: '/foo/1' }], result: { foo: ['bar', 'baz'] } },
  {
    name: 'A.5 replacing a value',
    value: { baz: 'qux', foo: 'bar' },
    patch: [{ op: 'replace', path: '/baz', value: 'boo' }],
    result: { baz: 'boo', foo: 'bar' },
  },
  {
    name: 'A.6 moving a value',
    value: { foo: { bar: 'baz', waldo: 'fred' }, qux: { corge: 'grault' } },
    patch: [{ op: 'move', from: '/foo/waldo', path: '/qux/thud' }],
    result: { foo: { bar: 'baz' }, qux: { corge: 'grault', thud: 'fred' } },
  },
  {
    name: 'A.7 moving an array element',
    value: { foo: ['all', 'grass', 'cows', 'eat'] },
    patch: [{ op: 'move', from: '/foo/1', path: '/foo/3' }],
    result: { foo: ['all', 'cows', 'eat', 'grass'] },
  },
  {
    name: 'A.8 testing a value: success',
    value: { baz: 'qux', foo: ['a', 2, 'c'] },
    patch: [
      { op: 'test', path: '/baz', value: 'qux' },
      { op: 'test', path: '/foo/1', value: 2 },
    ],
    result: { baz: 'qux', foo: ['a', 2, 'c'] },
  },
  { name: 'A.9 testing a value: error', value: { baz: 'qux' }, patch: [{ op: 'test', path: '/baz', value: 'bar' }], reason: 'Invalid' },
  {
    name: 'A.10 adding a nested member object',
    value: { foo: 'bar' },
    patch: [{ op: 'add', path: '/child', value: { grandchild: {} } }],
    result: { foo: 'bar', child: { grandchild: {} } },
  },
  {
    name: 'A.11 ignoring unrecognized elements',
    value: { foo: 'bar' },
    patch: [{ op: 'add', path: '/baz', value: 'qux', xyz: 123 } as JsonPatchOperation],
    result: { foo: 'bar', baz: 'qux' },
  },
  { name: 'A.12 adding to a nonexistent target', value: { foo: 'bar' }, patch: [{ op: 'add', path: '/baz/bat', value: 'qux' }], reason: 'Invalid' },
  { name: 'A.14 ~ escape ordering', value: { '/': 9, '~1': 10 }, patch: [{ op: 'test', path: '/~01', value: 10 }], result: { '/': 9, '~1': 10 } },
  { name: 'A.15 comparing strings and numbers', value: { '/': 9, '~1': 10 }, patch: [{ op: 'test', path: '/~01', value: '10' }], reason: 'Invalid' },
  {
    name: 'A.16 adding an array value',
    value: { foo: ['bar'] },
    patch: [{ op: 'add', path: '/foo/-', value: ['abc', 'def'] }],
    result: { foo: ['bar', ['abc', 'def']] },
  },
];

const MORE: readonly Row[] = [
  { name: 'replaces the whole document', value: { a: 1 }, patch: [{ op: 'replace', path: '', value: { b: 2 } }], result: { b: 2 } },
  { name: 'tests the whole document', value: { a: 1 }, patch: [{ op: 'test', path: '', value: { a: 1 } }], result: { a: 1 } },
  { name: 'adds where something is', value: { a: 1 }, patch: [{ op: 'add', path: '/a', value: 2 }], result: { a: 2 } },
  { name: 'adds at the end by index', value: [1], patch: [{ op: 'add', path: '/1', value: 2 }], result: [1, 2] },
  { name: 'copies', value: { a: { b: [1] } }, patch: [{ op: 'copy', from: '/a/b', path: '/c' }], result: { a: { b: [1] }, c: [1] } },
  {
    name: 'keeps copies apart',
    value: { a: { x: 1 } },
    patch: [
      { op: 'add', path: '/a/y', value: 2 },
      { op: 'copy', from: '/a', path: '/b' },
      { op: 'add', path: '/b/z', value: 3 },
      { op: 'remove', path: '/a/x' },
    ],
    result: { a: { y: 2 }, b: { x: 1, y: 2, z: 3 } },
  },
  { name: 'copies a value into itself', value: { a: { b: 1 } }, patch: [{ op: 'copy', from: '/a', path: '/a/c' }], result: { a: { b: 1, c: { b: 1 } } } },
  {
    name: 'keeps what is added apart',
    value: {},
    patch: [
      { op: 'add', path: '/a', value: {} },
      { op: 'copy', from: '/a', path: '/b' },
      { op: 'add', path: '/a/x', value: 1 },
    ],
    result: { a: { x: 1 }, b: {} },
  },
  { name: 'moves onto itself', value: { a: 1 }, patch: [{ op: 'move', from: '/a', path: '/a' }], result: { a: 1 } },
  { name: 'uses the empty name', value: { '': 1 }, patch: [{ op: 'replace', path: '/', value: 2 }], result: { '': 2 } },
  {
    name: 'takes __proto__ for a name',
    value: {},
    patch: [
      { op: 'add', path: '/__proto__', value: { x: 1 } },
      { op: 'add', path: '/__proto__/y', value: 2 },
    ],
    result: JSON.parse('{"__proto__":{"x":1,"y":2}}'),
  },
  { name: 'refuses inherited names', value: {}, patch: [{ op: 'add', path: '/__proto__/x', value: 1 }], reason: 'Invalid' },
  { name: 'refuses to test inherited names', value: {}, patch: [{ op: 'test', path: '/constructor', value: {} }], reason: 'Invalid' },
  { name: 'refuses to move a value into itself', value: { a: { b: 1 } }, patch: [{ op: 'move', from: '/a', path: '/a/b/c' }], reason: 'Invalid' },
  { name: 'refuses to remove what is not there', value: {}, patch: [{ op: 'remove', path: '/a' }], reason: 'Invalid' },
  { name: 'refuses to replace what is not there', value: {}, patch: [{ op: 'replace', path: '/a', value: 1 }], reason: 'Invalid' },
  { name: 'refuses to copy what is not there', value: {}, patch: [{ op: 'copy', from: '/a', path: '/b' }], reason: 'Invalid' },
  { name: 'refuses to remove the document', value: {}, patch: [{ op: 'remove', path: '' }], reason: 'Invalid' },
  { name: 'refuses an index beyond the end', value: [1], patch: [{ op: 'add', path: '/2', value: 1 }], reason: 'Invalid' },
  { name: 'refuses to replace beyond the end', value: [1], patch: [{ op: 'replace', path: '/1', value: 1 }], reason: 'Invalid' },
  { name: 'refuses - but for adding', value: [1], patch: [{ op: 'remove', path: '/-' }], reason: 'Invalid' },
  { name: 'refuses indices with leading zeros', value: [1, 2], patch: [{ op: 'remove', path: '/01' }], reason: 'Invalid' },
  { name: 'refuses negative indices', value: [1, 2], patch: [{ op: 'remove', path: '/-1' }], reason: 'Invalid' },
  { name: 'refuses length as an index', value: [1, 2], patch: [{ op: 'replace', path: '/length', value: 0 }], reason: 'Invalid' },
  { name: 'refuses to go through a text', value: { a: 'text' }, patch: [{ op: 'test', path: '/a/0', value: 't' }], reason: 'Invalid' },
  { name: 'refuses paths that are no pointers', value: {}, patch: [{ op: 'remove', path: 'a' }], reason: 'BadRequest' },
  { name: 'refuses bad escapes', value: {}, patch: [{ op: 'remove', path: '/a~2' }], reason: 'BadRequest' },
  { name: 'refuses a path that is missing', value: {}, patch: [{ op: 'remove' } as never], reason: 'BadRequest' },
  { name: 'refuses a value that is missing', value: {}, patch: [{ op: 'add', path: '/a' } as never], reason: 'BadRequest' },
  { name: 'refuses operations that it does not know', value: {}, patch: [{ op: 'merge', path: '/a', value: 1 } as never], reason: 'BadRequest' },
  { name: 'refuses operations that are none', value: {}, patch: [null as never], reason: 'BadRequest' },
  { name: 'refuses patches that are no lists', value: {}, patch: { op: 'remove', path: '/a' } as never, reason: 'BadRequest' },
];

describe('applyJsonPatch', () => {
  it.each([...APPENDIX, ...MORE])('$name', ({ value, patch, result, reason }) => {
    deepFreeze(value);
    if (reason === undefined) expect(JSON.stringify(applyJsonPatch(value, patch), ordered)).toBe(JSON.stringify(result, ordered));
    else expect(() => applyJsonPatch(value, patch)).toThrow(expect.objectContaining({ name: 'ApiError', reason }));
  });

  it('shares what it does not touch', () => {
    const value = deepFreeze({ a: { x: [1] }, b: { y: { z: 1 } } });
    const result = applyJsonPatch(value, [{ op: 'replace', path: '/b/y/z', value: 2 }]);
    expect(result).toEqual({ a: { x: [1] }, b: { y: { z: 2 } } });
    expect(result.a).toBe(value.a);
    expect(value.b.y.z).toBe(1);
  });

  it('returns the value itself when nothing changes', () => {
    const value = deepFreeze({ a: { x: [1, { y: 2 }] } });
    expect(applyJsonPatch(value, [])).toBe(value);
    expect(
      applyJsonPatch(value, [
        { op: 'replace', path: '/a/x/1', value: { y: 2 } },
        { op: 'add', path: '/a', value: { x: [1, { y: 2 }] } },
        { op: 'test', path: '/a/x/0', value: 1 },
      ]),
    ).toBe(value);
  });

  it('does not keep the patch', () => {
    const added = { list: [1] };
    const result = applyJsonPatch<unknown>({}, [{ op: 'add', path: '/a', value: added }]);
    added.list.push(2);
    expect(result).toEqual({ a: { list: [1] } });
  });

  it('copies a part once, however many operations change it', () => {
    const value = deepFreeze({ list: Array.from({ length: 5000 }, (_, i) => ({ i })) });
    const patch = value.list.map((_, i) => ({ op: 'add', path: `/list/${i}/seen`, value: true }) as const);
    const result = applyJsonPatch<unknown>(value, patch) as { list: { seen?: boolean }[] };
    expect(result.list.every((item) => item.seen === true)).toBe(true);
  });

  it('refuses to double the document again and again', () => {
    const bomb: Patch = Array.from({ length: 40 }, (_, i) => ({ op: 'copy', from: '', path: `/${i}` }));
    expect(() => applyJsonPatch({ a: 1 }, bomb)).toThrow(expect.objectContaining({ reason: 'RequestEntityTooLarge' }));
    const long: Patch = Array.from({ length: 10_001 }, () => ({ op: 'test', path: '', value: {} }));
    expect(() => applyJsonPatch({}, long)).toThrow(expect.objectContaining({ reason: 'RequestEntityTooLarge' }));
  });
});

/** Fields in order, so that texts compare as values do. */
function ordered(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
