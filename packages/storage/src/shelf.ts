import type { PersistentVolume } from '@kybern/core/kinds';

/** A volume at its place in a {@link Shelf}. */
export interface Place {
  readonly bytes: number;
  readonly name: string;
  readonly volume: PersistentVolume;
}

/** More places than this are split in two: what is moved for one that comes or goes stays small, however many there are. */
const MAX_BLOCK = 256;

/** Volumes in the order of size, and of name where the size is the same. */
export class Shelf {
  /** Invariant: none is empty, each is in order, and so are they among each other. */
  readonly #blocks: Place[][] = [];

  get isEmpty(): boolean {
    return this.#blocks.length === 0;
  }

  add(place: Place): void {
    const at = Math.min(this.#blockOf(place.bytes, place.name), this.#blocks.length - 1);
    const block = this.#blocks[at];
    if (block === undefined) {
      this.#blocks.push([place]);
      return;
    }
    block.splice(positionIn(block, place.bytes, place.name), 0, place);
    if (block.length > MAX_BLOCK) this.#blocks.splice(at + 1, 0, block.splice(block.length >>> 1));
  }

  remove(bytes: number, name: string): void {
    const at = this.#blockOf(bytes, name);
    const block = this.#blocks[at];
    if (block === undefined) return;
    const position = positionIn(block, bytes, name);
    if (block[position]?.name !== name) return;
    block.splice(position, 1);
    if (block.length === 0) this.#blocks.splice(at, 1);
  }

  /** The first of at least so many bytes that is accepted. */
  first(bytes: number, accepts: ((volume: PersistentVolume) => boolean) | undefined): Place | undefined {
    for (let at = this.#blockOf(bytes, ''); at < this.#blocks.length; at++) {
      const block = this.#blocks[at] as Place[];
      for (let i = positionIn(block, bytes, ''); i < block.length; i++) {
        const place = block[i] as Place;
        if (accepts === undefined || accepts(place.volume)) return place;
      }
    }
    return undefined;
  }

  /** The first block that ends at or after a place; their number when there is none. */
  #blockOf(bytes: number, name: string): number {
    let [low, high] = [0, this.#blocks.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isBefore(this.#blocks[middle]?.at(-1) as Place, bytes, name)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Whether a place comes before what is named. */
export function isBefore(place: Place, bytes: number, name: string): boolean {
  return place.bytes < bytes || (place.bytes === bytes && place.name < name);
}

function positionIn(block: readonly Place[], bytes: number, name: string): number {
  let [low, high] = [0, block.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isBefore(block[middle] as Place, bytes, name)) low = middle + 1;
    else high = middle;
  }
  return low;
}
