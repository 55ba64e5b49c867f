import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KubernetesObject } from '@kybern/core';
import { createSiblings } from '../siblings.ts';
import type { Resource } from '../resource.ts';
import { objectJson } from './object-json.ts';

const resource = { prefix: '/registry/core/things/' } as Resource;
const json = fc.jsonValue({ maxDepth: 4 });
const fields = fc.dictionary(fc.oneof(fc.constantFrom('__proto__', 'a', 'b', '"', ' ', 'toJSON'), fc.string()), json, { noNullPrototype: true });
const object = fc.record({ metadata: fields, spec: fields, status: json, text: fc.string() }, { noNullPrototype: true });

describe('objectJson', () => {
  it('is what JSON.stringify makes of the object', () => {
    fc.assert(
      fc.property(fc.array(object, { minLength: 1, maxLength: 5 }), (objects) => {
        const siblings = createSiblings();
        // Each twice, so that there is something in common.
        for (const text of objects.flatMap((one) => [one, one]).map((one) => JSON.stringify(one))) {
          const made = JSON.parse(text) as KubernetesObject;
          siblings.settle(made, resource);
          expect(JSON.stringify(made)).toBe(text);
          expect(objectJson(made, undefined, siblings.textOf)).toBe(text);
          expect(JSON.parse(objectJson(made, '[7]', siblings.textOf))).toEqual({
            ...(JSON.parse(text) as object),
            metadata: { ...(made.metadata as object), managedFields: [7] },
          });
        }
      }),
    );
  });
});
