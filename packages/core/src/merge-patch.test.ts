import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyJsonObject } from '../test/arbitrary-json.ts';
import { cloneJson, deepEqual, deepFreeze } from './json-data.ts';
import { applyMergePatch, createMergePatch } from './merge-patch.ts';
import type { JsonObject } from './object.ts';

describe('applyMergePatch', () => {
  // RFC 7386, appendix A.
  it.each([
    { value: { a: 'b' }, patch: { a: 'c' }, result: { a: 'c' } },
    { value: { a: 'b' }, patch: { b: 'c' }, result: { a: 'b', b: 'c' } },
    { value: { a: 'b' }, patch: { a: null }, result: {} },
    { value: { a: 'b', b: 'c' }, patch: { a: null }, result: { b: 'c' } },
    { value: { a: ['b'] }, patch: { a: 'c' }, result: { a: 'c' } },
    { value: { a: 'c' }, patch: { a: ['b'] }, result: { a: ['b'] } },
    { value: { a: { b: 'c' } }, patch: { a: { b: 'd', c: null } }, result: { a: { b: 'd' } } },
    { value: { a: [{ b: 'c' }] }, patch: { a: [1] }, result: { a: [1] } },
    { value: ['a', 'b'], patch: ['c', 'd'], result: ['c', 'd'] },
    { value: { a: 'b' }, patch: ['c'], result: ['c'] },
    { value: { a: 'foo' }, patch: null, result: null },
    { value: { a: 'foo' }, patch: 'bar', result: 'bar' },
    { value: { e: null }, patch: { a: 1 }, result: { e: null, a: 1 } },
    { value: [1, 2], patch: { a: 'b', c: null }, result: { a: 'b' } },
    { value: {}, patch: { a: { bb: { ccc: null } } }, result: { a: { bb: {} } } },
  ])('$value with $patch is $result', ({ value, patch, result }) => {
    expect(applyMergePatch<unknown>(deepFreeze(value), patch as unknown as JsonObject)).toEqual(result);
  });

  it('shares what it does not touch, and returns the value itself when nothing changes', () => {
    const value = deepFreeze({ a: { x: 1 }, b: { y: [1, 2] } });
    const result = applyMergePatch(value, { b: { y: [3] } });
    expect(result.a).toBe(value.a);
    expect(applyMergePatch(value, { a: { x: 1, gone: null }, b: { y: [1, 2] } })).toBe(value);
  });

  it('takes __proto__ for a name', () => {
    const patch = JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}') as JsonObject;
    expect(JSON.stringify(applyMergePatch({}, patch))).toBe(JSON.stringify(patch));
    expect('polluted' in {}).toBe(false);
  });
});

describe('merge patches', () => {
  const withoutNulls = (value: unknown): unknown => {
    if (Array.isArray(value)) return value;
    return typeof value === 'object' && value !== null
      ? Object.fromEntries(
          Object.entries(value)
            .filter(([, part]) => part !== null)
            .map(([name, part]) => [name, withoutNulls(part)]),
        )
      : value;
  };
  const document = anyJsonObject.map((value) => withoutNulls(value) as JsonObject);

  it('made of a difference bring it about', () => {
    fc.assert(
      fc.property(document, document, (from, to) => {
        const result = applyMergePatch(deepFreeze(from), createMergePatch(from, to));
        expect(deepEqual(result, to)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('are empty exactly when there is no difference', () => {
    fc.assert(
      fc.property(document, document, (from, to) => void expect(Object.keys(createMergePatch(from, to)).length === 0).toBe(deepEqual(from, to))),
      { numRuns: 300 },
    );
  });

  it('do what the algorithm of the RFC does', () => {
    const slow = (target: unknown, patch: unknown): unknown => {
      if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
      const result = new Map(typeof target === 'object' && target !== null && !Array.isArray(target) ? Object.entries(target) : []);
      for (const [name, value] of Object.entries(patch)) {
        if (value === null) result.delete(name);
        else result.set(name, slow(result.get(name), value));
      }
      return Object.fromEntries(result);
    };
    fc.assert(
      fc.property(anyJsonObject, anyJsonObject, (value, patch) => {
        const result = applyMergePatch(deepFreeze(value), patch as JsonObject);
        expect(deepEqual(result, slow(value, patch))).toBe(true);
        if (deepEqual(result, value)) expect(result).toBe(value);
        expect(deepEqual(value, cloneJson(value))).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});
