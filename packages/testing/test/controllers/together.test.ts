import {
  ClusterRole,
  CronJob,
  DaemonSet,
  Deployment,
  Endpoints,
  EndpointSlice,
  HorizontalPodAutoscaler,
  Job,
  Pod,
  PodDisruptionBudget,
  ReplicationController,
  ResourceQuota,
  Service,
  StatefulSet,
} from '@kybern/core/kinds';
import type { TestCluster } from '@kybern/testing';
import { expect, it } from 'vitest';
import { createCrashingCluster } from './crashing.ts';

const labels = { app: 'web' };
const selector = { matchLabels: labels };
const named = (name: string): { name: string; namespace: string } => ({ name, namespace: 'default' });
const pod = (app: string, more: object = {}): { metadata: { labels: { app: string } }; spec: Pod['spec'] } => ({
  metadata: { labels: { app } },
  spec: { containers: [{ name: 'c', image: 'nginx', resources: { requests: { cpu: '100m' } } }], ...more },
});

/** One of everything that has a controller. */
async function populate({ client, node }: TestCluster): Promise<void> {
  node('node-1').runtime.behaviors.add({ image: 'task', exit: { code: 0, afterMs: 2_000 } });
  const task = {
    template: { spec: { restartPolicy: 'Never' as const, containers: [{ name: 'c', image: 'task', resources: { requests: { cpu: '100m' } } }] } },
  };
  const of = (app: string): { selector: { matchLabels: { app: string } }; template: ReturnType<typeof pod> } => ({
    selector: { matchLabels: { app } },
    template: pod(app),
  });
  await client.create(ResourceQuota, {
    metadata: named('quota'),
    spec: { hard: { pods: '50', 'requests.cpu': '20', services: '9', 'count/jobs.batch': '9' } },
  });
  await client.create(PodDisruptionBudget, { metadata: named('web'), spec: { selector, maxUnavailable: '34%' } });
  await client.create(Deployment, { metadata: named('web'), spec: { replicas: 3, ...of('web') } });
  await client.create(Service, { metadata: named('web'), spec: { selector: labels, ports: [{ port: 80 }] } });
  await client.create(Service, { metadata: named('db'), spec: { ports: [{ port: 5432 }] } });
  await client.create(Endpoints, { metadata: named('db'), subsets: [{ addresses: [{ ip: '192.0.2.1' }], ports: [{ port: 5432 }] }] });
  await client.create(ReplicationController, { metadata: named('old'), spec: { replicas: 2, selector: { app: 'old' }, template: pod('old') } });
  await client.create(StatefulSet, { metadata: named('db'), spec: { replicas: 2, serviceName: 'db', ...of('db') } });
  await client.create(DaemonSet, { metadata: named('agent'), spec: of('agent') });
  await client.create(Job, { metadata: named('task'), spec: { completions: 2, ...task } });
  await client.create(CronJob, { metadata: named('tick'), spec: { schedule: '*/2 * * * *', concurrencyPolicy: 'Forbid', jobTemplate: { spec: task } } });
  await client.create(ClusterRole, { metadata: { name: 'part', labels }, rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }] });
  await client.create(ClusterRole, { metadata: { name: 'whole' }, aggregationRule: { clusterRoleSelectors: [selector] } });
  const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };
  await client.create(HorizontalPodAutoscaler, { metadata: named('web'), spec: { scaleTargetRef, minReplicas: 4, maxReplicas: 6, metrics: [] } });
}

/** What the cluster has come to, without names and times that depend on how. */
async function outcome({ client }: TestCluster): Promise<unknown> {
  const list = async (kind: Parameters<typeof client.list>[0]): Promise<readonly { metadata: { name?: string }; status?: object }[]> =>
    (await client.list(kind, { namespace: 'default' })).items;
  const statuses: unknown[] = [];
  for (const kind of [Deployment, ReplicationController, StatefulSet, DaemonSet, PodDisruptionBudget, ResourceQuota]) {
    for (const { metadata, status } of await list(kind)) statuses.push([kind.kind, metadata.name, { ...status, conditions: undefined }]);
  }
  const jobs = (await client.list(Job)).items.map(({ metadata, status }) => [metadata.name, status?.succeeded]);
  const slices = (await client.list(EndpointSlice, { namespace: 'default' })).items
    .map((slice) => [slice.metadata.labels?.['kubernetes.io/service-name'], slice.endpoints?.length])
    .sort();
  const endpoints = (await client.list(Endpoints, { namespace: 'default' })).items.map(({ metadata, subsets }) => [
    metadata.name,
    subsets?.[0]?.addresses?.length,
  ]);
  return { statuses, jobs, slices, endpoints, rules: (await client.get(ClusterRole, 'whole')).rules, pods: (await client.list(Pod)).items.length };
}

it('all controllers come to the same end together when they crash after each of their writes, and a new start writes nothing', async () => {
  const run = async (everyWrites: number): Promise<unknown> => {
    await using crashing = await createCrashingCluster({ nodes: 1, everyWrites });
    const { cluster } = crashing;
    await populate(cluster);
    await cluster.advance('3m');
    const end = await outcome(cluster);
    if (everyWrites === 0) {
      const writes = cluster.log.length;
      crashing.restart();
      await cluster.advance('30s');
      expect(cluster.log.slice(writes).filter(({ object }) => !['Lease', 'Node'].includes(object.kind))).toEqual([]);
    } else expect(crashing.crashes).toBeGreaterThan(10);
    return end;
  };
  const expected = await run(0);
  expect(expected).toMatchObject({
    pods: 4 + 2 + 2 + 1 + 2 + 1,
    endpoints: [
      ['db', 1],
      ['web', 4],
    ],
  });
  expect(await run(1)).toEqual(expected);
  expect(await run(3)).toEqual(expected);
}, 60_000);
