import { EndpointSlice, Node, Pod, Service } from '@kybern/core/kinds';
import { expect, it } from 'vitest';
import { createControlPlane, nodeInput, type ControlPlane } from '../../test/control-plane.ts';
import { endpointSliceController } from './controller.ts';

const start = (): Promise<ControlPlane> =>
  createControlPlane([endpointSliceController()], {
    before: async (client) => {
      await client.create(Node, nodeInput('n1', { metadata: { name: 'n1', labels: { 'topology.kubernetes.io/zone': 'z1' } } }));
    },
  });
const service = {
  metadata: { name: 'web', labels: { team: 'x' } },
  spec: { selector: { app: 'web', tier: 'front' }, ports: [{ port: 80, targetPort: 'http' }] },
};
const pod = (name: string, labels: Record<string, string> = { app: 'web', tier: 'front' }): object => ({
  metadata: { name, labels },
  spec: { containers: [{ name: 'c', image: 'nginx', ports: [{ name: 'http', containerPort: 8080 }] }] },
});
const slices = async ({ client }: ControlPlane): Promise<readonly EndpointSlice[]> =>
  (await client.list(EndpointSlice, { labels: { 'kubernetes.io/service-name': 'web' } })).items;
const endpoints = async (plane: ControlPlane): Promise<unknown[]> =>
  (await slices(plane)).flatMap((slice) => (slice.endpoints ?? []).map((each) => [each.targetRef?.name, each.conditions?.ready, each.zone]));

it('follows Pods as they come, change and go', async () => {
  await using plane = await start();
  const { client } = plane;
  await client.create(Service, service);
  await plane.settle();
  expect(await slices(plane)).toMatchObject([{ metadata: { generateName: 'web-', labels: { team: 'x' } }, endpoints: [], ports: [] }]);
  for (const name of ['a', 'b']) await client.create(Pod, pod(name) as never);
  await client.create(Pod, pod('c', { app: 'web' }) as never);
  await plane.settle();
  await plane.startAll();
  await plane.settle();
  expect(await endpoints(plane)).toEqual([
    ['a', true, 'z1'],
    ['b', true, 'z1'],
  ]);
  expect((await slices(plane))[0]?.ports).toEqual([{ name: '', port: 8080, protocol: 'TCP' }]);
  await client.delete(Pod, 'a');
  await client.patch(Pod, 'c', { type: 'merge', patch: { metadata: { labels: { tier: 'front' } } } });
  await plane.settle();
  expect(await endpoints(plane)).toEqual([
    ['a', false, 'z1'],
    ['b', true, 'z1'],
    ['c', true, 'z1'],
  ]);
  await client.delete(Pod, 'a', { gracePeriodSeconds: 0 });
  await client.patch(Pod, 'b', { type: 'merge', patch: { metadata: { labels: { app: 'db' } } } });
  await plane.settle();
  expect(await endpoints(plane)).toEqual([['c', true, 'z1']]);
  expect(plane.errors).toEqual([]);
});

it('slices tell since when what they tell has been so', async () => {
  await using plane = await start();
  const { client } = plane;
  const told = async (): Promise<string | undefined> => (await slices(plane))[0]?.metadata.annotations?.['endpoints.kubernetes.io/last-change-trigger-time'];
  const { metadata } = await client.create(Service, service);
  await plane.settle();
  expect(await told()).toBe(metadata.creationTimestamp);
  await plane.advance(60_000);
  const running = await plane.start(await client.create(Pod, pod('a') as never));
  const becameReady = running.status?.conditions?.find(({ type }) => type === 'Ready')?.lastTransitionTime;
  await plane.advance(60_000);
  expect(await told()).toBe(becameReady);
  await client.delete(Pod, 'a', { gracePeriodSeconds: 0 });
  await plane.settle();
  expect(await told()).toBeUndefined();
});

it('changes that no endpoint shows write nothing', async () => {
  await using plane = await start();
  await plane.client.create(Service, service);
  await plane.client.create(Pod, pod('a') as never);
  await plane.startAll();
  await plane.settle();
  const before = plane.revision;
  await plane.client.patch(Pod, 'a', { type: 'merge', patch: { metadata: { annotations: { note: 'x' } } } });
  await plane.advance(3_600_000);
  expect(plane.revision).toBe(before + 1);
});

it('a slice that somebody changed or deleted is put right', async () => {
  await using plane = await start();
  await plane.client.create(Service, service);
  await plane.client.create(Pod, pod('a') as never);
  await plane.startAll();
  await plane.settle();
  const [slice] = await slices(plane);
  await plane.client.update(EndpointSlice, { ...slice!, endpoints: [] });
  await plane.settle();
  expect(await endpoints(plane)).toEqual([['a', true, 'z1']]);
  await plane.client.delete(EndpointSlice, slice!);
  await plane.settle();
  expect(await endpoints(plane)).toEqual([['a', true, 'z1']]);
});

it('a Pod whose node is not there joins when it comes', async () => {
  await using plane = await start();
  await plane.client.create(Service, service);
  const created = await plane.client.create(Pod, pod('a') as never);
  await plane.start(created, 'n2');
  await plane.settle();
  expect(await endpoints(plane)).toEqual([]);
  await plane.client.create(Node, nodeInput('n2'));
  await plane.settle();
  expect(await endpoints(plane)).toEqual([['a', true, undefined]]);
});
