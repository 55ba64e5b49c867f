import { quantityToBytes } from '@kybern/core';
import type { PersistentVolume, PersistentVolumeClaim, PersistentVolumeClaimStatus, StorageClass } from '@kybern/core/kinds';
import { storageCapacity, storageRequest } from './storage-size.ts';

/** What {@link computeExpansion} looks at. */
export interface ExpansionInput {
  readonly claim: PersistentVolumeClaim;
  /** The volume that the claim is bound to. */
  readonly volume: PersistentVolume;
  readonly storageClass: StorageClass | undefined;
}

/** What is to be done about the size of a bound claim. */
export type ExpansionPlan =
  | { readonly type: 'none' }
  /** Ask the provisioner for so many bytes. */
  | { readonly type: 'expand'; readonly bytes: number }
  /** The volume is large enough; the claim does not say so yet. */
  | { readonly type: 'finish'; readonly bytes: number };

const NONE: ExpansionPlan = Object.freeze({ type: 'none' });

/**
 * Decides whether a volume has to grow. It never shrinks: who asks for less again after an expansion failed gets at least what the volume has.
 *
 * @see kubernetes-csi/external-resizer v2 pkg/controller/controller.go
 */
export function computeExpansion({ claim, volume, storageClass }: ExpansionInput): ExpansionPlan {
  if (claim.status?.phase !== 'Bound' || claim.metadata.deletionTimestamp !== undefined) return NONE;
  const wanted = storageRequest(claim);
  const has = storageCapacity(volume);
  const shown = quantityToBytes(claim.status.capacity?.['storage'] ?? '0');
  if (wanted <= has) return isUnfinished(claim) || (shown < has && shown < wanted) ? { type: 'finish', bytes: has } : NONE;
  return storageClass?.allowVolumeExpansion === true ? { type: 'expand', bytes: wanted } : NONE;
}

const CONDITIONS: readonly string[] = ['Resizing', 'FileSystemResizePending', 'ControllerResizeError'];

function isUnfinished({ status }: PersistentVolumeClaim): boolean {
  return status?.allocatedResourceStatuses?.['storage'] !== undefined || (status?.conditions ?? []).some(({ type }) => CONDITIONS.includes(type));
}

/** The status of a claim whose volume is being made larger. @param now as objects hold times */
export function resizingStatus({ status = {} }: PersistentVolumeClaim, sizeText: string, now: string): PersistentVolumeClaimStatus {
  const others = (status.conditions ?? []).filter(({ type }) => type !== 'Resizing');
  const since = status.conditions?.find(({ type }) => type === 'Resizing')?.lastTransitionTime ?? now;
  return {
    ...status,
    allocatedResources: { ...status.allocatedResources, storage: sizeText },
    allocatedResourceStatuses: { ...status.allocatedResourceStatuses, storage: 'ControllerResizeInProgress' },
    conditions: [...others, { type: 'Resizing', status: 'True', lastTransitionTime: since }],
  };
}

/** The status of a claim whose volume cannot be made so large: who asks for less gets out of it. */
export function infeasibleStatus(claim: PersistentVolumeClaim, message: string, now: string): PersistentVolumeClaimStatus {
  const status = claim.status ?? {};
  const others = (status.conditions ?? []).filter(({ type }) => type !== 'ControllerResizeError');
  return {
    ...status,
    allocatedResourceStatuses: { ...status.allocatedResourceStatuses, storage: 'ControllerResizeInfeasible' },
    conditions: [...others, { type: 'ControllerResizeError', status: 'True', lastTransitionTime: now, message }],
  };
}

/** The status of a claim whose volume has the size. */
export function resizedStatus({ status = {} }: PersistentVolumeClaim, sizeText: string): PersistentVolumeClaimStatus {
  const {
    allocatedResourceStatuses: { storage: _storage, ...statuses } = {},
    conditions = [],
    allocatedResourceStatuses: _all,
    conditions: _conditions,
    ...rest
  } = status;
  const others = conditions.filter(({ type }) => !CONDITIONS.includes(type));
  return {
    ...rest,
    capacity: { ...status.capacity, storage: sizeText },
    allocatedResources: { ...status.allocatedResources, storage: sizeText },
    ...(Object.keys(statuses).length === 0 ? {} : { allocatedResourceStatuses: statuses }),
    ...(others.length === 0 ? {} : { conditions: others }),
  };
}
