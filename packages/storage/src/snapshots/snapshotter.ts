import type { PersistentVolume, PersistentVolumeClaim } from '@kybern/core/kinds';

/** A picture of a volume, kept by whoever made it. */
export interface MadeSnapshot {
  /** Names the snapshot to its {@link Snapshotter}. */
  readonly handle: string;
  /** How large a volume must be to hold it. */
  readonly restoreBytes: number;
  /** Whether it can be restored from now; false: ask again. */
  readonly isReady: boolean;
}

/**
 * Takes pictures of volumes. Every call may be repeated and finds what an earlier one did; `create` with the same name gives the same snapshot.
 *
 * @throws {ProvisionError} `FailedPrecondition` for volumes and handles that are none of its own
 */
export interface Snapshotter {
  /** As VolumeSnapshotClasses name it: the driver. */
  readonly name: string;
  create(request: { readonly name: string; readonly volume: PersistentVolume; readonly signal: AbortSignal }): Promise<MadeSnapshot>;
  /** One that is not there is deleted. */
  delete(handle: string, options: { readonly signal: AbortSignal }): Promise<void>;
}

/** What a new volume begins with. */
export type VolumeContent = { readonly type: 'snapshot'; readonly handle: string } | { readonly type: 'volume'; readonly volume: PersistentVolume };

/**
 * Fills new volumes from objects of kinds of its own, which claims name as their `dataSourceRef`.
 *
 * @see kubernetes KEP-1495 (volume populators)
 */
export interface VolumePopulator {
  readonly group: string;
  readonly kind: string;
  /** Finds out what a claim's volume is to begin with, and has it ready; undefined: not yet, ask again. */
  contentFor(claim: PersistentVolumeClaim, options: { readonly signal: AbortSignal }): Promise<VolumeContent | undefined>;
}
