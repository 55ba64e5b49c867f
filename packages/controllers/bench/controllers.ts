import { createApiServer } from '@kybern/apiserver';
import { computeDeployment, computeEndpointSlices, fixedKinds, garbageCollectorController } from '@kybern/controllers';
import { ownerReference } from '@kybern/core';
import { ConfigMap, type Deployment, type EndpointSlice, type ReplicaSet, type Service } from '@kybern/core/kinds';
import { createFakeClock } from '@kybern/core/testing';
import { computeEndpoints } from '@kybern/netmodel/addresses';
import { createManager } from '@kybern/reconcile';
import type { Benchmark } from '../../../scripts/benchmark.ts';

const labels = { app: 'web' };
const template = { metadata: { labels }, spec: { containers: [{ name: 'web', image: 'nginx:1.25' }] } };
const deployment: Deployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'default', uid: 'd', generation: 1 },
  spec: { replicas: 3, selector: { matchLabels: labels }, template, progressDeadlineSeconds: 600 },
};
const old: ReplicaSet = {
  apiVersion: 'apps/v1',
  kind: 'ReplicaSet',
  metadata: { name: 'web-1', namespace: 'default', uid: 'r', labels, annotations: { 'deployment.kubernetes.io/revision': '1' } },
  spec: { replicas: 3, selector: { matchLabels: labels }, template: { ...template, spec: { containers: [{ name: 'web', image: 'nginx:1.24' }] } } },
  status: { replicas: 3, availableReplicas: 3, readyReplicas: 3, terminatingReplicas: 0 },
};

function perSecond(count: number, fn: (i: number) => unknown): number {
  for (let i = 0; i < count / 5; i++) fn(i);
  const began = performance.now();
  for (let i = 0; i < count; i++) fn(i);
  return (count / (performance.now() - began)) * 1000;
}

const service: Service = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web', namespace: 'default', uid: 's' },
  spec: { selector: labels, ports: [{ port: 80 }] },
};

/** One of 1,000 endpoints changes. */
function sliceChanges(): number {
  const pod = (i: number, ready: boolean): Parameters<typeof computeEndpoints>[1][number] => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `web-${i}`, namespace: 'default', uid: `uid-${i}` },
    spec: { containers: [] },
    status: { phase: 'Running', podIP: `10.244.${i >> 8}.${i & 255}`, conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
  });
  const pods = Array.from({ length: 1000 }, (_, i) => pod(i, true));
  const created = computeEndpointSlices({ service, groups: computeEndpoints(service, pods), slices: [] }).create;
  const slices = created.map(
    (slice, i): EndpointSlice => ({ apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', ...slice, metadata: { ...slice.metadata, name: `s${i}` } }),
  );
  const groups = computeEndpoints(service, pods.with(500, pod(500, false)));
  return 1000 / perSecond(200, () => computeEndpointSlices({ service, groups, slices }));
}

/** 100 owners with 100 dependents each are deleted: how many dependents go per second. */
async function collected(): Promise<number> {
  const clock = createFakeClock();
  await using api = await createApiServer({ clock });
  const { client } = api;
  for (let i = 0; i < 100; i++) {
    const owner = await client.create(ConfigMap, { metadata: { name: `owner-${i}` } });
    for (let j = 0; j < 100; j++) await client.create(ConfigMap, { metadata: { name: `d-${i}-${j}`, ownerReferences: [ownerReference(ConfigMap, owner)] } });
  }
  const stop = new AbortController();
  const manager = createManager({ client, controllers: [garbageCollectorController(fixedKinds([ConfigMap]))], clock });
  const running = manager.run(stop.signal);
  await manager.synced;
  await clock.advance(1000);
  const began = performance.now();
  for (let i = 0; i < 100; i++) await client.delete(ConfigMap, `owner-${i}`);
  await clock.advance(1000);
  const took = performance.now() - began;
  if ((await client.list(ConfigMap, { namespace: 'default' })).items.some(({ metadata }) => metadata.name.startsWith('d-')))
    throw new Error('dependents are left');
  stop.abort(new Error('done'));
  await running.catch(() => undefined);
  return (10_000 / took) * 1000;
}

export const benchmarks: readonly Benchmark[] = [
  {
    name: 'plans of a Deployment in a rollout',
    unit: '1/s',
    better: 'higher',
    aim: 50_000,
    run: () => perSecond(50_000, (nowMs) => computeDeployment({ nowMs, deployment, replicaSets: [old] })),
  },
  { name: 'one of 1,000 endpoints changes: plan of the slices', unit: 'ms', better: 'lower', aim: 1, run: sliceChanges },
  { name: 'dependents deleted by the garbage collector', unit: '1/s', better: 'higher', aim: 10_000, run: collected },
];
