import { isNotFound, ownerReference } from '@kybern/core';
import {
  builtinKinds,
  ClusterRole,
  ConfigMap,
  CronJob,
  DaemonSet,
  Deployment,
  Endpoints,
  HorizontalPodAutoscaler,
  Job,
  Namespace,
  Node,
  PersistentVolumeClaim,
  Pod,
  PodDisruptionBudget,
  ReplicaSet,
  ReplicationController,
  ResourceQuota,
  Service,
  StatefulSet,
  type JobSpec,
  type PodTemplateSpec,
} from '@kybern/core/kinds';
import type { ControllerDefinition } from '@kybern/reconcile';
import { NO_METRICS } from '../src/horizontalpodautoscaler/metrics.ts';
import * as controllers from '../src/index.ts';
import { nodeInput } from './control-plane.ts';
import type { RestartablePlane } from './restartable-plane.ts';
import { createClaim, createVolume } from './volumes.ts';

/** Something that controllers bring about, step by step. */
export interface Scenario {
  readonly name: string;
  make(): readonly ControllerDefinition[];
  /** So long nothing happens after the end, in ms. Default two minutes. */
  readonly restMs?: number;
  /** What users and kubelets do. Must lead to the same end whatever happens to the controllers meanwhile. */
  drive(plane: RestartablePlane): Promise<void>;
}

const labels = { app: 'web' };
const selector = { matchLabels: labels };
const template = (image = 'nginx:1.25', more: object = {}): PodTemplateSpec => ({
  metadata: { labels },
  spec: { containers: [{ name: 'c', image, resources: { requests: { cpu: '100m' } } }], ...more },
});

/** What kubelets do: Pods start, and those that are to go are gone. Until nothing happens any more. */
async function kubelets(plane: RestartablePlane, nodeOf: (pod: Pod) => string = () => 'n1'): Promise<void> {
  for (let round = 0; round < 60; round++) {
    await plane.settle();
    const pods = (await plane.client.list(Pod)).items;
    let acts = 0;
    for (const pod of pods) {
      if (pod.metadata.deletionTimestamp !== undefined && (pod.metadata.finalizers ?? []).length === 0) {
        await gone(plane.client.delete(Pod, pod, { gracePeriodSeconds: 0 }));
        acts += 1;
      } else if (pod.metadata.deletionTimestamp === undefined && pod.status?.phase === 'Pending') {
        await gone(plane.start(pod, pod.spec.nodeName ?? nodeOf(pod)));
        acts += 1;
      }
    }
    if (acts === 0) return;
  }
  throw new Error('the Pods never come to rest');
}

async function gone(act: Promise<unknown>): Promise<void> {
  try {
    await act;
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

async function finish(plane: RestartablePlane, phaseOf: (pod: Pod) => 'Succeeded' | 'Failed' = () => 'Succeeded'): Promise<void> {
  for (let round = 0; round < 60; round++) {
    await plane.settle();
    const running = (await plane.client.list(Pod)).items.filter(
      ({ status, metadata }) => status?.phase === 'Pending' && metadata.deletionTimestamp === undefined,
    );
    if (running.length === 0) return;
    for (const pod of running) {
      const phase = phaseOf(pod);
      const terminated = { exitCode: phase === 'Failed' ? 1 : 0, finishedAt: '2026-01-01T00:00:00Z' };
      await gone(
        plane.report(pod, { phase, containerStatuses: [{ name: 'c', image: 'i', imageID: '', ready: false, restartCount: 0, state: { terminated } }] }),
      );
    }
    await plane.advance(20_000);
  }
  throw new Error('the Job never ends');
}

const job = (spec: Partial<JobSpec>): JobSpec => ({
  ...spec,
  template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'busybox' }] } },
});

const replicas = (
  kind: typeof Deployment | typeof ReplicaSet | typeof StatefulSet | typeof ReplicationController,
  plane: RestartablePlane,
  count: number,
): Promise<unknown> => plane.client.patch(kind as typeof Deployment, 'web', { type: 'merge', patch: { spec: { replicas: count } } });

/** At least one for every controller of `builtinControllers()`. */
export const scenarios: readonly Scenario[] = [
  {
    name: 'Deployment: a rollout, scaled meanwhile, and a rollback',
    make: () => [controllers.deploymentController(), controllers.replicaSetController()],
    async drive(plane) {
      const { client } = plane;
      await client.create(Deployment, { metadata: { name: 'web' }, spec: { replicas: 3, selector, template: template() } });
      await kubelets(plane);
      await client.patch(Deployment, 'web', { type: 'merge', patch: { spec: { template: template('nginx:1.26') as never } } });
      await plane.settle();
      await replicas(Deployment, plane, 5);
      await kubelets(plane);
      await client.patch(Deployment, 'web', { type: 'merge', patch: { spec: { template: template() as never } } });
      await kubelets(plane);
    },
  },
  {
    name: 'Deployment: Recreate',
    make: () => [controllers.deploymentController(), controllers.replicaSetController()],
    async drive(plane) {
      const { client } = plane;
      await client.create(Deployment, { metadata: { name: 'web' }, spec: { replicas: 2, strategy: { type: 'Recreate' }, selector, template: template() } });
      await kubelets(plane);
      await client.patch(Deployment, 'web', { type: 'merge', patch: { spec: { template: template('nginx:1.26') as never } } });
      await kubelets(plane);
    },
  },
  {
    name: 'ReplicaSet: grows, loses a Pod, shrinks',
    make: () => [controllers.replicaSetController()],
    async drive(plane) {
      const { client } = plane;
      await client.create(Pod, { metadata: { name: 'orphan', labels }, spec: template().spec ?? { containers: [] } });
      await client.create(ReplicaSet, { metadata: { name: 'web' }, spec: { replicas: 3, selector, template: template() } });
      await kubelets(plane);
      await client.delete(Pod, 'orphan', { gracePeriodSeconds: 0 });
      await kubelets(plane);
      await replicas(ReplicaSet, plane, 1);
      await kubelets(plane);
    },
  },
  {
    name: 'ReplicationController: grows and shrinks',
    make: () => [controllers.replicationController()],
    async drive(plane) {
      await plane.client.create(ReplicationController, { metadata: { name: 'web' }, spec: { replicas: 3, selector: labels, template: template() } });
      await kubelets(plane);
      await replicas(ReplicationController, plane, 1);
      await kubelets(plane);
    },
  },
  {
    name: 'StatefulSet: an update in order, and claims that go with their Pods',
    make: () => [controllers.statefulSetController()],
    async drive(plane) {
      const { client } = plane;
      const claim = {
        apiVersion: 'v1' as const,
        kind: 'PersistentVolumeClaim' as const,
        metadata: { name: 'data' },
        spec: { accessModes: ['ReadWriteOnce' as const], resources: { requests: { storage: '1Gi' } } },
      };
      await client.create(StatefulSet, {
        metadata: { name: 'web' },
        spec: {
          replicas: 3,
          serviceName: 'web',
          selector,
          template: template(),
          volumeClaimTemplates: [claim],
          persistentVolumeClaimRetentionPolicy: { whenScaled: 'Delete', whenDeleted: 'Retain' },
        },
      });
      await kubelets(plane);
      await client.patch(StatefulSet, 'web', { type: 'merge', patch: { spec: { template: template('nginx:1.26') as never } } });
      await kubelets(plane);
      await replicas(StatefulSet, plane, 1);
      await kubelets(plane);
    },
  },
  {
    name: 'DaemonSet: an update, and a node that comes',
    make: () => [controllers.daemonSetController()],
    async drive(plane) {
      const { client } = plane;
      for (const name of ['n1', 'n2']) await client.create(Node, nodeInput(name));
      await client.create(DaemonSet, { metadata: { name: 'web' }, spec: { selector, template: template() } });
      const nodeOf = (pod: Pod): string =>
        JSON.stringify(pod.spec.affinity ?? '')
          .match(/"n\d"/)?.[0]
          .slice(1, -1) ?? 'n1';
      await kubelets(plane, nodeOf);
      await client.create(Node, nodeInput('n3'));
      await client.patch(DaemonSet, 'web', { type: 'merge', patch: { spec: { template: template('nginx:1.26') as never } } });
      await kubelets(plane, nodeOf);
    },
  },
  {
    name: 'Job: completions, two at a time, then deleted after its time',
    make: () => [controllers.jobController(), controllers.jobOrphanController(), controllers.ttlAfterFinishedController()],
    async drive(plane) {
      await plane.client.create(Job, { metadata: { name: 'work' }, spec: job({ completions: 3, parallelism: 2 }) });
      await finish(plane);
      await plane.client.create(Job, { metadata: { name: 'brief' }, spec: job({ ttlSecondsAfterFinished: 60 }) });
      await finish(plane);
      await plane.advance(120_000);
    },
  },
  {
    name: 'Job: indexes, with a limit for each, and failures',
    make: () => [controllers.jobController(), controllers.jobOrphanController()],
    async drive(plane) {
      await plane.client.create(Job, {
        metadata: { name: 'work' },
        spec: job({ completions: 3, parallelism: 3, completionMode: 'Indexed', backoffLimitPerIndex: 1 }),
      });
      await finish(plane, (pod) => (pod.metadata.annotations?.['batch.kubernetes.io/job-completion-index'] === '1' ? 'Failed' : 'Succeeded'));
      await plane.advance(60_000);
      await finish(plane, () => 'Failed');
    },
  },
  {
    name: 'CronJob: a run replaces the last one',
    make: () => [controllers.cronJobController(), controllers.jobController()],
    async drive(plane) {
      const jobTemplate = { spec: job({}) };
      await plane.client.create(CronJob, { metadata: { name: 'tick' }, spec: { schedule: '*/5 * * * *', concurrencyPolicy: 'Replace', jobTemplate } });
      await plane.advance(301_000);
      await finish(plane);
      await plane.advance(300_000);
    },
  },
  {
    name: 'PodDisruptionBudget: follows the Pods',
    make: () => [controllers.disruptionController(), controllers.staleDisruptionController(), controllers.replicaSetController()],
    async drive(plane) {
      const { client } = plane;
      await client.create(PodDisruptionBudget, { metadata: { name: 'web' }, spec: { selector, maxUnavailable: 1 } });
      await client.create(ReplicaSet, { metadata: { name: 'web' }, spec: { replicas: 2, selector, template: template() } });
      await kubelets(plane);
      // One was to be evicted, and then was not.
      for (const pod of (await client.list(Pod)).items.slice(0, 1)) {
        const conditions = [...(pod.status?.conditions ?? []), { type: 'DisruptionTarget', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' }];
        await plane.report(pod, { conditions: conditions as never });
      }
      await plane.advance(180_000);
    },
  },
  {
    name: 'HorizontalPodAutoscaler: grows to what its metric asks for',
    make: () => [
      controllers.replicaSetController(),
      controllers.horizontalPodAutoscalerController({
        metrics: {
          ...NO_METRICS,
          externalMetric: () => Promise.resolve([400_000]),
        },
      }),
    ],
    async drive(plane) {
      const { client } = plane;
      await client.create(ReplicaSet, { metadata: { name: 'web' }, spec: { replicas: 2, selector, template: template() } });
      await kubelets(plane);
      const metric = { type: 'External' as const, external: { metric: { name: 'queue' }, target: { type: 'AverageValue' as const, averageValue: '100' } } };
      const spec = { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web' }, minReplicas: 1, maxReplicas: 10, metrics: [metric] };
      await client.create(HorizontalPodAutoscaler, { metadata: { name: 'web' }, spec });
      await plane.advance(31_000);
      await kubelets(plane);
      await plane.advance(600_000);
      await kubelets(plane);
      await plane.advance(60_000);
    },
  },
  {
    name: 'ResourceQuota: counts what is used',
    make: () => [controllers.resourceQuotaController(), controllers.replicaSetController()],
    async drive(plane) {
      const { client } = plane;
      await client.create(ResourceQuota, { metadata: { name: 'team' }, spec: { hard: { pods: '10', 'requests.cpu': '2' } } });
      await client.create(ReplicaSet, { metadata: { name: 'web' }, spec: { replicas: 3, selector, template: template() } });
      await kubelets(plane);
      await replicas(ReplicaSet, plane, 1);
      await kubelets(plane);
      await plane.advance(600_000);
    },
  },
  {
    name: 'PersistentVolumeClaim: finds a volume, is protected, and gives it back',
    make: () => [
      controllers.ephemeralVolumeController(),
      controllers.persistentVolumeClaimBinder(),
      controllers.persistentVolumeController(),
      controllers.claimProtectionController(),
      controllers.volumeProtectionController(),
    ],
    async drive(plane) {
      const { client } = plane;
      for (const name of ['one', 'two']) await createVolume(client, name);
      await createVolume(client, 'large', { capacity: { storage: '50Gi' } });
      await createClaim(client, 'data');
      await plane.settle();
      await createClaim(client, 'more', { resources: { requests: { storage: '20Gi' } } });
      const volumeClaimTemplate = { spec: { accessModes: ['ReadWriteOnce' as const], resources: { requests: { storage: '1Gi' } }, storageClassName: 'slow' } };
      const volumes = [{ name: 'scratch', ephemeral: { volumeClaimTemplate } }];
      await client.create(Pod, { metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'i' }], volumes } });
      await plane.settle();
      await client.delete(PersistentVolumeClaim, 'default/more');
      await plane.settle();
    },
  },
  {
    name: 'ClusterRole: made of others',
    make: () => [controllers.clusterRoleAggregationController()],
    async drive(plane) {
      const { client } = plane;
      const rules = [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }];
      await client.create(ClusterRole, { metadata: { name: 'all' }, aggregationRule: { clusterRoleSelectors: [{ matchLabels: { part: 'x' } }] } });
      await client.create(ClusterRole, { metadata: { name: 'b', labels: { part: 'x' } }, rules });
      await plane.settle();
    },
  },
  {
    name: 'Namespace: gets its account and certificate, and goes with all it holds',
    make: () => [
      controllers.namespaceController(controllers.fixedKinds(builtinKinds)),
      controllers.serviceAccountController(),
      controllers.rootCaPublisher({ certificate: 'PEM' }),
    ],
    async drive(plane) {
      const { client } = plane;
      for (const name of ['stays', 'goes']) await client.create(Namespace, { metadata: { name } });
      await plane.settle();
      await client.create(ConfigMap, { metadata: { name: 'a', namespace: 'goes' } });
      await client.create(Pod, { metadata: { name: 'p', namespace: 'goes' }, spec: template().spec ?? { containers: [] } });
      await client.delete(Namespace, 'goes');
      await plane.advance(60_000);
    },
  },
  {
    name: 'Service: slices, endpoints, an address, and mirrored endpoints',
    make: () => [
      controllers.endpointSliceController(),
      controllers.endpointsController(),
      controllers.endpointSliceMirroringController(),
      controllers.serviceLoadBalancerController(),
      controllers.replicaSetController(),
    ],
    async drive(plane) {
      const { client } = plane;
      await client.create(Service, { metadata: { name: 'web' }, spec: { type: 'LoadBalancer', selector: labels, ports: [{ port: 80 }] } });
      await client.create(ReplicaSet, { metadata: { name: 'web' }, spec: { replicas: 2, selector, template: template() } });
      await kubelets(plane);
      await client.create(Service, { metadata: { name: 'outside' }, spec: { ports: [{ port: 80 }] } });
      await client.create(Endpoints, { metadata: { name: 'outside' }, subsets: [{ addresses: [{ ip: '192.0.2.1' }], ports: [{ port: 80 }] }] });
      await plane.settle();
      await replicas(ReplicaSet, plane, 1);
      await kubelets(plane);
      await client.create(Service, { metadata: { name: 'brief' }, spec: { type: 'LoadBalancer', ports: [{ port: 80 }] } });
      await plane.settle();
      await client.delete(Service, 'brief');
      await plane.settle();
    },
  },
  {
    name: 'Node: an address range, silence, taints, evictions, and Pods of a node that is gone',
    make: () => [
      controllers.nodeIpamController(),
      controllers.nodeLifecycleController(),
      controllers.taintEvictionController(),
      controllers.podGarbageCollectorController(),
    ],
    // Then n2 would be silent for too long.
    restMs: 20_000,
    async drive(plane) {
      const { client } = plane;
      for (const name of ['n1', 'n2', 'n3']) {
        await client.create(Node, nodeInput(name));
        await plane.settle();
        const conditions = [{ type: 'Ready', status: 'True', reason: 'KubeletReady', lastHeartbeatTime: '2026-01-01T00:00:00Z' }];
        await client.patch(Node, name, { type: 'merge', patch: { status: { conditions: conditions as never } } }, { subresource: 'status' });
        await plane.start(await client.create(Pod, { metadata: { name: `pod-${name}` }, spec: template().spec ?? { containers: [] } }), name);
      }
      await plane.settle();
      await client.delete(Node, 'n3');
      // n2 is heard of, n1 is not.
      for (let round = 0; round < 30; round++) {
        const beat = { conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady', lastHeartbeatTime: `2026-01-01T01:00:${10 + round}Z` }] };
        await client.patch(Node, 'n2', { type: 'merge', patch: { status: beat as never } }, { subresource: 'status' });
        await plane.advance(30_000);
      }
    },
  },
  {
    name: 'garbage collector: in the background, in the foreground, and orphans',
    make: () => [controllers.garbageCollectorController(controllers.fixedKinds([ConfigMap, Pod]))],
    async drive(plane) {
      const { client } = plane;
      for (const name of ['background', 'foreground', 'orphan']) {
        const owner = await client.create(ConfigMap, { metadata: { name } });
        const ownerReferences = [ownerReference(ConfigMap, owner, { blockOwnerDeletion: true })];
        const child = await client.create(ConfigMap, { metadata: { name: `${name}-child`, ownerReferences } });
        await client.create(ConfigMap, { metadata: { name: `${name}-grandchild`, ownerReferences: [ownerReference(ConfigMap, child)] } });
      }
      await plane.settle();
      await client.delete(ConfigMap, 'background', { propagationPolicy: 'Background' });
      await client.delete(ConfigMap, 'foreground', { propagationPolicy: 'Foreground' });
      await client.delete(ConfigMap, 'orphan', { propagationPolicy: 'Orphan' });
      await plane.advance(60_000);
    },
  },
];
