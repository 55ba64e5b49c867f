import type { PersistentVolume, PersistentVolumeClaim } from '@kybern/core/kinds';
import { isBoundTo } from './claim-reference.ts';
import { fits, wishOf } from './fit.ts';
import { storageCapacity } from './storage-size.ts';

/** Conditions besides what claim and volume say themselves. */
export interface MatchConditions {
  /** Whether nobody else has spoken for the volume. */
  readonly isUsable: (volume: PersistentVolume) => boolean;
  /** Whether the volume can be had where it is wanted: its node affinity. */
  readonly isReachable: (volume: PersistentVolume) => boolean;
}

/**
 * The volume that is reserved for the claim, or else the smallest that is large enough and otherwise as wanted. Of equals the first of the list.
 *
 * Looks at every volume: for one claim after another {@link VolumeIndex} finds them faster.
 *
 * @returns undefined also when the volume that is reserved for the claim is out of reach: no other will do
 * @see kubernetes v1.36 staging/src/k8s.io/component-helpers/storage/volume/pv_helpers.go (FindMatchingVolume)
 */
export function findMatchingVolume(
  claim: PersistentVolumeClaim,
  volumes: readonly PersistentVolume[],
  { isUsable, isReachable }: MatchConditions,
): PersistentVolume | undefined {
  const wish = wishOf(claim);
  let smallest: PersistentVolume | undefined;
  let least = Infinity;
  for (const volume of volumes) {
    if (!isUsable(volume) || !fits(wish, volume)) continue;
    if (isBoundTo(volume, claim)) return isReachable(volume) ? volume : undefined;
    const bytes = storageCapacity(volume);
    if (bytes < least && isReachable(volume)) {
      smallest = volume;
      least = bytes;
    }
  }
  return smallest;
}
