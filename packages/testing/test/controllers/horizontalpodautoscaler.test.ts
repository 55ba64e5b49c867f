import { builtinControllers, type MetricsSource } from '@kybern/controllers';
import { Deployment, Event, HorizontalPodAutoscaler } from '@kybern/core/kinds';
import { createTestCluster } from '@kybern/testing';
import { expect, it } from 'vitest';

const labels = { app: 'web' };
const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'nginx', resources: { requests: { cpu: '100m' } } }] } };

it('follows the load up at once and down after five minutes, and says so', async () => {
  const clock = { now: () => 0 };
  let load = 250;
  const metrics: MetricsSource = {
    async podResource(_resource, { namespace }) {
      const pods = await cluster.client.list((await import('@kybern/core/kinds')).Pod, { namespace, labels });
      const running = pods.items.filter(({ status }) => status?.phase === 'Running');
      return new Map(running.map(({ metadata }) => [metadata.name, { milliValue: load / running.length, atMs: clock.now(), windowMs: 15_000 }]));
    },
    podMetric: () => Promise.reject(new Error('none')),
    objectMetric: () => Promise.reject(new Error('none')),
    externalMetric: () => Promise.reject(new Error('none')),
  };
  const cluster = await createTestCluster({ seed: 1, nodes: 2, controllers: builtinControllers({ horizontalPodAutoscaler: { metrics } }) });
  clock.now = () => cluster.clock.now();
  const { client } = cluster;
  const size = async (): Promise<number | undefined> => (await client.get(Deployment, 'default/web')).spec.replicas;
  await client.create(Deployment, { metadata: { name: 'web', namespace: 'default' }, spec: { replicas: 1, selector: { matchLabels: labels }, template } });
  await cluster.advance('10m');
  await client.create(HorizontalPodAutoscaler, {
    metadata: { name: 'web', namespace: 'default' },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
      maxReplicas: 8,
      metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } }],
    },
  });
  await cluster.advance('8m');
  expect(await size()).toBe(5);
  const { status } = await client.get(HorizontalPodAutoscaler, 'default/web');
  expect(status).toMatchObject({ currentReplicas: 5, desiredReplicas: 5, currentMetrics: [{ resource: { current: { averageUtilization: 50 } } }] });
  expect(status?.conditions?.map(({ type, status: is, reason }) => [type, is, reason])).toEqual([
    ['AbleToScale', 'True', 'ReadyForNewScale'],
    ['ScalingActive', 'True', 'ValidMetricFound'],
    ['ScalingLimited', 'False', 'DesiredWithinRange'],
  ]);
  const writes = cluster.log.length;
  await cluster.advance('10m');
  expect(cluster.log.slice(writes).filter(({ object }) => !['Lease', 'Node', 'Event'].includes(object.kind))).toEqual([]);
  load = 50;
  await cluster.advance('4m');
  expect(await size()).toBe(5);
  await cluster.advance('90s');
  expect(await size()).toBe(1);
  expect((await client.list(Event)).items.map(({ message }) => message)).toContain('New size: 1; reason: All metrics below target');
  expect(cluster.errors).toEqual([]);
  await cluster[Symbol.asyncDispose]();
});

it('without metrics says why it does nothing', async () => {
  await using cluster = await createTestCluster({ seed: 1, nodes: 1 });
  const { client } = cluster;
  await client.create(Deployment, { metadata: { name: 'web', namespace: 'default' }, spec: { replicas: 2, selector: { matchLabels: labels }, template } });
  const target = { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }, maxReplicas: 8 };
  await client.create(HorizontalPodAutoscaler, {
    metadata: { name: 'web', namespace: 'default' },
    spec: { ...target, metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } }] },
  });
  await client.create(HorizontalPodAutoscaler, {
    metadata: { name: 'lost', namespace: 'default' },
    spec: { ...target, scaleTargetRef: { ...target.scaleTargetRef, name: 'lost' } },
  });
  await cluster.advance('1m');
  const reason = async (name: string): Promise<unknown> =>
    (await client.get(HorizontalPodAutoscaler, `default/${name}`)).status?.conditions?.find(({ status }) => status === 'False')?.reason;
  expect([await reason('web'), await reason('lost')]).toEqual(['FailedGetResourceMetric', 'FailedGetScale']);
});
