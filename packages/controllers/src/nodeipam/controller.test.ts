import { Event, Node } from '@kybern/core/kinds';
import { expect, it } from 'vitest';
import { createControlPlane, nodeInput } from '../../test/control-plane.ts';
import { nodeIpamController } from './controller.ts';

it('gives every node a part, never the same twice, and takes it back', async () => {
  await using plane = await createControlPlane([nodeIpamController({ clusterCidr: '10.244.0.0/22' })], {
    before: async (client) => {
      await client.create(Node, nodeInput('old', { spec: { podCIDR: '10.244.1.0/24', podCIDRs: ['10.244.1.0/24'] } }));
    },
  });
  for (const name of ['a', 'b', 'c', 'd']) await plane.client.create(Node, nodeInput(name));
  await plane.settle();
  const cidrs = (await plane.client.list(Node)).items.map(({ metadata, spec }) => [metadata.name, spec.podCIDR, spec.podCIDRs]);
  expect(cidrs).toEqual([
    ['a', '10.244.0.0/24', ['10.244.0.0/24']],
    ['b', '10.244.2.0/24', ['10.244.2.0/24']],
    ['c', '10.244.3.0/24', ['10.244.3.0/24']],
    ['d', undefined, undefined],
    ['old', '10.244.1.0/24', ['10.244.1.0/24']],
  ]);
  expect((await plane.client.list(Event)).items[0]).toMatchObject({ reason: 'CIDRNotAvailable', message: 'Node d status is now: CIDRNotAvailable' });
  expect(plane.errors[0]?.error.message).toBe('no pod CIDR left in 10.244.0.0/22: all 4 are in use');
  await plane.client.delete(Node, 'b');
  await plane.advance(600_000);
  expect((await plane.client.get(Node, 'd')).spec.podCIDR).toBe('10.244.2.0/24');
});
