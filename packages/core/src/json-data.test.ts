import { describe, expect, it } from 'vitest';
import { cloneJson, deepEqual, deepFreeze, getOwn, setOwn } from './json-data.ts';

const nested = (depth: number): unknown => JSON.parse('['.repeat(depth) + ']'.repeat(depth));

describe('cloneJson', () => {
  it('makes an unfrozen copy that shares nothing', () => {
    const value = deepFreeze({ a: [{ b: 1 }], c: null, d: 'x', e: true });
    const copy = cloneJson(value) as typeof value;
    expect(copy).toEqual(value);
    (copy.a[0] as { b: number }).b = 2;
    expect(value.a[0]?.b).toBe(1);
    expect(Object.isFrozen(copy)).toBe(false);
  });

  it('leaves out what is undefined, as JSON does', () => {
    const copy = cloneJson({ a: undefined, b: [undefined, 1] }) as object;
    expect(Object.keys(copy)).toEqual(['b']);
    expect(copy).toEqual({ b: [null, 1] });
    expect(cloneJson(undefined)).toBeUndefined();
  });

  it.each([
    { name: 'functions', value: () => 1 },
    { name: 'symbols', value: Symbol('x') },
    { name: 'bigints', value: 1n },
    { name: 'NaN', value: NaN },
    { name: 'infinite numbers', value: -Infinity },
  ])('refuses $name', ({ value }) => {
    expect(() => cloneJson({ a: [value] })).toThrow(expect.objectContaining({ reason: 'BadRequest' }));
  });

  it('refuses data that is nested too deeply or is cyclic', () => {
    const cyclic: { self?: unknown } = {};
    cyclic.self = cyclic;
    expect(() => cloneJson(cyclic)).toThrow('nested deeper than');
    expect(() => cloneJson(nested(100_000))).toThrow('nested deeper than');
    expect(() => cloneJson(nested(900))).not.toThrow();
  });
});

describe('deepFreeze', () => {
  it('freezes every part and returns the same reference', () => {
    const value = { a: [{ b: {} }], c: {} };
    expect(deepFreeze(value)).toBe(value);
    for (const part of [value, value.a, value.a[0], value.a[0]?.b, value.c]) expect(Object.isFrozen(part)).toBe(true);
  });

  it('does not visit what is frozen already', () => {
    const inner = { open: {} };
    const value = { inner: Object.freeze(inner) };
    deepFreeze(value);
    expect(Object.isFrozen(inner.open)).toBe(false);
  });

  it('leaves a part unfrozen when it cannot freeze all of it', () => {
    const value = { deep: nested(2000) };
    expect(() => deepFreeze(value)).toThrow(expect.objectContaining({ reason: 'BadRequest' }));
    expect(Object.isFrozen(value)).toBe(false);
  });

  it('takes primitive values', () => {
    for (const value of [null, undefined, 1, 'x']) expect(deepFreeze(value)).toBe(value);
  });
});

describe('deepEqual', () => {
  it.each([
    { name: 'the order of fields', a: { x: 1, y: 2 }, b: { y: 2, x: 1 }, equal: true },
    { name: 'nested lists', a: { x: [1, { y: 'z' }] }, b: { x: [1, { y: 'z' }] }, equal: true },
    { name: 'fields that are undefined', a: { x: 1, y: undefined }, b: { x: 1 }, equal: true },
    { name: 'fields that are undefined on the other side', a: { x: 1 }, b: { x: 1, y: undefined }, equal: true },
    { name: 'undefined and null', a: { x: null }, b: {}, equal: false },
    { name: 'more fields', a: { x: 1 }, b: { x: 1, y: 1 }, equal: false },
    { name: 'fewer fields', a: { x: 1, y: 1 }, b: { x: 1 }, equal: false },
    { name: 'a list and an object', a: [], b: {}, equal: false },
    { name: 'a list and an object, the other way', a: {}, b: [], equal: false },
    { name: 'lists of different length', a: [1], b: [1, 2], equal: false },
    { name: 'a number and its text', a: 1, b: '1', equal: false },
    { name: 'null and an object', a: null, b: {}, equal: false },
    { name: 'a field called __proto__ and an inherited one', a: JSON.parse('{"__proto__":{}}') as unknown, b: { y: 1 }, equal: false },
    { name: 'two fields called __proto__', a: JSON.parse('{"__proto__":{"a":1}}') as unknown, b: JSON.parse('{"__proto__":{"a":1}}') as unknown, equal: true },
    {
      name: 'fields called __proto__ that differ',
      a: JSON.parse('{"__proto__":{"a":1}}') as unknown,
      b: JSON.parse('{"__proto__":{"a":2}}') as unknown,
      equal: false,
    },
    { name: 'a field called constructor and an inherited one', a: { constructor: 'x' }, b: {}, equal: false },
  ])('compares $name: $equal', ({ a, b, equal }) => {
    expect(deepEqual(a, b)).toBe(equal);
    expect(deepEqual(b, a)).toBe(equal);
  });

  it('does not look into what is identical', () => {
    const part = new Proxy({}, { ownKeys: () => expect.fail('looked inside') });
    expect(deepEqual({ part, x: 1 }, { part, x: 1 })).toBe(true);
  });

  it('refuses to compare what is nested too deeply', () => {
    expect(() => deepEqual(nested(5000), nested(5000))).toThrow(expect.objectContaining({ reason: 'BadRequest' }));
  });
});

describe('getOwn and setOwn', () => {
  it('take __proto__ for a field like any other', () => {
    const target: Record<string, unknown> = {};
    expect(getOwn(target, '__proto__')).toBeUndefined();
    setOwn(target, '__proto__', { polluted: true });
    expect(getOwn(target, '__proto__')).toEqual({ polluted: true });
    expect(Object.getPrototypeOf(target)).toBe(Object.prototype);
    expect(JSON.stringify(target)).toBe('{"__proto__":{"polluted":true}}');
  });
});
