import { randomInt, type Random } from '@kybern/core';

/** Options of {@link createBandAllocator}. */
export interface BandAllocatorOptions {
  /** Offsets run from 0 to `size - 1`. */
  readonly size: number;
  /** The lowest so many offsets are only handed out once the rest is full, so that they stay free for those who ask by number. Default 0. */
  readonly staticBand?: number;
  /** Where a search begins. Default: after the last one handed out. */
  readonly random?: Random | undefined;
}

/** A position in a range; a bigint only beyond the safe integers. */
export type Offset = number | bigint;

/** Hands out offsets of a range; what an offset stands for is its user's business. */
export interface BandAllocator {
  /** A free offset below `size`, now taken; undefined when all are taken. */
  next(): number | undefined;
  /** Takes `offset`, which may lie beyond `size`; false when it is taken already. */
  take(offset: Offset): boolean;
  /** Frees `offset`; false when it was free. */
  release(offset: Offset): boolean;
  has(offset: Offset): boolean;
  readonly used: number;
}

/** Invariant: `used` is how many members of `taken` lie in [from, to). */
interface Band {
  readonly from: number;
  readonly to: number;
  used: number;
  cursor: number;
}

/** Makes a {@link BandAllocator}. Memory grows with what is taken, not with the size of the range. */
export function createBandAllocator({ size, staticBand = 0, random }: BandAllocatorOptions): BandAllocator {
  const taken = new Set<Offset>();
  const lower: Band = { from: 0, to: staticBand, used: 0, cursor: 0 };
  const upper: Band = { from: staticBand, to: size, used: 0, cursor: staticBand };
  const count = (offset: Offset, by: 1 | -1): void => {
    if (offset < staticBand) lower.used += by;
    else if (offset < size) upper.used += by;
  };
  const take = (offset: Offset): boolean => {
    if (taken.has(offset)) return false;
    taken.add(offset);
    count(offset, 1);
    return true;
  };
  return {
    next() {
      const offset = findFree(upper, taken, random) ?? findFree(lower, taken, random);
      if (offset !== undefined) take(offset);
      return offset;
    },
    take,
    release(offset) {
      if (!taken.delete(offset)) return false;
      count(offset, -1);
      return true;
    },
    has: (offset) => taken.has(offset),
    get used() {
      return taken.size;
    },
  };
}

function findFree(band: Band, taken: ReadonlySet<Offset>, random: Random | undefined): number | undefined {
  const width = band.to - band.from;
  if (band.used >= width) return undefined;
  let offset = random === undefined ? band.cursor : band.from + randomInt(random, width);
  for (;;) {
    if (offset >= band.to) offset = band.from;
    if (!taken.has(offset)) break;
    offset += 1;
  }
  band.cursor = offset + 1;
  return offset;
}

/** How many of `size` are kept for static allocation: `min(max(16, size / step), max)`, and none when the range is small. */
export function staticBandSize(size: number, { step, max }: { readonly step: number; readonly max: number }): number {
  const least = 16;
  return size <= least ? 0 : Math.min(Math.max(least, Math.floor(size / step)), max);
}
