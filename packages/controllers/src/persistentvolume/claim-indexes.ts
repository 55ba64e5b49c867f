import { keyOf } from '@kybern/core';
import { PersistentVolume, PersistentVolumeClaim, Pod, type StorageClass } from '@kybern/core/kinds';
import type { Cache, CacheIndex } from '@kybern/reconcile';
import { claimClass, claimsOfPod, hasOpenClass, isDefaultClass, reservedFor } from '@kybern/storage';

/** Claims that name a volume, by its name. */
export const claimsByVolume: CacheIndex<PersistentVolumeClaim> = {
  kind: PersistentVolumeClaim,
  name: 'controllers/volume',
  by: ({ spec }) => (spec.volumeName === undefined || spec.volumeName === '' ? [] : [spec.volumeName]),
};

/** Claims without a volume, by their class. Those that leave the class open are under `OPEN_CLASS` as well. */
export const waitingClaims: CacheIndex<PersistentVolumeClaim> = {
  kind: PersistentVolumeClaim,
  name: 'controllers/waiting-claims',
  by: (claim) => ((claim.spec.volumeName ?? '') === '' ? [claimClass(claim), ...(hasOpenClass(claim) ? [OPEN_CLASS] : [])] : []),
};

/** No class can have this name. */
export const OPEN_CLASS = '*';

/** Volumes by the claim that they are reserved for. */
export const volumesByClaim: CacheIndex<PersistentVolume> = {
  kind: PersistentVolume,
  name: 'controllers/claim',
  by: (volume) => {
    const claim = reservedFor(volume);
    return claim === undefined ? [] : [claim];
  },
};

/** Pods by the claims that they use. */
export const podsByClaim: CacheIndex<Pod> = {
  kind: Pod,
  name: 'controllers/claims',
  by: (pod) => claimsOfPod(pod).map((name) => `${pod.metadata.namespace ?? ''}/${name}`),
};

/** The claims that wait for a class: by its name, or for any default. */
export function claimsOfClass(storageClass: StorageClass, _old: unknown, cache: Cache): readonly string[] {
  const waiting = cache.by(PersistentVolumeClaim, waitingClaims.name, storageClass.metadata.name);
  return [...waiting, ...(isDefaultClass(storageClass) ? cache.by(PersistentVolumeClaim, waitingClaims.name, OPEN_CLASS) : [])].map(keyOf);
}
