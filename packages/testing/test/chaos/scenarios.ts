// What our own controllers have to bring about, whatever goes wrong on the way.
import {
  CronJob,
  DaemonSet,
  Deployment,
  EndpointSlice,
  Job,
  PersistentVolumeClaim,
  Pod,
  PodDisruptionBudget,
  ReplicaSet,
  Service,
  StatefulSet,
} from '@kybern/core/kinds';
import type { TestCluster } from '@kybern/testing';
import { expect } from 'vitest';

/** Something to bring about, and how it looks in the end. */
export interface Scenario {
  readonly name: string;
  /** Makes the wish while things go wrong. */
  readonly begin: (cluster: TestCluster) => Promise<void>;
  /** What the cluster has come to when nothing goes wrong any more. */
  readonly expectEnd: (cluster: TestCluster) => Promise<void>;
}

const meta = (name: string): { readonly name: string; readonly namespace: string } => ({ name, namespace: 'default' });
const labels = { app: 'web' };
const selector = { matchLabels: labels };
const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'nginx:1' }] } };

async function livePods({ client }: TestCluster): Promise<readonly Pod[]> {
  const { items } = await client.list(Pod, { namespace: 'default', labels });
  return items.filter(({ metadata, status }) => metadata.deletionTimestamp === undefined && status?.phase !== 'Failed');
}

async function expectReady(cluster: TestCluster, count: number): Promise<void> {
  const pods = await livePods(cluster);
  const ready = pods.map(({ status }) => status?.conditions?.find(({ type }) => type === 'Ready')?.status);
  expect(ready).toEqual(Array.from({ length: count }, () => 'True'));
}

/** By the controller that is put to the test. */
export const scenarios: readonly Scenario[] = [
  {
    name: 'a Deployment that is rolled out, scaled and rolled on',
    async begin({ client, advance }) {
      await client.create(Deployment, { metadata: meta('web'), spec: { replicas: 3, selector, template } });
      await advance('10s');
      await client.patch(Deployment, meta('web'), {
        type: 'strategic',
        patch: { spec: { replicas: 2, template: { spec: { containers: [{ name: 'c', image: 'nginx:2' }] } } } },
      });
      await advance('20s');
    },
    async expectEnd(cluster) {
      await expectReady(cluster, 2);
      const pods = await livePods(cluster);
      expect(pods.map(({ spec }) => spec.containers[0]?.image)).toEqual(['nginx:2', 'nginx:2']);
      expect(await cluster.client.get(Deployment, meta('web'))).toBeAvailable({ replicas: 2 });
      const sets = (await cluster.client.list(ReplicaSet, { namespace: 'default' })).items;
      expect(sets.map(({ spec }) => spec.replicas).sort()).toEqual([0, 2]);
    },
  },
  {
    name: 'a ReplicaSet that is scaled up and down',
    async begin({ client, advance }) {
      await client.create(ReplicaSet, { metadata: meta('web'), spec: { replicas: 4, selector, template } });
      await advance('5s');
      await client.patch(ReplicaSet, meta('web'), { type: 'merge', patch: { spec: { replicas: 1 } } });
      await advance('5s');
      await client.patch(ReplicaSet, meta('web'), { type: 'merge', patch: { spec: { replicas: 3 } } });
      await advance('10s');
    },
    async expectEnd(cluster) {
      await expectReady(cluster, 3);
      expect((await cluster.client.get(ReplicaSet, meta('web'))).status).toMatchObject({ replicas: 3, readyReplicas: 3, availableReplicas: 3 });
    },
  },
  {
    name: 'a StatefulSet whose members come one after the other, each with its claim',
    async begin(cluster) {
      cluster.neverMore(3, Pod, { labels });
      await cluster.client.create(Service, { metadata: meta('db'), spec: { clusterIP: 'None', selector: labels, ports: [{ port: 80 }] } });
      await cluster.client.create(StatefulSet, { metadata: meta('db'), spec: { replicas: 3, serviceName: 'db', selector, template } });
      await cluster.advance('30s');
    },
    async expectEnd(cluster) {
      await expectReady(cluster, 3);
      expect((await livePods(cluster)).map(({ metadata }) => metadata.name)).toEqual(['db-0', 'db-1', 'db-2']);
      expect((await cluster.client.list(PersistentVolumeClaim)).items).toEqual([]);
    },
  },
  {
    name: 'a DaemonSet',
    async begin({ client, advance }) {
      await client.create(DaemonSet, { metadata: meta('agent'), spec: { selector, template } });
      await advance('20s');
    },
    async expectEnd(cluster) {
      await expectReady(cluster, 2);
      expect(new Set((await livePods(cluster)).map(({ spec }) => spec.nodeName)).size).toBe(2);
    },
  },
  {
    name: 'a Job with three completions',
    async begin(cluster) {
      for (const name of ['node-1', 'node-2']) cluster.node(name).runtime.behaviors.add({ image: 'task', exit: { code: 0, afterMs: 2_000 } });
      await cluster.client.create(Job, {
        metadata: meta('task'),
        spec: {
          completions: 3,
          parallelism: 2,
          backoffLimit: 50,
          template: { spec: { restartPolicy: 'OnFailure', containers: [{ name: 'c', image: 'task' }] } },
        },
      });
      await cluster.advance('20s');
    },
    async expectEnd({ client }) {
      const { status } = await client.get(Job, meta('task'));
      expect(status).toMatchObject({ succeeded: 3 });
      expect(status?.conditions?.find(({ type }) => type === 'Complete')?.status).toBe('True');
    },
  },
  {
    name: 'a CronJob that may not overlap',
    async begin(cluster) {
      cluster.neverMore(1, Job, { labels: { cron: 'tick', done: 'never' } });
      for (const name of ['node-1', 'node-2']) cluster.node(name).runtime.behaviors.add({ image: 'task', exit: { code: 0, afterMs: 1_000 } });
      await cluster.client.create(CronJob, {
        metadata: meta('tick'),
        spec: {
          schedule: '* * * * *',
          concurrencyPolicy: 'Forbid',
          jobTemplate: { spec: { backoffLimit: 50, template: { spec: { restartPolicy: 'OnFailure', containers: [{ name: 'c', image: 'task' }] } } } },
        },
      });
      await cluster.advance('3m');
      await cluster.client.patch(CronJob, meta('tick'), { type: 'merge', patch: { spec: { suspend: true } } });
    },
    async expectEnd({ client }) {
      const jobs = (await client.list(Job, { namespace: 'default' })).items;
      expect(jobs.length).toBeGreaterThan(0);
      const names = jobs.map(({ metadata }) => metadata.name);
      expect(new Set(names).size).toBe(names.length);
      expect((await client.get(CronJob, meta('tick'))).status?.active ?? []).toEqual([]);
    },
  },
  {
    name: 'a Service with its endpoints, and a budget of disruptions',
    async begin({ client, advance }) {
      await client.create(Service, { metadata: meta('web'), spec: { selector: labels, ports: [{ port: 80 }] } });
      await client.create(PodDisruptionBudget, { metadata: meta('web'), spec: { selector, minAvailable: 1 } });
      await client.create(ReplicaSet, { metadata: meta('web'), spec: { replicas: 2, selector, template } });
      await advance('20s');
    },
    async expectEnd(cluster) {
      await expectReady(cluster, 2);
      const slices = (await cluster.client.list(EndpointSlice, { labels: { 'kubernetes.io/service-name': 'web' } })).items;
      const addresses = slices.flatMap(({ endpoints = [] }) => endpoints ?? []).map(({ addresses: [first], conditions }) => [first, conditions?.ready]);
      const pods = (await livePods(cluster)).map(({ status }) => [status?.podIP, true]);
      expect(addresses.sort()).toEqual(pods.sort());
      expect((await cluster.client.get(PodDisruptionBudget, meta('web'))).status).toMatchObject({ currentHealthy: 2, disruptionsAllowed: 1 });
    },
  },
  {
    name: 'what belongs to a Deployment that is deleted',
    async begin({ client, advance }) {
      await client.create(Deployment, { metadata: meta('web'), spec: { replicas: 2, selector, template } });
      await advance('10s');
      await client.delete(Deployment, meta('web'));
      await advance('10s');
    },
    async expectEnd({ client }) {
      expect((await client.list(ReplicaSet, { namespace: 'default' })).items).toEqual([]);
      expect((await client.list(Pod, { namespace: 'default' })).items).toEqual([]);
    },
  },
];
