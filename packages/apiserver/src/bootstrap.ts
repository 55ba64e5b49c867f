import { formatTime, type KubernetesObject } from '@kybern/core';
import type { Change } from '@kybern/state';
import type { Environment } from './environment.ts';

const NAMESPACES = ['default', 'kube-node-lease', 'kube-public', 'kube-system'] as const;
const NAMESPACE_LABEL = 'kubernetes.io/metadata.name';

/** Creates what every cluster has from the start, as one commit. What is there already stays as it is. */
export async function bootstrap(env: Environment): Promise<void> {
  const now = formatTime(env.clock.now());
  const { state } = env;
  if (state.revision > 0) await reserveStored(env);
  const changes: Change[] = [];
  for (const { key, make } of initialObjects(env)) {
    if (state.revision > 0 && (await state.get(key)) !== undefined) continue;
    const object = make();
    changes.push({ key, value: { ...object, metadata: { ...object.metadata, uid: env.ids.uid(), creationTimestamp: now } }, expect: 0 });
  }
  if (changes.length > 0) await state.commit(changes);
}

interface InitialObject {
  readonly key: string;
  make(): KubernetesObject;
}

function initialObjects(env: Environment): InitialObject[] {
  return [
    ...NAMESPACES.map(namespace),
    ...NAMESPACES.map(serviceAccount),
    priorityClass(
      'system-cluster-critical',
      2_000_000_000,
      'Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.',
    ),
    priorityClass('system-node-critical', 2_000_001_000, 'Used for system critical pods that must not be moved from their current node.'),
    { key: '/registry/core/services/default/kubernetes', make: () => kubernetesService(env) },
  ];
}

function namespace(name: string): InitialObject {
  return {
    key: `/registry/core/namespaces/${name}`,
    make: () =>
      ({
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name, labels: { [NAMESPACE_LABEL]: name } },
        spec: { finalizers: ['kubernetes'] },
        status: { phase: 'Active' },
      }) as KubernetesObject,
  };
}

function serviceAccount(namespaceName: string): InitialObject {
  return {
    key: `/registry/core/serviceaccounts/${namespaceName}/default`,
    make: () => ({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: namespaceName } }),
  };
}

function priorityClass(name: string, value: number, description: string): InitialObject {
  return {
    key: `/registry/scheduling.k8s.io/priorityclasses/${name}`,
    make: () =>
      ({
        apiVersion: 'scheduling.k8s.io/v1',
        kind: 'PriorityClass',
        metadata: { name, generation: 1 },
        value,
        description,
        preemptionPolicy: 'PreemptLowerPriority',
      }) as KubernetesObject,
  };
}

/** @see kubernetes v1.36 pkg/controlplane/controller/kubernetesservice/controller.go */
function kubernetesService({ allocators }: Environment): KubernetesObject {
  const clusterIP = allocators.firstIp();
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'kubernetes', namespace: 'default', labels: { component: 'apiserver', provider: 'kubernetes' } },
    spec: {
      clusterIP,
      clusterIPs: [clusterIP],
      type: 'ClusterIP',
      sessionAffinity: 'None',
      ipFamilies: [clusterIP.includes(':') ? 'IPv6' : 'IPv4'],
      ipFamilyPolicy: 'SingleStack',
      internalTrafficPolicy: 'Cluster',
      ports: [{ name: 'https', protocol: 'TCP', port: 443, targetPort: 6443 }],
    },
    status: { loadBalancer: {} },
  } as KubernetesObject;
}

/** What the stored Services hold is taken. */
async function reserveStored({ state, allocators }: Environment): Promise<void> {
  const { records } = await state.range('/registry/core/services/');
  for (const { value } of records) allocators.reserve(value);
}
