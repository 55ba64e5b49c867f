import type { Kind, KubernetesObject } from '@kybern/core';
import * as kinds from '@kybern/core/kinds';
import { ClusterState, hasEnded } from './cluster-state.ts';

/** Plain manifests to make a snapshot of. */
export interface SnapshotInput {
  readonly nodes: readonly kinds.Node[];
  /** Those with `spec.nodeName` count on their nodes, unless they have ended. */
  readonly pods?: readonly kinds.Pod[];
  readonly namespaces?: readonly kinds.Namespace[];
  readonly services?: readonly kinds.Service[];
  readonly replicationControllers?: readonly kinds.ReplicationController[];
  readonly replicaSets?: readonly kinds.ReplicaSet[];
  readonly statefulSets?: readonly kinds.StatefulSet[];
  readonly podDisruptionBudgets?: readonly kinds.PodDisruptionBudget[];
  readonly persistentVolumes?: readonly kinds.PersistentVolume[];
  readonly persistentVolumeClaims?: readonly kinds.PersistentVolumeClaim[];
  readonly storageClasses?: readonly kinds.StorageClass[];
  readonly csiNodes?: readonly kinds.CSINode[];
  readonly csiDrivers?: readonly kinds.CSIDriver[];
  readonly csiStorageCapacities?: readonly kinds.CSIStorageCapacity[];
  readonly volumeAttachments?: readonly kinds.VolumeAttachment[];
  readonly resourceClaims?: readonly kinds.ResourceClaim[];
}

/**
 * The nodes, the Pods on them and whatever else plugins go by, ready for the engine.
 *
 * @throws {ApiError} `BadRequest` when a quantity cannot be read
 */
export function createSnapshot(input: SnapshotInput): ClusterState {
  const state = new ClusterState();
  for (const [kind, objects] of otherObjects(input)) for (const object of objects ?? []) state.setObject(kind, object);
  for (const node of input.nodes) state.setNode(node);
  for (const pod of input.pods ?? []) if (!hasEnded(pod)) state.setPod(pod);
  return state;
}

function otherObjects(input: SnapshotInput): readonly (readonly [Kind, readonly KubernetesObject[] | undefined])[] {
  return [
    [kinds.Namespace, input.namespaces],
    [kinds.Service, input.services],
    [kinds.ReplicationController, input.replicationControllers],
    [kinds.ReplicaSet, input.replicaSets],
    [kinds.StatefulSet, input.statefulSets],
    [kinds.PodDisruptionBudget, input.podDisruptionBudgets],
    [kinds.PersistentVolume, input.persistentVolumes],
    [kinds.PersistentVolumeClaim, input.persistentVolumeClaims],
    [kinds.StorageClass, input.storageClasses],
    [kinds.CSINode, input.csiNodes],
    [kinds.CSIDriver, input.csiDrivers],
    [kinds.CSIStorageCapacity, input.csiStorageCapacities],
    [kinds.VolumeAttachment, input.volumeAttachments],
    [kinds.ResourceClaim, input.resourceClaims],
  ];
}
