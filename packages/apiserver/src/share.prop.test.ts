import { deepFreeze } from '@kybern/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shareUnchanged } from './share.ts';

const json = fc.jsonValue({ maxDepth: 4 });

/** Every object inside a value. */
function parts(value: unknown, found: Set<object> = new Set()): Set<object> {
  if (typeof value !== 'object' || value === null) return found;
  found.add(value);
  for (const child of Object.values(value)) parts(child, found);
  return found;
}

describe('shareUnchanged', () => {
  it('equals the new value, whatever the old one was', () => {
    fc.assert(
      fc.property(json, json, (old, next) => {
        const expected = structuredClone(next);
        expect(shareUnchanged(deepFreeze(structuredClone(old)), structuredClone(next))).toEqual(expected);
      }),
    );
  });

  it('is the old value when nothing changed, and never changes it', () => {
    fc.assert(
      fc.property(json, (value) => {
        const old = deepFreeze(structuredClone(value));
        expect(shareUnchanged(old, structuredClone(value))).toBe(old);
      }),
    );
  });

  it('shares every field that did not change', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), json), fc.string(), json, (value, key, other) => {
        const old = deepFreeze(structuredClone(value)) as Record<string, unknown>;
        const next = structuredClone(value) as Record<string, unknown>;
        Object.defineProperty(next, key, { value: [other, 'changed'], enumerable: true, configurable: true, writable: true });
        const shared = shareUnchanged(old, next) as Record<string, unknown>;
        for (const name of Object.keys(old)) if (name !== key) expect(shared[name]).toBe(old[name]);
      }),
    );
  });

  it('adds no part that is neither old nor new', () => {
    fc.assert(
      fc.property(json, json, (a, b) => {
        const old = deepFreeze(structuredClone(a));
        const next = structuredClone(b);
        const known = new Set([...parts(old), ...parts(next)]);
        for (const part of parts(shareUnchanged(old, next))) expect(known.has(part)).toBe(true);
      }),
    );
  });
});
