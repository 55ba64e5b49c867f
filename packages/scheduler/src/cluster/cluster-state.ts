import { deepEqual, keyOf, type Kind, type KubernetesObject, type Labels } from '@kybern/core';
import { Namespace, type Node, type Pod } from '@kybern/core/kinds';
import type { BinVersions, Snapshot, Trial } from '../engine/snapshot.ts';
import { ClusterObjects } from './cluster-objects.ts';
import { ImageIndex } from './image-index.ts';
import { NodeColumns } from './node-columns.ts';
import { NodeEntry, type PodRecord } from './node-entry.ts';
import type { NodeInfo } from './node-info.ts';
import { NodeOrder } from './node-order.ts';
import { NominatedPods } from './nominated-pods.ts';
import { PlacementIndex } from './placement-index.ts';
import { ClaimIndex, podClaims } from './pod-claims.ts';
import { podRequests } from './pod-requests.ts';
import { StateTrial } from './state-trial.ts';

/** Nodes and the Pods on them, as the engine reads them. */
export interface ClusterSnapshot extends Snapshot<NodeInfo> {
  readonly versions: BinVersions<NodeInfo>;
  readonly nominations: NominatedPods;
  /** Where Pods are, by topology domain. */
  readonly placements: PlacementIndex;
  readonly images: ImageIndex;
  readonly claims: ClaimIndex;
  /** Everything that is neither a node nor a Pod. */
  readonly objects: ClusterObjects;
  get(nodeName: string): NodeInfo | undefined;
  /** The node in a row of `versions`, which must be in use. */
  readonly nodeAt: (row: number) => NodeInfo;
  /** The largest `volumeCount` of all nodes. */
  readonly mostVolumes: number;
  trial(): Trial;
}

/**
 * The cluster behind a snapshot, for plugins that look further than one node.
 *
 * @throws {TypeError} when the snapshot is none that {@link createSnapshot} made
 */
export function clusterOf(snapshot: Snapshot<NodeInfo>): ClusterSnapshot {
  if ('placements' in snapshot && 'objects' in snapshot) return snapshot as ClusterSnapshot;
  throw new TypeError('this plugin needs a snapshot of nodes and Pods, as createSnapshot makes it');
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
  readonly nominations: NominatedPods = new NominatedPods();
  readonly objects: ClusterObjects = new ClusterObjects();
  readonly images: ImageIndex = new ImageIndex();
  readonly claims: ClaimIndex = new ClaimIndex();
  readonly placements: PlacementIndex = new PlacementIndex((namespace) => this.#namespaceLabels(namespace));
  readonly nodeAt: (row: number) => NodeInfo = (row) => this.#byRow[row] as NodeEntry;
  readonly #columns = new NodeColumns();
  /** Invariant: has exactly the entries of `#entries`. */
  readonly #byRow: (NodeEntry | undefined)[] = [];
  readonly #entries = new Map<string, NodeEntry>();
  readonly #order = new NodeOrder();
  readonly #pods = new Map<string, PodRecord>();
  readonly #strays = new Map<string, Set<PodRecord>>();
  /** Invariant: `#nodes` and `#rows` are those of `#listed`. */
  #listed: readonly string[] = this.#order.list();
  #nodes: readonly NodeEntry[] = [];
  #rows = new Int32Array(0);

  constructor() {
    const { fixed, log } = this.#columns;
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
      log,
    };
  }

  get mostVolumes(): number {
    return this.#columns.volumes.most;
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
      this.#changeNode(entry, node);
      return;
    }
    const added = new NodeEntry(node, this.#columns);
    this.#entries.set(name, added);
    this.#byRow[added.row] = added;
    this.placements.addNode(added.row, node);
    this.images.setNode(added.row, node);
    for (const record of this.#strays.get(name) ?? []) this.#addTo(added, record);
    this.#strays.delete(name);
  }

  #changeNode(entry: NodeEntry, node: Node): void {
    const { row, node: old } = entry;
    entry.setNode(node);
    this.images.setNode(row, node);
    if (isSamePlace(old, node)) return;
    for (const record of entry.records) this.placements.removePod(record, row);
    this.placements.removeNode(row);
    this.placements.addNode(row, node);
    for (const record of entry.records) this.placements.addPod(record, row);
  }

  removeNode(name: string): void {
    const entry = this.#entries.get(name);
    if (entry === undefined) return;
    const left = new Set(entry.records);
    if (left.size > 0) this.#strays.set(name, left);
    this.#entries.delete(name);
    this.#byRow[entry.row] = undefined;
    this.#order.delete(name);
    for (const record of left) {
      this.placements.removePod(record, entry.row);
      this.claims.count(record, -1);
    }
    this.placements.removeNode(entry.row);
    this.images.removeNode(entry.row);
    entry.release();
  }

  /** Adds or replaces an object that is neither a node nor a Pod. */
  setObject<T extends KubernetesObject>(kind: Kind<T>, object: T): void {
    const isNamespace = isNamespaceKind(kind);
    const before = isNamespace ? this.objects.get(kind, keyOf(object)) : undefined;
    this.objects.set(kind, object);
    if (isNamespace && !isSame(before?.metadata?.labels, object.metadata?.labels)) this.placements.namespaceChanged();
  }

  removeObject<T extends KubernetesObject>(kind: Kind<T>, object: T): void {
    this.objects.delete(kind, object);
    if (isNamespaceKind(kind)) this.placements.namespaceChanged();
  }

  trial(): Trial {
    return new StateTrial({
      columns: this.#columns,
      recordOf: (key) => this.#pods.get(key),
      rowOf: (nodeName) => this.#entries.get(nodeName)?.row,
      put: (record) => this.#put(record),
      take: (record) => this.#take(record),
    });
  }

  /** Counts a Pod on its node (`spec.nodeName`), or moves it there, replacing what was known under its key. Pods without a node do not count. */
  setPod(pod: Pod): void {
    const { nodeName } = pod.spec;
    const key = keyOf(pod);
    this.removePod(key);
    if (nodeName === undefined || nodeName === '') return;
    this.#put({ key, pod, nodeName, requests: podRequests(pod), claims: podClaims(pod), placement: undefined });
  }

  /** No longer counts the Pod under this key. */
  removePod(key: string): void {
    const record = this.#pods.get(key);
    if (record !== undefined) this.#take(record);
  }

  #put(record: PodRecord): void {
    this.#pods.set(record.key, record);
    const entry = this.#entries.get(record.nodeName);
    if (entry !== undefined) this.#addTo(entry, record);
    else this.#straysOf(record.nodeName).add(record);
  }

  #take(record: PodRecord): void {
    this.#pods.delete(record.key);
    const entry = this.#entries.get(record.nodeName);
    if (entry !== undefined) {
      entry.remove(record);
      this.placements.removePod(record, entry.row);
      this.claims.count(record, -1);
      return;
    }
    const strays = this.#strays.get(record.nodeName);
    strays?.delete(record);
    if (strays?.size === 0) this.#strays.delete(record.nodeName);
  }

  #addTo(entry: NodeEntry, record: PodRecord): void {
    entry.add(record);
    this.placements.addPod(record, entry.row);
    this.claims.count(record, 1);
  }

  /** Every namespace has its own name as a label, also where manifests do not say so. */
  #namespaceLabels(name: string): Labels {
    const labels = this.objects.get(Namespace, name)?.metadata.labels;
    return { 'kubernetes.io/metadata.name': name, ...labels };
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

/** Whether a node is, for whoever counts Pods on nodes like this, the same as before. */
function isSamePlace(old: Node, node: Node): boolean {
  return isSame(old.metadata.labels, node.metadata.labels) && isSame(old.spec?.taints, node.spec?.taints);
}

function isNamespaceKind({ kind, group }: Pick<Kind, 'kind' | 'group'>): boolean {
  return kind === Namespace.kind && group === Namespace.group;
}

function isSame(a: unknown, b: unknown): boolean {
  return a === b || deepEqual(a, b);
}

/** Whether a Pod has run to its end, so that what it requested is free again. */
export function hasEnded(pod: Pod): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
}
