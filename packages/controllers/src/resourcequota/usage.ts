import { addQuantities, compareQuantities, parseQuantity, parseTime, type Quantity } from '@kybern/core';
import type { Container, PersistentVolumeClaim, Pod, Service } from '@kybern/core/kinds';
import { isPodTerminal } from '../pod-state.ts';

/** How much of each resource is used, by the names that quotas have for them. */
export type Usage = ReadonlyMap<string, Quantity>;

type Amounts = Readonly<Record<string, string>>;

const ONE = parseQuantity('1');
const ZERO = parseQuantity('0');
/** Resources that a quota may name without a prefix. */
const PLAIN: readonly string[] = ['cpu', 'memory', 'ephemeral-storage'];
const CLASS_SUFFIX = '.storageclass.storage.k8s.io';

/** The sum of several usages. */
export function sumUsage(usages: Iterable<Usage>): Usage {
  const total = new Map<string, Quantity>();
  for (const usage of usages) for (const [name, amount] of usage) total.set(name, addQuantities(total.get(name) ?? ZERO, amount));
  return total;
}

/**
 * What a Pod uses. One that has ended uses nothing but its place in `count/pods`.
 *
 * @see kubernetes v1.36 pkg/quota/v1/evaluator/core/pods.go (PodUsageFunc)
 */
export function podUsage(pod: Pod, nowMs: number): Usage {
  const usage = new Map<string, Quantity>([['count/pods', ONE]]);
  if (isPodTerminal(pod) || isOverdue(pod, nowMs)) return usage;
  usage.set('pods', ONE);
  for (const [name, amount] of podAmounts(pod, 'requests')) {
    usage.set(`requests.${name}`, amount);
    if (PLAIN.includes(name) || name.startsWith('hugepages-')) usage.set(name, amount);
  }
  for (const [name, amount] of podAmounts(pod, 'limits')) usage.set(`limits.${name}`, amount);
  return usage;
}

/** Told to go, and beyond its grace period: its node is gone. */
function isOverdue({ metadata }: Pod, nowMs: number): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds } = metadata;
  return (
    deletionTimestamp !== undefined && deletionGracePeriodSeconds !== undefined && parseTime(deletionTimestamp) + deletionGracePeriodSeconds * 1000 < nowMs
  );
}

/** The sum of the containers and sidecars, or what the largest init container needs beside the sidecars before it, whichever is more; and the overhead. */
function podAmounts({ spec }: Pod, of: 'requests' | 'limits'): Usage {
  const running = new Map<string, Quantity>();
  const peak = new Map<string, Quantity>();
  for (const container of spec.initContainers ?? []) {
    const amounts = amountsOf(container, of);
    if (container.restartPolicy === 'Always') add(running, amounts);
    raise(peak, container.restartPolicy === 'Always' ? running : sumUsage([running, amounts]));
  }
  for (const container of spec.containers) add(running, amountsOf(container, of));
  raise(peak, running);
  // Overhead makes no limit where there is none.
  const overhead = Object.entries(spec.overhead ?? {}).filter(([name]) => of === 'requests' || peak.has(name));
  add(peak, parseAmounts(Object.fromEntries(overhead)));
  return peak;
}

const amountsOf = ({ resources }: Container, of: 'requests' | 'limits'): Usage => parseAmounts(resources?.[of] ?? {});

const parseAmounts = (amounts: Amounts): Usage => new Map(Object.entries(amounts).map(([name, text]) => [name, parseQuantity(text)]));

function add(total: Map<string, Quantity>, more: Usage): void {
  for (const [name, amount] of more) total.set(name, addQuantities(total.get(name) ?? ZERO, amount));
}

function raise(peak: Map<string, Quantity>, amounts: Usage): void {
  for (const [name, amount] of amounts) if (compareQuantities(amount, peak.get(name) ?? ZERO) >= 0) peak.set(name, amount);
}

/** @see kubernetes v1.36 pkg/quota/v1/evaluator/core/services.go */
export function serviceUsage({ spec }: Service): Usage {
  const usage = new Map<string, Quantity>([
    ['services', ONE],
    ['count/services', ONE],
  ]);
  const ports = parseQuantity(String((spec.ports ?? []).length));
  if (spec.type === 'LoadBalancer') usage.set('services.loadbalancers', ONE);
  if (spec.type === 'NodePort' || (spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false)) usage.set('services.nodeports', ports);
  return usage;
}

/** @see kubernetes v1.36 pkg/quota/v1/evaluator/core/persistent_volume_claims.go */
export function claimUsage({ metadata, spec }: PersistentVolumeClaim): Usage {
  const storage = parseQuantity(spec.resources?.requests?.['storage'] ?? '0');
  const className = metadata.annotations?.['volume.beta.kubernetes.io/storage-class'] ?? spec.storageClassName ?? '';
  const usage = new Map<string, Quantity>([
    ['persistentvolumeclaims', ONE],
    ['count/persistentvolumeclaims', ONE],
    ['requests.storage', storage],
  ]);
  if (className === '') return usage;
  return new Map([...usage, [`${className}${CLASS_SUFFIX}/persistentvolumeclaims`, ONE], [`${className}${CLASS_SUFFIX}/requests.storage`, storage]]);
}
