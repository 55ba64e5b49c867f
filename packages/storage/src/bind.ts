import type { PersistentVolume, PersistentVolumeClaim, PersistentVolumeClaimStatus } from '@kybern/core/kinds';
import { deepEqual } from '@kybern/core';
import { BIND_COMPLETED, BOUND_BY_CONTROLLER } from './annotations.ts';
import { isBoundTo } from './claim-reference.ts';

/**
 * The volume, reserved for the claim by its uid. The same volume when it is already.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/component-helpers/storage/volume/pv_helpers.go (GetBindVolumeToClaim)
 */
export function reserveVolume(volume: PersistentVolume, claim: PersistentVolumeClaim): PersistentVolume {
  const { name, namespace = '', uid = '', resourceVersion } = claim.metadata;
  const { claimRef } = volume.spec;
  if (isBoundTo(volume, claim) && claimRef?.uid === uid) return volume;
  const reference = {
    kind: 'PersistentVolumeClaim',
    apiVersion: 'v1',
    namespace,
    name,
    uid,
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
  };
  const spec = { ...volume.spec, claimRef: reference };
  // What a person reserved stays theirs: it is not given to others when the binding ends.
  if (isBoundTo(volume, claim)) return { ...volume, spec };
  return { ...volume, metadata: withAnnotation(volume.metadata, BOUND_BY_CONTROLLER), spec };
}

/** The claim, pointing to its volume and marked as bound. The same claim when it is already. */
export function pointClaim(claim: PersistentVolumeClaim, volumeName: string): PersistentVolumeClaim {
  const points = claim.spec.volumeName === volumeName;
  if (points && claim.metadata.annotations?.[BIND_COMPLETED] !== undefined) return claim;
  const metadata = withAnnotation(claim.metadata, BIND_COMPLETED);
  return points ? { ...claim, metadata } : { ...claim, metadata: withAnnotation(metadata, BOUND_BY_CONTROLLER), spec: { ...claim.spec, volumeName } };
}

/**
 * The status of a claim that has its volume. Size and class of attributes are taken from the volume once: from then on whoever resizes or modifies it says
 * when the claim has them.
 */
export function boundStatus(claim: PersistentVolumeClaim, { spec }: PersistentVolume): PersistentVolumeClaimStatus {
  const { status = {} } = claim;
  const isNew = status.phase !== 'Bound';
  const next: PersistentVolumeClaimStatus = {
    ...status,
    phase: 'Bound',
    ...(spec.accessModes === undefined ? {} : { accessModes: spec.accessModes }),
    ...(isNew && spec.capacity !== undefined ? { capacity: spec.capacity } : {}),
    ...(isNew && spec.volumeAttributesClassName !== undefined ? { currentVolumeAttributesClassName: spec.volumeAttributesClassName } : {}),
  };
  return deepEqual(next, status) ? status : next;
}

/** The status of a claim that has no volume. */
export function unboundStatus({ status = {} }: PersistentVolumeClaim, phase: 'Pending' | 'Lost'): PersistentVolumeClaimStatus {
  if (status.phase === phase && status.accessModes === undefined && status.capacity === undefined) return status;
  const { accessModes: _modes, capacity: _capacity, currentVolumeAttributesClassName: _class, ...rest } = status;
  return { ...rest, phase };
}

/** The volume, given back: what the controller reserved is free, what a person reserved waits for the next claim of that name. */
export function releaseVolume(volume: PersistentVolume): PersistentVolume {
  const { annotations = {} } = volume.metadata;
  const { claimRef, ...spec } = volume.spec;
  if (annotations[BOUND_BY_CONTROLLER] !== undefined) {
    const { [BOUND_BY_CONTROLLER]: _, ...rest } = annotations;
    return { ...volume, metadata: { ...volume.metadata, annotations: rest }, spec };
  }
  const { uid: _uid, resourceVersion: _version, ...reference } = claimRef ?? {};
  return { ...volume, spec: { ...spec, claimRef: reference } };
}

function withAnnotation<M extends { readonly annotations?: Readonly<Record<string, string>> }>(metadata: M, name: string): M {
  return metadata.annotations?.[name] === undefined ? { ...metadata, annotations: { ...metadata.annotations, [name]: 'yes' } } : metadata;
}
