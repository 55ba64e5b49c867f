import { describe, expect, it } from 'vitest';
import { apiVersionOf, groupResource, keyOf, parseApiVersion, toNamespacedName } from './kind.ts';
import { Deployment, Node, Pod } from './kinds/index.ts';

describe('kinds', () => {
  it.each([
    { kind: Pod, apiVersion: 'v1', resource: 'pods' },
    { kind: Deployment, apiVersion: 'apps/v1', resource: 'deployments.apps' },
  ])('$resource is called as Kubernetes calls it', ({ kind, apiVersion, resource }) => {
    expect(apiVersionOf(kind)).toBe(apiVersion);
    expect(groupResource(kind)).toBe(resource);
    expect(parseApiVersion(apiVersion)).toEqual({ group: kind.group, version: kind.version });
  });

  it.each([
    { key: 'a', name: { namespace: 'default', name: 'a' } },
    { key: 'web/a', name: { namespace: 'web', name: 'a' } },
    { key: { name: 'a' }, name: { namespace: 'default', name: 'a' } },
    { key: { namespace: 'web', name: 'a' }, name: { namespace: 'web', name: 'a' } },
    { key: { metadata: { namespace: 'web', name: 'a' } }, name: { namespace: 'web', name: 'a' } },
  ])('resolve $key', ({ key, name }) => {
    expect(toNamespacedName(Pod, key)).toEqual(name);
    expect(toNamespacedName(Node, key)).toEqual({ namespace: undefined, name: 'a' });
  });

  it.each([
    { metadata: { namespace: 'web', name: 'a' }, key: 'web/a' },
    { metadata: { name: 'a' }, key: 'a' },
  ])('key an object as $key', ({ metadata, key }) => {
    expect(keyOf({ metadata })).toBe(key);
  });
});
