import { Pod, ReplicationController } from '@kybern/core/kinds';
import { expect, it } from 'vitest';
import { createControlPlane } from '../../test/control-plane.ts';
import { replicationController } from './controller.ts';

it('keeps the number of its Pods, adopts, and rests when it is settled', async () => {
  await using plane = await createControlPlane([replicationController()]);
  const { client } = plane;
  const labels = { app: 'web' };
  const spec = { containers: [{ name: 'c', image: 'nginx' }] };
  await client.create(Pod, { metadata: { name: 'orphan', labels }, spec });
  await client.create(ReplicationController, { metadata: { name: 'web' }, spec: { replicas: 3, selector: labels, template: { metadata: { labels }, spec } } });
  await plane.settle();
  await plane.startAll();
  await plane.settle();
  const pods = (await client.list(Pod)).items;
  expect(pods.map(({ metadata }) => metadata.ownerReferences?.map(({ kind, name }) => [kind, name]))).toEqual(
    Array(3).fill([['ReplicationController', 'web']]),
  );
  const { status } = await client.get(ReplicationController, 'web');
  expect(status).toEqual({ replicas: 3, readyReplicas: 3, availableReplicas: 3, fullyLabeledReplicas: 3, observedGeneration: 1 });
  const before = plane.revision;
  await plane.advance(3_600_000);
  expect(plane.revision).toBe(before);
  await client.patch(ReplicationController, 'web', { type: 'merge', patch: { spec: { replicas: 1 } } });
  await plane.settle();
  expect((await client.list(Pod)).items.filter(({ metadata }) => metadata.deletionTimestamp === undefined)).toHaveLength(1);
  expect(plane.errors).toEqual([]);
});
