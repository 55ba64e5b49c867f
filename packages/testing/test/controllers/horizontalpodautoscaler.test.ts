import { builtinControllers, type MetricsSource } from '@kybern/controllers';
import { Deployment, Event, HorizontalPodAutoscaler } from '@kybern/core/kinds';
import { createTestCluster, type TestCluster } from '@kybern/testing';
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

const utilization = { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } };
const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };
const named = (name: string): { name: string; namespace: string } => ({ name, namespace: 'default' });

async function createWeb({ client }: TestCluster, replicas: number): Promise<void> {
  await client.create(Deployment, { metadata: named('web'), spec: { replicas, selector: { matchLabels: labels }, template } });
}

async function falseCondition({ client }: TestCluster, name: string): Promise<{ readonly reason?: string; readonly message?: string } | undefined> {
  return (await client.get(HorizontalPodAutoscaler, `default/${name}`)).status?.conditions?.find(({ status }) => status === 'False');
}

it('says why it does nothing', async () => {
  await using cluster = await createTestCluster({ seed: 1, nodes: 1 });
  const { client } = cluster;
  await createWeb(cluster, 2);
  const external = { type: 'External', external: { metric: { name: 'queue' }, target: { type: 'Value', value: '5' } } };
  await client.create(HorizontalPodAutoscaler, { metadata: named('web'), spec: { scaleTargetRef, maxReplicas: 8, metrics: [external] } });
  await client.create(HorizontalPodAutoscaler, { metadata: named('lost'), spec: { scaleTargetRef: { ...scaleTargetRef, name: 'lost' }, maxReplicas: 8 } });
  await cluster.advance('1m');
  expect((await falseCondition(cluster, 'web'))?.reason).toBe('FailedGetExternalMetric');
  expect((await falseCondition(cluster, 'lost'))?.reason).toBe('FailedGetScale');
});

it('has the use of the CPU from the nodes, as metrics.k8s.io tells it', async () => {
  await using cluster = await createTestCluster({ seed: 1, nodes: 2 });
  const { client } = cluster;
  const use = (cpuMillis: number): (() => void) => {
    const removals = ['node-1', 'node-2'].map((name) =>
      cluster.node(name).runtime.behaviors.add({ image: 'nginx', usage: { cpuMillis, memoryBytes: 64 * 2 ** 20 } }),
    );
    return () => removals.forEach((remove) => remove());
  };
  const size = async (): Promise<number | undefined> => (await client.get(Deployment, 'default/web')).spec.replicas;
  const calm = use(50);
  await createWeb(cluster, 2);
  await cluster.advance('10m');
  await client.create(HorizontalPodAutoscaler, { metadata: named('web'), spec: { scaleTargetRef, maxReplicas: 6, metrics: [utilization] } });
  await cluster.advance('1m');
  expect(await size()).toBe(2);
  const { status } = await client.get(HorizontalPodAutoscaler, 'default/web');
  expect(status?.currentMetrics).toMatchObject([{ resource: { current: { averageUtilization: 50, averageValue: '50m' } } }]);
  calm();
  const busy = use(140);
  await cluster.advance('1m');
  expect(await size()).toBe(6);
  busy();
  use(10);
  await cluster.advance('8m');
  expect(await size()).toBe(2);
  expect(cluster.errors).toEqual([]);
});

it('two autoscalers of the same Pods both stand still, until one of them is gone', async () => {
  await using cluster = await createTestCluster({ seed: 1, nodes: 1 });
  const { client } = cluster;
  await createWeb(cluster, 2);
  await cluster.advance('10m');
  const spec = { scaleTargetRef, minReplicas: 2, maxReplicas: 6, metrics: [utilization] };
  for (const name of ['a', 'b']) await client.create(HorizontalPodAutoscaler, { metadata: named(name), spec });
  await cluster.advance('1m');
  const message = 'pods by selector app=web are controlled by multiple HPAs: [default/a default/b]';
  for (const name of ['a', 'b']) expect(await falseCondition(cluster, name)).toMatchObject({ type: 'ScalingActive', reason: 'AmbiguousSelector', message });
  const told = (await client.list(Event)).items.filter(({ reason }) => reason === 'AmbiguousSelector');
  expect(told.map(({ involvedObject, count }) => [involvedObject.name, count]).sort()).toEqual([
    ['a', 1],
    ['b', 1],
  ]);
  await client.delete(HorizontalPodAutoscaler, 'default/b');
  await cluster.advance('1m');
  const { status } = await client.get(HorizontalPodAutoscaler, 'default/a');
  expect(status?.conditions?.find(({ type }) => type === 'ScalingActive')).toMatchObject({ status: 'True', reason: 'ValidMetricFound' });
});
