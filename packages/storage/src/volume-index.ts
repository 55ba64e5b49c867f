import { keyOf } from '@kybern/core';
import type { PersistentVolume, PersistentVolumeClaim } from '@kybern/core/kinds';
import { reservedFor } from './claim-reference.ts';
import { fits, hasModes, wishOf, type Wish } from './fit.ts';
import { isBefore, Shelf, type Place } from './shelf.ts';
import { volumeClass } from './storage-class.ts';
import { storageCapacity } from './storage-size.ts';

/** The free volumes that offer the same access modes. */
interface ModeShelf {
  readonly accessModes: readonly string[];
  readonly shelf: Shelf;
}

/**
 * The volumes of a cluster, arranged so that a claim finds its volume without looking at the others: by class, VolumeAttributesClass, volume mode and access
 * modes, then by size. What it finds does not depend on the order in which volumes came.
 *
 * @see kubernetes v1.36 pkg/controller/volume/persistentvolume/index.go
 */
export class VolumeIndex {
  readonly #volumes = new Map<string, PersistentVolume>();
  /** Section → shelves, those with the fewest access modes first. Invariant: holds exactly the free volumes that are not held. */
  readonly #sections = new Map<string, ModeShelf[]>();
  /** Claim → the volumes that are reserved for it. */
  readonly #reserved = new Map<string, Set<string>>();
  /** Volumes that somebody is about to write. */
  readonly #held = new Set<string>();

  /** The volume of that name. */
  get(name: string): PersistentVolume | undefined {
    return this.#volumes.get(name);
  }

  /** Whether there may be a free volume of the class. */
  hasFree(className: string): boolean {
    for (const [section, shelves] of this.#sections) {
      if (section.startsWith(`${className}\n`) && shelves.some(({ shelf }) => !shelf.isEmpty)) return true;
    }
    return false;
  }

  /** Takes in a volume, new or changed. */
  set(volume: PersistentVolume): void {
    const { name } = volume.metadata;
    const old = this.#volumes.get(name);
    if (old === volume) return;
    if (old !== undefined) this.#takeOut(old);
    this.#volumes.set(name, volume);
    this.#putIn(volume);
  }

  /** Forgets a volume. */
  delete(name: string): void {
    const old = this.#volumes.get(name);
    if (old !== undefined) this.#takeOut(old);
    this.#volumes.delete(name);
  }

  /** Keeps a volume from being found, while it is being written for a claim. @returns ends that; idempotent */
  hold(name: string): () => void {
    const volume = this.#volumes.get(name);
    if (volume !== undefined) this.#takeOut(volume);
    this.#held.add(name);
    return () => {
      if (!this.#held.delete(name)) return;
      const current = this.#volumes.get(name);
      if (current !== undefined) this.#putIn(current);
    };
  }

  /**
   * The volume that is reserved for the claim, or else the smallest that is large enough and otherwise as wanted; of equals the first by name.
   *
   * @param options.reservedOnly no free volume: the claim waits for its first consumer
   */
  find(claim: PersistentVolumeClaim, { reservedOnly = false }: { readonly reservedOnly?: boolean } = {}): PersistentVolume | undefined {
    const wish = wishOf(claim);
    const reserved = this.#findReserved(wish);
    if (reserved !== undefined || reservedOnly) return reserved;
    let best: Place | undefined;
    let modes = 0;
    for (const { accessModes, shelf } of this.#sections.get(sectionOfWish(wish)) ?? []) {
      if (best !== undefined && accessModes.length > modes) break;
      if (!hasModes(accessModes, wish.accessModes)) continue;
      const place = shelf.first(wish.bytes, wish.selects === undefined ? undefined : ({ metadata }) => wish.selects?.(metadata.labels) === true);
      if (place === undefined || (best !== undefined && !isBefore(place, best.bytes, best.name))) continue;
      best = place;
      modes = accessModes.length;
    }
    return best?.volume;
  }

  #findReserved(wish: Wish): PersistentVolume | undefined {
    const names = [...(this.#reserved.get(keyOf(wish.claim)) ?? [])].sort();
    return names
      .filter((name) => !this.#held.has(name))
      .map((name) => this.#volumes.get(name) as PersistentVolume)
      .find((volume) => fits(wish, volume));
  }

  #putIn(volume: PersistentVolume): void {
    const { name } = volume.metadata;
    const claim = reservedFor(volume);
    if (claim !== undefined) this.#reserved.set(claim, (this.#reserved.get(claim) ?? new Set()).add(name));
    if (!isFree(volume) || this.#held.has(name)) return;
    this.#shelfOf(volume).add({ bytes: storageCapacity(volume), name, volume });
  }

  #takeOut(volume: PersistentVolume): void {
    const { name } = volume.metadata;
    const claim = reservedFor(volume);
    if (claim !== undefined) {
      const names = this.#reserved.get(claim);
      names?.delete(name);
      if (names?.size === 0) this.#reserved.delete(claim);
    }
    if (!isFree(volume) || this.#held.has(name)) return;
    this.#shelfOf(volume).remove(storageCapacity(volume), name);
  }

  #shelfOf(volume: PersistentVolume): Shelf {
    const section = sectionOf(volumeClass(volume), volume.spec.volumeAttributesClassName ?? '', volume.spec.volumeMode ?? 'Filesystem');
    let shelves = this.#sections.get(section);
    if (shelves === undefined) this.#sections.set(section, (shelves = []));
    const accessModes = [...(volume.spec.accessModes ?? [])].sort();
    const found = shelves.find((each) => each.accessModes.length === accessModes.length && hasModes(each.accessModes, accessModes));
    if (found !== undefined) return found.shelf;
    const shelf = new Shelf();
    shelves.push({ accessModes, shelf });
    shelves.sort((a, b) => a.accessModes.length - b.accessModes.length || (a.accessModes.join() < b.accessModes.join() ? -1 : 1));
    return shelf;
  }
}

/** Whether any claim may have the volume. */
function isFree({ metadata, spec, status }: PersistentVolume): boolean {
  return spec.claimRef === undefined && metadata.deletionTimestamp === undefined && (status?.phase ?? 'Available') === 'Available';
}

const sectionOf = (className: string, attributesClass: string, volumeMode: string): string => `${className}\n${attributesClass}\n${volumeMode}`;
const sectionOfWish = (wish: Wish): string => sectionOf(wish.class, wish.attributesClass, wish.volumeMode);
