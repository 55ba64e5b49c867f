import type { FieldError, MutableJson } from '@kybern/core';
import type { JSONSchemaProps } from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import { fillDefaults, lacksDefaults } from './defaults.ts';
import { validateEmbedded } from './embedded.ts';
import { formatCheck, isKnownFormat } from './formats.ts';
import { findDuplicates } from './list-types.ts';
import { compileObjectFields } from './object-meta-schema.ts';
import { compilePruner, prunedFields } from './prune.ts';
import { compileStructural } from './structural.ts';
import { NOTHING, validateValue } from './validate.ts';

const object = (properties: Record<string, JSONSchemaProps>, rest: JSONSchemaProps = {}): JSONSchemaProps => ({ type: 'object', properties, ...rest });
const text: JSONSchemaProps = { type: 'string' };
const int: JSONSchemaProps = { type: 'integer' };
const fields = compileObjectFields();

function errorsOf(schema: JSONSchemaProps, value: unknown, old: unknown = NOTHING): string[] {
  const errors: FieldError[] = [];
  validateValue(compileStructural(object({ x: schema })), { x: value }, { path: '', old: old === NOTHING ? NOTHING : { x: old }, errors });
  return errors.map(({ field, message }) => `${field}: ${message}`);
}

describe('validateValue', () => {
  it.each<[string, JSONSchemaProps, unknown, string[]]>([
    ['a number for a text', text, 1, ['x: Invalid value: "integer": x in body must be of type string: "integer"']],
    ['a fraction for a whole number', int, 1.5, ['x: Invalid value: "number": x in body must be of type integer: "number"']],
    ['a null', text, null, ['x: Invalid value: "null": x in body must be of type string: "null"']],
    ['a list for an object', object({}), [], ['x: Invalid value: "array": x in body must be of type object: "array"']],
    [
      'a flag for a number or text',
      { 'x-kubernetes-int-or-string': true },
      true,
      ['x: Invalid value: "boolean": x in body must be of type integer,string: "boolean"'],
    ],
    ['less than the minimum', { ...int, minimum: 2 }, 1, ['x: Invalid value: 1: x in body should be greater than or equal to 2']],
    ['the excluded minimum', { ...int, minimum: 2, exclusiveMinimum: true }, 2, ['x: Invalid value: 2: x in body should be greater than 2']],
    ['more than the maximum', { ...int, maximum: 2 }, 3, ['x: Invalid value: 3: x in body should be less than or equal to 2']],
    ['the excluded maximum', { ...int, maximum: 2, exclusiveMaximum: true }, 2, ['x: Invalid value: 2: x in body should be less than 2']],
    ['no multiple', { ...int, multipleOf: 3 }, 4, ['x: Invalid value: 4: x in body should be a multiple of 3']],
    ['too short a text', { ...text, minLength: 2 }, '𝒳', ['x: Invalid value: "𝒳": x in body should be at least 2 chars long']],
    ['too long a text', { ...text, maxLength: 1 }, 'ab', ['x: Too long: may not be more than 1 bytes']],
    ['a text unlike the pattern', { ...text, pattern: '^(?i)a\\z' }, 'b', ['x: Invalid value: "b": x in body should match \'^(?i)a\\z\'']],
    ['a value that is not listed', { ...text, enum: ['a', 'b'] }, 'c', ['x: Unsupported value: "c": supported values: "a", "b"']],
    ['too few items', { type: 'array', items: int, minItems: 1 }, [], ['x: Invalid value: 0: x in body should have at least 1 items']],
    ['too many items', { type: 'array', items: int, maxItems: 1 }, [1, 2], ['x: Too many: 2: must have at most 1 items']],
    [
      'too few fields',
      { type: 'object', additionalProperties: int, minProperties: 1 },
      {},
      ['x: Invalid value: 0: x in body should have at least 1 properties'],
    ],
    ['too many fields', { type: 'object', additionalProperties: int, maxProperties: 1 }, { a: 1, b: 2 }, ['x: Too many: 2: must have at most 1 items']],
    ['a missing field', object({ a: text }, { required: ['a'] }), {}, ['x.a: Required value']],
    ['an item', { type: 'array', items: int }, [1, 'a'], ['x[1]: Invalid value: "string": x[1] in body must be of type integer: "string"']],
    [
      'a value of a map',
      { type: 'object', additionalProperties: int },
      { a: 'b' },
      ['x.a: Invalid value: "string": x.a in body must be of type integer: "string"'],
    ],
    ['no date', { ...text, format: 'date-time' }, 'x', ['x: Invalid value: "x": x in body must be of type date-time: "x"']],
    [
      'none of several',
      { ...int, anyOf: [{ minimum: 5 }, { enum: [1] }] },
      2,
      ['<nil>: Invalid value: "": "x" must validate at least one schema (anyOf)', 'x: Invalid value: 2: x in body should be greater than or equal to 5'],
    ],
    [
      'two of one',
      { ...int, oneOf: [{ minimum: 1 }, { minimum: 2 }] },
      2,
      ['<nil>: Invalid value: "": "x" must validate one and only one schema (oneOf). Found 2 valid alternatives'],
    ],
    [
      'not all',
      { ...int, allOf: [{ minimum: 1 }, { minimum: 3 }] },
      2,
      ['x: Invalid value: 2: x in body should be greater than or equal to 3', '<nil>: Invalid value: "": "x" must validate all the schemas (allOf)'],
    ],
    ['what it must not be', { ...int, not: { enum: [2] } }, 2, ['<nil>: Invalid value: "": "x" must not validate the schema (not)']],
  ])('%s', (_, schema, value, expected) => {
    expect(errorsOf(schema, value)).toEqual(expected);
  });

  it.each<[string, JSONSchemaProps, unknown]>([
    ['a number or text', { 'x-kubernetes-int-or-string': true }, '50%'],
    ['a null that is allowed', { ...text, nullable: true, minLength: 3 }, null],
    ['a whole number as a number', { type: 'number' }, 1],
    ['anything', { 'x-kubernetes-preserve-unknown-fields': true }, [{ a: null }]],
    ['a multiple of a fraction', { type: 'number', multipleOf: 0.1 }, 0.7],
    ['one alternative', { ...int, oneOf: [{ maximum: 1 }, { minimum: 2 }] }, 2],
  ])('takes %s', (_, schema, value) => {
    expect(errorsOf(schema, value)).toEqual([]);
  });

  it('forgives what did not change', () => {
    const schema = object({ a: { ...text, maxLength: 1 }, b: int });
    expect(errorsOf(schema, { a: 'long', b: 2 }, { a: 'long', b: 1 })).toEqual([]);
    expect(errorsOf(schema, { a: 'other', b: 1 }, { a: 'long', b: 1 })).toHaveLength(1);
    const keyed: JSONSchemaProps = {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['n'],
      items: object({ n: text, v: { ...int, maximum: 1 } }),
    };
    expect(
      errorsOf(
        keyed,
        [
          { n: 'new', v: 0 },
          { n: 'a', v: 5 },
        ],
        [{ n: 'a', v: 5 }],
      ),
    ).toEqual([]);
    const plain: JSONSchemaProps = { type: 'array', items: { ...int, maximum: 1 } };
    expect(errorsOf(plain, [5, 0], [5])).toHaveLength(1);
  });
});

describe('pruning', () => {
  const prune = (schema: JSONSchemaProps, value: object): MutableJson => {
    const input = { schema: compileStructural(schema), fields };
    const { object: pruned } = compilePruner(input, { apiVersion: 'g/v1', kind: 'K' })(value);
    return { pruned, unknown: prunedFields(input, value) };
  };

  it.each<[string, JSONSchemaProps, object, object, string[]]>([
    ['fields that nobody names', object({ a: text }), { a: 'x', b: 1 }, { a: 'x' }, ['b']],
    ['fields in lists', object({ a: { type: 'array', items: object({ b: text }) } }), { a: [{ b: 'x', c: 1 }] }, { a: [{ b: 'x' }] }, ['a[0].c']],
    ['nothing of a map', object({ a: { type: 'object', additionalProperties: text } }), { a: { x: 'y' } }, { a: { x: 'y' } }, []],
    ['everything of an object without fields', object({ a: { type: 'object' } }), { a: { b: 1 } }, { a: {} }, ['a.b']],
    [
      'nothing where unknown fields are preserved',
      object({ a: object({ b: object({}) }, { 'x-kubernetes-preserve-unknown-fields': true }) }),
      { a: { b: { c: 1 }, d: [null] } },
      { a: { b: {}, d: [null] } },
      ['a.b.c'],
    ],
    ['nulls where none are allowed', object({ a: text, b: { ...text, nullable: true } }), { a: null, b: null }, { b: null }, []],
    [
      'fields of metadata',
      object({}),
      { metadata: { name: 'a', foo: 1, labels: { a: 'b' } } },
      { metadata: { name: 'a', labels: { a: 'b' } } },
      ['metadata.foo'],
    ],
    [
      'not the identity of embedded objects',
      object({ a: object({ spec: object({}) }, { 'x-kubernetes-embedded-resource': true }) }),
      { a: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x', y: 1 }, spec: { z: 1 }, more: 1 } },
      { a: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x' }, spec: {} } },
      ['a.metadata.y', 'a.spec.z', 'a.more'],
    ],
  ])('%s', (_, schema, value, expected, unknown) => {
    const found = prune(schema, value);
    expect(found.pruned).toEqual({ apiVersion: 'g/v1', kind: 'K', metadata: {}, ...expected });
    expect(found.unknown).toEqual(unknown);
  });

  it('refuses what is too deep', () => {
    let deep: unknown = 1;
    for (let i = 0; i < 600; i++) deep = { a: deep };
    expect(() => prune(object({}, { 'x-kubernetes-preserve-unknown-fields': true }), deep as object)).toThrow(/nested deeper/);
  });
});

describe('defaults', () => {
  it.each<[string, JSONSchemaProps, MutableJson, object]>([
    ['a value', object({ a: { ...int, default: 1 } }), {}, { a: 1 }],
    ['for a null that is not allowed', object({ a: { ...int, default: 1 } }), { a: null }, { a: 1 }],
    ['not for a null that is', object({ a: { ...int, default: 1, nullable: true } }), { a: null }, { a: null }],
    ['not for a value', object({ a: { ...int, default: 1 } }), { a: 0 }, { a: 0 }],
    ['inside of defaults', object({ a: object({ b: { ...int, default: 2 } }, { default: {} }) }), {}, { a: { b: 2 } }],
    ['not inside of what is absent', object({ a: object({ b: { ...int, default: 2 } }) }), {}, {}],
    ['in lists', object({ a: { type: 'array', items: object({ b: { ...int, default: 2 } }) } }), { a: [{}, { b: 3 }] }, { a: [{ b: 2 }, { b: 3 }] }],
    ['in maps', object({ a: { type: 'object', additionalProperties: object({ b: { ...int, default: 2 } }) } }), { a: { x: {} } }, { a: { x: { b: 2 } } }],
  ])('%s', (_, schema, value, expected) => {
    const node = compileStructural(schema);
    const before = JSON.stringify(value);
    expect(lacksDefaults(node, value)).toBe(before !== JSON.stringify(expected));
    fillDefaults(node, value);
    expect(value).toEqual(expected);
    expect(lacksDefaults(node, value)).toBe(false);
  });

  it('are copies', () => {
    const schema = compileStructural(object({ a: { type: 'array', items: int, default: [] } }));
    const [one, two] = [{} as MutableJson, {} as MutableJson];
    fillDefaults(schema, one);
    fillDefaults(schema, two);
    one.a.push(1);
    expect(two.a).toEqual([]);
  });
});

describe('embedded objects', () => {
  const schema = compileStructural(object({ a: { type: 'object', 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true } }));
  const check = (value: object): string[] => {
    const errors: FieldError[] = [];
    validateEmbedded(schema, { a: value }, { path: '', fields, errors });
    return errors.map(({ field }) => field);
  };

  it('say what they are, and have metadata as others do', () => {
    expect(check({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a', labels: { a: 'b' } } })).toEqual([]);
    expect(check({})).toEqual(['a.apiVersion', 'a.kind']);
    expect(check({ apiVersion: 'v1', kind: '_', metadata: { name: 'A', labels: { '-': 'b' } } })).toEqual(['a.kind', 'a.metadata.name', 'a.metadata.labels']);
    expect(check({ apiVersion: 'v1', kind: 'Pod', metadata: { labels: { a: 1 } } })).toEqual(['a.metadata.labels.a']);
  });
});

it('finds what is twice in sets and keyed lists, whatever the order of the fields', () => {
  const errors: FieldError[] = [];
  const items = object({ a: text, b: { ...int, default: 1 } });
  const schema = compileStructural(
    object({
      s: { type: 'array', items: object({}, { 'x-kubernetes-preserve-unknown-fields': true }), 'x-kubernetes-list-type': 'set' },
      m: { type: 'array', items, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['a', 'b'] },
    }),
  );
  findDuplicates(
    schema,
    {
      s: [
        { x: 1, y: 2 },
        { y: 2, x: 1 },
      ],
      m: [{ a: 'x' }, { a: 'x', b: 1 }, { a: 'x', b: 2 }],
    },
    '',
    errors,
  );
  expect(errors.map(({ field, message }) => `${field}: ${message}`)).toEqual([
    's[1]: Duplicate value: {"y":2,"x":1}',
    'm[1]: Duplicate value: {"a":"x","b":1}',
  ]);
});

describe('formats', () => {
  it.each([
    ['date-time', '2024-02-29T12:00:00Z', '2023-02-29T12:00:00Z'],
    ['date', '2024-02-29', '2024-13-01'],
    ['duration', '1h30m', 'soon'],
    ['uuid', '123e4567-e89b-12d3-a456-426614174000', '123e4567'],
    ['ipv4', '10.0.0.1', '10.0.0.256'],
    ['ipv6', '::1', '10.0.0.1'],
    ['cidr', '10.0.0.0/8', '10.0.0.0/33'],
    ['mac', '01:23:45:67:89:ab', '01:23'],
    ['email', 'a@example.com', 'a'],
    ['hostname', 'a.example.com', '-'],
    ['uri', 'https://example.com/a', 'a b'],
    ['byte', 'YWJj', 'Y'],
    ['hexcolor', '#fff', '#ffff1'],
    ['rgbcolor', 'rgb(1, 2, 255)', 'rgb(1, 2, 256)'],
    ['isbn', '978-3-16-148410-0', '978-3-16-148410-1'],
    ['creditcard', '4111 1111 1111 1111', '4111 1111 1111 1112'],
    ['k8s-short-name', 'a-b', 'a.b'],
  ])('%s', (format, good, bad) => {
    expect(formatCheck(format)?.(good)).toBe(true);
    expect(formatCheck(format)?.(bad)).toBe(false);
  });

  it('that nobody knows are not checked', () => {
    expect(formatCheck('fancy')).toBeUndefined();
    expect(isKnownFormat('fancy')).toBe(false);
    expect(isKnownFormat('int64')).toBe(true);
  });
});
