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
  return {
    name: NAME,
    preFilter: (pod) => (mayAttach(pod) ? undefined : skip()),
    filter(pod, node, cycle) {
      const cluster = clusterOf(cycle.snapshot);
      const csiNode = cluster.objects.get(CSINode, node.name);
      const excess = csiNode === undefined ? undefined : findExcess(pod, node, { csiNode, cluster, attachmentsOf: (name) => byNode(cluster).get(name) ?? [] });
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

interface Asked {
  readonly csiNode: CSINode;
  readonly cluster: ClusterSnapshot;
  readonly attachmentsOf: (nodeName: string) => readonly VolumeAttachment[];
}

function findExcess(pod: Pod, node: NodeInfo, { csiNode, cluster, attachmentsOf }: Asked): Excess | undefined {
  const limits = new Map(csiNode.spec.drivers.flatMap(({ name, allocatable }) => (allocatable?.count === undefined ? [] : [[name, allocatable.count] as const])));
  if (limits.size === 0) return undefined;
  const { objects } = cluster;
  const wanted: AttachedVolumes = new Map();
  addAttachable(pod, { csiNode, objects }, wanted);
  if (wanted.size === 0) return undefined;
  const attached: AttachedVolumes = new Map();
  for (const other of node.pods) if (other.spec.volumes !== undefined) addAttachable(other, { csiNode, objects }, attached);
  addAttachments(attachmentsOf(node.name), { csiNode, objects }, attached);
  for (const name of attached.keys()) wanted.delete(name);
  const [before, more] = [countByDriver(attached), countByDriver(wanted)];
  for (const [driver, added] of more) {
    const limit = limits.get(driver);
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
