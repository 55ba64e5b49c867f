import { defineKind } from '@kybern/core';
import { builtinKinds, Deployment, Service } from '@kybern/core/kinds';
import { expect, it } from 'vitest';
import { createControlPlane } from '../test/control-plane.ts';
import { builtinControllers, garbageCollectedKinds } from './builtin-controllers.ts';

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

it('the garbage collector looks after each kind once, and not after Events', () => {
  const Site = defineKind({ group: 'tools.example.com', version: 'v1', kind: 'Site', scope: 'Namespaced', spec: { type: 'object', properties: {} } });
  const names = garbageCollectedKinds([...builtinKinds, Site]).map(({ group, plural }) => `${plural}.${group}`);
  expect(new Set(names).size).toBe(names.length);
  expect(names).toEqual(expect.arrayContaining(['pods.', 'deployments.apps', 'leases.coordination.k8s.io', 'sites.tools.example.com']));
  expect(names).not.toContain('events.');
});
