import type { FieldError, MutableJson } from '@kybern/core';
import type { JSONSchemaProps } from '@kybern/core/kinds';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fillDefaults } from './defaults.ts';
import { compileObjectFields } from './object-meta-schema.ts';
import { compilePruner, prunedFields } from './prune.ts';
import { compileStructural } from './structural.ts';
import { NOTHING, validateValue } from './validate.ts';

const NAMES = ['a', 'b', 'spec', 'metadata', '__proto__', 'constructor'];
const name = fc.constantFrom(...NAMES);

const { schema: schemas } = fc.letrec<{ schema: JSONSchemaProps }>((tie) => ({
  schema: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom<JSONSchemaProps>(
      { type: 'string' },
      { type: 'string', nullable: true },
      { type: 'integer', default: 1 },
      { 'x-kubernetes-int-or-string': true },
    ),
    tie('schema').map((items) => ({ type: 'array', items })),
    tie('schema').map((additionalProperties) => ({ type: 'object', additionalProperties })),
    fc.tuple(fc.dictionary(name, tie('schema'), { maxKeys: 4 }), fc.boolean(), fc.boolean()).map(
      ([properties, preserve, filled]): JSONSchemaProps => ({
        type: 'object',
        properties,
        ...(preserve ? { 'x-kubernetes-preserve-unknown-fields': true } : {}),
        ...(filled ? { default: {} } : {}),
      }),
    ),
  ),
}));
const root = fc.dictionary(name, schemas, { maxKeys: 5 }).map((properties): JSONSchemaProps => ({ type: 'object', properties }));
const bodies = fc.dictionary(name, fc.jsonValue({ maxDepth: 4 }), { maxKeys: 6 });
const fields = compileObjectFields();
const identity = { apiVersion: 'g/v1', kind: 'K' };

const decode = (schema: JSONSchemaProps, body: object): MutableJson => {
  const node = compileStructural(schema);
  const { object } = compilePruner({ schema: node, fields }, identity)(body);
  fillDefaults(node, object);
  return object;
};

describe('any body of any schema', () => {
  it('is decoded once: a second time changes nothing', () => {
    fc.assert(
      fc.property(root, bodies, (schema, body) => {
        const once = decode(schema, body);
        expect(decode(schema, once)).toEqual(once);
      }),
    );
  });

  it('has no unknown fields left after pruning, and is not touched itself', () => {
    fc.assert(
      fc.property(root, bodies, (schema, body) => {
        const before = JSON.stringify(body);
        const input = { schema: compileStructural(schema), fields };
        const { object, pruned } = compilePruner(input, identity)(body);
        expect(JSON.stringify(body)).toBe(before);
        expect(prunedFields(input, object)).toEqual([]);
        expect(prunedFields(input, body).length > 0).toBe(pruned);
      }),
    );
  });

  it('is valid or not, without an end, and valid against itself', () => {
    fc.assert(
      fc.property(root, bodies, (schema, body) => {
        const node = compileStructural(schema);
        const errors: FieldError[] = [];
        validateValue(node, body, { path: '', old: NOTHING, errors });
        for (const { field, message } of errors) expect(`${field} ${message}`).toMatch(/./);
        const again: FieldError[] = [];
        validateValue(node, structuredClone(body), { path: '', old: body, errors: again });
        expect(again).toEqual([]);
      }),
    );
  });

  it('pollutes no prototype', () => {
    fc.assert(
      fc.property(root, bodies, (schema, body) => {
        decode(schema, body);
        expect(Object.keys(Object.prototype)).toEqual([]);
        expect(({} as MutableJson).a).toBeUndefined();
      }),
    );
  });
});
