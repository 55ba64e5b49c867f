import { describe, expect, it } from 'vitest';
import type { Kind } from '../../kind.ts';
import { ConfigMap, ControllerRevision, CustomResourceDefinition, Pod, Service } from '../index.ts';

describe('unknownFields', () => {
  it.each<{ name: string; kind: Kind; object: unknown; paths: string[] }>([
    { name: 'none in a right object', kind: Pod, object: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' }, spec: { containers: [{ name: 'app' }] } }, paths: [] },
    { name: 'a field of the object itself', kind: Pod, object: { specs: {} }, paths: ['specs'] },
    { name: 'a field of a list item', kind: Pod, object: { spec: { containers: [{ name: 'app' }, { imagee: 'nginx' }] } }, paths: ['spec.containers[1].imagee'] },
    { name: 'each of several, in the order of the object', kind: Pod, object: { metadata: { nam: 1 }, spec: { b: 1, a: 2 } }, paths: ['metadata.nam', 'spec.b', 'spec.a'] },
    { name: 'no key of a map', kind: ConfigMap, object: { data: { anything: 'x' }, metadata: { labels: { 'a.b/c': 'd' } } }, paths: [] },
    { name: 'a field below a reference that is shared', kind: Service, object: { metadata: { ownerReferences: [{ nam: 'x' }] } }, paths: ['metadata.ownerReferences[0].nam'] },
    { name: 'nothing inside open objects', kind: ControllerRevision, object: { data: { a: { b: 1 } }, metadata: { managedFields: [{ fieldsV1: { 'f:a': {} } }] } }, paths: [] },
    {
      name: 'a field deep inside a recursive type',
      kind: CustomResourceDefinition,
      object: { spec: { versions: [{ schema: { openAPIV3Schema: { properties: { a: { properties: { b: { typ: 'x' } } } } } } }] } },
      paths: ['spec.versions[0].schema.openAPIV3Schema.properties[a].properties[b].typ'],
    },
    { name: 'inherited names as any other', kind: Pod, object: { spec: { constructor: 1, toString: 2 } }, paths: ['spec.constructor', 'spec.toString'] },
    { name: 'nothing in what is of another type', kind: Pod, object: { spec: 'x', metadata: [] }, paths: [] },
  ])('finds $name', async ({ kind, object, paths }) => {
    expect((await kind.model()).unknownFields(object)).toEqual(paths);
  });
});
