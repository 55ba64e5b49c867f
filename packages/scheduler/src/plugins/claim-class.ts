import type { PersistentVolume, PersistentVolumeClaim } from '@kybern/core/kinds';

const ANNOTATION = 'volume.beta.kubernetes.io/storage-class';

/** The storage class of a claim; empty: none. @see kubernetes v1.36 staging/src/k8s.io/component-helpers/storage/volume/helpers.go */
export function claimClass({ metadata, spec }: PersistentVolumeClaim): string {
  return metadata.annotations?.[ANNOTATION] ?? spec.storageClassName ?? '';
}

/** The storage class of a volume; empty: none. */
export function volumeClass({ metadata, spec }: PersistentVolume): string {
  return metadata.annotations?.[ANNOTATION] ?? spec.storageClassName ?? '';
}
