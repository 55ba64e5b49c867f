import { expect, it } from 'vitest';
import { isApiError } from './api-error.ts';
import { customResourceDefinition } from './custom-resource-definition.ts';
import { defineKind } from './define-kind.ts';
import { dynamicKind } from './dynamic-kind.ts';

it('is made of a kind of one’s own', async () => {
  const Site = defineKind({
    group: 'tools.example.com',
    version: 'v1',
    kind: 'Site',
    scope: 'Namespaced',
    shortNames: ['st'],
    spec: { type: 'object', required: ['domain'], properties: { domain: { type: 'string', minLength: 3 }, replicas: { type: 'integer', default: 1 } } },
    status: { type: 'object', properties: { url: { type: 'string' } } },
  });
  const { metadata, spec } = await customResourceDefinition(Site);
  expect(metadata.name).toBe('sites.tools.example.com');
  expect(spec.names).toEqual({ plural: 'sites', singular: 'site', kind: 'Site', listKind: 'SiteList', shortNames: ['st'] });
  expect(spec.versions).toMatchObject([{ name: 'v1', served: true, storage: true, subresources: { status: {} } }]);
  const schema = spec.versions[0]?.schema.openAPIV3Schema;
  expect(Object.keys(schema?.properties ?? {})).toEqual(['spec', 'status']);
  expect(schema).toMatchObject({
    type: 'object',
    required: ['spec'],
    properties: { spec: { required: ['domain'], properties: { domain: { minLength: 3 } } } },
  });
});

it('of any other kind nobody knows the schema', async () => {
  const error = await customResourceDefinition(dynamicKind({ group: 'g.example.com', version: 'v1', kind: 'K' })).catch((reason: unknown) => reason);
  expect(isApiError(error)).toBe(true);
});
