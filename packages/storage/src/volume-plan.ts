import type { PersistentVolume, PersistentVolumeClaim } from '@kybern/core/kinds';
import { PROVISIONED_BY } from './annotations.ts';
import { releaseVolume } from './bind.ts';
import { warning, type PlannedEvent } from './planned-event.ts';

/** A volume's phase, as its status has it. */
export type VolumePhase = NonNullable<NonNullable<PersistentVolume['status']>['phase']>;

/** What {@link computeVolume} looks at. */
export interface VolumeInput {
  readonly volume: PersistentVolume;
  /** The claim of the name that the volume is reserved for, if there is one, whatever its uid. */
  readonly claim: PersistentVolumeClaim | undefined;
}

/** What is to be done about a volume. */
export interface VolumePlan {
  /** The volume, given back: to be written first. */
  readonly volume?: PersistentVolume;
  /** Undefined: as it is. */
  readonly phase?: VolumePhase;
  /** Why the phase is `Failed`. */
  readonly message?: string;
  readonly events: readonly PlannedEvent[];
}

const NOTHING: VolumePlan = Object.freeze({ events: [] });

/**
 * Decides what a volume is: free, bound, or released by a claim that is gone. It never decides to delete data: a volume whose policy is Delete is Released,
 * and whoever provisioned it deletes it then.
 *
 * @see kubernetes v1.36 pkg/controller/volume/persistentvolume/pv_controller.go (syncVolume)
 */
export function computeVolume({ volume, claim }: VolumeInput): VolumePlan {
  const { claimRef } = volume.spec;
  // A volume that is meant for a claim of some name is available to that one.
  if (claimRef === undefined || (claimRef.uid ?? '') === '') return enter(volume, 'Available');
  if (claim === undefined || claim.metadata.uid !== claimRef.uid) return reclaim(volume);
  const taken = claim.spec.volumeName ?? '';
  // The claim is on its way, or is made to point here again.
  if (taken === '') return mismatch(volume, claim);
  if (taken === volume.metadata.name) return enter(volume, 'Bound');
  // Made for the claim, which found another meanwhile: nobody needs it.
  if (volume.metadata.annotations?.[PROVISIONED_BY] !== undefined && volume.spec.persistentVolumeReclaimPolicy === 'Delete') return reclaim(volume);
  return { ...enter(volume, 'Available'), volume: releaseVolume(volume) };
}

function enter({ status }: PersistentVolume, phase: VolumePhase): VolumePlan {
  return status?.phase === phase ? NOTHING : { phase, events: [] };
}

function mismatch(volume: PersistentVolume, { spec, metadata }: PersistentVolumeClaim): VolumePlan {
  if ((volume.spec.volumeMode ?? 'Filesystem') === (spec.volumeMode ?? 'Filesystem')) return NOTHING;
  const name = `${metadata.namespace ?? ''}/${metadata.name}`;
  return { events: [warning('VolumeMismatch', `Cannot bind PersistentVolume to requested PersistentVolumeClaim "${name}" due to incompatible volumeMode.`)] };
}

/** A failure stays to be seen. */
function reclaim(volume: PersistentVolume): VolumePlan {
  const { metadata, spec, status } = volume;
  const released: VolumePlan = status?.phase === 'Failed' ? NOTHING : enter(volume, 'Released');
  if (spec.persistentVolumeReclaimPolicy !== 'Delete' && spec.persistentVolumeReclaimPolicy !== 'Recycle') return released;
  if (spec.persistentVolumeReclaimPolicy === 'Recycle') return fail(volume, 'VolumeFailedRecycle', 'No recycler plugin found for the volume!');
  // Its provisioner sees that it is Released and policy and deletes it.
  if (metadata.annotations?.[PROVISIONED_BY] !== undefined) return released;
  return fail(volume, 'VolumeFailedDelete', 'error getting deleter volume plugin for volume "' + metadata.name + '": no deletable volume plugin matched');
}

function fail({ status }: PersistentVolume, reason: string, message: string): VolumePlan {
  return status?.phase === 'Failed' ? NOTHING : { phase: 'Failed', message, events: [warning(reason, message)] };
}
