import { Deployment, Service } from '@kybern/core/kinds';
import { expect, it } from 'vitest';
import { createControlPlane } from '../test/control-plane.ts';
import { builtinControllers } from './builtin-controllers.ts';

it('all run together on one manager, and an idle cluster is not written to', async () => {
  await using plane = await createControlPlane(builtinControllers());
  const labels = { app: 'web' };
  await plane.client.create(Deployment, {
    metadata: { name: 'web' },
    spec: { replicas: 3, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers: [{ name: 'web', image: 'nginx' }] } } },
  });
  await plane.client.create(Service, { metadata: { name: 'web' }, spec: { type: 'LoadBalancer', selector: labels, ports: [{ port: 80 }] } });
  // Nobody runs the Pods, so the last that happens is that the rollout's deadline passes.
  await plane.advance(3_600_000);
  const before = plane.revision;
  await plane.advance(86_400_000);
  expect(plane.errors).toEqual([]);
  expect(plane.revision).toBe(before);
});
