import { deepEqual, ownerReference, type OwnerReference } from '@kybern/core';
import { Pod, StatefulSet, type PersistentVolumeClaim } from '@kybern/core/kinds';
import { isDesiredOrdinal } from './identity.ts';

/** Who a claim belongs to. */
export interface ClaimOwners {
  readonly set: StatefulSet;
  readonly pod: Pod;
  readonly ordinal: number;
}

/**
 * The owners that a claim shall have, so that it goes with the set, or with a Pod that is too many, where the policy says so.
 *
 * @returns undefined when it has them, or when somebody else manages it
 * @see kubernetes v1.36 pkg/controller/statefulset/stateful_set_utils.go (isClaimOwnerUpToDate, updateClaimOwnerRefForSetAndPod)
 */
export function retentionOwners(claim: PersistentVolumeClaim, { set, pod, ordinal }: ClaimOwners): readonly OwnerReference[] | undefined {
  const { whenDeleted = 'Retain', whenScaled = 'Retain' } = set.spec.persistentVolumeClaimRetentionPolicy ?? {};
  const references = claim.metadata.ownerReferences ?? [];
  const isOurs = ({ kind, name }: OwnerReference): boolean =>
    (kind === 'StatefulSet' && name === set.metadata.name) || (kind === 'Pod' && name === pod.metadata.name);
  if (references.some((reference) => reference.controller === true && !isOurs(reference))) return undefined;
  const leaves = whenScaled === 'Delete' && !isDesiredOrdinal(set, ordinal);
  const wanted: OwnerReference[] = references.filter((reference) => !isOurs(reference));
  if (leaves) wanted.push(ownerReference(Pod, pod, { controller: true }));
  else if (whenDeleted === 'Delete') wanted.push(ownerReference(StatefulSet, set, { controller: true }));
  return deepEqual(references, wanted) ? undefined : wanted;
}

/** Whether the claim still goes with an earlier Pod of that name: then its successor has to wait. */
export function isStaleClaim({ metadata }: PersistentVolumeClaim, { spec }: StatefulSet, podName: string): boolean {
  if (metadata.deletionTimestamp !== undefined) return true;
  if ((spec.persistentVolumeClaimRetentionPolicy?.whenScaled ?? 'Retain') === 'Retain') return false;
  return (metadata.ownerReferences ?? []).some(({ kind, name }) => kind === 'Pod' && name === podName);
}
