import { compileLabelSelector, keyOf, quantityToBytes } from '@kybern/core';
import type { PersistentVolume, PersistentVolumeClaim } from '@kybern/core/kinds';
import { claimClass, volumeClass } from './claim-class.ts';

/** How much storage a claim asks for, in bytes. */
export function storageRequest({ spec }: PersistentVolumeClaim): number {
  return quantityToBytes(spec.resources?.requests?.['storage'] ?? '0');
}

/** How large a volume is, in bytes. */
export function storageCapacity({ spec }: PersistentVolume): number {
  return quantityToBytes(spec.capacity?.['storage'] ?? '0');
}

/** Whether a volume is reserved for this very claim. */
export function isBoundTo({ spec: { claimRef } }: PersistentVolume, { metadata }: PersistentVolumeClaim): boolean {
  if (claimRef === undefined || claimRef.name !== metadata.name || (claimRef.namespace ?? '') !== (metadata.namespace ?? '')) return false;
  return claimRef.uid === undefined || claimRef.uid === '' || claimRef.uid === metadata.uid;
}

/** Conditions besides what claim and volume say themselves. */
export interface MatchConditions {
  readonly isUsable: (volume: PersistentVolume) => boolean;
  readonly isReachable: (volume: PersistentVolume) => boolean;
}

/**
 * The volume that is reserved for the claim, or else the smallest that is large enough and otherwise as wanted. Of equals the first.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/component-helpers/storage/volume/pv_helpers.go (FindMatchingVolume)
 */
export function findMatchingVolume(
  claim: PersistentVolumeClaim,
  volumes: readonly PersistentVolume[],
  { isUsable, isReachable }: MatchConditions,
): PersistentVolume | undefined {
  const bytes = storageRequest(claim);
  const selector = claim.spec.selector === undefined ? undefined : compileLabelSelector({ matchLabels: {}, ...claim.spec.selector });
  const isWanted = (volume: PersistentVolume): boolean =>
    (volume.status?.phase ?? 'Available') === 'Available' &&
    (selector === undefined || selector(volume.metadata.labels)) &&
    volumeClass(volume) === claimClass(claim) &&
    (claim.spec.accessModes ?? []).every((mode) => volume.spec.accessModes?.includes(mode) === true) &&
    isReachable(volume);
  let smallest: PersistentVolume | undefined;
  let least = Infinity;
  for (const volume of volumes) {
    const isReserved = isBoundTo(volume, claim);
    if ((volume.spec.claimRef !== undefined && !isReserved) || volume.metadata.deletionTimestamp !== undefined || !isUsable(volume)) continue;
    const size = storageCapacity(volume);
    if (size < bytes || (volume.spec.volumeMode ?? 'Filesystem') !== (claim.spec.volumeMode ?? 'Filesystem')) continue;
    // A volume that is reserved but out of reach makes the node unfit: no other will do.
    if (isReserved) return isReachable(volume) ? volume : undefined;
    if (size < least && isWanted(volume)) {
      smallest = volume;
      least = size;
    }
  }
  return smallest;
}

/**
 * Which volumes and claims are spoken for by Pods that are on their way to their nodes.
 * Invariant: a volume or claim is here from Reserve on until Unreserve, or until the objects themselves say so.
 */
export class VolumeBooks {
  /** Volume → the claim that it goes to. */
  readonly #volumes = new Map<string, string>();
  /** Claim → the node for which it is provisioned. */
  readonly #nodes = new Map<string, string>();

  /** Whether the volume is not spoken for by another claim. */
  isFree(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
    const taker = this.#volumes.get(volume.metadata.name);
    return taker === undefined || taker === keyOf(claim);
  }

  selectedNode(claim: PersistentVolumeClaim): string | undefined {
    return this.#nodes.size === 0 ? undefined : this.#nodes.get(keyOf(claim));
  }

  bind(volume: PersistentVolume, claim: PersistentVolumeClaim): void {
    this.#volumes.set(volume.metadata.name, keyOf(claim));
  }

  provision(claim: PersistentVolumeClaim, nodeName: string): void {
    this.#nodes.set(keyOf(claim), nodeName);
  }

  forgetVolume(volume: PersistentVolume): void {
    this.#volumes.delete(volume.metadata.name);
  }

  forgetClaim(claim: PersistentVolumeClaim): void {
    this.#nodes.delete(keyOf(claim));
  }
}
