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
  const limitsOf = driverLimits();
  const nodesOf = csiNodesByRow();
  return {
    name: NAME,
    preFilter(pod, cycle) {
      if (!mayAttach(pod)) return skip();
      const cluster = clusterOf(cycle.snapshot);
      cycle.state.set(NAME, { cluster, csiNodeOf: nodesOf(cluster), attachmentsByNode: byNode(cluster) } satisfies Known);
      return undefined;
    },
    filter(pod, node, cycle) {
      const { cluster, csiNodeOf, attachmentsByNode: groups } = cycle.state.get<Known>(NAME) as Known;
      const csiNode = csiNodeOf(node);
      if (csiNode === undefined) return undefined;
      const limits = limitsOf(csiNode);
      const attachments = (groups.size === 0 ? undefined : groups.get(node.name)) ?? NO_ATTACHMENTS;
      if (isFarBelow(limits, pod, { node, attachments })) return undefined;
      const excess = findExcess(pod, node, { csiNode, cluster, attachments, limits });
      if (excess === undefined) return undefined;
      return cycle.explaining ? { ...REJECTED, details: { ...excess } } : REJECTED;
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
  readonly csiNodeOf: (node: NodeInfo) => CSINode | undefined;
  readonly attachmentsByNode: ReadonlyMap<string, readonly VolumeAttachment[]>;
}

/** Remembers by row which CSINode belongs to a node, for as long as no CSINode changes: a look-up by name costs more than all the rest. */
function csiNodesByRow(): (cluster: ClusterSnapshot) => (node: NodeInfo) => CSINode | undefined {
  const known = new WeakMap<ClusterSnapshot, { readonly version: number; readonly byRow: (CSINode | undefined)[] }>();
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
      return found?.metadata.name === node.name ? found : (byRow[row] = cluster.objects.get(CSINode, node.name));
    };
  };
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

/** Read once per object: objects are immutable. */
function driverLimits(): (csiNode: CSINode) => DriverLimits {
  const known = new WeakMap<CSINode, DriverLimits>();
  return (csiNode) => {
    let limits = known.get(csiNode);
    if (limits === undefined) {
      const byDriver = new Map<string, number>();
      for (const { name, allocatable } of csiNode.spec.drivers) if (allocatable?.count !== undefined) byDriver.set(name, allocatable.count);
      known.set(csiNode, (limits = { byDriver, least: Math.min(...byDriver.values()) }));
    }
    return limits;
  };
}

/** Whether the limits would hold even if every volume counted, for every driver: true of nearly all nodes, and quickly said. */
function isFarBelow(
  { least }: DriverLimits,
  pod: Pod,
  { node, attachments }: { readonly node: NodeInfo; readonly attachments: readonly VolumeAttachment[] },
): boolean {
  let volumes = attachments.length + (pod.spec.volumes?.length ?? 0);
  for (const { spec } of node.pods) volumes += spec.volumes?.length ?? 0;
  return volumes <= least;
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

/** Groups the attachments by node once for as long as they stay the same. */
function attachmentsByNode(): (cluster: ClusterSnapshot) => ReadonlyMap<string, readonly VolumeAttachment[]> {
  const grouped = new WeakMap<readonly VolumeAttachment[], ReadonlyMap<string, readonly VolumeAttachment[]>>();
  return ({ objects }) => {
    const list = objects.list(VolumeAttachment);
    let groups = grouped.get(list);
    if (groups === undefined) grouped.set(list, (groups = Map.groupBy(list, ({ spec }) => spec.nodeName)));
    return groups;
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
