import { deepFreeze, ownerReference, type KubernetesObject, type NamedObjectMeta } from '@kybern/core';
import {
  Deployment,
  ReplicaSet,
  type DeploymentSpec,
  type DeploymentStatus,
  type Pod,
  type PodCondition,
  type PodSpec,
  type PodStatus,
  type ReplicaSetSpec,
  type ReplicaSetStatus,
  type Service,
  type ServiceSpec,
} from '@kybern/core/kinds';

/** 2026-01-01T00:00:00Z, where the fake clock starts. */
export const START_MS = 1_767_225_600_000;
/** RFC 3339 of {@link START_MS} and a number of seconds. */
export const at = (seconds: number): string => `${new Date(START_MS + seconds * 1000).toISOString().slice(0, 19)}Z`;

const TEMPLATE = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image: 'nginx:1.25' }] } };

/** Parts of the metadata of an object. */
export type Meta = Partial<NamedObjectMeta>;

/** A Deployment that exists, with 25 % surge and unavailability unless told otherwise. */
export function deployment(spec: Partial<DeploymentSpec> = {}, more: { readonly metadata?: Meta; readonly status?: DeploymentStatus } = {}): Deployment {
  return deepFreeze({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'default', uid: 'uid-web', generation: 1, creationTimestamp: at(0), ...more.metadata },
    spec: { replicas: 3, selector: { matchLabels: { app: 'web' } }, template: TEMPLATE, progressDeadlineSeconds: 600, revisionHistoryLimit: 10, ...spec },
    ...(more.status === undefined ? {} : { status: more.status }),
  });
}

/** `maxSurge` and `maxUnavailable` of a Deployment's spec. */
export const rolling = (maxSurge: number | string, maxUnavailable: number | string): Pick<DeploymentSpec, 'strategy'> => ({
  strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable } },
});

/** What {@link replicaSet} is made from. */
export interface ReplicaSetFacts {
  readonly replicas?: number;
  /** Available (and ready and existing) replicas. Default: `replicas`. */
  readonly available?: number;
  readonly ageSeconds?: number;
  readonly revision?: number;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Default: an image named after the ReplicaSet, so that no two have the same template. */
  readonly image?: string;
  readonly owner?: Deployment;
  readonly metadata?: Meta;
  readonly spec?: Partial<ReplicaSetSpec>;
  readonly status?: Partial<ReplicaSetStatus>;
}

/** A ReplicaSet that its Deployment made. */
export function replicaSet(name: string, facts: ReplicaSetFacts = {}): ReplicaSet {
  const { replicas = 0, available = replicas, ageSeconds = 0, revision, image = name, owner = deployment() } = facts;
  const labels = { app: 'web', 'pod-template-hash': name };
  return deepFreeze({
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name,
      namespace: 'default',
      uid: `uid-${name}`,
      generation: 1,
      creationTimestamp: at(-ageSeconds),
      labels,
      annotations: { ...(revision === undefined ? {} : { 'deployment.kubernetes.io/revision': String(revision) }), ...facts.annotations },
      ownerReferences: [ownerReference(Deployment, owner, { controller: true })],
      ...facts.metadata,
    },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'web', image }] } },
      ...facts.spec,
    },
    status: {
      replicas,
      readyReplicas: available,
      availableReplicas: available,
      fullyLabeledReplicas: replicas,
      observedGeneration: 1,
      terminatingReplicas: 0,
      ...facts.status,
    },
  });
}

/** What {@link pod} is made from. */
export interface PodFacts {
  readonly owner?: KubernetesObject;
  readonly node?: string;
  readonly phase?: NonNullable<PodStatus['phase']>;
  /** Seconds after the start at which it became ready; undefined for not ready. */
  readonly readyAt?: number;
  readonly ip?: string;
  readonly metadata?: Meta;
  readonly spec?: Partial<PodSpec>;
  readonly status?: Partial<PodStatus>;
}

/** A Pod with the labels of `app: web`. */
export function pod(name: string, facts: PodFacts = {}): Pod {
  const { node, phase = 'Running', readyAt, ip, owner } = facts;
  const ready: readonly PodCondition[] = readyAt === undefined ? [] : [{ type: 'Ready', status: 'True', lastTransitionTime: at(readyAt) }];
  return deepFreeze({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: 'default',
      uid: `uid-${name}`,
      creationTimestamp: at(0),
      labels: { app: 'web' },
      ...(owner === undefined ? {} : { ownerReferences: [ownerReference(ReplicaSet, owner, { controller: true })] }),
      ...facts.metadata,
    },
    spec: { containers: [{ name: 'web', image: 'nginx:1.25' }], ...(node === undefined ? {} : { nodeName: node }), ...facts.spec },
    status: { phase, conditions: ready, ...(ip === undefined ? {} : { podIP: ip, podIPs: [{ ip }] }), ...facts.status },
  });
}

/** A Service that selects `app: web`. */
export function service(spec: Partial<ServiceSpec> = {}, metadata: Meta = {}): Service {
  return deepFreeze({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web', namespace: 'default', uid: 'uid-svc', creationTimestamp: at(0), ...metadata },
    spec: {
      type: 'ClusterIP',
      clusterIP: '10.96.0.10',
      ipFamilies: ['IPv4'],
      selector: { app: 'web' },
      ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }],
      ...spec,
    },
  });
}
