import { ClusterRole } from '@kybern/core/kinds';
import { expect, it } from 'vitest';
import { createControlPlane } from '../../test/control-plane.ts';
import { clusterRoleAggregationController } from './controller.ts';

const rule = (resource: string): { apiGroups: string[]; resources: string[]; verbs: string[] } => ({ apiGroups: [''], resources: [resource], verbs: ['get'] });

it('fills a role from those that its selectors select, each rule once, and follows them', async () => {
  await using plane = await createControlPlane([clusterRoleAggregationController()]);
  const { client } = plane;
  const before = plane.revision;
  await plane.settle();
  expect(plane.revision).toBe(before);
  await client.create(ClusterRole, { metadata: { name: 'all' }, aggregationRule: { clusterRoleSelectors: [{ matchLabels: { part: 'x' } }] } });
  await client.create(ClusterRole, { metadata: { name: 'b', labels: { part: 'x' } }, rules: [rule('pods'), rule('nodes')] });
  await client.create(ClusterRole, { metadata: { name: 'a', labels: { part: 'x' } }, rules: [rule('nodes'), rule('secrets')] });
  await client.create(ClusterRole, { metadata: { name: 'c', labels: { part: 'y' } }, rules: [rule('events')] });
  await plane.settle();
  expect((await client.get(ClusterRole, 'all')).rules?.map(({ resources }) => resources?.[0])).toEqual(['nodes', 'secrets', 'pods']);
  await client.delete(ClusterRole, 'a');
  await plane.settle();
  expect((await client.get(ClusterRole, 'all')).rules?.map(({ resources }) => resources?.[0])).toEqual(['pods', 'nodes']);
});
