import type { Node, Pod } from '@kybern/core/kinds';
import type { NodeColumns } from './node-columns.ts';
import type { NodeInfo, ResourceAmounts } from './node-info.ts';
import type { Placement } from './placement-index.ts';
import type { PodClaim } from './pod-claims.ts';
import { amounts, isExtendedResource, type HostPort, type PodRequests } from './pod-requests.ts';

/** A Pod that counts on a node. */
export interface PodRecord {
  readonly key: string;
  readonly pod: Pod;
  readonly nodeName: string;
  readonly requests: PodRequests;
  readonly claims: readonly PodClaim[];
  /** Written by the {@link PlacementIndex} alone: set exactly while the Pod is counted there. */
  placement: Placement | undefined;
}

/** The writable side of a {@link NodeInfo}. Invariant: its row in the columns is the sum over `#records`, and changes only together with its version. */
export class NodeEntry implements NodeInfo {
  readonly name: string;
  readonly row: number;
  readonly #columns: NodeColumns;
  readonly #records = new Map<string, PodRecord>();
  #portHolders = 0;
  #volumes = 0;
  #node: Node;
  /** Made only for plugins that ask, and kept until the node changes; so is `#view`. */
  #pods: readonly Pod[] | undefined;
  #view: View | undefined;

  constructor(node: Node, columns: NodeColumns) {
    this.name = node.metadata.name;
    this.#columns = columns;
    this.#node = node;
    this.row = columns.allocate();
    this.setNode(node);
  }

  get node(): Node {
    return this.#node;
  }
  get records(): Iterable<PodRecord> {
    return this.#records.values();
  }
  get pods(): readonly Pod[] {
    this.#pods ??= Object.freeze(Array.from(this.#records.values(), (record) => record.pod));
    return this.#pods;
  }
  get requested(): ResourceAmounts {
    return this.#current().requested;
  }
  get allocatable(): ResourceAmounts {
    return this.#current().allocatable;
  }
  get podCount(): number {
    return this.#records.size;
  }
  get allocatablePods(): number {
    return this.#columns.fixed.allocatablePods[this.row] as number;
  }
  get allocatableCpuMillis(): number {
    return this.#columns.fixed.allocatableCpuMillis[this.row] as number;
  }
  get allocatableMemoryBytes(): number {
    return this.#columns.fixed.allocatableMemoryBytes[this.row] as number;
  }
  get allocatableEphemeralStorageBytes(): number {
    return this.#columns.fixed.allocatableEphemeralStorageBytes[this.row] as number;
  }
  get requestedCpuMillis(): number {
    return this.#columns.fixed.requestedCpuMillis[this.row] as number;
  }
  get requestedMemoryBytes(): number {
    return this.#columns.fixed.requestedMemoryBytes[this.row] as number;
  }
  get requestedEphemeralStorageBytes(): number {
    return this.#columns.fixed.requestedEphemeralStorageBytes[this.row] as number;
  }
  get nonZeroCpuMillis(): number {
    return this.#columns.fixed.nonZeroCpuMillis[this.row] as number;
  }
  get nonZeroMemoryBytes(): number {
    return this.#columns.fixed.nonZeroMemoryBytes[this.row] as number;
  }

  allocatableExtended(resource: string): number {
    return this.#columns.extended.get(resource)?.allocatable[this.row] ?? 0;
  }

  requestedExtended(resource: string): number {
    return this.#columns.extended.get(resource)?.requested[this.row] ?? 0;
  }

  get volumeCount(): number {
    return this.#volumes;
  }

  hasPortConflict(wanted: HostPort): boolean {
    if (this.#portHolders === 0) return false;
    for (const { requests } of this.#records.values()) if (requests.hostPorts.some((used) => portsClash(used, wanted))) return true;
    return false;
  }

  setNode(node: Node): void {
    const { fixed, extended } = this.#columns;
    this.#node = node;
    const allocatable = amounts(node.status?.allocatable);
    fixed.allocatableCpuMillis[this.row] = allocatable.get('cpu') ?? 0;
    fixed.allocatableMemoryBytes[this.row] = allocatable.get('memory') ?? 0;
    fixed.allocatableEphemeralStorageBytes[this.row] = allocatable.get('ephemeral-storage') ?? 0;
    fixed.allocatablePods[this.row] = allocatable.get('pods') ?? 0;
    for (const column of extended.values()) column.allocatable[this.row] = 0;
    for (const [name, amount] of allocatable) {
      if (isExtendedResource(name)) this.#columns.extendedColumn(name).allocatable[this.row] = amount;
    }
    this.#touch();
  }

  add(record: PodRecord): void {
    this.#records.set(record.key, record);
    this.#countVolumes(record.pod.spec.volumes?.length ?? 0);
    this.#count(record.requests, 1);
  }

  remove(record: PodRecord): void {
    if (this.#records.get(record.key) !== record) return;
    this.#records.delete(record.key);
    this.#countVolumes(-(record.pod.spec.volumes?.length ?? 0));
    this.#count(record.requests, -1);
  }

  #countVolumes(by: number): void {
    if (by === 0) return;
    this.#columns.volumes.move(this.#volumes, this.#volumes + by);
    this.#volumes += by;
  }

  /** Gives the row back. The entry must not be used afterwards. */
  release(): void {
    this.#columns.volumes.move(this.#volumes, 0);
    this.#columns.release(this.row);
  }

  #count(requests: PodRequests, sign: 1 | -1): void {
    const { fixed } = this.#columns;
    const { row } = this;
    (fixed.requestedCpuMillis[row] as number) += sign * requests.cpuMillis;
    (fixed.requestedMemoryBytes[row] as number) += sign * requests.memoryBytes;
    (fixed.requestedEphemeralStorageBytes[row] as number) += sign * requests.ephemeralStorageBytes;
    (fixed.nonZeroCpuMillis[row] as number) += sign * requests.nonZeroCpuMillis;
    (fixed.nonZeroMemoryBytes[row] as number) += sign * requests.nonZeroMemoryBytes;
    (fixed.podCount[row] as number) += sign;
    for (const [name, amount] of requests.extended) (this.#columns.extendedColumn(name).requested[row] as number) += sign * amount;
    if (requests.hostPorts.length > 0) this.#portHolders += sign;
    this.#touch();
  }

  #touch(): void {
    this.#columns.touch(this.row);
    this.#pods = undefined;
    this.#view = undefined;
  }

  #current(): View {
    this.#view ??= this.#makeView();
    return this.#view;
  }

  #makeView(): View {
    const requested: Record<string, number> = {
      cpu: this.requestedCpuMillis,
      memory: this.requestedMemoryBytes,
      'ephemeral-storage': this.requestedEphemeralStorageBytes,
      pods: this.podCount,
    };
    const allocatable: Record<string, number> = {
      cpu: this.allocatableCpuMillis,
      memory: this.allocatableMemoryBytes,
      'ephemeral-storage': this.allocatableEphemeralStorageBytes,
      pods: this.allocatablePods,
    };
    for (const [name, column] of this.#columns.extended) {
      requested[name] = column.requested[this.row] as number;
      allocatable[name] = column.allocatable[this.row] as number;
    }
    return { requested: Object.freeze(requested), allocatable: Object.freeze(allocatable) };
  }
}

interface View {
  readonly requested: ResourceAmounts;
  readonly allocatable: ResourceAmounts;
}

/** @see kubernetes v1.36 staging/src/k8s.io/kube-scheduler/framework/types.go (HostPortInfo) */
export function portsClash(a: HostPort, b: HostPort): boolean {
  return a.port === b.port && a.protocol === b.protocol && (a.ip === b.ip || a.ip === '0.0.0.0' || b.ip === '0.0.0.0');
}
