import type { PersistentVolume, PersistentVolumeClaim } from '@kybern/core/kinds';

/**
 * Whether a volume is reserved for this very claim. A reservation without uid was written by a person, and holds for whatever claim has the name.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/component-helpers/storage/volume/helpers.go (IsVolumeBoundToClaim)
 */
export function isBoundTo({ spec: { claimRef } }: PersistentVolume, { metadata }: PersistentVolumeClaim): boolean {
  if (claimRef === undefined || claimRef.name !== metadata.name || (claimRef.namespace ?? '') !== (metadata.namespace ?? '')) return false;
  return (claimRef.uid ?? '') === '' || claimRef.uid === metadata.uid;
}

/** The key of the claim that a volume is reserved for; undefined: for none. */
export function reservedFor({ spec: { claimRef } }: PersistentVolume): string | undefined {
  return claimRef === undefined ? undefined : `${claimRef.namespace ?? ''}/${claimRef.name ?? ''}`;
}
