import type { Node, Pod } from '@kybern/core/kinds';
import type { HostPort } from './pod-requests.ts';

/** Amounts by resource name: `cpu` in thousandths of a core, everything else in whole units (bytes, Pods, devices). */
export type ResourceAmounts = Readonly<Record<string, number>>;

/**
 * A node as plugins see it: the object, the Pods on it (assumed ones included), and the sums over them. Read only; it shows the present state of the
 * snapshot that it belongs to.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/kube-scheduler/framework/types.go (NodeInfo)
 */
export interface NodeInfo {
  readonly name: string;
  readonly node: Node;
  readonly pods: readonly Pod[];
  readonly podCount: number;
  /** Volumes of all kinds that the Pods on the node mount, a shared one each time. */
  readonly volumeCount: number;
  /** What the Pods request: `node.requested['nvidia.com/gpu']`. Frozen. */
  readonly requested: ResourceAmounts;
  /** `status.allocatable`. Frozen. */
  readonly allocatable: ResourceAmounts;

  readonly allocatablePods: number;
  readonly allocatableCpuMillis: number;
  readonly allocatableMemoryBytes: number;
  readonly allocatableEphemeralStorageBytes: number;
  readonly requestedCpuMillis: number;
  readonly requestedMemoryBytes: number;
  readonly requestedEphemeralStorageBytes: number;
  /** Like `requestedCpuMillis`, with 100m for each container that does not say. */
  readonly nonZeroCpuMillis: number;
  /** Like `requestedMemoryBytes`, with 200Mi for each container that does not say. */
  readonly nonZeroMemoryBytes: number;
  /** How much of an extended resource the node has; 0 for one it does not know. */
  allocatableExtended(resource: string): number;
  /** How much of an extended resource the Pods on the node request. */
  requestedExtended(resource: string): number;
  /** Whether a Pod on the node holds a port that `wanted` would clash with. */
  hasPortConflict(wanted: HostPort): boolean;
}
