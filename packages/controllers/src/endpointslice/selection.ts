import { deepEqual, keyOf } from '@kybern/core';
import { Pod, Service, type Node } from '@kybern/core/kinds';
import type { Cache, CacheIndex, InformerEvent } from '@kybern/reconcile';
import { isPodReady } from '../pod-state.ts';

type Labels = Readonly<Record<string, string>>;

/** Pods by each of their labels, so that a Service finds its Pods without looking at all of the namespace. */
export const podLabelIndex: CacheIndex<Pod> = {
  kind: Pod,
  name: 'endpointslice/labels',
  by: ({ metadata: { namespace, labels } }) => labelKeys(namespace, labels),
};

/** Services by one label of their selector, so that a Pod finds those that may select it by looking up each of its labels. */
export const serviceSelectorIndex: CacheIndex<Service> = {
  kind: Service,
  name: 'endpointslice/selector',
  by: ({ metadata: { namespace }, spec: { selector } }) => labelKeys(namespace, selector).sort().slice(0, 1),
};

/** So few Services are asked one by one, which is cheaper than to look up every label of a Pod. */
const FEW_SERVICES = 8;

function labelKeys(namespace = '', labels: Labels | undefined): string[] {
  const keys: string[] = [];
  for (const name in labels) keys.push(`${namespace}/${name}=${labels[name] ?? ''}`);
  return keys;
}

const selects = (selector: Labels, labels: Labels | undefined): boolean => {
  for (const name in selector) if (labels?.[name] !== selector[name]) return false;
  return true;
};

/** The Pods that a Service selects: those of its rarest label, checked for the others. An empty selector selects all of the namespace. */
export function selectedPods(cache: Cache, { metadata: { namespace }, spec: { selector = {} } }: Service): readonly Pod[] {
  const keys = labelKeys(namespace, selector);
  if (keys.length === 0) return cache.list(Pod, namespace === undefined ? {} : { namespace });
  const lists = keys.map((key) => cache.by(Pod, podLabelIndex.name, key));
  const shortest = lists.reduce((a, b) => (b.length < a.length ? b : a));
  return keys.length === 1 ? shortest : shortest.filter((pod) => selects(selector, pod.metadata.labels));
}

/** The keys of the Services that select a Pod. */
export function selectingServices(cache: Cache, { metadata: { namespace, labels } }: Pod): readonly string[] {
  const keys: string[] = [];
  const services = cache.list(Service, namespace === undefined ? {} : { namespace });
  if (services.length <= FEW_SERVICES) {
    for (const service of services) if (service.spec.selector !== undefined && selects(service.spec.selector, labels)) keys.push(keyOf(service));
    return keys;
  }
  for (const key of labelKeys(namespace, labels)) {
    for (const service of cache.by(Service, serviceSelectorIndex.name, key)) if (selects(service.spec.selector ?? {}, labels)) keys.push(keyOf(service));
  }
  return keys;
}

/**
 * Whether a change of a Pod can show in an endpoint.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/endpointslice/util/controller_utils.go (podEndpointsChanged)
 */
export function concernsEndpoints(event: InformerEvent<Pod>): boolean {
  if (event.type !== 'updated') return hasAddress(event.object);
  const { old, object } = event;
  if (!hasAddress(old) && !hasAddress(object)) return false;
  const [before, after] = [old.metadata, object.metadata];
  return (
    before.deletionTimestamp !== after.deletionTimestamp ||
    old.status?.phase !== object.status?.phase ||
    isPodReady(old) !== isPodReady(object) ||
    old.spec.nodeName !== object.spec.nodeName ||
    old.status?.podIP !== object.status?.podIP ||
    !deepEqual(old.status?.podIPs, object.status?.podIPs) ||
    !deepEqual(before.labels, after.labels)
  );
}

const hasAddress = ({ status }: Pod): boolean => (status?.podIP ?? '') !== '' || (status?.podIPs ?? []).length > 0;

const ZONE = 'topology.kubernetes.io/zone';

/** Whether a change of a Node can show in an endpoint: it came, went or moved. */
export function concernsZone(event: InformerEvent<Node>): boolean {
  return event.type !== 'updated' || event.old.metadata.labels?.[ZONE] !== event.object.metadata.labels?.[ZONE];
}

/** A node's part of the cluster's CPUs changed, or where it is. */
export function concernsCapacity(event: InformerEvent<Node>): boolean {
  if (event.type !== 'updated') return true;
  const ready = ({ status }: Node): boolean => status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True';
  const { old, object } = event;
  return (
    ready(old) !== ready(object) ||
    old.status?.allocatable?.['cpu'] !== object.status?.allocatable?.['cpu'] ||
    !deepEqual(old.metadata.labels, object.metadata.labels)
  );
}
