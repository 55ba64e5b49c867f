import { Event, Service, type ServiceSpec } from '@kybern/core/kinds';
import { expect, it } from 'vitest';
import { createControlPlane, type ControlPlane } from '../../test/control-plane.ts';
import { serviceLoadBalancerController } from './controller.ts';

const start = (): Promise<ControlPlane> => createControlPlane([serviceLoadBalancerController({ cidrs: ['172.18.255.0/29'] })]);
const create = ({ client }: ControlPlane, name: string, spec: Partial<ServiceSpec> = {}): Promise<Service> =>
  client.create(Service, { metadata: { name }, spec: { type: 'LoadBalancer', selector: { app: 'web' }, ports: [{ port: 80 }], ...spec } });
const ingress = async ({ client }: ControlPlane, name: string): Promise<unknown> => (await client.get(Service, name)).status?.loadBalancer?.ingress;

it('gives a Service an address, and says so', async () => {
  await using plane = await start();
  await create(plane, 'web');
  await plane.settle();
  const service = await plane.client.get(Service, 'web');
  expect(service.status?.loadBalancer?.ingress).toEqual([{ ip: '172.18.255.1', ipMode: 'VIP' }]);
  expect(service.metadata.finalizers).toEqual(['service.kubernetes.io/load-balancer-cleanup']);
  expect((await plane.client.list(Event)).items.map(({ reason }) => reason).sort()).toEqual(['EnsuredLoadBalancer', 'EnsuringLoadBalancer']);
  const before = plane.revision;
  await plane.advance(3_600_000);
  expect(plane.revision).toBe(before);
  expect(plane.errors).toEqual([]);
});

it('honours a wish, keeps to others, and leaves other classes alone', async () => {
  await using plane = await start();
  await create(plane, 'wish', { loadBalancerIP: '172.18.255.2' });
  await create(plane, 'any');
  await create(plane, 'other', { loadBalancerClass: 'example.com/lb' });
  await create(plane, 'plain', { type: 'ClusterIP' });
  await plane.settle();
  await create(plane, 'next');
  await plane.settle();
  const all = await Promise.all(['wish', 'any', 'next', 'other', 'plain'].map((name) => ingress(plane, name)));
  expect(all.map((each) => (each as { ip: string }[] | undefined)?.[0]?.ip)).toEqual(['172.18.255.2', '172.18.255.1', '172.18.255.3', undefined, undefined]);
});

it('takes the address back when the Service is deleted or changes its type', async () => {
  await using plane = await start();
  const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
  for (const name of names) await create(plane, name);
  await plane.settle();
  expect(await ingress(plane, 'g')).toBeUndefined();
  expect(plane.errors[0]?.error.message).toContain('all 6 are in use');
  await plane.client.delete(Service, 'a');
  await plane.advance(600_000);
  expect(await ingress(plane, 'g')).toEqual([{ ip: '172.18.255.1', ipMode: 'VIP' }]);
  await expect(plane.client.get(Service, 'a')).rejects.toMatchObject({ reason: 'NotFound' });
  await plane.client.patch(Service, 'b', { type: 'merge', patch: { spec: { type: 'ClusterIP' } } });
  await plane.settle();
  const service = await plane.client.get(Service, 'b');
  expect([service.status?.loadBalancer?.ingress, service.metadata.finalizers]).toEqual([undefined, undefined]);
});

it('a restart keeps the addresses', async () => {
  await using plane = await start();
  await create(plane, 'web');
  await plane.settle();
  plane.manager.add({ ...serviceLoadBalancerController({ cidrs: ['172.18.255.0/29'] }), name: 'restarted' });
  await plane.settle();
  await create(plane, 'web2');
  await plane.settle();
  expect(await ingress(plane, 'web')).toEqual([{ ip: '172.18.255.1', ipMode: 'VIP' }]);
});
