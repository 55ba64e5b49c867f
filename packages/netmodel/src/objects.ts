import { ApiError, type KubernetesObject } from '@kybern/core';
import type { EndpointSlice, Ingress, IngressClass, Namespace, NetworkPolicy, Node, Pod, Service } from '@kybern/core/kinds';

/** The objects that the network is made of, sorted by kind. */
export interface NetworkObjects {
  readonly pods: readonly Pod[];
  readonly namespaces: readonly Namespace[];
  readonly nodes: readonly Node[];
  readonly services: readonly Service[];
  readonly endpointSlices: readonly EndpointSlice[];
  readonly networkPolicies: readonly NetworkPolicy[];
  readonly ingresses: readonly Ingress[];
  readonly ingressClasses: readonly IngressClass[];
}

const LISTS: Readonly<Record<string, keyof NetworkObjects>> = {
  'v1/Pod': 'pods',
  'v1/Namespace': 'namespaces',
  'v1/Node': 'nodes',
  'v1/Service': 'services',
  'discovery.k8s.io/v1/EndpointSlice': 'endpointSlices',
  'networking.k8s.io/v1/NetworkPolicy': 'networkPolicies',
  'networking.k8s.io/v1/Ingress': 'ingresses',
  'networking.k8s.io/v1/IngressClass': 'ingressClasses',
};

/** What is looked at first of an object: manifests need not be validated before. */
export interface NetworkInput {
  readonly apiVersion: string;
  readonly kind: string;
}

/**
 * Sorts objects by kind; those that have no part in the network are left out. A workload of a folder of manifests (Deployment, StatefulSet,
 * DaemonSet, ReplicaSet, ReplicationController, Job) that owns none of the Pods stands for one Pod with its own name and its template's labels and
 * ports, so that questions can be asked before anything runs.
 *
 * @throws {ApiError} `BadRequest` when an object of the network has no name
 */
export function sortNetworkObjects(objects: Iterable<NetworkInput>): NetworkObjects {
  const lists: Record<keyof NetworkObjects, KubernetesObject[]> = {
    pods: [],
    namespaces: [],
    nodes: [],
    services: [],
    endpointSlices: [],
    networkPolicies: [],
    ingresses: [],
    ingressClasses: [],
  };
  const workloads: Workload[] = [];
  for (const object of objects) {
    const list = LISTS[`${object.apiVersion}/${object.kind}`];
    if (list === undefined && !WORKLOADS.has(object.kind)) continue;
    checkNamed(object);
    if (list === undefined) workloads.push(object);
    else lists[list].push(object);
  }
  const pods = lists.pods as unknown as readonly Pod[];
  return { ...(lists as unknown as NetworkObjects), pods: [...pods, ...standIns(workloads, pods)] };
}

function checkNamed(object: NetworkInput): asserts object is KubernetesObject {
  const metadata: unknown = 'metadata' in object ? object.metadata : undefined;
  const name: unknown = typeof metadata === 'object' && metadata !== null && 'name' in metadata ? metadata.name : undefined;
  if (typeof name !== 'string' || name === '') throw new ApiError('BadRequest', `an object of kind ${object.kind} has no metadata.name`);
}

const WORKLOADS: ReadonlySet<string> = new Set(['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'ReplicationController', 'Job']);

interface Workload extends KubernetesObject {
  readonly spec?: { readonly template?: { readonly metadata?: Pod['metadata']; readonly spec?: Pod['spec'] } };
}

/** Pods of a template are known by carrying its labels. */
function standIns(workloads: readonly Workload[], pods: readonly Pod[]): readonly Pod[] {
  return workloads.flatMap(({ metadata, spec }): readonly Pod[] => {
    const template = spec?.template;
    if (template?.spec === undefined || metadata.ownerReferences?.some(({ controller }) => controller === true)) return [];
    const namespace = metadata.namespace ?? 'default';
    const labels = template.metadata?.labels ?? {};
    const isOf = (pod: Pod): boolean =>
      (pod.metadata.namespace ?? 'default') === namespace && Object.entries(labels).every(([key, value]) => pod.metadata.labels?.[key] === value);
    if (Object.keys(labels).length > 0 && pods.some(isOf)) return [];
    return [{ apiVersion: 'v1', kind: 'Pod', metadata: { name: metadata.name, namespace, labels }, spec: template.spec }];
  });
}
