import { compareQuantities, parseQuantity, type KubernetesObject, type Quantity } from '@kybern/core';
import type { PersistentVolumeClaim, Pod, Service } from '@kybern/core/kinds';
import { podAmounts } from '../pod-resources.ts';

/** How much of each of the things that a quota can limit, by the quota's names for them. */
export type Usage = ReadonlyMap<string, Quantity>;

const ONE: Quantity = parseQuantity('1');
const NOTHING: Usage = new Map();
/** Kinds of the core group that quotas also count under their plain name. */
const PLAIN: ReadonlySet<string> = new Set(['configmaps', 'persistentvolumeclaims', 'replicationcontrollers', 'resourcequotas', 'secrets', 'services']);
/** Resources of Pods whose requests quotas also know without the prefix. */
const SHORT: ReadonlySet<string> = new Set(['cpu', 'memory', 'ephemeral-storage']);

/**
 * What one object uses. Pure; nothing of it depends on the time.
 *
 * Differs from Kubernetes: a Pod that should be gone by now counts until it is.
 *
 * @param resource `pods`, `deployments.apps`
 * @see kubernetes v1.36 pkg/quota/v1/evaluator/core
 */
export function usageOf(resource: string, object: KubernetesObject | undefined): Usage {
  if (object === undefined) return NOTHING;
  const usage = new Map<string, Quantity>([[`count/${resource}`, ONE]]);
  if (PLAIN.has(resource)) usage.set(resource, ONE);
  switch (resource) {
    case 'pods':
      addPod(object as Pod, usage);
      break;
    case 'services':
      addService(object as Service, usage);
      break;
    case 'persistentvolumeclaims':
      addClaim(object as PersistentVolumeClaim, usage);
      break;
    default:
  }
  return usage;
}

/** One that has ended uses nothing but its place in `count/pods`. */
function addPod({ spec, status }: Pod, usage: Map<string, Quantity>): void {
  if (status?.phase === 'Succeeded' || status?.phase === 'Failed') return;
  usage.set('pods', ONE);
  for (const [name, amount] of podAmounts(spec, 'requests')) {
    usage.set(`requests.${name}`, amount);
    if (SHORT.has(name) || name.startsWith('hugepages-')) usage.set(name, amount);
  }
  for (const [name, amount] of podAmounts(spec, 'limits')) usage.set(`limits.${name}`, amount);
}

function addService({ spec }: Service, usage: Map<string, Quantity>): void {
  if (spec.type === 'LoadBalancer') usage.set('services.loadbalancers', ONE);
  if (spec.type === 'NodePort' || (spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false))
    usage.set('services.nodeports', parseQuantity((spec.ports ?? []).length));
}

const CLASS_SUFFIX = '.storageclass.storage.k8s.io';

function addClaim({ metadata, spec, status }: PersistentVolumeClaim, usage: Map<string, Quantity>): void {
  const storage = parseQuantity(spec.resources?.requests?.['storage'] ?? '0');
  usage.set('requests.storage', largerOf(storage, status?.allocatedResources?.['storage']));
  const className = metadata.annotations?.['volume.beta.kubernetes.io/storage-class'] ?? spec.storageClassName ?? '';
  if (className === '') return;
  usage.set(`${className}${CLASS_SUFFIX}/requests.storage`, usage.get('requests.storage') as Quantity);
  usage.set(`${className}${CLASS_SUFFIX}/persistentvolumeclaims`, ONE);
}

function largerOf(a: Quantity, text: string | undefined): Quantity {
  if (text === undefined) return a;
  const b = parseQuantity(text);
  return compareQuantities(b, a) > 0 ? b : a;
}

/**
 * The resource whose objects use what a quota calls `name`.
 *
 * @returns undefined for a name that nothing uses
 */
export function resourceOfName(name: string): string | undefined {
  if (name.startsWith('count/')) return name.slice('count/'.length);
  if (PLAIN.has(name)) return name;
  if (name === 'requests.storage' || name.includes(`${CLASS_SUFFIX}/`)) return 'persistentvolumeclaims';
  if (name.startsWith('services.')) return 'services';
  return name === 'pods' || SHORT.has(name) || /^(requests\.|limits\.|hugepages-)/.test(name) ? 'pods' : undefined;
}
