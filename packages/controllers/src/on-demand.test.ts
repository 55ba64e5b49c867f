import { ownerReference, type Kind } from '@kybern/core';
import { ConfigMap, Namespace, ResourceQuota, Secret } from '@kybern/core/kinds';
import { defineController, done } from '@kybern/reconcile';
import { expect, it } from 'vitest';
import { createControlPlane } from '../test/control-plane.ts';
import { onDemand } from './on-demand.ts';

it('watches nothing until its kind comes into use; then it is reconciled as if it had been there from the start', async () => {
  const listeners = new Set<(kind: Kind) => void>();
  const source = { all: () => [], inUse: () => [], onInUse: (fn: (kind: Kind) => void) => (listeners.add(fn), () => void listeners.delete(fn)) };
  const calls: string[] = [];
  const controller = defineController({
    name: 'quotas',
    for: ResourceQuota,
    owns: [Secret],
    watches: [
      { kind: ConfigMap, map: ({ metadata }, _old, cache) => cache.list(ResourceQuota, { namespace: metadata.namespace ?? '' }).map(() => 'default/q') },
    ],
    indexes: [{ kind: Secret, name: 'test/all', by: () => [''] }],
    reads: [Namespace],
    reconcile({ key, object, cache }) {
      calls.push(`${key} ${object.metadata.name} ${cache.by(Secret, 'test/all', '').length} ${cache.list(Namespace).length > 0}`);
      return Promise.resolve(done());
    },
    onAbsent: ({ key }) => (calls.push(`${key} is gone`), Promise.resolve(done())),
  });
  await using plane = await createControlPlane([onDemand(source, controller)]);
  const { client } = plane;
  await client.create(ConfigMap, { metadata: { name: 'c' } });
  const quota = await client.create(ResourceQuota, { metadata: { name: 'q' }, spec: {} });
  await plane.settle();
  expect(calls).toEqual([]);
  for (const listener of listeners) listener(ResourceQuota);
  await plane.settle();
  expect(calls).toEqual(['default/q q 0 true']);
  await client.create(Secret, { metadata: { name: 's', ownerReferences: [ownerReference(ResourceQuota, quota, { controller: true })] } });
  await plane.settle();
  await client.create(ConfigMap, { metadata: { name: 'd' } });
  await plane.settle();
  await client.delete(ResourceQuota, 'q');
  await plane.settle();
  expect(calls.slice(1)).toEqual(['default/q q 1 true', 'default/q q 1 true', 'default/q is gone']);
  for (const listener of listeners) listener(ResourceQuota);
  expect(plane.errors).toEqual([]);
});
