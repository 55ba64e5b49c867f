import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyJson, anyJsonObject } from '../test/arbitrary-json.ts';
import { isApiError } from './api-error.ts';
import type { JsonPatchOperation } from './client.ts';
import { applyJsonPatch } from './json-patch.ts';
import { createJsonPatch } from './json-patch-diff.ts';
import { cloneJson, deepEqual, deepFreeze } from './json-data.ts';

const name = fc.constantFrom('a', 'b', '0', '1', '-', '__proto__', 'constructor', 'a~1b', '~0', '', 'x~y', '01');
const pointer = fc.array(name, { maxLength: 3 }).map((names) => names.map((each) => `/${each}`).join(''));
const operation = fc.oneof(
  fc.record({ op: fc.constantFrom('add', 'replace', 'test'), path: pointer, value: anyJson }),
  fc.record({ op: fc.constant('remove'), path: pointer }),
  fc.record({ op: fc.constantFrom('move', 'copy'), from: pointer, path: pointer }),
) as fc.Arbitrary<JsonPatchOperation>;

// The values are frozen: a change in place would throw.
describe('JSON patches', () => {
  it('made of a difference bring it about', () => {
    fc.assert(
      fc.property(anyJson, anyJson, (from, to) => {
        deepFreeze(from);
        expect(deepEqual(applyJsonPatch(from, createJsonPatch(from, to)), to)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('are empty exactly when there is no difference', () => {
    fc.assert(
      fc.property(anyJson, anyJson, (from, to) => void expect(createJsonPatch(from, to).length === 0).toBe(deepEqual(from, to))),
      { numRuns: 300 },
    );
  });

  it('without effect return the value itself', () => {
    fc.assert(
      fc.property(anyJsonObject, fc.array(operation, { maxLength: 4 }), (value, patch) => {
        deepFreeze(value);
        const result = attempt(value, patch);
        // Operations that undo each other have effects: only those are meant that have none one by one.
        const idle = patch.every((each) => each.op !== 'remove' && each.op !== 'move' && deepEqual(attempt(value, [each]), value));
        if (result !== undefined && idle) expect(result).toBe(value);
      }),
      { numRuns: 500 },
    );
  });

  it('do the same one operation at a time, on private copies', () => {
    fc.assert(
      fc.property(anyJsonObject, fc.array(operation, { maxLength: 5 }), (value, patch) => {
        deepFreeze(value);
        let slow: unknown = cloneJson(value);
        for (const each of patch) slow = slow === undefined ? undefined : attempt(cloneJson(slow), [cloneJson(each) as JsonPatchOperation]);
        const fast = attempt(value, patch);
        expect(JSON.stringify(fast)).toBe(JSON.stringify(slow));
      }),
      { numRuns: 500 },
    );
  });

  it('fail with an ApiError, whatever they are', () => {
    fc.assert(
      fc.property(
        anyJson,
        fc.oneof(anyJson, fc.array(anyJson), fc.array(anyJsonObject.map((each) => ({ op: 'add', path: '/a', ...each })))),
        (value, patch) => {
          attempt(deepFreeze(value), patch as JsonPatchOperation[]);
          expect(Object.keys(Object.prototype)).toEqual([]);
        },
      ),
    );
  });
});

function attempt(value: unknown, patch: readonly JsonPatchOperation[]): unknown {
  try {
    return applyJsonPatch(value, patch);
  } catch (error) {
    if (!isApiError(error)) throw error;
    return undefined;
  }
}
