// What the controllers of workloads have to bring about, whatever goes wrong on the way.
import {
  CronJob,
  DaemonSet,
  Deployment,
  HorizontalPodAutoscaler,
  Job,
  PersistentVolumeClaim,
  Pod,
  ReplicaSet,
  ReplicationController,
  Service,
  StatefulSet,
} from '@kybern/core/kinds';
import { expect } from 'vitest';
import { expectReady, labels, livePods, meta, selector, task, taskEnds, template, type Scenario } from './scenario.ts';

/** By the controller that is put to the test. */
export const workloadScenarios: readonly Scenario[] = [
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
      expect(sets.map(({ spec }) => spec.replicas).filter((replicas) => replicas !== 0)).toEqual([2]);
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
      taskEnds(cluster, 2_000);
      await cluster.client.create(Job, {
        metadata: meta('task'),
        spec: {
          completions: 3,
          parallelism: 2,
          backoffLimit: 50,
          template: task,
        },
      });
      await cluster.advance('20s');
    },
    async expectEnd({ client }) {
      const { status } = await client.get(Job, meta('task'));
      expect(status?.conditions?.find(({ type }) => type === 'Complete')?.status).toBe('True');
      // Each Pod is counted once. There may be more than were asked for: a controller that starts anew with a picture of the past makes them again.
      const pods = (await client.list(Pod, { namespace: 'default' })).items;
      expect(status?.succeeded).toBe(pods.filter((pod) => pod.status?.phase === 'Succeeded').length);
      expect(status?.succeeded).toBeGreaterThanOrEqual(3);
    },
  },
  {
    name: 'an indexed Job, each index once',
    async begin(cluster) {
      taskEnds(cluster, 2_000);
      await cluster.client.create(Job, {
        metadata: meta('task'),
        spec: { completionMode: 'Indexed', completions: 4, parallelism: 2, backoffLimit: 50, ttlSecondsAfterFinished: 7200, template: task },
      });
      await cluster.advance('20s');
    },
    async expectEnd({ client }) {
      expect((await client.get(Job, meta('task'))).status).toMatchObject({ succeeded: 4, completedIndexes: '0-3', uncountedTerminatedPods: {} });
      const pods = (await client.list(Pod, { namespace: 'default' })).items;
      expect(pods.filter(({ metadata }) => (metadata.finalizers ?? []).length > 0)).toEqual([]);
    },
  },
  {
    name: 'a CronJob that may not overlap',
    async begin(cluster) {
      taskEnds(cluster, 90_000);
      const isDone = ({ status }: Job): boolean =>
        (status?.conditions ?? []).some(({ type, status: is }) => ['Complete', 'Failed'].includes(type) && is === 'True');
      cluster.always('one Job at a time', (view) => view.list(Job).filter((job) => !isDone(job)).length <= 1);
      await cluster.client.create(CronJob, {
        metadata: meta('tick'),
        spec: {
          schedule: '* * * * *',
          concurrencyPolicy: 'Forbid',
          successfulJobsHistoryLimit: 2,
          jobTemplate: { spec: { backoffLimit: 50, template: task } },
        },
      });
      await cluster.advance('3m');
    },
    async expectEnd(cluster) {
      const { client } = cluster;
      await client.patch(CronJob, meta('tick'), { type: 'merge', patch: { spec: { suspend: true } } });
      await cluster.advance('3m');
      const jobs = (await client.list(Job, { namespace: 'default' })).items;
      expect(jobs.map(({ status }) => status?.succeeded)).toEqual([1, 1]);
      expect((await client.get(CronJob, meta('tick'))).status?.active ?? []).toEqual([]);
    },
  },
  {
    name: 'a ReplicationController whose Pods are taken away',
    async begin({ client, advance }) {
      await client.create(ReplicationController, { metadata: meta('web'), spec: { replicas: 3, selector: labels, template } });
      await advance('10s');
      for (const { metadata } of (await client.list(Pod, { namespace: 'default', labels })).items.slice(0, 2)) await client.delete(Pod, meta(metadata.name));
      await advance('10s');
    },
    async expectEnd(cluster) {
      await expectReady(cluster, 3);
      expect((await cluster.client.get(ReplicationController, meta('web'))).status).toMatchObject({ replicas: 3, readyReplicas: 3, availableReplicas: 3 });
    },
  },
  {
    name: 'an autoscaler that scales a Deployment to its maximum',
    options: {
      stages:
        'apiVersion: simulation.kybern/v1\nkind: ContainerUsage\nmetadata: { name: load }\nspec:\n  selector: { matchLabels: { app: web } }\n  cpu: { shared: true, sine: { min: 1000m, max: 1000m, period: 1h } }\n  memory: 64Mi\n',
    },
    async begin({ client, advance }) {
      const container = { name: 'c', image: 'nginx:1', resources: { requests: { cpu: '100m' } } };
      await client.create(Deployment, { metadata: meta('web'), spec: { replicas: 1, selector, template: { ...template, spec: { containers: [container] } } } });
      await client.create(HorizontalPodAutoscaler, {
        metadata: meta('web'),
        spec: {
          scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
          maxReplicas: 4,
          metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } }],
        },
      });
      await advance('30s');
    },
    async expectEnd(cluster) {
      await expectReady(cluster, 4);
      expect((await cluster.client.get(HorizontalPodAutoscaler, meta('web'))).status).toMatchObject({ currentReplicas: 4, desiredReplicas: 4 });
    },
  },
];
