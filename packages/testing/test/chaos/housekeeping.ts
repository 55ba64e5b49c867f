// What the controllers around workloads have to bring about, whatever goes wrong on the way.
import {
  ClusterRole,
  ConfigMap,
  Deployment,
  Endpoints,
  EndpointSlice,
  Job,
  Namespace,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  PodDisruptionBudget,
  ReplicaSet,
  ResourceQuota,
  Service,
  ServiceAccount,
  StatefulSet,
} from '@kybern/core/kinds';
import type { ClusterView, TestCluster } from '@kybern/testing';
import { expect } from 'vitest';
import { expectReady, labels, livePods, meta, NODES, ownersOf, selector, task, taskEnds, template, type Scenario } from './scenario.ts';

async function createWithPods({ client, until, advance }: TestCluster): Promise<void> {
  await client.create(Deployment, { metadata: meta('web'), spec: { replicas: 2, selector, template } });
  await advance('10s');
  await until(async () => (await client.list(Pod, { namespace: 'default', labels })).items.length >= 2, { within: '15m' });
}

/** By the controller that is put to the test. */
export const housekeepingScenarios: readonly Scenario[] = [
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
  {
    name: 'what a Deployment leaves behind that is deleted alone',
    async begin(cluster) {
      await createWithPods(cluster);
      await cluster.client.delete(Deployment, meta('web'), { propagationPolicy: 'Orphan' });
      await cluster.advance('10s');
    },
    async expectEnd(cluster) {
      expect((await cluster.client.list(Deployment, { namespace: 'default' })).items).toEqual([]);
      expect((await cluster.client.list(ReplicaSet, { namespace: 'default' })).items.map(ownersOf)).toEqual([[]]);
      await expectReady(cluster, 2);
    },
  },
  {
    name: 'a Deployment that goes after everything that belongs to it',
    async begin(cluster) {
      await createWithPods(cluster);
      const isDeleted = ({ last }: ClusterView): boolean => last?.type === 'delete' && last.object.kind === 'Deployment';
      cluster.always('an owner outlives what it waits for', (view) => !isDeleted(view) || view.list(ReplicaSet).length === 0);
      await cluster.client.delete(Deployment, meta('web'), { propagationPolicy: 'Foreground' });
      await cluster.advance('10s');
    },
    async expectEnd({ client }) {
      const namespace = 'default';
      const left = [await client.list(Deployment, { namespace }), await client.list(ReplicaSet, { namespace }), await client.list(Pod, { namespace })];
      expect(left.flatMap(({ items }): readonly unknown[] => items)).toEqual([]);
    },
  },
  {
    name: 'a namespace that goes with everything in it',
    async begin({ client, advance }) {
      const namespace = 'team';
      await client.create(Namespace, { metadata: { name: namespace } });
      await advance('5s');
      await client.create(Deployment, { metadata: { name: 'web', namespace }, spec: { replicas: 2, selector, template } });
      await client.create(ConfigMap, { metadata: { name: 'held', namespace }, data: { a: 'b' } });
      await advance('10s');
      await client.delete(Namespace, namespace);
      await advance('10s');
    },
    async expectEnd({ client }) {
      expect((await client.list(Namespace)).items.map(({ metadata }) => metadata.name)).not.toContain('team');
      expect((await client.list(Pod)).items).toEqual([]);
      expect((await client.list(ConfigMap)).items.map(({ metadata }) => metadata.namespace)).not.toContain('team');
    },
  },
  {
    name: 'a namespace with what each has, and a quota that counts',
    async begin({ client, advance }) {
      const namespace = 'team';
      await client.create(Namespace, { metadata: { name: namespace } });
      await client.create(ResourceQuota, { metadata: { name: 'all', namespace }, spec: { hard: { pods: '10', 'count/configmaps': '9' } } });
      await advance('5s');
      await client.create(ReplicaSet, { metadata: { name: 'web', namespace }, spec: { replicas: 2, selector, template } });
      await client.create(ConfigMap, { metadata: { name: 'mine', namespace } });
      await advance('10s');
      await client.delete(ConfigMap, { name: 'mine', namespace });
      await advance('10s');
    },
    async expectEnd({ client }) {
      const namespace = 'team';
      expect((await client.list(ServiceAccount, { namespace })).items.map(({ metadata }) => metadata.name)).toEqual(['default']);
      expect((await client.list(ConfigMap, { namespace })).items.map(({ metadata }) => metadata.name)).toEqual([]);
      expect((await client.list(Pod, { namespace })).items.map(({ status }) => status?.phase)).toEqual(['Running', 'Running']);
      expect((await client.get(ResourceQuota, { name: 'all', namespace })).status?.used).toEqual({ pods: '2', 'count/configmaps': '0' });
    },
  },
  {
    name: 'a finished Job that is cleared away',
    async begin(cluster) {
      taskEnds(cluster, 1_000);
      await cluster.client.create(Job, { metadata: meta('task'), spec: { backoffLimit: 50, ttlSecondsAfterFinished: 30, template: task } });
      await cluster.advance('20s');
    },
    async expectEnd({ client }) {
      expect((await client.list(Job, { namespace: 'default' })).items).toEqual([]);
      expect((await client.list(Pod, { namespace: 'default' })).items).toEqual([]);
    },
  },
  {
    name: 'a node that is lost for good',
    async begin(cluster) {
      await cluster.client.create(ReplicaSet, { metadata: meta('web'), spec: { replicas: 4, selector, template } });
      await cluster.advance('20s');
      cluster.node('node-2').kill();
      await cluster.advance('10s');
    },
    async expectEnd(cluster) {
      cluster.node('node-2').kill();
      await cluster.advance('10m');
      expect(new Set((await livePods(cluster)).map(({ spec }) => spec.nodeName))).toEqual(new Set(['node-1']));
      await expectReady(cluster, 4);
      const { spec, status } = await cluster.client.get(Node, 'node-2');
      expect(spec.taints?.map(({ key, effect }) => `${key}:${effect}`)).toContain('node.kubernetes.io/unreachable:NoExecute');
      expect(status?.conditions?.find(({ type }) => type === 'Ready')?.status).toBe('Unknown');
      await cluster.client.delete(Node, 'node-2');
      await cluster.advance('2m');
      expect(
        (await cluster.client.list(Pod, { namespace: 'default' })).items.filter(({ spec: { nodeName } }) => !NODES.slice(0, 1).includes(nodeName ?? '')),
      ).toEqual([]);
    },
  },
  {
    name: 'members with claims, each with a volume of its own',
    async begin({ client, advance }) {
      const claim: PersistentVolumeClaim = {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: { name: 'data' },
        spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
      };
      await client.create(StatefulSet, { metadata: meta('db'), spec: { replicas: 2, serviceName: 'db', selector, template, volumeClaimTemplates: [claim] } });
      await advance('20s');
      await client.patch(StatefulSet, meta('db'), { type: 'merge', patch: { spec: { replicas: 1 } } });
      await advance('10s');
      await client.patch(StatefulSet, meta('db'), { type: 'merge', patch: { spec: { replicas: 2 } } });
      await advance('10s');
    },
    async expectEnd(cluster) {
      await expectReady(cluster, 2);
      const claims = (await cluster.client.list(PersistentVolumeClaim)).items;
      expect(claims.map(({ metadata, status }) => [metadata.name, status?.phase])).toEqual([
        ['data-db-0', 'Bound'],
        ['data-db-1', 'Bound'],
      ]);
      const volumes = (await cluster.client.list(PersistentVolume)).items;
      expect(volumes.map(({ metadata, spec }) => [metadata.name, spec.claimRef?.name]).sort()).toEqual(
        claims.map(({ metadata, spec }) => [spec.volumeName, metadata.name]).sort(),
      );
    },
  },
  {
    name: 'a claim that is deleted while it is used, and its volume with it',
    async begin({ client, advance }) {
      await client.create(PersistentVolumeClaim, {
        metadata: meta('data'),
        spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
      });
      const volumes = [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }];
      await client.create(Pod, { metadata: { ...meta('web'), labels }, spec: { volumes, containers: [{ name: 'c', image: 'nginx:1' }] } });
      await advance('20s');
      await client.delete(PersistentVolumeClaim, meta('data'));
      await advance('10s');
      await client.delete(Pod, meta('web'));
      await advance('10s');
    },
    async expectEnd({ client }) {
      expect((await client.list(PersistentVolumeClaim)).items).toEqual([]);
      expect((await client.list(PersistentVolume)).items).toEqual([]);
    },
  },
  {
    name: 'endpoints by hand, and their slices',
    async begin({ client, advance }) {
      await client.create(Service, { metadata: meta('far'), spec: { ports: [{ port: 80 }] } });
      await client.create(Endpoints, { metadata: meta('far'), subsets: [{ addresses: [{ ip: '192.0.2.1' }], ports: [{ port: 8080 }] }] });
      await advance('5s');
      await client.patch(Endpoints, meta('far'), {
        type: 'merge',
        patch: { subsets: [{ addresses: [{ ip: '192.0.2.2' }, { ip: '192.0.2.3' }], ports: [{ port: 8080 }] }] },
      });
      await advance('10s');
    },
    async expectEnd({ client }) {
      const slices = (await client.list(EndpointSlice, { labels: { 'kubernetes.io/service-name': 'far' } })).items;
      expect(slices.flatMap(({ endpoints }) => endpoints ?? []).flatMap(({ addresses }) => addresses)).toEqual(['192.0.2.2', '192.0.2.3']);
    },
  },
  {
    name: 'a ClusterRole put together from others',
    async begin({ client, advance }) {
      const matchLabels = { part: 'yes' };
      const rule = (verb: string): { verbs: string[]; apiGroups: string[]; resources: string[] } => ({ verbs: [verb], apiGroups: [''], resources: ['pods'] });
      await client.create(ClusterRole, { metadata: { name: 'whole' }, rules: [], aggregationRule: { clusterRoleSelectors: [{ matchLabels }] } });
      await client.create(ClusterRole, { metadata: { name: 'a', labels: matchLabels }, rules: [rule('get')] });
      await advance('5s');
      await client.create(ClusterRole, { metadata: { name: 'b', labels: matchLabels }, rules: [rule('list')] });
      await client.delete(ClusterRole, 'a');
      await advance('5s');
    },
    async expectEnd({ client }) {
      expect((await client.get(ClusterRole, 'whole')).rules?.map(({ verbs }) => verbs)).toEqual([['list']]);
    },
  },
];
