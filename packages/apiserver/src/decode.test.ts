import { deepFreeze, type Schema } from '@kybern/core';
import { Pod } from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import { compileDecoder } from './decode.ts';

const identity = { apiVersion: 'v1', kind: 'Thing' };
const tree: { properties: Record<string, Schema>; type: 'object' } = { type: 'object', properties: { name: { type: 'string' } } };
tree.properties['child'] = tree;
const schema: Schema = {
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      properties: {
        list: { type: 'array', items: { type: 'object', properties: { a: { type: 'string' } } } },
        map: { type: 'object', additionalProperties: { type: 'string' } },
        free: { type: 'object', preserveUnknownFields: true, properties: { known: { type: 'object', properties: {} } } },
        any: {},
        tree,
        nullable: { type: 'string', nullable: true },
      },
    },
  },
};
const decode = compileDecoder(schema, identity);
const spec = (value: unknown): unknown => (decode({ spec: value }).object as { spec: unknown }).spec;

describe('a decoder', () => {
  it.each([
    { name: 'copies what the schema knows', body: { list: [{ a: 'x' }], map: { k: 'v' } }, expected: { list: [{ a: 'x' }], map: { k: 'v' } } },
    { name: 'drops what it does not know, at any depth', body: { nope: 1, list: [{ a: 'x', b: 'y' }] }, expected: { list: [{ a: 'x' }] } },
    {
      name: 'keeps all of a free object but below what is known',
      body: { free: { x: { y: 1 }, known: { z: 1 } } },
      expected: { free: { x: { y: 1 }, known: {} } },
    },
    { name: 'keeps all of a value without schema', body: { any: [{ x: null }] }, expected: { any: [{ x: null }] } },
    {
      name: 'follows a cyclic schema',
      body: { tree: { name: 'a', child: { name: 'b', child: { name: 'c', x: 1 } } } },
      expected: { tree: { name: 'a', child: { name: 'b', child: { name: 'c' } } } },
    },
    { name: 'leaves out nulls and undefined', body: { list: null, map: undefined, tree: { name: null } }, expected: { tree: {} } },
    { name: 'keeps a null where it is a value', body: { nullable: null }, expected: { nullable: null } },
    { name: 'leaves wrong types to the validator', body: { list: 'x', map: [1], tree: true }, expected: { list: 'x', map: [1], tree: true } },
  ])('$name', ({ body, expected }) => {
    expect(spec(body)).toEqual(expected);
  });

  it('says whether it dropped something', () => {
    expect(decode({ spec: { nullable: 'a' } }).pruned).toBe(false);
    expect(decode({ spec: { nope: 'a' } }).pruned).toBe(true);
    expect(decode({ spec: { nope: null } }).pruned).toBe(false);
  });

  it('puts first what the object is', () => {
    expect(JSON.stringify(decode({ spec: {}, kind: 'Other' }).object)).toBe('{"apiVersion":"v1","kind":"Thing","metadata":{},"spec":{}}');
  });

  it('treats __proto__ as a key like any other', () => {
    const map = spec({ map: JSON.parse('{"__proto__":"x"}') as object, any: JSON.parse('{"__proto__":{"y":1}}') as object }) as Record<string, object>;
    expect(Object.keys(map['map'] as object)).toEqual(['__proto__']);
    expect(Object.keys(map['any'] as object)).toEqual(['__proto__']);
    expect(spec(JSON.parse('{"__proto__":{"list":[]}}'))).toEqual({});
  });

  it.each([
    { name: 'a function', value: (): void => undefined },
    { name: 'a bigint', value: 1n },
    { name: 'NaN', value: NaN },
    { name: 'a symbol', value: Symbol('x') },
  ])('refuses $name', ({ value }) => {
    expect(() => spec({ any: value })).toThrow(/JSON/);
  });

  it('refuses what is too deep', () => {
    let deep: unknown = 1;
    for (let i = 0; i < 600; i++) deep = [deep];
    expect(() => spec({ any: deep })).toThrow('nested deeper than 500 levels');
  });

  it('makes a copy that shares nothing with a frozen body', async () => {
    const { schema: podSchema } = await Pod.model();
    const body = Object.freeze({ spec: Object.freeze({ containers: Object.freeze([Object.freeze({ name: 'a' })]) }) });
    const { object } = compileDecoder(podSchema, { apiVersion: 'v1', kind: 'Pod' })(body);
    object.spec.containers[0].name = 'b';
    expect(body.spec.containers[0]?.name).toBe('a');
  });

  it('takes parts by reference from what is known, and copies the rest', async () => {
    const { schema: podSchema } = await Pod.model();
    const decode = compileDecoder(podSchema, { apiVersion: 'v1', kind: 'Pod' });
    const known = deepFreeze(
      decode({ metadata: { name: 'a' }, spec: { containers: [{ name: 'a', env: [{ name: 'A' }] }, { name: 'b' }], volumes: [] } }).object,
    );
    const [first] = known.spec.containers as readonly object[];
    const copy = decode({ ...known, spec: { ...known.spec, containers: [first, { name: 'c', unknown: 1 }] } }, known);
    expect(copy.pruned).toBe(true);
    expect(copy.object.spec.volumes).toBe(known.spec.volumes);
    expect(copy.object.spec.containers[0]).toBe(first);
    expect(copy.object.spec.containers[1]).toEqual({ name: 'c' });
    expect(Object.isFrozen(copy.object.metadata)).toBe(false);
    // A part in another place is a stranger there.
    expect(decode({ spec: { containers: [{ name: 'x' }, first] } }, known).object.spec.containers[1]).not.toBe(first);
  });
});
