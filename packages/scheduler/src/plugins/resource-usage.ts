import type { NodeInfo } from '../cluster/node-info.ts';
import { isExtendedResource, type PodRequests } from '../cluster/pod-requests.ts';
import { SchedulerConfigError } from '../errors.ts';

/** A resource that a score looks at, and how much it counts. */
export interface ResourceSpec {
  readonly name: string;
  /** From 1 to 100; default 1. */
  readonly weight?: number;
}

/** What scores look at unless told otherwise. */
export const CPU_AND_MEMORY: readonly Required<ResourceSpec>[] = [
  { name: 'cpu', weight: 1 },
  { name: 'memory', weight: 1 },
];

/** @throws {SchedulerConfigError} naming the field */
export function checkedResources(resources: readonly ResourceSpec[] | undefined, path: string): readonly Required<ResourceSpec>[] {
  if (resources === undefined || resources.length === 0) return CPU_AND_MEMORY;
  return resources.map(({ name, weight = 1 }, index) => {
    if (name === '') throw new SchedulerConfigError(`${path}[${index}].name`, 'must not be empty');
    if (!(weight >= 1 && weight <= 100)) throw new SchedulerConfigError(`${path}[${index}].weight`, 'must be from 1 to 100');
    return { name, weight };
  });
}

/** How much of a resource a node has. */
export function allocatableOf(node: NodeInfo, resource: string): number {
  if (resource === 'cpu') return node.allocatableCpuMillis;
  if (resource === 'memory') return node.allocatableMemoryBytes;
  return resource === 'ephemeral-storage' ? node.allocatableEphemeralStorageBytes : node.allocatableExtended(resource);
}

/** How much of a resource the Pods on a node request. */
export function requestedOf(node: NodeInfo, resource: string): number {
  if (resource === 'cpu') return node.requestedCpuMillis;
  if (resource === 'memory') return node.requestedMemoryBytes;
  return resource === 'ephemeral-storage' ? node.requestedEphemeralStorageBytes : node.requestedExtended(resource);
}

/** {@link requestedOf}, where every container counts some cpu and memory. */
export function nonZeroRequestedOf(node: NodeInfo, resource: string): number {
  if (resource === 'cpu') return node.nonZeroCpuMillis;
  return resource === 'memory' ? node.nonZeroMemoryBytes : requestedOf(node, resource);
}

/** How much of a resource a Pod requests. */
export function podRequestOf(requests: PodRequests, resource: string): number {
  if (resource === 'cpu') return requests.cpuMillis;
  if (resource === 'memory') return requests.memoryBytes;
  return resource === 'ephemeral-storage' ? requests.ephemeralStorageBytes : (requests.extended.get(resource) ?? 0);
}

/** {@link podRequestOf}, where every container counts some cpu and memory. */
export function podNonZeroRequestOf(requests: PodRequests, resource: string): number {
  if (resource === 'cpu') return requests.nonZeroCpuMillis;
  return resource === 'memory' ? requests.nonZeroMemoryBytes : podRequestOf(requests, resource);
}

/** Whether a resource plays no part in the scores for this Pod: an extended one that it does not ask for. */
export function isLeftOut(requests: PodRequests, resource: string): boolean {
  return isExtendedResource(resource) && podRequestOf(requests, resource) === 0;
}

/** All that the scores and filters of resources depend on, as a text. */
export function requestSignature(requests: PodRequests): string {
  const { cpuMillis, memoryBytes, ephemeralStorageBytes, nonZeroCpuMillis, nonZeroMemoryBytes, extended } = requests;
  const fixed = `${cpuMillis},${memoryBytes},${ephemeralStorageBytes},${nonZeroCpuMillis},${nonZeroMemoryBytes}`;
  return extended.size === 0 ? fixed : `${fixed},${JSON.stringify([...extended])}`;
}
