import { CSINode, PersistentVolume, PersistentVolumeClaim, StorageClass, VolumeAttachment, type Pod } from '@kybern/core/kinds';
import { clusterOf, type ClusterSnapshot } from '../cluster/cluster-state.ts';
import { podClaims } from '../cluster/pod-claims.ts';
import type { NodeInfo } from '../cluster/node-info.ts';
import type { FilterPlugin, PreFilterPlugin } from '../engine/plugin.ts';
import { skip, unschedulable, withPlugin } from '../engine/status.ts';
import type { ClusterEvent, QueueingHint } from '../queue/cluster-event.ts';
import { addAttachable, addAttachments, mayAttach, type AttachedVolumes } from './attached-volumes.ts';
import { hintForClaim } from './volume-events.ts';

const NAME = 'NodeVolumeLimits';
const REJECTED = Object.freeze(withPlugin(unschedulable('node(s) exceed max volume count'), NAME));

/** A driver that would have to attach more volumes than it can. */
interface Excess {
  readonly driver: string;
  readonly attached: number;
  readonly added: number;
  readonly limit: number;
}

/**
 * Keeps Pods off nodes whose CSI drivers cannot attach any more volumes.
 *
 * @see kubernetes v1.36 pkg/scheduler/framework/plugins/nodevolumelimits/csi.go
 */
export function nodeVolumeLimits(): PreFilterPlugin & FilterPlugin {
  const byNode = attachmentsByNode();
  const nodesOf = csiNodesByRow();
  const leastLimit = leastLimitOfAll();
  return {
    name: NAME,
    preFilter(pod, cycle) {
      if (!mayAttach(pod)) return skip();
      const cluster = clusterOf(cycle.snapshot);
      const attachments = byNode(cluster);
      const most = cluster.mostVolumes + attachments.most + (pod.spec.volumes?.length ?? 0);
      // No node can be over any limit: none need be looked at. Not so if Pods may count that are not there yet.
      if (most <= leastLimit(cluster) && cluster.nominations.size === 0 && !cycle.explaining) return skip();
      const { nodeAt: nodeOf } = cluster;
      cycle.state.set(NAME, { cluster, nodeOf, csiNodeOf: nodesOf(cluster), attachmentsByNode: attachments.byNode } satisfies Known);
      return undefined;
    },
    filter(pod, node, cycle) {
      const excess = judge(pod, node, cycle.state.get<Known>(NAME) as Known);
      if (excess === undefined) return undefined;
      return cycle.explaining ? { ...REJECTED, details: { ...excess } } : REJECTED;
    },
    filterRows(pod, { rows, count, rejected }, cycle) {
      const known = cycle.state.get<Known>(NAME) as Known;
      for (let i = 0; i < count; i++) if (judge(pod, known.nodeOf(rows[i] as number), known) !== undefined) rejected[i] = 1;
    },
    reads: [CSINode, PersistentVolume, PersistentVolumeClaim, StorageClass, VolumeAttachment],
    eventsToRegister: () => [
      { resource: 'storage.k8s.io/CSINode', actions: ['Add', 'Update'] },
      { resource: 'AssignedPod', actions: ['Delete'], hint: (_pod, event) => hintForDeletedPod(event) },
      { resource: 'PersistentVolumeClaim', actions: ['Add', 'Update'], hint: hintForClaim },
      { resource: 'storage.k8s.io/VolumeAttachment', actions: ['Delete'] },
    ],
  };
}

/** What PreFilter looks up for all nodes at once. */
interface Known {
  readonly cluster: ClusterSnapshot;
  readonly nodeOf: (row: number) => NodeInfo;
  readonly csiNodeOf: (node: NodeInfo) => LimitedNode;
  readonly attachmentsByNode: ReadonlyMap<string, readonly VolumeAttachment[]>;
}

/** What the drivers of a node can attach. Without a CSINode nobody counts. */
interface LimitedNode {
  readonly name: string;
  readonly csiNode: CSINode | undefined;
  readonly limits: DriverLimits;
}

/** Remembers by row which CSINode belongs to a node, for as long as no CSINode changes: a look-up by name costs more than all the rest. */
function csiNodesByRow(): (cluster: ClusterSnapshot) => (node: NodeInfo) => LimitedNode {
  const known = new WeakMap<ClusterSnapshot, { readonly version: number; readonly byRow: (LimitedNode | undefined)[] }>();
  return (cluster) => {
    const version = cluster.objects.version(CSINode);
    let rows = known.get(cluster);
    if (rows?.version !== version) known.set(cluster, (rows = { version, byRow: [] }));
    const { byRow } = rows;
    const rowOf = cluster.versions.row;
    return (node) => {
      const row = rowOf(node);
      const found = byRow[row];
      // A row may have gone to another node since.
      return found?.name === node.name ? found : (byRow[row] = limitedNode(node.name, cluster));
    };
  };
}

function limitedNode(name: string, { objects }: ClusterSnapshot): LimitedNode {
  const csiNode = objects.get(CSINode, name);
  const byDriver = new Map<string, number>();
  for (const { name: driver, allocatable } of csiNode?.spec.drivers ?? []) if (allocatable?.count !== undefined) byDriver.set(driver, allocatable.count);
  return { name, csiNode, limits: { byDriver, least: Math.min(...byDriver.values()) } };
}

function judge(pod: Pod, node: NodeInfo, { cluster, csiNodeOf, attachmentsByNode: groups }: Known): Excess | undefined {
  const { csiNode, limits } = csiNodeOf(node);
  if (csiNode === undefined) return undefined;
  const attachments = (groups.size === 0 ? undefined : groups.get(node.name)) ?? NO_ATTACHMENTS;
  // The limits would hold even if every volume counted, for every driver: true of nearly all nodes, and quickly said.
  if (attachments.length + (pod.spec.volumes?.length ?? 0) + node.volumeCount <= limits.least) return undefined;
  return findExcess(pod, node, { csiNode, cluster, attachments, limits });
}

const NO_ATTACHMENTS: readonly VolumeAttachment[] = Object.freeze([]);

/** How many volumes each driver of a node can attach, and the least of these numbers. */
interface DriverLimits {
  readonly byDriver: ReadonlyMap<string, number>;
  readonly least: number;
}

interface Asked {
  readonly csiNode: CSINode;
  readonly cluster: ClusterSnapshot;
  readonly attachments: readonly VolumeAttachment[];
  readonly limits: DriverLimits;
}

function findExcess(pod: Pod, node: NodeInfo, { csiNode, cluster, attachments, limits }: Asked): Excess | undefined {
  const { objects } = cluster;
  const wanted: AttachedVolumes = new Map();
  addAttachable(pod, { csiNode, objects }, wanted);
  if (wanted.size === 0) return undefined;
  const attached: AttachedVolumes = new Map();
  for (const other of node.pods) if (other.spec.volumes !== undefined) addAttachable(other, { csiNode, objects }, attached);
  addAttachments(attachments, { csiNode, objects }, attached);
  for (const name of attached.keys()) wanted.delete(name);
  const [before, more] = [countByDriver(attached), countByDriver(wanted)];
  for (const [driver, added] of more) {
    const limit = limits.byDriver.get(driver);
    const present = before.get(driver) ?? 0;
    if (limit !== undefined && present + added > limit) return { driver, attached: present, added, limit };
  }
  return undefined;
}

/** Attachments by node, and how many the node has that has most. */
interface Attachments {
  readonly byNode: ReadonlyMap<string, readonly VolumeAttachment[]>;
  readonly most: number;
}

/** Groups the attachments by node once for as long as they stay the same. */
function attachmentsByNode(): (cluster: ClusterSnapshot) => Attachments {
  const grouped = new WeakMap<readonly VolumeAttachment[], Attachments>();
  return ({ objects }) => {
    const list = objects.list(VolumeAttachment);
    let groups = grouped.get(list);
    if (groups === undefined) {
      const byNode = Map.groupBy(list, ({ spec }) => spec.nodeName);
      let most = 0;
      for (const { length } of byNode.values()) most = Math.max(most, length);
      grouped.set(list, (groups = { byNode, most }));
    }
    return groups;
  };
}

/** The least that any driver can attach on any node, looked up once for as long as no CSINode changes; Infinity without limits. */
function leastLimitOfAll(): (cluster: ClusterSnapshot) => number {
  const known = new WeakMap<readonly CSINode[], number>();
  return ({ objects }) => {
    const list = objects.list(CSINode);
    let least = known.get(list);
    if (least === undefined) {
      least = Infinity;
      for (const { spec } of list) for (const { allocatable } of spec.drivers) least = Math.min(least, allocatable?.count ?? Infinity);
      known.set(list, least);
    }
    return least;
  };
}

function countByDriver(volumes: AttachedVolumes): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const driver of volumes.values()) counts.set(driver, (counts.get(driver) ?? 0) + 1);
  return counts;
}

function hintForDeletedPod({ old }: ClusterEvent): QueueingHint {
  const gone = old as Pod;
  return podClaims(gone).length > 0 || mayAttach(gone) ? 'Queue' : 'QueueSkip';
}
