import { describe, expect, it } from 'vitest';
import { defineKind } from './define-kind.ts';
import { isInvalid, type ApiError } from './api-error.ts';
import type { KindDefinition } from './define-kind.ts';

const base = { group: 'tools.example.com', version: 'v1', kind: 'Site', scope: 'Namespaced' } as const;
const Site = defineKind({
  ...base,
  spec: {
    type: 'object',
    required: ['domain'],
    properties: {
      domain: { type: 'string', minLength: 1, pattern: '^[a-z.]+$' },
      replicas: { type: 'integer', default: 1, minimum: 0, maximum: 10, exclusiveMaximum: true },
      level: { type: 'string', enum: ['low', 'high'] },
      port: { 'x-kubernetes-int-or-string': true },
      note: { type: 'string', nullable: true },
      since: { type: 'string', format: 'date-time' },
      hosts: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
      rules: {
        type: 'array',
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['name'],
        items: { type: 'object', required: ['name'], properties: { name: { type: 'string' }, weight: { type: 'integer', default: 5 } } },
      },
      weights: { type: 'object', additionalProperties: { type: 'integer' } },
      free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    },
  },
  status: { type: 'object', properties: { url: { type: 'string' } } },
});
const site = (spec: object, more: object = {}): object => ({ apiVersion: 'tools.example.com/v1', kind: 'Site', metadata: { name: 'a' }, spec, ...more });

describe('defineKind', () => {
  it('fills in what a definition leaves out', () => {
    expect(Site).toMatchObject({ plural: 'sites', singular: 'site', listKind: 'SiteList', shortNames: [], subresources: [{ name: 'status', kind: 'Site' }] });
    expect(Object.isFrozen(Site)).toBe(true);
  });

  it.each([
    { kind: 'Policy', plural: 'policies' },
    { kind: 'Address', plural: 'addresses' },
    { kind: 'Gateway', plural: 'gatewaies' },
  ])('guesses the plural of $kind as Kubernetes does', ({ kind, plural }) => {
    expect(defineKind({ ...base, kind }).plural).toBe(plural);
  });

  it('has a status subresource only if it has a status', () => {
    expect(defineKind({ ...base }).subresources).toEqual([]);
  });

  it.each([
    { name: 'group', change: { group: 'Tools' }, field: 'group' },
    { name: 'version', change: { version: '1' }, field: 'version' },
    { name: 'kind', change: { kind: 'site' }, field: 'kind' },
    { name: 'scope', change: { scope: 'Global' }, field: 'scope' },
    { name: 'plural', change: { plural: 'Sites' }, field: 'plural' },
    { name: 'short names', change: { shortNames: ['OK'] }, field: 'shortNames[0]' },
    { name: 'a spec that is no object', change: { spec: { type: 'string' } }, field: 'spec.type' },
    { name: 'a type that there is not', change: { spec: { type: 'object', properties: { a: { type: 'text' } } } }, field: 'spec.properties.a.type' },
    { name: 'no type', change: { spec: { type: 'object', properties: { a: {} } } }, field: 'spec.properties.a.type' },
    { name: 'an unknown keyword', change: { spec: { type: 'object', propertis: {} } }, field: 'spec.propertis' },
    { name: 'a list without items', change: { spec: { type: 'object', properties: { a: { type: 'array' } } } }, field: 'spec.properties.a.items' },
    { name: 'a required field that is not defined', change: { spec: { type: 'object', required: ['b'], properties: {} } }, field: 'spec.required' },
    { name: 'a bad pattern', change: { spec: { type: 'object', properties: { a: { type: 'string', pattern: '(' } } } }, field: 'spec.properties.a.pattern' },
    {
      name: 'properties of a list',
      change: { spec: { type: 'object', properties: { a: { type: 'array', items: { type: 'string' }, properties: {} } } } },
      field: 'spec.properties.a.properties',
    },
    { name: 'metadata in schema', change: { schema: { type: 'object', properties: { metadata: { type: 'object' } } } }, field: 'schema.properties.metadata' },
    {
      name: 'a keyed list without keys',
      change: { spec: { type: 'object', properties: { a: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'map' } } } },
      field: 'spec.properties.a.x-kubernetes-list-map-keys',
    },
  ])('refuses $name at once and names the field', ({ change, field }) => {
    const error = catchError(() => defineKind({ ...base, ...change } as KindDefinition));
    expect(isInvalid(error)).toBe(true);
    expect(error.details?.causes?.map((cause) => cause.field)).toContain(field);
    expect(error.message).toContain(`${field}: `);
  });
});

function catchError(run: () => unknown): ApiError {
  try {
    run();
  } catch (error) {
    return error as ApiError;
  }
  throw new Error('nothing was thrown');
}

describe('the model of a defined kind', () => {
  it('is loaded once', async () => {
    expect(Site.model()).toBe(Site.model());
    expect(await Site.model()).toBe(await Site.model());
  });

  it.each([
    { name: 'a minimal object', object: site({ domain: 'a.b' }), errors: [] },
    { name: 'numbers and texts for int-or-string', object: site({ domain: 'a', port: 'http' }), errors: [] },
    { name: 'null where it is allowed', object: site({ domain: 'a', note: null }), errors: [] },
    {
      name: 'conditions',
      object: site({ domain: 'a' }, { status: { conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' }] } }),
      errors: [],
    },
    { name: 'a field that is missing', object: site({}), errors: ['spec.domain: Required value'] },
    { name: 'a wrong type', object: site({ domain: 1 }), errors: ['spec.domain: Invalid value: 1: must be of type string'] },
    { name: 'null where it is not allowed', object: site({ domain: null }), errors: ['spec.domain: Invalid value: null: must be of type string'] },
    {
      name: 'a value that is not in the enum',
      object: site({ domain: 'a', level: 'mid' }),
      errors: ['spec.level: Unsupported value: "mid": supported values: "low", "high"'],
    },
    { name: 'an exclusive bound', object: site({ domain: 'a', replicas: 10 }), errors: ['spec.replicas: Invalid value: 10: must be < 10'] },
    {
      name: 'a bad time',
      object: site({ domain: 'a', since: '2026-02-31' }),
      errors: ['spec.since: Invalid value: "2026-02-31": must be of format date-time'],
    },
    { name: 'a value twice in a set', object: site({ domain: 'a', hosts: ['x', 'y', 'x'] }), errors: ['spec.hosts[2]: Duplicate value: "x"'] },
    {
      name: 'a key twice',
      object: site({ domain: 'a', rules: [{ name: 'x' }, { name: 'x', weight: 1 }] }),
      errors: ['spec.rules[1]: Duplicate value: {"name":"x"}'],
    },
    { name: 'an error inside a list', object: site({ domain: 'a', rules: [{}] }), errors: ['spec.rules[0].name: Required value'] },
    {
      name: 'an error inside a map',
      object: site({ domain: 'a', weights: { 'a/b': 'x' } }),
      errors: ['spec.weights[a/b]: Invalid value: "x": must be of type integer'],
    },
    {
      name: 'a condition without type',
      object: site({ domain: 'a' }, { status: { conditions: [{ status: 'True' }] } }),
      errors: ['status.conditions[0].type: Required value'],
    },
    { name: 'another kind', object: { ...site({ domain: 'a' }), kind: 'Page' }, errors: ['kind: Unsupported value: "Page": supported values: "Site"'] },
    { name: 'no spec', object: { ...site({}), spec: undefined }, errors: ['spec: Required value'] },
    {
      name: 'several errors',
      object: site({ level: 'x', port: true }),
      errors: [
        'spec.domain: Required value',
        'spec.level: Unsupported value: "x": supported values: "low", "high"',
        'spec.port: Invalid value: true: must be of type integer or string',
      ],
    },
  ])('validates $name', async ({ object, errors }) => {
    const model = await Site.model();
    expect(model.validate(object).map((error) => `${error.field}: ${error.message}`)).toEqual(errors);
  });

  it('knows which fields are unknown', async () => {
    const model = await Site.model();
    expect(model.unknownFields(site({ domain: 'a', domian: 'b', free: { x: 1 }, rules: [{ name: 'a', y: 1 }] }))).toEqual(['spec.domian', 'spec.rules[0].y']);
  });

  it('fills in defaults, also inside lists, and only where nothing is', async () => {
    const model = await Site.model();
    const object = site({ domain: 'a', rules: [{ name: 'a' }, { name: 'b', weight: 0 }], note: null });
    model.setDefaults(object);
    const once = JSON.stringify(object);
    expect(object).toEqual(
      site({
        domain: 'a',
        replicas: 1,
        rules: [
          { name: 'a', weight: 5 },
          { name: 'b', weight: 0 },
        ],
        note: null,
      }),
    );
    model.setDefaults(object);
    expect(JSON.stringify(object)).toBe(once);
  });

  it('makes a spec that may be empty', async () => {
    const model = await defineKind({
      ...base,
      spec: { type: 'object', required: ['a'], properties: { a: { type: 'string', default: 'x' }, b: { type: 'string' } } },
    }).model();
    const object = { ...site({}), spec: undefined };
    model.setDefaults(object);
    expect(object.spec).toEqual({ a: 'x' });
    expect(model.validate(object)).toEqual([]);
  });

  it('has a schema with what merging needs', async () => {
    const { schema } = await Site.model();
    expect(schema.properties?.['spec']?.properties?.['rules']).toMatchObject({ type: 'array', listType: 'map', listMapKeys: ['name'] });
    expect(schema.properties?.['spec']?.properties?.['port']).toEqual({ format: 'int-or-string' });
    expect(schema.properties?.['status']?.properties?.['conditions']).toMatchObject({ listType: 'map', listMapKeys: ['type'] });
  });
});
