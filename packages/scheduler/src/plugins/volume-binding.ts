import { deepEqual } from '@kybern/core';
import { CSIDriver, CSINode, CSIStorageCapacity, PersistentVolume, PersistentVolumeClaim, StorageClass, type Pod } from '@kybern/core/kinds';
import { storageCapacity, storageRequest, volumeClass } from '@kybern/storage';
import { clusterOf } from '../cluster/cluster-state.ts';
import type { CycleState } from '../engine/cycle-state.ts';
import type { FilterPlugin, PreBindPlugin, PreFilterPlugin, PreScorePlugin, ReservePlugin, ScorePlugin } from '../engine/plugin.ts';
import { skip, unresolvable, withPlugin } from '../engine/status.ts';
import { SchedulerConfigError } from '../errors.ts';
import type { ClusterEvent, ClusterEventWithHint, QueueingHint } from '../queue/cluster-event.ts';
import { podClaims } from '../cluster/pod-claims.ts';
import { bindVolumes } from './bind-volumes.ts';
import { checkedShape, shapeFunction, type UtilizationShapePoint } from './utilization-shape.ts';
import { areEverywhere, classifyClaims, computePodVolumes, volumeLimit, type ClassifiedClaims, type PodVolumes } from './volume-decisions.ts';
import { hintForClaim } from './volume-events.ts';
import { VolumeBooks } from './volume-books.ts';

const NAME = 'VolumeBinding';

/** Arguments of {@link volumeBinding}, as in KubeSchedulerConfiguration v1. */
export interface VolumeBindingArgs {
  /** How long claims and volumes may take to find each other; default 600. */
  readonly bindTimeoutSeconds?: number;
  /** Scores nodes by how full the volumes would be that they offer. Without it they are not scored. */
  readonly shape?: readonly UtilizationShapePoint[];
}

/** What is known of a Pod's volumes in one attempt. */
interface Volumes {
  readonly claims: ClassifiedClaims;
  /** By node, as Filter found them. */
  readonly byNode: Map<string, PodVolumes>;
}

/**
 * Puts Pods where their volumes are or can be, and has the claims bound that waited for a Pod.
 *
 * @throws {SchedulerConfigError} when an argument is not valid
 * @see kubernetes v1.36 pkg/scheduler/framework/plugins/volumebinding/volume_binding.go
 */
export function volumeBinding(args: VolumeBindingArgs = {}): PreFilterPlugin & FilterPlugin & PreScorePlugin & ScorePlugin & ReservePlugin & PreBindPlugin {
  const { bindTimeoutSeconds = 600 } = args;
  if (!(Number.isInteger(bindTimeoutSeconds) && bindTimeoutSeconds >= 0))
    throw new SchedulerConfigError('bindTimeoutSeconds', 'must be a whole number of at least 0');
  const scoreOf = args.shape === undefined ? undefined : shapeFunction(checkedShape(args.shape, 'shape'));
  const books = new VolumeBooks();
  return {
    name: NAME,
    preFilter(pod, cycle) {
      if (podClaims(pod).length === 0) return skip();
      const claims = classifyClaims(pod, clusterOf(cycle.snapshot).objects);
      if (typeof claims === 'string') return unresolvable(claims);
      if (claims.immediate.length > 0) return unresolvable('pod has unbound immediate PersistentVolumeClaims');
      if (areEverywhere(claims)) return skip();
      cycle.state.set(NAME, { claims, byNode: new Map() } satisfies Volumes);
      return undefined;
    },
    filter(_pod, { name, node }, cycle) {
      const { claims, byNode } = volumesIn(cycle.state) as Volumes;
      const found = computePodVolumes(claims, node, { objects: clusterOf(cycle.snapshot).objects, books });
      if (!('bindings' in found)) return withPlugin(unresolvable(...found), NAME);
      if (claims.delayed.length > 0) byNode.set(name, found);
      return undefined;
    },
    preScore(_pod, cycle) {
      const found = [...(volumesIn(cycle.state)?.byNode.values() ?? [])];
      return scoreOf !== undefined && found.some(({ bindings }) => bindings.length > 0) ? undefined : skip();
    },
    score: (_pod, { name }, { state }) => scoreBindings(volumesIn(state)?.byNode.get(name), scoreOf ?? (() => 0)),
    reserve(_pod, nodeName, { state }) {
      const volumes = volumesIn(state)?.byNode.get(nodeName);
      for (const { volume, claim } of volumes?.bindings ?? []) books.bind(volume, claim);
      for (const claim of volumes?.provisions ?? []) books.provision(claim, nodeName);
      return undefined;
    },
    unreserve: (_pod, nodeName, { state }) => forget(books, volumesIn(state)?.byNode.get(nodeName)),
    async preBind(_pod, nodeName, { state, client, clock, signal }) {
      const volumes = volumesIn(state)?.byNode.get(nodeName);
      if (volumes === undefined || volumes.bindings.length + volumes.provisions.length === 0) return undefined;
      const status = await bindVolumes(volumes, nodeName, { client, clock, signal, timeoutMs: bindTimeoutSeconds * 1000 });
      // Bound for good: the objects say so themselves now.
      if (status === undefined) forget(books, volumes);
      return status;
    },
    reads: [PersistentVolumeClaim, PersistentVolume, StorageClass, CSINode, CSIDriver, CSIStorageCapacity],
    eventsToRegister: () => EVENTS,
  };
}

function volumesIn(state: CycleState): Volumes | undefined {
  return state.get<Volumes>(NAME);
}

function forget(books: VolumeBooks, volumes: PodVolumes | undefined): void {
  for (const { volume } of volumes?.bindings ?? []) books.forgetVolume(volume);
  for (const claim of volumes?.provisions ?? []) books.forgetClaim(claim);
}

/** By storage class the share of the volumes that would be used, through the shape; the mean over the classes, rounded. */
function scoreBindings(volumes: PodVolumes | undefined, scoreOf: (utilization: number) => number): number {
  const classes = new Map<string, { requested: number; capacity: number }>();
  for (const { claim, volume } of volumes?.bindings ?? []) {
    const name = volumeClass(volume);
    const sums = classes.get(name) ?? { requested: 0, capacity: 0 };
    classes.set(name, { requested: sums.requested + storageRequest(claim), capacity: sums.capacity + storageCapacity(volume) });
  }
  if (classes.size === 0) return 0;
  let sum = 0;
  for (const { requested, capacity } of classes.values()) {
    sum += scoreOf(capacity === 0 || requested > capacity ? 100 : Math.floor((requested * 100) / capacity));
  }
  return Math.round(sum / classes.size);
}

const EVENTS: readonly ClusterEventWithHint[] = [
  { resource: 'storage.k8s.io/StorageClass', actions: ['Add', 'Update'], hint: hintForClass },
  { resource: 'PersistentVolumeClaim', actions: ['Add', 'Update'], hint: hintForClaim },
  { resource: 'PersistentVolume', actions: ['Add', 'Update'] },
  { resource: 'Node', actions: ['Add', 'UpdateNodeLabel'] },
  { resource: 'storage.k8s.io/CSINode', actions: ['Add', 'Update'] },
  { resource: 'storage.k8s.io/CSIDriver', actions: ['Update'], hint: hintForDriver },
  { resource: 'storage.k8s.io/CSIStorageCapacity', actions: ['Add', 'Update'], hint: hintForCapacity },
];

function hintForClass(_pod: Pod, { old, object }: ClusterEvent): QueueingHint {
  if (old === undefined) return 'Queue';
  return deepEqual((old as StorageClass).allowedTopologies, (object as StorageClass).allowedTopologies) ? 'QueueSkip' : 'Queue';
}

/** A driver that no longer publishes its capacity is no longer held to it. */
function hintForDriver(_pod: Pod, { old, object }: ClusterEvent): QueueingHint {
  const wasLimited = (old as CSIDriver).spec.storageCapacity === true;
  return wasLimited && (object as CSIDriver).spec.storageCapacity !== true ? 'Queue' : 'QueueSkip';
}

function hintForCapacity(_pod: Pod, { old, object }: ClusterEvent): QueueingHint {
  if (old === undefined) return 'Queue';
  return (volumeLimit(object as CSIStorageCapacity) ?? 0) > (volumeLimit(old as CSIStorageCapacity) ?? 0) ? 'Queue' : 'QueueSkip';
}
