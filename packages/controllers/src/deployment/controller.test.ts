import { Deployment, Event, Pod, ReplicaSet, type DeploymentSpec } from '@kybern/core/kinds';
import { expect, it } from 'vitest';
import { createControlPlane, type ControlPlane } from '../../test/control-plane.ts';
import { replicaSetController } from '../replicaset/controller.ts';
import { deploymentController } from './controller.ts';

const labels = { app: 'web' };
const spec = (image: string, more: Partial<DeploymentSpec> = {}): DeploymentSpec => ({
  replicas: 3,
  selector: { matchLabels: labels },
  template: { metadata: { labels }, spec: { containers: [{ name: 'web', image }] } },
  ...more,
});
const start = (): Promise<ControlPlane> => createControlPlane([deploymentController(), replicaSetController()]);

async function run(plane: ControlPlane): Promise<void> {
  for (let i = 0; i < 20; i++) {
    await plane.settle();
    const before = plane.revision;
    await plane.startAll();
    for (const pod of await plane.client.list(Pod))
      if (pod.metadata.deletionTimestamp !== undefined) await plane.client.delete(Pod, pod, { gracePeriodSeconds: 0 });
    await plane.settle();
    if (plane.revision === before) return;
  }
  throw new Error('does not settle');
}

it('brings a Deployment up, updates it, rolls it back, and then rests', async () => {
  await using plane = await start();
  const { client } = plane;
  await client.create(Deployment, { metadata: { name: 'web' }, spec: spec('nginx:1.25') });
  await run(plane);
  const up = await client.get(Deployment, 'web');
  expect(up.status).toMatchObject({ observedGeneration: 1, replicas: 3, updatedReplicas: 3, readyReplicas: 3, availableReplicas: 3 });
  expect(up.status?.conditions?.map(({ type, status, reason }) => [type, status, reason])).toEqual([
    ['Available', 'True', 'MinimumReplicasAvailable'],
    ['Progressing', 'True', 'NewReplicaSetAvailable'],
  ]);
  await client.patch(Deployment, 'web', { type: 'merge', patch: { spec: { template: { spec: { containers: [{ name: 'web', image: 'nginx:1.27' }] } } } } });
  await run(plane);
  const sets = await client.list(ReplicaSet);
  expect(sets.items.map((set) => [set.metadata.annotations?.['deployment.kubernetes.io/revision'], set.spec.replicas]).sort()).toEqual([
    ['1', 0],
    ['2', 3],
  ]);
  await client.patch(Deployment, 'web', { type: 'merge', patch: { spec: { template: { spec: { containers: [{ name: 'web', image: 'nginx:1.25' }] } } } } });
  await run(plane);
  const back = await client.list(ReplicaSet);
  expect(back.items.map((set) => [set.metadata.annotations?.['deployment.kubernetes.io/revision'], set.spec.replicas]).sort()).toEqual([
    ['2', 0],
    ['3', 3],
  ]);
  expect((await client.get(Deployment, 'web')).metadata.annotations?.['deployment.kubernetes.io/revision']).toBe('3');
  expect(plane.errors).toEqual([]);
});

it('a settled one writes nothing, neither again nor from anew', async () => {
  await using plane = await start();
  await plane.client.create(Deployment, { metadata: { name: 'web' }, spec: spec('nginx:1.25') });
  await run(plane);
  await plane.advance(3_600_000);
  const before = plane.revision;
  plane.manager.add({ ...deploymentController(), name: 'again', indexes: [] });
  plane.manager.add({ ...replicaSetController(), name: 'again-replicaset', indexes: [] });
  await plane.advance(3_600_000);
  expect(plane.revision).toBe(before);
});

it('needs few writes', async () => {
  await using plane = await start();
  await plane.settle();
  const before = plane.revision;
  await plane.client.create(Deployment, { metadata: { name: 'web' }, spec: spec('nginx:1.25') });
  await plane.settle();
  const events = (await plane.client.list(Event)).items;
  expect(events.map((event) => [event.reason, event.source?.component]).sort()).toEqual([
    ['ScalingReplicaSet', 'deployment-controller'],
    ['SuccessfulCreate', 'replicaset-controller'],
    ['SuccessfulCreate', 'replicaset-controller'],
    ['SuccessfulCreate', 'replicaset-controller'],
  ]);
  // The Deployment, its ReplicaSet, 3 Pods; the ReplicaSet's status; the Deployment's status when it is created and when there are replicas.
  expect(plane.revision - before - events.length).toBe(1 + 1 + 3 + 1 + 2);
});

it('adopts a ReplicaSet of its template that nobody manages', async () => {
  await using plane = await start();
  const { client } = plane;
  const wanted = spec('nginx:1.25');
  await client.create(ReplicaSet, { metadata: { name: 'older', labels }, spec: { replicas: 2, selector: { matchLabels: labels }, template: wanted.template } });
  await client.create(Deployment, { metadata: { name: 'web' }, spec: wanted });
  await run(plane);
  const sets = (await client.list(ReplicaSet)).items;
  expect(sets.map((set) => [set.metadata.name, set.metadata.ownerReferences?.[0]?.name, set.spec.replicas])).toEqual([['older', 'web', 3]]);
  expect((await client.get(Deployment, 'web')).status?.conditions?.find(({ type }) => type === 'Progressing')?.reason).toBe('NewReplicaSetAvailable');
});

it('lets go of a ReplicaSet that it no longer selects, and takes another name for the next one', async () => {
  await using plane = await start();
  const { client } = plane;
  await client.create(Deployment, { metadata: { name: 'web' }, spec: spec('nginx:1.25') });
  await run(plane);
  const [owned] = await client.list(ReplicaSet);
  await client.mutate(ReplicaSet, owned!, (draft) => void (draft.metadata.labels = { app: 'other' }));
  await run(plane);
  const sets = (await client.list(ReplicaSet)).items;
  expect(sets.map((set) => [set.metadata.labels?.['app'], set.metadata.ownerReferences?.length ?? 0]).sort()).toEqual([
    ['other', 0],
    ['web', 1],
  ]);
  expect((await client.get(Deployment, 'web')).status?.collisionCount).toBe(1);
  expect(plane.errors).toEqual([]);
});
