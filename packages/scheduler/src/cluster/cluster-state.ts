import { keyOf } from '@kybern/core';
import type { Node, Pod } from '@kybern/core/kinds';
import type { BinVersions, Snapshot } from '../engine/snapshot.ts';
import { NodeColumns } from './node-columns.ts';
import { NodeEntry, type PodRecord } from './node-entry.ts';
import type { NodeInfo } from './node-info.ts';
import { NodeOrder } from './node-order.ts';
import { podRequests } from './pod-requests.ts';

/** Nodes and the Pods on them, as the engine reads them. */
export interface ClusterSnapshot extends Snapshot<NodeInfo> {
  readonly versions: BinVersions<NodeInfo>;
  get(nodeName: string): NodeInfo | undefined;
}

/**
 * Nodes and the Pods on them, kept up to date change by change. It is the snapshot that the engine reads, by reference: nothing is copied for a decision,
 * so it must not change while one is being made (decisions are synchronous).
 *
 * Pods on nodes that are not there (yet) are remembered and count once the node comes.
 * Invariant: every Pod in `#pods` is either on the entry of its node or in `#strays` under its node's name, never both.
 */
export class ClusterState implements ClusterSnapshot {
  readonly versions: BinVersions<NodeInfo>;
  readonly #columns = new NodeColumns();
  readonly #entries = new Map<string, NodeEntry>();
  readonly #order = new NodeOrder();
  readonly #pods = new Map<string, PodRecord>();
  readonly #strays = new Map<string, Set<PodRecord>>();
  /** Invariant: `#nodes` and `#rows` are those of `#listed`. */
  #listed: readonly string[] = this.#order.list();
  #nodes: readonly NodeEntry[] = [];
  #rows = new Int32Array(0);

  constructor() {
    const { fixed } = this.#columns;
    const rows = (): Int32Array => {
      this.#arrange();
      return this.#rows;
    };
    this.versions = {
      row: (bin) => (bin as NodeEntry).row,
      get at() {
        return fixed.version;
      },
      get rows() {
        return rows();
      },
    };
  }

  get nodes(): readonly NodeInfo[] {
    this.#arrange();
    return this.#nodes;
  }

  get(nodeName: string): NodeInfo | undefined {
    return this.#entries.get(nodeName);
  }

  /** The Pod that counts under this key (`namespace/name`), with the node it counts on. */
  getPod(key: string): { readonly pod: Pod; readonly nodeName: string } | undefined {
    return this.#pods.get(key);
  }

  /** Adds a node or replaces its object. */
  setNode(node: Node): void {
    const { name } = node.metadata;
    const entry = this.#entries.get(name);
    this.#order.set(node);
    if (entry !== undefined) {
      entry.setNode(node);
      return;
    }
    const added = new NodeEntry(node, this.#columns);
    this.#entries.set(name, added);
    for (const record of this.#strays.get(name) ?? []) added.add(record);
    this.#strays.delete(name);
  }

  removeNode(name: string): void {
    const entry = this.#entries.get(name);
    if (entry === undefined) return;
    const left = new Set(entry.records);
    if (left.size > 0) this.#strays.set(name, left);
    this.#entries.delete(name);
    this.#order.delete(name);
    entry.release();
  }

  /** Counts a Pod on its node (`spec.nodeName`), or moves it there, replacing what was known under its key. Pods without a node do not count. */
  setPod(pod: Pod): void {
    const { nodeName } = pod.spec;
    const key = keyOf(pod);
    this.removePod(key);
    if (nodeName === undefined || nodeName === '') return;
    const record: PodRecord = { key, pod, nodeName, requests: podRequests(pod) };
    this.#pods.set(key, record);
    const entry = this.#entries.get(nodeName);
    if (entry !== undefined) entry.add(record);
    else this.#straysOf(nodeName).add(record);
  }

  /** No longer counts the Pod under this key. */
  removePod(key: string): void {
    const record = this.#pods.get(key);
    if (record === undefined) return;
    this.#pods.delete(key);
    const entry = this.#entries.get(record.nodeName);
    if (entry !== undefined) {
      entry.remove(record);
      return;
    }
    const strays = this.#strays.get(record.nodeName);
    strays?.delete(record);
    if (strays?.size === 0) this.#strays.delete(record.nodeName);
  }

  #arrange(): void {
    const order = this.#order.list();
    if (order === this.#listed) return;
    this.#listed = order;
    this.#nodes = order.map((name) => this.#entries.get(name) as NodeEntry);
    this.#rows = Int32Array.from(this.#nodes, ({ row }) => row);
  }

  #straysOf(nodeName: string): Set<PodRecord> {
    let strays = this.#strays.get(nodeName);
    if (strays === undefined) this.#strays.set(nodeName, (strays = new Set()));
    return strays;
  }
}

/** Plain manifests to make a snapshot of. */
export interface SnapshotInput {
  readonly nodes: readonly Node[];
  /** Those with `spec.nodeName` count on their nodes, unless they have ended. */
  readonly pods?: readonly Pod[];
}

/**
 * The nodes and the Pods on them, ready for the engine.
 *
 * @throws {ApiError} `BadRequest` when a quantity cannot be read
 */
export function createSnapshot(input: SnapshotInput): ClusterState {
  const state = new ClusterState();
  for (const node of input.nodes) state.setNode(node);
  for (const pod of input.pods ?? []) if (!hasEnded(pod)) state.setPod(pod);
  return state;
}

/** Whether a Pod has run to its end, so that what it requested is free again. */
export function hasEnded(pod: Pod): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
}
