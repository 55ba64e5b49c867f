import type { Bin } from './snapshot.ts';

/** Bins are summed up in blocks of this many. */
const BLOCK_BITS = 6;
const BLOCK = 1 << BLOCK_BITS;

/** A block, or a window, without feasible bins, and one whose bins differ in kind. */
const NO_KIND = -1;
const MIXED_KINDS = -2;

/** A stretch of the search, which wraps at the last bin. */
export interface RankedWindow {
  readonly start: number;
  /** Bins that the search looks at. */
  readonly evaluated: number;
  /** Those of them that are feasible. */
  readonly feasible: number;
}

/** The largest total of a window. */
export interface RankedBest {
  readonly total: number;
  /** How many feasible bins have it. */
  readonly ties: number;
  /** All feasible bins of the window are of one kind. */
  readonly isUniform: boolean;
}

/**
 * What is known of all bins for one signature, in the order of the search: which are feasible, and their totals. Summed up in blocks, so that a decision
 * looks at some dozens of numbers where the search looks at thousands of bins.
 *
 * Invariants: a block that is not in `#dirty` has the sums of its bins; `#feasibleIn` is always right; a total counts only while its bin is feasible.
 */
export class Ranking<B extends Bin> {
  readonly bins: readonly B[];
  /** By position: the bin's row in the snapshot. */
  readonly rows: Int32Array;
  /** By row: the version that the answers here are of. */
  readonly seen: Float64Array;
  /** So many changes of the snapshot are taken into account. */
  synced = 0;
  /** Rows whose totals are not right; -1 in place of a list: all. */
  stale: number[] | 'all' = 'all';
  /** Positions that count as not feasible for the moment, since somebody was promised room there. */
  readonly suppressed: number[] = [];
  /** Feasible bins in all. */
  feasible = 0;
  readonly #positions: Int32Array;
  readonly #passed: Uint8Array;
  readonly #feasibleIn: Int32Array;
  readonly #totals: Float64Array;
  readonly #kinds: Int32Array;
  readonly #best: Float64Array;
  readonly #ties: Int32Array;
  readonly #kindIn: Int32Array;
  readonly #dirty: Uint8Array;
  /** What {@link best} gathers. */
  #found = { total: -Infinity, ties: 0, kind: NO_KIND };

  constructor(bins: readonly B[], rows: Int32Array, capacity: number) {
    const blocks = (bins.length + BLOCK - 1) >> BLOCK_BITS;
    this.bins = bins;
    this.rows = rows;
    this.seen = new Float64Array(capacity);
    this.#positions = new Int32Array(capacity).fill(-1);
    for (let position = 0; position < rows.length; position++) this.#positions[rows[position] as number] = position;
    this.#passed = new Uint8Array(bins.length);
    this.#totals = new Float64Array(bins.length);
    this.#kinds = new Int32Array(bins.length);
    this.#feasibleIn = new Int32Array(blocks);
    this.#best = new Float64Array(blocks);
    this.#ties = new Int32Array(blocks);
    this.#kindIn = new Int32Array(blocks);
    this.#dirty = new Uint8Array(blocks).fill(1);
  }

  /** Where the bin in `row` is in the search; -1 when it is none of the bins. */
  positionOf(row: number): number {
    return this.#positions[row] ?? -1;
  }

  isFeasible(position: number): boolean {
    return this.#passed[position] === 1;
  }

  setFeasible(position: number, isFeasible: boolean): void {
    const passed = isFeasible ? 1 : 0;
    if (this.#passed[position] === passed) return;
    const by = isFeasible ? 1 : -1;
    this.#passed[position] = passed;
    this.feasible += by;
    (this.#feasibleIn[position >> BLOCK_BITS] as number) += by;
    this.#dirty[position >> BLOCK_BITS] = 1;
  }

  setTotal(position: number, total: number, kind: number): void {
    this.#totals[position] = total;
    this.#kinds[position] = kind;
    this.#dirty[position >> BLOCK_BITS] = 1;
  }

  /** What the search looks at from `start` on until it has found `wanted` feasible bins, or has seen all. */
  window(start: number, wanted: number): RankedWindow {
    const { length } = this.bins;
    const from = length === 0 ? 0 : start % length;
    if (this.feasible < wanted) return { start: from, evaluated: length, feasible: this.feasible };
    const atEnd = this.#seek({ from, to: length, left: wanted });
    if (atEnd.position >= 0) return { start: from, evaluated: atEnd.position - from + 1, feasible: wanted };
    const wrapped = this.#seek({ from: 0, to: from, left: atEnd.left });
    return { start: from, evaluated: length - from + wrapped.position + 1, feasible: wanted };
  }

  /** The largest total of the feasible bins of a window. */
  best({ start, evaluated }: RankedWindow): RankedBest {
    const { length } = this.bins;
    this.#found = { total: -Infinity, ties: 0, kind: NO_KIND };
    this.#gather(start, Math.min(length, start + evaluated));
    this.#gather(0, start + evaluated - length);
    const { total, ties, kind } = this.#found;
    return { total, ties, isUniform: kind !== MIXED_KINDS };
  }

  /** The position of the `index`-th feasible bin of a window, from 0, that has this total. */
  find({ start, evaluated }: RankedWindow, { total, index }: { readonly total: number; readonly index: number }): number {
    const { length } = this.bins;
    const atEnd = this.#seekTotal({ from: start, to: Math.min(length, start + evaluated), left: index + 1, total });
    return atEnd.position >= 0 ? atEnd.position : this.#seekTotal({ from: 0, to: start + evaluated - length, left: atEnd.left, total }).position;
  }

  /** Writes the positions of a window's feasible bins into an array. */
  listInto({ start, feasible }: RankedWindow, into: Int32Array): void {
    const { length } = this.bins;
    for (let position = start, count = 0; count < feasible; position = position + 1 === length ? 0 : position + 1) {
      if (this.#passed[position] === 1) into[count++] = position;
    }
  }

  /** The `left`-th feasible bin of a stretch, or how many are still to be found after it. */
  #seek({ from, to, left }: Stretch): Sought {
    let sought = left;
    let position = from;
    while (position < to) {
      if ((position & (BLOCK - 1)) === 0 && position + BLOCK <= to && (this.#feasibleIn[position >> BLOCK_BITS] as number) < sought) {
        sought -= this.#feasibleIn[position >> BLOCK_BITS] as number;
        position += BLOCK;
        continue;
      }
      if (this.#passed[position] === 1 && --sought === 0) return { position, left: 0 };
      position += 1;
    }
    return { position: -1, left: sought };
  }

  #seekTotal({ from, to, left, total }: Stretch & { readonly total: number }): Sought {
    let sought = left;
    let position = from;
    while (position < to) {
      const block = position >> BLOCK_BITS;
      if ((position & (BLOCK - 1)) === 0 && position + BLOCK <= to) {
        const ties = this.#best[block] === total ? (this.#ties[block] as number) : 0;
        if (ties < sought) {
          sought -= ties;
          position += BLOCK;
          continue;
        }
      }
      if (this.#passed[position] === 1 && this.#totals[position] === total && --sought === 0) return { position, left: 0 };
      position += 1;
    }
    return { position: -1, left: sought };
  }

  #gather(from: number, to: number): void {
    let position = from;
    while (position < to) {
      const block = position >> BLOCK_BITS;
      if ((position & (BLOCK - 1)) === 0 && position + BLOCK <= to) {
        if (this.#dirty[block] === 1) this.#sumUp(block);
        this.#take(this.#best[block] as number, this.#ties[block] as number, this.#kindIn[block] as number);
        position += BLOCK;
        continue;
      }
      if (this.#passed[position] === 1) this.#take(this.#totals[position] as number, 1, this.#kinds[position] as number);
      position += 1;
    }
  }

  #take(total: number, ties: number, kind: number): void {
    const found = this.#found;
    if (total > found.total) {
      found.total = total;
      found.ties = ties;
    } else if (total === found.total) found.ties += ties;
    if (kind === NO_KIND || kind === found.kind) return;
    found.kind = found.kind === NO_KIND ? kind : MIXED_KINDS;
  }

  /** Brings a block's sums up to date. */
  #sumUp(block: number): void {
    const outer = this.#found;
    const found = (this.#found = { total: -Infinity, ties: 0, kind: NO_KIND });
    const from = block << BLOCK_BITS;
    for (let position = from; position < from + BLOCK; position++) {
      if (this.#passed[position] === 1) this.#take(this.#totals[position] as number, 1, this.#kinds[position] as number);
    }
    this.#best[block] = found.total;
    this.#ties[block] = found.ties;
    this.#kindIn[block] = found.kind;
    this.#dirty[block] = 0;
    this.#found = outer;
  }
}

/** A stretch of positions, and how many are to be found in it. */
interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly left: number;
}

interface Sought {
  readonly position: number;
  readonly left: number;
}
