import { updateRow, type ActiveFilters, type Filtering, type FilterRange } from './filtering.ts';
import type { RowBatch } from './plugin.ts';
import type { Bin, BinVersions } from './snapshot.ts';

/** Bins that are looked at together. */
const BATCH = 512;
/** Slots of the scratch arrays: the first is the one that {@link filterBins} has for the same. */
const FEASIBLE = 0;
const BATCH_ROWS = 3;
const BATCH_POSITIONS = 4;
const NO_POSITIONS = new Int32Array(0);

/**
 * What {@link filterBins} finds, batch by batch, where every filter that takes part answers for many bins at once. Undefined when one cannot, when one failed,
 * and when no bin is feasible: then it matters why.
 */
export function filterInBulk<Item, B extends Bin>(filters: ActiveFilters<Item, B>, range: FilterRange<B>): Filtering<B> | undefined {
  const { unsigned, table, cycle } = filters;
  const { versions, nominations, nodes } = cycle.snapshot;
  if (table === undefined || versions === undefined || range.bins !== nodes || (nominations !== undefined && nominations.size > 0)) return undefined;
  if (!unsigned.every(({ plugin }) => plugin.filterRows !== undefined)) return undefined;
  const found = new BulkSearch(filters, range, versions).run();
  if (found === undefined || found.feasible.count === 0) return undefined;
  table.looked += found.feasible.count + found.rejected.count;
  return found;
}

class BulkSearch<Item, B extends Bin> {
  readonly #filters: ActiveFilters<Item, B>;
  readonly #range: FilterRange<B>;
  readonly #versions: BinVersions<B>;
  readonly #rows: Int32Array;
  readonly #positions: Int32Array;

  constructor(filters: ActiveFilters<Item, B>, range: FilterRange<B>, versions: BinVersions<B>) {
    this.#filters = filters;
    this.#range = range;
    this.#versions = versions;
    this.#rows = range.scratch.integers(BATCH_ROWS, BATCH);
    this.#positions = range.scratch.integers(BATCH_POSITIONS, BATCH);
  }

  run(): Filtering<B> | undefined {
    const { bins, start, wanted, scratch } = this.#range;
    const positions = scratch.integers(FEASIBLE, bins.length);
    const from = bins.length === 0 ? 0 : start % bins.length;
    let [count, evaluated] = [0, 0];
    while (evaluated < bins.length && count < wanted) {
      const size = Math.min(BATCH, bins.length - evaluated);
      const batch = this.#batch((from + evaluated) % bins.length, size);
      if (batch === undefined || !this.#ask(batch)) return undefined;
      for (let i = 0; i < batch.count && count < wanted; i++) if (batch.rejected[i] === 0) positions[count++] = this.#positions[i] as number;
      evaluated += size;
    }
    // The search ends at the last bin that was wanted.
    if (count === wanted && count > 0) evaluated = (((positions[count - 1] as number) - from + bins.length) % bins.length) + 1;
    const rejected = { bins, positions: NO_POSITIONS, count: evaluated - count };
    return { feasible: { bins, positions, count }, rejected, statuses: [], failure: undefined };
  }

  /** Those of some bins that the signed filters let pass; undefined when one failed. */
  #batch(from: number, size: number): RowBatch | undefined {
    const { bins, scratch } = this.#range;
    const { at, rows } = this.#versions;
    const table = this.#filters.table as NonNullable<ActiveFilters<Item, B>['table']>;
    const { passedVersion, filterVersion } = table;
    let count = 0;
    let position = from;
    for (let i = 0; i < size; i++) {
      const row = rows[position] as number;
      const version = at[row];
      if (filterVersion[row] !== version && updateRow(this.#filters, bins[position] as B, row) !== undefined) return undefined;
      if (passedVersion[row] === version) {
        this.#rows[count] = row;
        this.#positions[count++] = position;
      }
      if (++position === bins.length) position = 0;
    }
    return { rows: this.#rows, count, rejected: scratch.zeros(BATCH) };
  }

  /** Asks the others. False when one throws: asked again bin by bin, it will be told of. */
  #ask(batch: RowBatch): boolean {
    const { unsigned, item, cycle } = this.#filters;
    try {
      for (const { plugin } of unsigned) plugin.filterRows?.(item, batch, cycle);
      return true;
    } catch {
      return false;
    }
  }
}
