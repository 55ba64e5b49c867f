import type { PersistentVolume } from '@kybern/core/kinds';
import { PROVISIONED_BY, PROVISIONER_FINALIZER } from '../annotations.ts';

/** What a provisioner has to do about a volume that nobody claims any more. */
export type DeletionPlan =
  | 'none'
  /** Delete the data, then let the object go. */
  | 'delete'
  /** Let the object go; the data stays. */
  | 'letGo';

/**
 * Decides what becomes of a provisioned volume. Data is deleted only under the policy Delete, and only when the claim is gone for good (`Released`).
 *
 * @see kubernetes-sigs/sig-storage-lib-external-provisioner v13 controller/controller.go (shouldDelete)
 */
export function computeDeletion({ metadata, spec, status }: PersistentVolume, provisioner: string): DeletionPlan {
  if (metadata.annotations?.[PROVISIONED_BY] !== provisioner) return 'none';
  const isReleased = status?.phase === 'Released' || status?.phase === 'Failed';
  if (spec.persistentVolumeReclaimPolicy === 'Delete') return isReleased ? 'delete' : 'none';
  // The policy was changed to Retain meanwhile.
  return metadata.deletionTimestamp !== undefined && metadata.finalizers?.includes(PROVISIONER_FINALIZER) === true ? 'letGo' : 'none';
}
