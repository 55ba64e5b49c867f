import { PersistentVolume, type PersistentVolumeClaim } from '@kybern/core/kinds';
import type { Cache, InformerEvent } from '@kybern/reconcile';
import { VolumeIndex } from '@kybern/storage';

/**
 * Where a controller finds volumes for claims: an index that follows the cache, and what is being written just now. A hint that saves looking at every volume;
 * that a volume goes to one claim only is seen to by the server, which refuses to write what somebody else changed.
 */
export class VolumeLedger {
  readonly #index = new VolumeIndex();
  /** Claims that are being bound. */
  readonly #binding = new Set<string>();

  /** Follows the cache. */
  note(event: InformerEvent<PersistentVolume>): void {
    if (event.type === 'deleted') this.#index.delete(event.object.metadata.name);
    else this.#index.set(event.object);
  }

  /** The best volume for a claim. The cache has the last word. */
  find(claim: PersistentVolumeClaim, cache: Cache, options: { readonly reservedOnly: boolean }): PersistentVolume | undefined {
    for (;;) {
      const found = this.#index.find(claim, options);
      if (found === undefined) return undefined;
      const cached = cache.get(PersistentVolume, found.metadata.name);
      if (cached === found) return found;
      if (cached === undefined) this.#index.delete(found.metadata.name);
      else this.#index.set(cached);
    }
  }

  hasFree(className: string): boolean {
    return this.#index.hasFree(className);
  }

  /** Begins to bind a claim. @returns ends it; undefined when somebody is at it */
  begin(claimKey: string): (() => void) | undefined {
    if (this.#binding.has(claimKey)) return undefined;
    this.#binding.add(claimKey);
    return () => void this.#binding.delete(claimKey);
  }

  /** Writes a volume, which nobody finds meanwhile. */
  async write(volume: PersistentVolume, write: () => Promise<PersistentVolume>): Promise<void> {
    const release = this.#index.hold(volume.metadata.name);
    try {
      this.#index.set(await write());
    } finally {
      release();
    }
  }
}
