import { Endpoints, EndpointSlice, Pod, Service } from '@kybern/core/kinds';
import { expect, it } from 'vitest';
import { createControlPlane } from '../../test/control-plane.ts';
import { endpointSliceMirroringController } from '../endpointslicemirroring/controller.ts';
import { endpointsController } from './controller.ts';

const pod = (name: string): object => ({ metadata: { name, labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'nginx' }] } });

it('Endpoints of a Service with a selector follow its Pods', async () => {
  await using plane = await createControlPlane([endpointsController(), endpointSliceMirroringController()]);
  const { client } = plane;
  await client.create(Service, {
    metadata: { name: 'web', labels: { team: 'x' } },
    spec: { selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
  });
  await plane.settle();
  expect((await client.get(Endpoints, 'web')).subsets).toBeUndefined();
  const { creationTimestamp } = (await client.get(Service, 'web')).metadata;
  expect((await client.get(Endpoints, 'web')).metadata.annotations).toEqual({ 'endpoints.kubernetes.io/last-change-trigger-time': creationTimestamp });
  const a = await plane.start(await client.create(Pod, pod('a') as never));
  const b = await plane.start(await client.create(Pod, pod('b') as never));
  await plane.report(b, { conditions: [{ type: 'Ready', status: 'False' }] });
  await plane.settle();
  const endpoints = await client.get(Endpoints, 'web');
  expect(endpoints.metadata.labels).toEqual({ team: 'x', 'endpoints.kubernetes.io/managed-by': 'endpoint-controller' });
  expect(endpoints.subsets).toMatchObject([
    {
      addresses: [{ ip: a.status?.podIP, nodeName: 'n1', targetRef: { kind: 'Pod', name: 'a' } }],
      notReadyAddresses: [{ ip: b.status?.podIP, targetRef: { name: 'b' } }],
      ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
    },
  ]);
  const before = plane.revision;
  await plane.advance(3_600_000);
  expect(plane.revision).toBe(before);
  expect((await client.list(EndpointSlice, { namespace: 'default', labels: { 'kubernetes.io/service-name': 'web' } })).items).toEqual([]);
  await client.delete(Pod, 'a');
  await plane.settle();
  expect((await client.get(Endpoints, 'web')).subsets?.[0]?.addresses).toBeUndefined();
  await client.delete(Service, 'web');
  await plane.settle();
  expect((await client.list(Endpoints, { namespace: 'default', fieldSelector: 'metadata.name=web' })).items).toEqual([]);
  expect(plane.errors).toEqual([]);
});

it('Endpoints that somebody wrote for a Service without a selector are mirrored', async () => {
  await using plane = await createControlPlane([endpointsController(), endpointSliceMirroringController()]);
  const { client } = plane;
  await client.create(Service, { metadata: { name: 'db' }, spec: { ports: [{ port: 5432 }] } });
  const ports = [{ port: 5432, protocol: 'TCP' as const }];
  await client.create(Endpoints, {
    metadata: { name: 'db', labels: { l: 'x' } },
    subsets: [{ addresses: [{ ip: '192.0.2.1' }, { ip: '2001:db8::1' }], notReadyAddresses: [{ ip: '192.0.2.2' }], ports }],
  });
  await client.create(Endpoints, { metadata: { name: 'alone' }, subsets: [{ addresses: [{ ip: '192.0.2.9' }], ports }] });
  await plane.settle();
  const slices = async (): Promise<readonly EndpointSlice[]> =>
    (await client.list(EndpointSlice, { labels: { 'endpointslice.kubernetes.io/managed-by': 'endpointslicemirroring-controller.k8s.io' } })).items;
  const mirrored = await slices();
  expect(
    mirrored.map(({ addressType, endpoints }) => [addressType, endpoints?.map(({ addresses, conditions }) => [addresses[0], conditions?.ready])]).sort(),
  ).toEqual([
    [
      'IPv4',
      [
        ['192.0.2.1', true],
        ['192.0.2.2', false],
      ],
    ],
    ['IPv6', [['2001:db8::1', true]]],
  ]);
  expect(mirrored[0]?.metadata.labels).toMatchObject({ l: 'x', 'kubernetes.io/service-name': 'db' });
  const before = plane.revision;
  await plane.advance(3_600_000);
  expect(plane.revision).toBe(before);
  await client.patch(Endpoints, 'db', { type: 'merge', patch: { subsets: [{ addresses: [{ ip: '192.0.2.3' }], ports }] } });
  await plane.settle();
  expect((await slices()).map(({ endpoints }) => endpoints?.[0]?.addresses[0])).toEqual(['192.0.2.3']);
  await client.patch(Endpoints, 'db', { type: 'merge', patch: { metadata: { labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } } } });
  await plane.settle();
  expect(await slices()).toEqual([]);
  expect(plane.errors).toEqual([]);
});
