import type { PersistentVolume, PersistentVolumeClaim, PersistentVolumeClaimStatus, StorageClass } from '@kybern/core/kinds';
import { BETA_STORAGE_PROVISIONER, BIND_COMPLETED, NO_PROVISIONER, SELECTED_NODE, STORAGE_PROVISIONER } from './annotations.ts';
import { boundStatus, pointClaim, reserveVolume, unboundStatus } from './bind.ts';
import { isBoundTo } from './claim-reference.ts';
import { misfits, wishOf, type Misfit } from './fit.ts';
import { normal, warning, type PlannedEvent } from './planned-event.ts';
import { claimClass, hasOpenClass, waitsForConsumer } from './storage-class.ts';

/** What {@link computeClaim} looks at. The functions read; they change nothing. */
export interface ClaimInput {
  readonly claim: PersistentVolumeClaim;
  /** The volume of that name. */
  readonly volume: (name: string) => PersistentVolume | undefined;
  /** The volume for the claim; with `reservedOnly` only one that is reserved for it. */
  readonly find: (claim: PersistentVolumeClaim, options: { readonly reservedOnly: boolean }) => PersistentVolume | undefined;
  readonly storageClass: (name: string) => StorageClass | undefined;
  /** The class of claims that name none. */
  readonly defaultClass: StorageClass | undefined;
  /** The names of Pods that use the claim and have no node yet. */
  readonly waitingPods?: readonly string[];
}

/** What is to be done about a claim, in this order. */
export interface ClaimPlan {
  /** To be written first: the volume, reserved for the claim. */
  readonly volume?: PersistentVolume;
  /** The claim with new metadata or spec. */
  readonly claim?: PersistentVolumeClaim;
  /** The claim's new status. */
  readonly status?: PersistentVolumeClaimStatus;
  readonly events: readonly PlannedEvent[];
}

/**
 * Decides what becomes of a claim: which volume it gets, whether one is to be made for it, what it waits for, or that it is lost. Pure.
 *
 * @see kubernetes v1.36 pkg/controller/volume/persistentvolume/pv_controller.go (syncClaim)
 */
export function computeClaim(input: ClaimInput): ClaimPlan {
  const { claim } = input;
  if (claim.metadata.annotations?.[BIND_COMPLETED] !== undefined) return computeBoundClaim(input);
  if ((claim.spec.volumeName ?? '') !== '') return computeClaimWithVolume(input);
  // A claim gets the default class also when that comes after it.
  if (hasOpenClass(claim) && input.defaultClass !== undefined) {
    return { claim: { ...claim, spec: { ...claim.spec, storageClassName: input.defaultClass.metadata.name } }, events: [] };
  }
  return computeFreeClaim(input);
}

function computeFreeClaim(input: ClaimInput): ClaimPlan {
  const { claim } = input;
  const className = claimClass(claim);
  const waits = className !== '' && waitsForConsumer(input.storageClass(className));
  const found = input.find(claim, { reservedOnly: waits });
  if (found !== undefined) return bind(claim, found);
  if (waits && claim.metadata.annotations?.[SELECTED_NODE] === undefined) return pending(claim, waitingForConsumer(input.waitingPods ?? []));
  if (className !== '') return provision(claim, className, input.storageClass(className));
  return pending(claim, normal('FailedBinding', 'no persistent volumes available for this claim and no storage class is set'));
}

function waitingForConsumer([pod, ...others]: readonly string[]): PlannedEvent {
  if (pod === undefined) return normal('WaitForFirstConsumer', 'waiting for first consumer to be created before binding');
  return normal(
    'WaitForPodScheduled',
    others.length === 0 ? `waiting for pod ${pod} to be scheduled` : `waiting for pods ${[pod, ...others].join(',')} to be scheduled`,
  );
}

function provision(claim: PersistentVolumeClaim, className: string, storageClass: StorageClass | undefined): ClaimPlan {
  if (storageClass === undefined) return pending(claim, warning('ProvisioningFailed', `storageclass.storage.k8s.io "${className}" not found`));
  const { provisioner } = storageClass;
  if (provisioner === NO_PROVISIONER) return pending(claim, warning('ProvisioningFailed', `no volume plugin matched name: ${NO_PROVISIONER}`));
  const event = normal(
    'ExternalProvisioning',
    `Waiting for a volume to be created either by the external provisioner '${provisioner}' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.`,
  );
  const { annotations } = claim.metadata;
  if (annotations?.[STORAGE_PROVISIONER] === provisioner && annotations[BETA_STORAGE_PROVISIONER] === provisioner) return pending(claim, event);
  const marks = { ...annotations, [STORAGE_PROVISIONER]: provisioner, [BETA_STORAGE_PROVISIONER]: provisioner };
  return { ...pending(claim, event), claim: { ...claim, metadata: { ...claim.metadata, annotations: marks } } };
}

const MISMATCHES: Readonly<Partial<Record<Misfit, string>>> = {
  deleting: 'the volume is marked for deletion',
  size: 'requested PV is too small',
  class: 'storageClassName does not match',
  attributesClass: 'volumeAttributesClassName does not match',
  volumeMode: 'incompatible volumeMode',
  accessModes: 'incompatible accessMode',
};

/** Somebody asked for one volume and no other. Its labels, phase and nodes do not matter then. */
function computeClaimWithVolume({ claim, volume: volumeOf }: ClaimInput): ClaimPlan {
  const name = claim.spec.volumeName ?? '';
  const volume = volumeOf(name);
  if (volume === undefined) return pending(claim);
  if (isBoundTo(volume, claim)) return bind(claim, volume);
  if (volume.spec.claimRef !== undefined) return pending(claim, warning('FailedBinding', `volume "${name}" already bound to a different claim.`));
  const problem = misfits(wishOf(claim), volume).find((misfit) => MISMATCHES[misfit] !== undefined);
  if (problem === undefined) return bind(claim, volume);
  return pending(claim, warning('VolumeMismatch', `Cannot bind to requested volume "${name}": ${MISMATCHES[problem] ?? problem}`));
}

function computeBoundClaim({ claim, volume: volumeOf }: ClaimInput): ClaimPlan {
  const name = claim.spec.volumeName ?? '';
  if (name === '') return lost(claim, warning('ClaimLost', 'Bound claim has lost reference to PersistentVolume. Data on the volume is lost!'));
  const volume = volumeOf(name);
  if (volume === undefined) return lost(claim, warning('ClaimLost', 'Bound claim has lost its PersistentVolume. Data on the volume is lost!'));
  const { claimRef } = volume.spec;
  if (claimRef === undefined || (isBoundTo(volume, claim) && (claimRef.uid ?? '') !== '')) return bind(claim, volume);
  return lost(claim, warning('ClaimMisbound', 'Two claims are bound to the same volume, this one is bound incorrectly'));
}

function bind(claim: PersistentVolumeClaim, volume: PersistentVolume): ClaimPlan {
  const reserved = reserveVolume(volume, claim);
  const pointed = pointClaim(claim, volume.metadata.name);
  const status = boundStatus(claim, volume);
  return {
    ...(reserved === volume ? {} : { volume: reserved }),
    ...(pointed === claim ? {} : { claim: pointed }),
    ...(status === claim.status ? {} : { status }),
    events: [],
  };
}

function pending(claim: PersistentVolumeClaim, ...events: readonly PlannedEvent[]): ClaimPlan {
  const status = unboundStatus(claim, 'Pending');
  return status === claim.status ? { events } : { status, events };
}

/** Said once, when it happens. */
function lost(claim: PersistentVolumeClaim, event: PlannedEvent): ClaimPlan {
  const status = unboundStatus(claim, 'Lost');
  if (status === claim.status) return { events: [] };
  return { status, events: claim.status?.phase === 'Lost' ? [] : [event] };
}
