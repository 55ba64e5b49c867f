import { formatQuantity, parseQuantity } from '@kybern/core';
import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from '@kybern/core/kinds';
import { computeClaim } from './claim-plan.ts';
import { isBoundTo, reservedFor } from './claim-reference.ts';
import { misfits, wishOf, type Misfit, type Wish } from './fit.ts';
import { claimClass, defaultClass, hasOpenClass, volumeClass } from './storage-class.ts';
import { VolumeIndex } from './volume-index.ts';

/** What {@link explainClaim} looks at: all that there is. */
export interface ExplainClaimInput {
  readonly claim: PersistentVolumeClaim;
  readonly volumes: readonly PersistentVolume[];
  readonly storageClasses: readonly StorageClass[];
  /** The names of Pods that use the claim and have no node yet. */
  readonly waitingPods?: readonly string[];
}

/** What one volume has to do with a claim. */
export interface VolumeVerdict {
  readonly volume: string;
  /** Whether the claim could have it. */
  readonly fits: boolean;
  /** Why not, in words; empty when it fits. */
  readonly reasons: readonly string[];
}

/** Why a claim is as it is. */
export interface ClaimExplanation {
  readonly phase: 'Pending' | 'Bound' | 'Lost';
  /** One sentence. */
  readonly summary: string;
  /** Every volume, by name. */
  readonly volumes: readonly VolumeVerdict[];
}

/** Says why a claim is Pending, or what it has, with every volume's reason. Pure. */
export function explainClaim(input: ExplainClaimInput): ClaimExplanation {
  const { claim, volumes } = input;
  const wish = wishOf(claim);
  const verdicts = [...volumes]
    .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
    .map((volume): VolumeVerdict => {
      const found = misfits(wish, volume);
      return { volume: volume.metadata.name, fits: found.length === 0, reasons: found.map((misfit) => reasonOf(misfit, wish, volume)) };
    });
  return { phase: claim.status?.phase ?? 'Pending', summary: summaryOf(input), volumes: verdicts };
}

function summaryOf(input: ExplainClaimInput): string {
  const { claim, volumes, storageClasses, waitingPods = [] } = input;
  const index = new VolumeIndex();
  for (const volume of volumes) index.set(volume);
  const plan = computeClaim({
    claim,
    volume: (name) => index.get(name),
    find: (asking, options) => index.find(asking, options),
    storageClass: (name) => storageClasses.find(({ metadata }) => metadata.name === name),
    defaultClass: defaultClass(storageClasses),
    waitingPods,
  });
  const [event] = plan.events;
  if (event !== undefined) return event.message;
  const name = plan.claim?.spec.volumeName ?? claim.spec.volumeName ?? '';
  if (claim.status?.phase === 'Lost') return `the volume "${name}" that it was bound to is not its own any more`;
  if (hasOpenClass(claim) && plan.claim?.spec.storageClassName !== undefined) return `it is about to get the class "${plan.claim.spec.storageClassName}"`;
  if (name === '') return 'it waits for a volume';
  const volume = index.get(name);
  if (volume === undefined) return `it asks for the volume "${name}", which is not there`;
  return isBoundTo(volume, claim) && claim.status?.phase === 'Bound' ? `it has the volume "${name}"` : `it is about to be bound to the volume "${name}"`;
}

function reasonOf(misfit: Misfit, wish: Wish, volume: PersistentVolume): string {
  const { spec, status } = volume;
  switch (misfit) {
    case 'deleting':
      return 'is being deleted';
    case 'claimed':
      return claimedReason(wish, volume);
    case 'phase':
      return `is ${status?.phase ?? 'Pending'}, not Available`;
    case 'size':
      return `has ${spec.capacity?.['storage'] ?? '0'}, ${formatQuantity(parseQuantity(wish.claim.spec.resources?.requests?.['storage'] ?? '0'))} are asked for`;
    case 'volumeMode':
      return `has volume mode ${spec.volumeMode ?? 'Filesystem'}, ${wish.volumeMode} is asked for`;
    case 'class':
      return `${classText(volumeClass(volume), 'is of')}, the claim ${classText(claimClass(wish.claim), 'asks for')}`;
    case 'attributesClass':
      return `has the VolumeAttributesClass "${spec.volumeAttributesClassName ?? ''}", "${wish.attributesClass}" is asked for`;
    case 'accessModes':
      return `offers ${(spec.accessModes ?? []).join(', ') || 'no access mode'}, ${wish.accessModes.join(', ')} is asked for`;
    case 'selector':
      return 'has labels that the claim does not select';
  }
}

function claimedReason({ claim }: Wish, volume: PersistentVolume): string {
  const { name, namespace = '' } = claim.metadata;
  const holder = reservedFor(volume) ?? '';
  const isNamesake = holder === `${namespace}/${name}`;
  const { phase } = volume.status ?? {};
  if (isNamesake) return `is kept for an earlier claim "${holder}", and is free when its spec.claimRef is removed`;
  return phase === 'Released' ? `is Released by claim "${holder}", and is free when its spec.claimRef is removed` : `is claimed by "${holder}"`;
}

const classText = (name: string, verb: string): string => (name === '' ? `${verb} no class` : `${verb} class "${name}"`);
