import { defineKind } from '@kybern/core';
import { builtinKinds, ConfigMap, Namespace, Pod, Secret, ServiceAccount } from '@kybern/core/kinds';
import { expect, it } from 'vitest';
import { fixedKinds } from '../kind-source.ts';
import { createControlPlane, type ControlPlane } from '../../test/control-plane.ts';
import { serviceAccountController } from '../serviceaccount/controller.ts';
import { namespaceController } from './controller.ts';

const Site = defineKind({ group: 'tools.example.com', version: 'v1', kind: 'Site', scope: 'Namespaced', spec: { type: 'object', properties: {} } });
const start = (): Promise<ControlPlane> =>
  createControlPlane([namespaceController(fixedKinds([...builtinKinds, Site])), serviceAccountController()], { kinds: [Site] });
const condition = (namespace: Namespace, type: string): unknown => namespace.status?.conditions?.find((each) => each.type === type);

it('deletes what a namespace holds, custom kinds included, and then the namespace', async () => {
  await using plane = await start();
  const { client } = plane;
  await client.create(Namespace, { metadata: { name: 'team' }, spec: {} });
  await client.create(ConfigMap, { metadata: { name: 'c', namespace: 'team' } });
  await client.create(Secret, { metadata: { name: 's', namespace: 'team' } });
  await client.create(Site, { metadata: { name: 'x', namespace: 'team' }, spec: {} });
  await client.create(ConfigMap, { metadata: { name: 'c' } });
  await plane.settle();
  await client.delete(Namespace, 'team');
  await plane.settle();
  await expect(client.get(Namespace, 'team')).rejects.toMatchObject({ reason: 'NotFound' });
  expect((await client.list(ConfigMap, { namespace: 'team' })).items).toEqual([]);
  expect((await client.list(Site, { namespace: 'team' })).items).toEqual([]);
  expect((await client.get(ConfigMap, 'c')).metadata.namespace).toBe('default');
  expect(plane.errors).toEqual([]);
});

it('waits for Pods, then for finalizers, and says so', async () => {
  await using plane = await start();
  const { client } = plane;
  await client.create(Namespace, { metadata: { name: 'team' }, spec: {} });
  const created = await client.create(Pod, { metadata: { name: 'p', namespace: 'team' }, spec: { containers: [{ name: 'c', image: 'nginx' }] } });
  await client.create(ConfigMap, { metadata: { name: 'held', namespace: 'team', finalizers: ['example.com/hold'] } });
  await plane.start(created);
  await plane.settle();
  await client.delete(Namespace, 'team');
  await plane.settle();
  const waiting = await client.get(Namespace, 'team');
  expect(waiting.status?.phase).toBe('Terminating');
  expect(condition(waiting, 'NamespaceContentRemaining')).toMatchObject({
    status: 'True',
    reason: 'SomeResourcesRemain',
    message: 'Some resources are remaining: pods. has 1 resource instances',
  });
  expect((await client.get(ConfigMap, 'team/held')).metadata.deletionTimestamp).toBeUndefined();
  await client.delete(Pod, 'team/p', { gracePeriodSeconds: 0 });
  await plane.settle();
  const held = await client.get(Namespace, 'team');
  expect(condition(held, 'NamespaceFinalizersRemaining')).toMatchObject({
    status: 'True',
    message: 'Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances',
  });
  await client.mutate(ConfigMap, 'team/held', (draft) => void (draft.metadata.finalizers = []));
  await plane.advance(20_000);
  await expect(client.get(Namespace, 'team')).rejects.toMatchObject({ reason: 'NotFound' });
});

it('every namespace has a ServiceAccount, again and again', async () => {
  await using plane = await start();
  const { client } = plane;
  await client.create(Namespace, { metadata: { name: 'team' }, spec: {} });
  await plane.settle();
  const first = await client.get(ServiceAccount, 'team/default');
  await client.delete(ServiceAccount, first);
  await plane.settle();
  expect((await client.get(ServiceAccount, 'team/default')).metadata.uid).not.toBe(first.metadata.uid);
});
