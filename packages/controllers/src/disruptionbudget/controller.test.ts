import { Deployment, Event, Pod, PodDisruptionBudget } from '@kybern/core/kinds';
import { expect, it } from 'vitest';
import { createControlPlane } from '../../test/control-plane.ts';
import { deploymentController } from '../deployment/controller.ts';
import { replicaSetController } from '../replicaset/controller.ts';
import { disruptionController } from './controller.ts';

it('follows the Pods of a Deployment, and rests when it is settled', async () => {
  await using plane = await createControlPlane([disruptionController(), deploymentController(), replicaSetController()]);
  const { client } = plane;
  const labels = { app: 'web' };
  const selector = { matchLabels: labels };
  await client.create(PodDisruptionBudget, { metadata: { name: 'web' }, spec: { selector, maxUnavailable: '34%' } });
  await plane.settle();
  expect((await client.list(Event)).items.map(({ reason }) => reason)).toContain('NoPods');
  await client.create(Deployment, {
    metadata: { name: 'web' },
    spec: { replicas: 3, selector, template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'nginx' }] } } },
  });
  await plane.settle();
  expect((await client.get(PodDisruptionBudget, 'web')).status).toMatchObject({ expectedPods: 3, currentHealthy: 0, desiredHealthy: 1, disruptionsAllowed: 0 });
  await plane.startAll();
  await plane.settle();
  expect((await client.get(PodDisruptionBudget, 'web')).status).toMatchObject({ expectedPods: 3, currentHealthy: 3, desiredHealthy: 1, disruptionsAllowed: 2 });
  const before = plane.revision;
  plane.manager.add({ ...disruptionController(), name: 'again' });
  // Beyond the life of the first Event.
  await plane.advance(1_800_000);
  expect(plane.revision).toBe(before);
  await client.create(Pod, { metadata: { name: 'alone', labels }, spec: { containers: [{ name: 'c', image: 'nginx' }] } });
  await plane.settle();
  expect(plane.errors).toEqual([]);
});
