import { ownValue, parseQuantity, quantityToBytes, quantityToMillis } from '@kybern/core';
import type { Container, Pod } from '@kybern/core/kinds';

/** What the fields of a Pod are read from. */
export interface PodFieldsInput {
  readonly pod: Pod;
  /** Of the sandbox; empty before there is one. */
  readonly podIPs: readonly string[];
  readonly hostIPs: readonly string[];
  /** What the node can give, where a container has no limit. */
  readonly allocatable: Readonly<Record<string, number>>;
}

/**
 * The text of a field that a `fieldRef` names.
 *
 * @throws {Error} in Kubernetes' words, when there is no such field
 * @see kubernetes v1.36 pkg/fieldpath/fieldpath.go, pkg/kubelet/kubelet_pods.go (podFieldSelectorRuntimeValue)
 */
export function podField({ pod, podIPs, hostIPs }: PodFieldsInput, path: string): string {
  const { metadata, spec } = pod;
  const [, map, key] = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path) ?? [];
  if (map !== undefined && key !== undefined) return ownValue(map === 'labels' ? metadata.labels : metadata.annotations, key) ?? '';
  const fields: Readonly<Record<string, string>> = {
    'metadata.name': metadata.name,
    'metadata.namespace': metadata.namespace ?? 'default',
    'metadata.uid': metadata.uid ?? '',
    'metadata.labels': formatMap(metadata.labels),
    'metadata.annotations': formatMap(metadata.annotations),
    'spec.nodeName': spec.nodeName ?? '',
    'spec.serviceAccountName': spec.serviceAccountName ?? 'default',
    'status.hostIP': hostIPs[0] ?? '',
    'status.hostIPs': hostIPs.join(','),
    'status.podIP': podIPs[0] ?? '',
    'status.podIPs': podIPs.join(','),
  };
  const value = ownValue(fields, path);
  if (value === undefined) throw new Error(`unsupported fieldPath: ${path}`);
  return value;
}

function formatMap(map: Readonly<Record<string, string>> = {}): string {
  return Object.keys(map)
    .sort()
    .map((key) => `${key}=${JSON.stringify(map[key])}`)
    .join('\n');
}

/** Names a resource of a container. */
export interface ResourceField {
  readonly resource: string;
  readonly divisor?: string | undefined;
}

/**
 * The text of a resource that a `resourceFieldRef` names, rounded up to whole divisors. A limit that is not set is what the node has.
 *
 * @throws {Error} when there is no such resource
 * @see kubernetes v1.36 pkg/api/v1/resource/helpers.go (ExtractContainerResourceValue)
 */
export function resourceField({ allocatable }: PodFieldsInput, container: Container, { resource, divisor = '1' }: ResourceField): string {
  const [, kind, name = ''] = /^(limits|requests)\.(.+)$/.exec(resource) ?? [];
  if (kind === undefined) throw new Error(`unsupported container resource : ${resource}`);
  const limit = ownValue(container.resources?.limits, name);
  const request = ownValue(container.resources?.requests, name);
  const quantity = kind === 'limits' ? limit : (request ?? limit);
  const unit = divisor === '0' ? '1' : divisor;
  parseQuantity(unit);
  if (name === 'cpu') {
    const millis = quantity === undefined ? (kind === 'limits' ? (allocatable['cpu'] ?? 0) * 1000 : 0) : quantityToMillis(quantity);
    return String(Math.ceil(millis / quantityToMillis(unit)));
  }
  const bytes = quantity === undefined ? (kind === 'limits' ? (ownValue(allocatable, name) ?? 0) : 0) : quantityToBytes(quantity);
  return String(Math.ceil(bytes / quantityToBytes(unit)));
}
