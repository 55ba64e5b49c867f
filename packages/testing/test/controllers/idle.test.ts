import {
  ConfigMap,
  CronJob,
  DaemonSet,
  Deployment,
  HorizontalPodAutoscaler,
  Job,
  Pod,
  PodDisruptionBudget,
  ReplicationController,
  ResourceQuota,
  Service,
  StatefulSet,
} from '@kybern/core/kinds';
import { createTestCluster, type LogEntry, type TestCluster } from '@kybern/testing';
import { expect, it } from 'vitest';

const named = (name: string): { name: string; namespace: string } => ({ name, namespace: 'default' });
const of = (app: string): { selector: { matchLabels: { app: string } }; template: { metadata: { labels: { app: string } }; spec: Pod['spec'] } } => ({
  selector: { matchLabels: { app } },
  template: { metadata: { labels: { app } }, spec: { containers: [{ name: 'c', image: 'nginx', resources: { requests: { cpu: '10m' } } }] } },
});

async function populate({ client, node }: TestCluster): Promise<void> {
  for (const name of ['node-1', 'node-2']) node(name).runtime.behaviors.add({ image: 'task', exit: { code: 0, afterMs: 2_000 } });
  const task = { template: { spec: { restartPolicy: 'Never' as const, containers: [{ name: 'c', image: 'task' }] } } };
  for (let i = 0; i < 12; i++) {
    const app = `web-${i}`;
    await client.create(Deployment, { metadata: named(app), spec: { replicas: 3, ...of(app) } });
    await client.create(Service, { metadata: named(app), spec: { selector: { app }, ports: [{ port: 80 }] } });
    await client.create(ConfigMap, { metadata: named(app), data: { app } });
    await client.create(PodDisruptionBudget, { metadata: named(app), spec: { selector: { matchLabels: { app } }, maxUnavailable: 1 } });
  }
  await client.create(ResourceQuota, { metadata: named('quota'), spec: { hard: { pods: '100', services: '30' } } });
  await client.create(ReplicationController, { metadata: named('old'), spec: { replicas: 2, selector: { app: 'old' }, template: of('old').template } });
  await client.create(StatefulSet, { metadata: named('db'), spec: { replicas: 2, serviceName: 'db', ...of('db') } });
  await client.create(DaemonSet, { metadata: named('agent'), spec: of('agent') });
  await client.create(Job, { metadata: named('task'), spec: { completions: 2, ...task } });
  await client.create(CronJob, { metadata: named('never'), spec: { schedule: '0 0 30 2 *', jobTemplate: { spec: task } } });
  const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web-0' };
  const metrics = [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } }];
  await client.create(HorizontalPodAutoscaler, { metadata: named('web-0'), spec: { scaleTargetRef, minReplicas: 3, maxReplicas: 6, metrics } });
}

/** Leases, and a node's status every five minutes though nothing changed, are how nodes show that they live. */
const isSignOfLife = ({ object }: LogEntry): boolean => object.kind === 'Lease' || object.kind === 'Node';

it('a cluster at rest writes nothing but signs of life of its nodes, whatever kinds there are', async () => {
  await using cluster = await createTestCluster({ seed: 1, nodes: 2 });
  await populate(cluster);
  await cluster.advance('30m');
  const running = (await cluster.client.list(Pod)).items.filter(({ status }) => status?.phase === 'Running');
  expect(running).toHaveLength(12 * 3 + 2 + 2 + 2);
  const before = cluster.log.length;
  await cluster.advance('1h');
  const entries = cluster.log.slice(before);
  expect(entries.filter((entry) => !isSignOfLife(entry)).map(({ key, object }) => [key, object])).toEqual([]);
  // Two nodes, every five minutes.
  expect(entries.filter(({ object }) => object.kind === 'Node').length).toBeLessThanOrEqual(2 * 13);
  expect(cluster.errors).toEqual([]);
}, 60_000);
