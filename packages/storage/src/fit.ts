import { compileLabelSelector, type LabelMatcher } from '@kybern/core';
import type { PersistentVolume, PersistentVolumeClaim } from '@kybern/core/kinds';
import { isBoundTo } from './claim-reference.ts';
import { claimClass, volumeClass } from './storage-class.ts';
import { storageCapacity, storageRequest } from './storage-size.ts';

/** Why a volume cannot be a claim's. */
export type Misfit = 'deleting' | 'claimed' | 'phase' | 'size' | 'volumeMode' | 'class' | 'attributesClass' | 'accessModes' | 'selector';

/** What a claim wants of a volume, made ready to ask many volumes. */
export interface Wish {
  readonly claim: PersistentVolumeClaim;
  readonly bytes: number;
  readonly class: string;
  readonly attributesClass: string;
  readonly volumeMode: string;
  readonly accessModes: readonly string[];
  readonly selects: LabelMatcher | undefined;
}

/** Reads a claim once. */
export function wishOf(claim: PersistentVolumeClaim): Wish {
  const { selector, accessModes = [] } = claim.spec;
  return {
    claim,
    bytes: storageRequest(claim),
    class: claimClass(claim),
    attributesClass: claim.spec.volumeAttributesClassName ?? '',
    volumeMode: claim.spec.volumeMode ?? 'Filesystem',
    accessModes,
    selects: selector === undefined ? undefined : compileLabelSelector({ matchLabels: {}, ...selector }),
  };
}

type Check = readonly [Misfit, (wish: Wish, volume: PersistentVolume) => boolean];

/** What holds for every volume. */
const ALWAYS: readonly Check[] = [
  ['deleting', (_wish, { metadata }) => metadata.deletionTimestamp !== undefined],
  ['size', (wish, volume) => storageCapacity(volume) < wish.bytes],
  ['volumeMode', (wish, { spec }) => (spec.volumeMode ?? 'Filesystem') !== wish.volumeMode],
  ['accessModes', (wish, { spec }) => !hasModes(spec.accessModes, wish.accessModes)],
];
/** What holds for those that are not reserved for the claim. */
const UNRESERVED: readonly Check[] = [
  ['claimed', (_wish, { spec }) => spec.claimRef !== undefined],
  ['phase', (_wish, { spec, status }) => spec.claimRef === undefined && (status?.phase ?? 'Available') !== 'Available'],
  ['class', (wish, volume) => volumeClass(volume) !== wish.class],
  ['attributesClass', (wish, { spec }) => (spec.volumeAttributesClassName ?? '') !== wish.attributesClass],
  ['selector', (wish, { metadata }) => wish.selects?.(metadata.labels) === false],
];
const ALL: readonly Check[] = [...ALWAYS, ...UNRESERVED];

/**
 * Everything that keeps a volume from a claim; empty when it fits. A volume that is reserved for the claim need only be large enough, of its mode and with its
 * access modes: whoever reserved it knew the rest.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/component-helpers/storage/volume/pv_helpers.go (FindMatchingVolume)
 */
export function misfits(wish: Wish, volume: PersistentVolume): readonly Misfit[] {
  const checks = isBoundTo(volume, wish.claim) ? ALWAYS : ALL;
  return checks.filter(([, fails]) => fails(wish, volume)).map(([misfit]) => misfit);
}

/** Whether nothing keeps a volume from a claim. */
export function fits(wish: Wish, volume: PersistentVolume): boolean {
  const isReserved = isBoundTo(volume, wish.claim);
  // The quickest way out for most volumes of a cluster.
  if (!isReserved && volume.spec.claimRef !== undefined) return false;
  for (const [, fails] of isReserved ? ALWAYS : ALL) if (fails(wish, volume)) return false;
  return true;
}

/** Whether a volume offers all modes that are asked for. */
export function hasModes(offered: readonly string[] | undefined, wanted: readonly string[]): boolean {
  return wanted.every((mode) => offered?.includes(mode) === true);
}
