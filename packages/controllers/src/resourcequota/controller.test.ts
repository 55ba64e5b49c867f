import { ConfigMap, Deployment, PersistentVolumeClaim, Pod, ResourceQuota, Service, type Container } from '@kybern/core/kinds';
import { expect, it } from 'vitest';
import { createControlPlane } from '../../test/control-plane.ts';
import { pod } from '../../test/objects.ts';
import { formatQuantity } from '@kybern/core';
import { resourceQuotaController } from './controller.ts';
import { podUsage } from './usage.ts';

const container = (cpu: string, more: Partial<Container> = {}): Container => ({
  name: 'c',
  image: 'i',
  resources: { requests: { cpu }, limits: { cpu: '2' } },
  ...more,
});

it.each<{ name: string; spec: Partial<Pod['spec']>; requests: string; limits: string }>([
  { name: 'containers add up', spec: { containers: [container('100m'), container('200m')] }, requests: '300m', limits: '4' },
  {
    name: 'the largest init container, when it is more',
    spec: { containers: [container('100m')], initContainers: [container('1'), container('500m')] },
    requests: '1',
    limits: '2',
  },
  {
    name: 'sidecars run beside all',
    spec: { containers: [container('1')], initContainers: [container('500m', { restartPolicy: 'Always' }), container('2')] },
    requests: '2500m',
    limits: '4',
  },
  { name: 'overhead', spec: { containers: [container('100m')], overhead: { cpu: '50m' } }, requests: '150m', limits: '2050m' },
])('what a Pod uses: $name', ({ spec, requests, limits }) => {
  const usage = podUsage(pod('p', { spec }), 0);
  const text = (name: string): string => formatQuantity(usage.get(name) ?? ({ value: 0n } as never));
  expect([text('requests.cpu'), text('cpu'), text('limits.cpu'), text('pods')]).toEqual([requests, requests, limits, '1']);
});

it('counts what there is in its namespace, and follows it', async () => {
  await using plane = await createControlPlane([resourceQuotaController()]);
  const { client } = plane;
  const hard = {
    pods: '10',
    'requests.cpu': '4',
    'limits.memory': '1Gi',
    services: '5',
    'services.nodeports': '2',
    persistentvolumeclaims: '3',
    'requests.storage': '10Gi',
    'gold.storageclass.storage.k8s.io/requests.storage': '5Gi',
    configmaps: '10',
    'count/deployments.apps': '2',
  };
  await client.create(Pod, {
    metadata: { name: 'a' },
    spec: { containers: [{ ...container('500m'), resources: { requests: { cpu: '500m' }, limits: { memory: '64Mi' } } }] },
  });
  const best = await client.create(Pod, { metadata: { name: 'b' }, spec: { containers: [{ name: 'c', image: 'i' }] } });
  await client.create(Service, { metadata: { name: 's' }, spec: { type: 'NodePort', ports: [{ port: 80 }] } });
  await client.create(PersistentVolumeClaim, {
    metadata: { name: 'v' },
    spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'gold', resources: { requests: { storage: '2Gi' } } },
  });
  await client.create(ConfigMap, { metadata: { name: 'c' } });
  await client.create(Deployment, {
    metadata: { name: 'd' },
    spec: { selector: { matchLabels: { a: 'b' } }, template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } } },
  });
  // Later than what they count, so that admission has no part in it.
  await client.create(ResourceQuota, { metadata: { name: 'all' }, spec: { hard } });
  await client.create(ResourceQuota, { metadata: { name: 'best' }, spec: { hard: { pods: '3' }, scopes: ['BestEffort'] } });
  await plane.settle();
  expect((await client.get(ResourceQuota, 'all')).status).toEqual({
    hard,
    used: {
      pods: '2',
      'requests.cpu': '500m',
      'limits.memory': '64Mi',
      // The Service that every cluster has is in this namespace, too.
      services: '2',
      'services.nodeports': '1',
      persistentvolumeclaims: '1',
      'requests.storage': '2Gi',
      'gold.storageclass.storage.k8s.io/requests.storage': '2Gi',
      configmaps: '1',
      'count/deployments.apps': '1',
    },
  });
  expect((await client.get(ResourceQuota, 'best')).status?.used).toEqual({ pods: '1' });
  const before = plane.revision;
  await plane.advance(3_600_000);
  expect(plane.revision).toBe(before);
  await plane.report(best, { phase: 'Succeeded' });
  await plane.settle();
  expect((await client.get(ResourceQuota, 'best')).status?.used).toEqual({ pods: '0' });
  expect(plane.errors).toEqual([]);
});
