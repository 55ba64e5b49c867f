import { formatTime, type KubernetesObject } from '@kybern/core';
import type { ServiceCIDR } from '@kybern/core/kinds';
import { isCompareFailed, type Change } from '@kybern/state';
import type { Environment } from './environment.ts';
import { AUTHENTICATION_KEY, authenticationConfig, ENDPOINTS_KEY, kubernetesEndpoints, kubernetesSlice, SLICE_KEY } from './kubernetes-endpoints.ts';
import { missingClaims } from './resources/service-claims.ts';

const NAMESPACES = ['default', 'kube-node-lease', 'kube-public', 'kube-system'] as const;
/** How often another server may come between. */
const MAX_ATTEMPTS = 5;
const NAMESPACE_LABEL = 'kubernetes.io/metadata.name';

/** Creates what every cluster has from the start, as one commit. What is there already stays as it is. */
export async function bootstrap(env: Environment): Promise<void> {
  env.allocators.catchUp();
  await createMissing(env, () => [...initialObjects(env), ...claims(env)]);
}

/** Creates what programs inside of a cluster look for: where its servers are and what they trust. Servers in tests that nobody connects to do without. */
export function bootstrapForPods(env: Environment): Promise<void> {
  return createMissing(env, () => [
    { key: SLICE_KEY, make: () => kubernetesSlice(env.allocators.ips.family, [], SECURE_PORT) },
    { key: ENDPOINTS_KEY, make: () => kubernetesEndpoints([], SECURE_PORT) },
    { key: AUTHENTICATION_KEY, make: () => authenticationConfig() },
  ]);
}

/** Stores from before Services had claims get them. */
function claims(env: Environment): InitialObject[] {
  return env.state.revision === 0 ? [] : missingClaims(env.state.snapshot(), env).map(({ key, value }) => ({ key, make: () => value as KubernetesObject }));
}

async function createMissing(env: Environment, wanted: () => InitialObject[]): Promise<void> {
  const now = formatTime(env.clock.now());
  const { state } = env;
  for (let attempt = 1; ; attempt++) {
    const changes = await planInitial(env, { now, wanted: wanted() });
    try {
      if (changes.length > 0) await state.commit(changes);
      return;
    } catch (error) {
      // Another server over the same store began at the same time.
      if (!isCompareFailed(error) || attempt >= MAX_ATTEMPTS) throw error;
    }
  }
}

async function planInitial(env: Environment, { now, wanted }: { readonly now: string; readonly wanted: readonly InitialObject[] }): Promise<Change[]> {
  const { state } = env;
  const changes: Change[] = [];
  for (const { key, make } of wanted) {
    if (state.revision > 0 && (await state.get(key)) !== undefined) continue;
    const object = make();
    changes.push({ key, value: { ...object, metadata: { ...object.metadata, uid: env.ids.uid(), creationTimestamp: now } }, expect: 0 });
  }
  return changes;
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
    { key: '/registry/networking.k8s.io/servicecidrs/kubernetes', make: () => serviceCidr(env) },
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

/** Where servers listen, as long as none does. */
const SECURE_PORT = 6443;

/** @see kubernetes v1.36 pkg/controlplane/controller/defaultservicecidr/default_servicecidr_controller.go */
function serviceCidr({ allocators, clock }: Environment): ServiceCIDR {
  const ready = {
    type: 'Ready',
    status: 'True' as const,
    reason: '',
    message: 'Kubernetes default Service CIDR is ready',
    lastTransitionTime: formatTime(clock.now()),
  };
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'ServiceCIDR',
    metadata: { name: 'kubernetes', generation: 1 },
    spec: { cidrs: allocators.serviceCidrs },
    status: { conditions: [ready] },
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
      ports: [{ name: 'https', protocol: 'TCP', port: 443, targetPort: SECURE_PORT }],
    },
    status: { loadBalancer: {} },
  } as KubernetesObject;
}
