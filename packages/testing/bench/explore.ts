// What exploring and forking cost.
import { ConfigMap, CronJob, Deployment, HorizontalPodAutoscaler } from '@kybern/core/kinds';
import { chaos, createTestCluster, explore, staleCaches } from '@kybern/testing';
import type { Benchmark } from '../../../scripts/benchmark.ts';

const meta = (name: string): { readonly name: string; readonly namespace: string } => ({ name, namespace: 'default' });
const deployment = (name: string, replicas: number): { readonly metadata: ReturnType<typeof meta>; readonly spec: Deployment['spec'] } => {
  const labels = { app: name };
  return {
    metadata: meta(name),
    spec: { replicas, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers: [{ name: 'web', image: 'nginx:1.25' }] } } },
  };
};

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

async function forkMicroseconds(): Promise<number> {
  const OBJECTS = 10_000;
  await using cluster = await createTestCluster({ nodes: 0, controllers: 'none', scheduler: false });
  for (let at = 0; at < OBJECTS; at++) await cluster.client.create(ConfigMap, { metadata: meta(`map-${String(at)}`), data: { at: String(at) } });
  const taken: number[] = [];
  for (let again = 0; again < 200; again++) {
    const start = performance.now();
    cluster.fork();
    taken.push(performance.now() - start);
  }
  return median(taken) * 1_000;
}

/** One seed of the usual scenario: three replicas, with stale caches and other orders. */
async function seedMilliseconds(): Promise<number> {
  const SEEDS = 100;
  const run = (seeds: number): Promise<unknown> =>
    explore({ seeds, nodes: 3, faults: [staleCaches()] }, async (cluster) => {
      await cluster.client.create(Deployment, deployment('web', 3));
      await cluster.settle();
    });
  await run(20);
  const start = performance.now();
  await run(SEEDS);
  return (performance.now() - start) / SEEDS;
}

/** 100 nodes, 1,000 Pods, CronJobs and an autoscaler, for a virtual day. */
async function day(): Promise<{ readonly value: number; readonly more: Readonly<Record<string, number>> }> {
  await using cluster = await createTestCluster({ nodes: 100 });
  for (let at = 0; at < 50; at++) await cluster.client.create(Deployment, deployment(`web-${String(at)}`, 20));
  for (let at = 1; at <= 100; at++) cluster.node(`node-${String(at)}`).runtime.behaviors.add({ image: 'task', exit: { code: 0, afterMs: 5_000 } });
  for (let at = 0; at < 5; at++) {
    await cluster.client.create(CronJob, {
      metadata: meta(`tick-${String(at)}`),
      spec: {
        schedule: '*/30 * * * *',
        jobTemplate: { spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'task' }] } } } },
      },
    });
  }
  await cluster.client.create(HorizontalPodAutoscaler, {
    metadata: meta('web-0'),
    spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web-0' }, minReplicas: 20, maxReplicas: 22, metrics: [] },
  });
  await cluster.settle();
  const from = cluster.log.length;
  const start = performance.now();
  await cluster.advance('24h');
  const seconds = (performance.now() - start) / 1_000;
  return { value: seconds, more: { writes: cluster.log.length - from, 'writes per s': (cluster.log.length - from) / seconds } };
}

async function chaosSeedMilliseconds(): Promise<number> {
  const SEEDS = 20;
  const start = performance.now();
  await explore({ seeds: SEEDS, nodes: 2, faults: chaos('everything') }, async (cluster) => {
    await cluster.client.create(Deployment, deployment('web', 3));
    await cluster.advance('1m');
  });
  return (performance.now() - start) / SEEDS;
}

export const benchmarks: readonly Benchmark[] = [
  { name: 'fork of a cluster with 10,000 objects', unit: 'µs', better: 'lower', aim: 100, run: forkMicroseconds },
  { name: 'explore: a seed of a Deployment of 3 replicas, stale caches', unit: 'ms', better: 'lower', aim: 3, run: seedMilliseconds },
  { name: 'explore: a virtual minute of a Deployment under chaos', unit: 'ms', better: 'lower', run: chaosSeedMilliseconds },
  { name: '24 virtual hours: 100 nodes, 1,000 Pods, CronJobs, an HPA', unit: 's', better: 'lower', aim: 10, run: day },
];
