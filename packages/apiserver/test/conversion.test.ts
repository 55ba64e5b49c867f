import type { KubernetesObject } from '@kybern/core';
import { expect, it } from 'vitest';
import { startServer } from './fixtures.ts';

it('what is read as another kind is as new as the object that is stored', async () => {
  await using server = await startServer();
  const kind = server.api.kinds.find('autoscaling/v1', 'HorizontalPodAutoscaler');
  if (kind === undefined) throw new Error('autoscaling/v1 is served');
  const spec = { maxReplicas: 5, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' } };
  const made = await server.client.create(kind, { metadata: { name: 'web' }, spec } as unknown as KubernetesObject);
  const changed = await server.client.patch(kind, 'web', { type: 'merge', patch: { spec: { maxReplicas: 6 } } });
  expect(Number(changed.metadata.resourceVersion)).toBeGreaterThan(Number(made.metadata.resourceVersion));
  expect(await server.client.get(kind, 'web')).toBe(changed);
});
