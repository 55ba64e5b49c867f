import { deepEqual } from '@kybern/core';
import { PersistentVolume, PersistentVolumeClaim, StorageClass, type Pod } from '@kybern/core/kinds';
import { clusterOf, type ClusterSnapshot } from '../cluster/cluster-state.ts';
import { podClaims } from '../cluster/pod-claims.ts';
import type { FilterPlugin, PreFilterPlugin } from '../engine/plugin.ts';
import { isStatus, skip, unresolvable, withPlugin, type Status } from '../engine/status.ts';
import type { ClusterEvent, QueueingHint } from '../queue/cluster-event.ts';
import { claimClass } from '@kybern/storage';
import { hintForClaim } from './volume-events.ts';

const NAME = 'VolumeZone';
const REJECTED = Object.freeze(withPlugin(unresolvable('node(s) had no available volume zone'), NAME));

const GA_OF: Readonly<Record<string, string>> = {
  'failure-domain.beta.kubernetes.io/zone': 'topology.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region': 'topology.kubernetes.io/region',
};
const LABELS = [...Object.keys(GA_OF), ...Object.values(GA_OF)];

/** A label of a volume: nodes must have one of these values. */
interface VolumeTopology {
  readonly key: string;
  readonly values: ReadonlySet<string>;
}

/**
 * Keeps Pods in the zone and region that their volumes' labels name. Nodes without any such label do not care.
 *
 * @see kubernetes v1.36 pkg/scheduler/framework/plugins/volumezone/volume_zone.go
 */
export function volumeZone(): PreFilterPlugin & FilterPlugin {
  return {
    name: NAME,
    preFilter(pod, cycle) {
      if (pod.spec.volumes === undefined) return skip();
      const topologies = topologiesOf(pod, clusterOf(cycle.snapshot));
      if (isStatus(topologies)) return topologies;
      if (topologies.length === 0) return skip();
      cycle.state.set(NAME, topologies);
      return undefined;
    },
    filter(_pod, { node }, cycle) {
      const labels = node.metadata.labels ?? {};
      if (!LABELS.some((name) => labels[name] !== undefined)) return undefined;
      const topologies = cycle.state.get<readonly VolumeTopology[]>(NAME) as readonly VolumeTopology[];
      const isThere = ({ key, values }: VolumeTopology): boolean => values.has(labels[key] ?? labels[GA_OF[key] ?? key] ?? '');
      return topologies.every(isThere) ? undefined : REJECTED;
    },
    reads: [PersistentVolumeClaim, PersistentVolume, StorageClass],
    eventsToRegister: () => [
      { resource: 'storage.k8s.io/StorageClass', actions: ['Add'], hint: hintForClass },
      { resource: 'Node', actions: ['Add', 'UpdateNodeLabel'] },
      { resource: 'PersistentVolumeClaim', actions: ['Add', 'Update'], hint: hintForClaim },
      { resource: 'PersistentVolume', actions: ['Add', 'Update'], hint: hintForVolume },
    ],
  };
}

function topologiesOf(pod: Pod, { objects }: ClusterSnapshot): readonly VolumeTopology[] | Status {
  const topologies: VolumeTopology[] = [];
  for (const { name, key, isEphemeral } of podClaims(pod)) {
    if (isEphemeral) continue;
    const claim = objects.get(PersistentVolumeClaim, key);
    if (claim === undefined) return unresolvable(`persistentvolumeclaim "${name}" not found`);
    const volumeName = claim.spec.volumeName ?? '';
    if (volumeName === '') {
      const problem = whyNotSkipped(claim, objects);
      if (problem !== undefined) return unresolvable(problem);
      continue;
    }
    const volume = objects.get(PersistentVolume, volumeName);
    if (volume === undefined) return unresolvable(`persistentvolume "${volumeName}" not found`);
    topologies.push(...volumeTopologies(volume));
  }
  return topologies;
}

/** A claim without a volume is left to VolumeBinding if it waits for a Pod; else there is no saying where it will be. */
function whyNotSkipped(claim: PersistentVolumeClaim, objects: ClusterSnapshot['objects']): string | undefined {
  const className = claimClass(claim);
  if (className === '') return 'PersistentVolumeClaim had no pv name and storageClass name';
  const storageClass = objects.get(StorageClass, className);
  if (storageClass === undefined) return `storageclass.storage.k8s.io "${className}" not found`;
  return storageClass.volumeBindingMode === 'WaitForFirstConsumer' ? undefined : 'PersistentVolume had no name';
}

function volumeTopologies({ metadata }: PersistentVolume): readonly VolumeTopology[] {
  return LABELS.flatMap((key) => {
    const value = metadata.labels?.[key];
    return value === undefined ? [] : [{ key, values: new Set(value.split('__')) }];
  });
}

function hintForClass(_pod: Pod, { object }: ClusterEvent): QueueingHint {
  return (object as StorageClass).volumeBindingMode === 'WaitForFirstConsumer' ? 'Queue' : 'QueueSkip';
}

function hintForVolume(_pod: Pod, { old, object }: ClusterEvent): QueueingHint {
  if (old === undefined) return 'Queue';
  const labelsOf = (volume: unknown): readonly (string | undefined)[] => LABELS.map((key) => (volume as PersistentVolume).metadata.labels?.[key]);
  return deepEqual(labelsOf(old), labelsOf(object)) ? 'QueueSkip' : 'Queue';
}
