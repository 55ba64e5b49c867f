import { PersistentVolumeClaim, type Pod, type Volume } from '@kybern/core/kinds';
import { clusterOf, type ClusterSnapshot } from '../cluster/cluster-state.ts';
import { podClaims } from '../cluster/pod-claims.ts';
import type { FilterPlugin, PreFilterPlugin } from '../engine/plugin.ts';
import { skip, unresolvable, unschedulable, withPlugin } from '../engine/status.ts';
import type { ClusterEvent, QueueingHint } from '../queue/cluster-event.ts';
import { hintForClaim } from './volume-events.ts';

const NAME = 'VolumeRestrictions';
const DISK_CONFLICT = Object.freeze(withPlugin(unschedulable('node(s) had no available disk'), NAME));
const CLAIM_CONFLICT = Object.freeze(
  withPlugin(unschedulable('node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode'), NAME),
);

interface Restricted {
  /** Volumes that not every two Pods of a node may share. */
  readonly disks: readonly Volume[];
  /** Keys of the claims that only one Pod may use. */
  readonly exclusive: readonly string[];
  readonly cluster: ClusterSnapshot;
}

/**
 * Keeps Pods apart that cannot share a disk, and from claims that only one Pod may use.
 *
 * @see kubernetes v1.36 pkg/scheduler/framework/plugins/volumerestrictions/volume_restrictions.go
 */
export function volumeRestrictions(): PreFilterPlugin & FilterPlugin {
  return {
    name: NAME,
    preFilter(pod, cycle) {
      if (pod.spec.volumes === undefined) return skip();
      const cluster = clusterOf(cycle.snapshot);
      const exclusive: string[] = [];
      for (const { name, key, isEphemeral } of podClaims(pod)) {
        if (isEphemeral) continue;
        const claim = cluster.objects.get(PersistentVolumeClaim, key);
        if (claim === undefined) return unresolvable(`persistentvolumeclaim "${name}" not found`);
        if (claim.spec.accessModes?.includes('ReadWriteOncePod') === true) exclusive.push(key);
      }
      const disks = pod.spec.volumes.filter(isRestricted);
      if (disks.length === 0 && exclusive.length === 0) return skip();
      cycle.state.set(NAME, { disks, exclusive, cluster } satisfies Restricted);
      return undefined;
    },
    filter(_pod, node, cycle) {
      const { disks, exclusive, cluster } = cycle.state.get<Restricted>(NAME) as Restricted;
      if (disks.length > 0 && node.pods.some((other) => disks.some((disk) => (other.spec.volumes ?? []).some((used) => isConflict(disk, used))))) {
        return DISK_CONFLICT;
      }
      return exclusive.some((key) => cluster.claims.usersOf(key) > 0) ? CLAIM_CONFLICT : undefined;
    },
    reads: [PersistentVolumeClaim],
    eventsToRegister: () => [
      { resource: 'AssignedPod', actions: ['Delete'], hint: hintForDeletedPod },
      { resource: 'Node', actions: ['Add'] },
      { resource: 'PersistentVolumeClaim', actions: ['Add', 'Update'], hint: hintForClaim },
    ],
  };
}

function isRestricted({ gcePersistentDisk, awsElasticBlockStore, rbd, iscsi }: Volume): boolean {
  return (gcePersistentDisk ?? awsElasticBlockStore ?? rbd ?? iscsi) !== undefined;
}

/** Whether two Pods on one node cannot have these volumes: the same disk, unless both only read it. An EBS volume cannot be shared at all. */
function isConflict(a: Volume, b: Volume): boolean {
  const canShare = (x: { readonly readOnly?: boolean }, y: { readonly readOnly?: boolean }): boolean => x.readOnly === true && y.readOnly === true;
  const [gceA, gceB] = [a.gcePersistentDisk, b.gcePersistentDisk];
  if (gceA !== undefined && gceB !== undefined && gceA.pdName === gceB.pdName && !canShare(gceA, gceB)) return true;
  if (a.awsElasticBlockStore !== undefined && a.awsElasticBlockStore.volumeID === b.awsElasticBlockStore?.volumeID) return true;
  if (a.iscsi !== undefined && b.iscsi !== undefined && a.iscsi.iqn === b.iscsi.iqn && !canShare(a.iscsi, b.iscsi)) return true;
  return a.rbd !== undefined && b.rbd !== undefined && isSameImage(a.rbd, b.rbd) && !canShare(a.rbd, b.rbd);
}

type RbdVolume = NonNullable<Volume['rbd']>;

function isSameImage(a: RbdVolume, b: RbdVolume): boolean {
  return a.monitors.some((monitor) => b.monitors.includes(monitor)) && (a.pool ?? 'rbd') === (b.pool ?? 'rbd') && a.image === b.image;
}

/** The Pod that went had a claim or a disk that the waiting one wants. */
function hintForDeletedPod(pod: Pod, { old }: ClusterEvent): QueueingHint {
  const gone = old as Pod;
  const freed = new Set(podClaims(gone).map(({ key }) => key));
  if (podClaims(pod).some(({ key }) => freed.has(key))) return 'Queue';
  const volumes = gone.spec.volumes ?? [];
  return (pod.spec.volumes ?? []).some((wanted) => volumes.some((used) => isConflict(wanted, used))) ? 'Queue' : 'QueueSkip';
}
