import { isApiError, randomIds, seededRandom, type ApiError, type Client, type Kind, type KubernetesObject, type StatusCause } from '@kybern/core';
import { createFakeClock, type FakeClock } from '@kybern/core/testing';
import { createApiServer, type ApiServer, type ApiServerOptions } from '../src/index.ts';

/** A server in virtual time, with repeatable ids. */
export async function startServer(options: ApiServerOptions = {}): Promise<{ api: ApiServer; client: Client; clock: FakeClock } & AsyncDisposable> {
  const clock = createFakeClock();
  const api = await createApiServer({ clock, ids: randomIds(seededRandom(1)), random: seededRandom(2), ...options });
  return { api, client: api.client, clock, [Symbol.asyncDispose]: () => api[Symbol.asyncDispose]() };
}

/** The error that a call rejects with. */
export async function rejection(call: Promise<unknown>): Promise<ApiError> {
  try {
    await call;
  } catch (error) {
    if (isApiError(error)) return error;
    throw error;
  }
  throw new Error('the call did not reject');
}

/** What is wrong, as `field: message`, in order. */
export async function causesOf(call: Promise<unknown>): Promise<string[]> {
  const error = await rejection(call);
  if (error.reason !== 'Invalid') throw error;
  return (error.details?.causes ?? []).map(({ field, message }: StatusCause) => `${field ?? ''}: ${message ?? ''}`);
}

/** An object of any kind, for tests that are about what the types forbid. */
export const loose = (kind: unknown): Kind => kind as Kind;

type Json = Record<string, unknown>;

/** A copy of `object` with values put at paths such as `spec.containers.0.image`; undefined removes. */
export function changed(object: object, changes: Readonly<Record<string, unknown>>): KubernetesObject {
  const copy = structuredClone(object) as Json;
  for (const [path, value] of Object.entries(changes)) {
    const steps = path.split('.');
    const last = steps.pop() as string;
    let at = copy;
    for (const step of steps) at = (at[step] ??= {}) as Json;
    if (value !== undefined) at[last] = value;
    else if (Array.isArray(at)) at.splice(Number(last), 1);
    else delete at[last];
  }
  return copy as unknown as KubernetesObject;
}

const container = { name: 'main', image: 'registry.example/main:1' };
const labels = { app: 'web' };
const template = { metadata: { labels }, spec: { containers: [container] } };
const backend = { service: { name: 'web', port: { number: 80 } } };

/** One valid object of each kind that has rules of its own. */
export const VALID = {
  Pod: { metadata: { name: 'web' }, spec: { containers: [container] } },
  Service: { metadata: { name: 'web' }, spec: { selector: labels, ports: [{ port: 80 }] } },
  Deployment: { metadata: { name: 'web' }, spec: { selector: { matchLabels: labels }, template } },
  ReplicaSet: { metadata: { name: 'web' }, spec: { selector: { matchLabels: labels }, template } },
  ReplicationController: { metadata: { name: 'web' }, spec: { selector: labels, template } },
  DaemonSet: { metadata: { name: 'web' }, spec: { selector: { matchLabels: labels }, template } },
  StatefulSet: { metadata: { name: 'web' }, spec: { serviceName: 'web', selector: { matchLabels: labels }, template } },
  Job: { metadata: { name: 'web' }, spec: { template: { spec: { containers: [container], restartPolicy: 'Never' } } } },
  CronJob: {
    metadata: { name: 'web' },
    spec: { schedule: '*/5 * * * *', jobTemplate: { spec: { template: { spec: { containers: [container], restartPolicy: 'OnFailure' } } } } },
  },
  ConfigMap: { metadata: { name: 'web' }, data: { key: 'value' } },
  Secret: { metadata: { name: 'web' }, data: { key: 'dmFsdWU=' } },
  Namespace: { metadata: { name: 'web' }, spec: {} },
  Node: { metadata: { name: 'node-1' }, spec: {} },
  PersistentVolumeClaim: { metadata: { name: 'web' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } },
  PersistentVolume: { metadata: { name: 'web' }, spec: { accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' }, hostPath: { path: '/data' } } },
  StorageClass: { metadata: { name: 'web' }, provisioner: 'example.com/disk' },
  Ingress: { metadata: { name: 'web' }, spec: { rules: [{ host: 'web.example.com', http: { paths: [{ path: '/', pathType: 'Prefix', backend }] } }] } },
  NetworkPolicy: {
    metadata: { name: 'web' },
    spec: { podSelector: {}, ingress: [{ from: [{ podSelector: { matchLabels: labels } }], ports: [{ port: 80 }] }] },
  },
  PodDisruptionBudget: { metadata: { name: 'web' }, spec: { minAvailable: 1, selector: { matchLabels: labels } } },
  PriorityClass: { metadata: { name: 'web' }, value: 1000 },
  HorizontalPodAutoscaler: { metadata: { name: 'web' }, spec: { maxReplicas: 5, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' } } },
  Role: { metadata: { name: 'web' }, rules: [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }] },
  RoleBinding: {
    metadata: { name: 'web' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'web' },
    subjects: [{ kind: 'User', name: 'jane', apiGroup: 'rbac.authorization.k8s.io' }],
  },
  ClusterRole: { metadata: { name: 'web' }, rules: [{ verbs: ['get'], nonResourceURLs: ['/healthz'] }] },
  EndpointSlice: { metadata: { name: 'web' }, addressType: 'IPv4', endpoints: [{ addresses: ['10.1.2.3'] }], ports: [{ port: 80 }] },
  Lease: { metadata: { name: 'web' }, spec: { leaseDurationSeconds: 15 } },
  Event: { metadata: { name: 'web' }, involvedObject: { kind: 'Pod', name: 'web', namespace: 'default' }, reason: 'Started', type: 'Normal' },
} as const;
