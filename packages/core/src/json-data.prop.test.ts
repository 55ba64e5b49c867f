import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyJson } from '../test/arbitrary-json.ts';
import { cloneJson, deepEqual, deepFreeze } from './json-data.ts';

/** Text with the fields in order, as an oracle of equality. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part) ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))) : part,
  );

describe('JSON data', () => {
  it('is the same text when cloned', () => {
    fc.assert(fc.property(anyJson, (value) => void expect(JSON.stringify(cloneJson(value))).toBe(JSON.stringify(value))));
  });

  it('is equal exactly when its text with ordered fields is', () => {
    fc.assert(
      fc.property(anyJson, anyJson, (a, b) => void expect(deepEqual(a, b)).toBe(canonical(a) === canonical(b))),
      { numRuns: 300 },
    );
  });

  it('is equal to its clone, whatever the order of the fields', () => {
    const reversed = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(reversed);
      return typeof value === 'object' && value !== null
        ? Object.fromEntries(
            Object.entries(value)
              .reverse()
              .map(([name, part]) => [name, reversed(part)]),
          )
        : value;
    };
    fc.assert(fc.property(anyJson, (value) => void expect(deepEqual(value, reversed(value))).toBe(true)));
  });

  it('stays what it is when frozen, and every part of it is', () => {
    const frozen = (value: unknown): boolean => typeof value !== 'object' || value === null || (Object.isFrozen(value) && Object.values(value).every(frozen));
    fc.assert(
      fc.property(anyJson, (value) => {
        const text = JSON.stringify(value);
        expect(frozen(deepFreeze(value))).toBe(true);
        expect(JSON.stringify(value)).toBe(text);
      }),
    );
  });

  it('never reaches the prototype of other objects', () => {
    fc.assert(
      fc.property(anyJson, (value) => {
        const copy: unknown = cloneJson(value);
        if (typeof copy === 'object' && copy !== null && !Array.isArray(copy)) expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
        expect(Object.keys(Object.prototype)).toEqual([]);
      }),
    );
  });
});
