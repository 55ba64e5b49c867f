import type { Node, PersistentVolume, PersistentVolumeClaim, StorageClass } from '@kybern/core/kinds';

/** What a provisioner is asked to make. */
export interface ProvisionRequest {
  /** The name of the volume to be: unique, and the same whenever the same claim is asked for again. */
  readonly name: string;
  /** How large it has to be at least. */
  readonly bytes: number;
  readonly claim: PersistentVolumeClaim;
  readonly storageClass: StorageClass;
  /** Where the first Pod goes; undefined for classes that bind at once. */
  readonly node: Node | undefined;
  readonly signal: AbortSignal;
}

/** What a provisioner made: the part of a volume's spec that says what and where it is. */
export interface ProvisionedVolume {
  /** Exactly one volume source, such as `{ hostPath: { path } }`. */
  readonly source: Pick<PersistentVolume['spec'], 'hostPath' | 'local' | 'csi' | 'nfs'>;
  readonly bytes: number;
  /** Where it can be reached. Undefined: everywhere. */
  readonly nodeAffinity?: PersistentVolume['spec']['nodeAffinity'];
}

/**
 * Makes volumes for claims, and deletes them. A provisioner knows nothing of Kubernetes' objects but what it is handed; a controller calls it.
 *
 * Every call may be repeated, by this process or the next, and finds what an earlier one did. A call whose signal aborts rejects with its reason; what it was
 * about may have happened all the same. `@kybern/storage/conformance` holds what is promised.
 *
 * @throws {ProvisionError}
 */
export interface Provisioner {
  /** As StorageClasses name it, such as `kybern.io/local-path`. */
  readonly name: string;
  /**
   * Makes the volume, or finds the one that was made for the same name.
   *
   * @throws {ProvisionError} `ResourceExhausted` when another node may have room, `InvalidArgument` when nobody can make such a volume
   */
  provision(request: ProvisionRequest): Promise<ProvisionedVolume>;
  /** Deletes a volume of this provisioner, with its data. One that is not there is deleted. */
  delete(volume: PersistentVolume, options: { readonly signal: AbortSignal }): Promise<void>;
  /** Makes a volume larger, while it is in use. @returns the new size in bytes. A provisioner without it cannot */
  expand?(volume: PersistentVolume, bytes: number, options: { readonly signal: AbortSignal }): Promise<number>;
}
