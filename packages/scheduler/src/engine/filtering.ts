import { NOT_REJECTED, type AnswerTable, type Signed } from './answer-table.ts';
import type { BinSelection, Cycle } from './cycle.ts';
import type { Plugin } from './plugin.ts';
import type { Having, Profile } from './profile.ts';
import { runFilter } from './run-filter.ts';
import type { Scratch } from './scratch.ts';
import type { Bin, Snapshot } from './snapshot.ts';
import type { Status, StatusResult } from './status.ts';
import { recallBesidePromised } from './what-if.ts';

/** A filter with its place in the profile. */
interface PlacedFilter<Item, B extends Bin> {
  readonly plugin: Having<Item, B, 'filter'>;
  readonly position: number;
}

/** The filters that take part in one attempt. */
export interface ActiveFilters<Item, B extends Bin> {
  readonly item: Item;
  readonly cycle: Cycle<B>;
  /** Answers of the signed filters; undefined when nothing is signed, then all filters are in `unsigned`. */
  readonly table: AnswerTable | undefined;
  readonly signed: readonly PlacedFilter<Item, B>[];
  readonly unsigned: readonly PlacedFilter<Item, B>[];
  /** Who is asked in a what-if; made when there is one. */
  readonly whatIf: () => WhatIfPlugins<Item, B>;
}

/** The plugins that take part in a what-if, in the order of the profile. */
export interface WhatIfPlugins<Item, B extends Bin> {
  readonly filters: readonly Having<Item, B, 'filter'>[];
  /** Those that want to know of items that come and go. */
  readonly listening: readonly Plugin<Item, B>[];
}

function whatIfPlugins<Item, B extends Bin>(profile: Profile<Item, B>, skipped: ReadonlySet<string>): () => WhatIfPlugins<Item, B> {
  let made: WhatIfPlugins<Item, B> | undefined;
  return () =>
    (made ??= {
      filters: profile.filter.filter(({ name }) => !skipped.has(name)),
      listening: profile.preFilter.filter(({ name, addPod, removePod }) => !skipped.has(name) && (addPod !== undefined || removePod !== undefined)),
    });
}

/** Sorts out which filters are asked at every bin and which through the table. */
export function activeFilters<Item, B extends Bin>(
  profile: Profile<Item, B>,
  attempt: { readonly item: Item; readonly cycle: Cycle<B>; readonly signed: Signed; readonly skipped: ReadonlySet<string> },
): ActiveFilters<Item, B> {
  const { item, cycle, signed: signature, skipped } = attempt;
  let sorted = signature.sorted.get(skipped) as SortedFilters<Item, B> | undefined;
  if (sorted === undefined) {
    sorted = sortFilters(profile, signature.plugins, skipped);
    // Without a signature there is nothing that lives as long.
    if (signature.table !== undefined) signature.sorted.set(skipped, sorted);
  }
  return { item, cycle, table: signature.table, ...sorted };
}

/** The filters of {@link ActiveFilters}, which are the same for all attempts of a signature that skip the same ones. */
type SortedFilters<Item, B extends Bin> = Pick<ActiveFilters<Item, B>, 'signed' | 'unsigned' | 'whatIf'>;

function sortFilters<Item, B extends Bin>(profile: Profile<Item, B>, signers: ReadonlySet<string>, skipped: ReadonlySet<string>): SortedFilters<Item, B> {
  const signed: PlacedFilter<Item, B>[] = [];
  const unsigned: PlacedFilter<Item, B>[] = [];
  profile.filter.forEach((plugin, position) => {
    if (skipped.has(plugin.name)) return;
    (signers.has(plugin.name) ? signed : unsigned).push({ plugin, position });
  });
  return { signed, unsigned, whatIf: whatIfPlugins(profile, skipped) };
}

/** What the filters made of the bins. */
export interface Filtering<B extends Bin> {
  readonly feasible: BinSelection<B>;
  /** The bins that were turned down, and the answer against each. */
  readonly rejected: BinSelection<B>;
  readonly statuses: readonly Status[];
  /** Set when a plugin failed: the attempt is over. */
  readonly failure: StatusResult;
}

/** Which bins to look at. */
export interface FilterRange<B extends Bin> {
  readonly bins: readonly B[];
  /** Index to begin at; wraps. */
  readonly start: number;
  /** Enough feasible bins. */
  readonly wanted: number;
  readonly scratch: Scratch;
}

/** Slots of the scratch arrays. */
const FEASIBLE = 0;
const REJECTED = 1;

/** Asks the filters about one bin after another until enough are feasible. The first filter that turns a bin down decides. */
export function filterBins<Item, B extends Bin>(filters: ActiveFilters<Item, B>, { bins, start, wanted, scratch }: FilterRange<B>): Filtering<B> {
  const feasible = scratch.integers(FEASIBLE, bins.length);
  const rejected = scratch.integers(REJECTED, bins.length);
  const statuses: Status[] = [];
  let count = 0;
  let failure: StatusResult;
  const { table } = filters;
  const firstUnsigned = filters.unsigned[0]?.position ?? Infinity;
  const rows = rowsOf(filters.cycle.snapshot, bins);
  const at = filters.cycle.snapshot.versions?.at ?? NO_VERSIONS;
  const { nominations: promises } = filters.cycle.snapshot;
  const nominations = promises === undefined || promises.size === 0 ? undefined : promises;
  const passed = nominations === undefined && firstUnsigned === Infinity ? table?.passedVersion : undefined;
  let position = bins.length === 0 ? 0 : start % bins.length;
  for (let looked = 0; looked < bins.length && count < wanted; looked++) {
    const row = rows === undefined ? -1 : (rows[position] as number);
    if (passed !== undefined && passed[row] === at[row]) feasible[count++] = position;
    else {
      const known = table !== undefined && table.filterVersion[row] === at[row];
      const settled = known && isSettled(table.rejectedBy[row] as number, firstUnsigned);
      const promised = nominations === undefined ? undefined : recallBesidePromised(filters, bins[position] as B, nominations);
      const status = promised ?? (settled ? table.statuses[row] : judge(filters, bins[position] as B, { row, known }));
      if (status === undefined) feasible[count++] = position;
      else if (status.code === 'Error') {
        failure = status;
        break;
      } else rejected[statuses.push(status) - 1] = position;
    }
    if (++position === bins.length) position = 0;
  }
  if (table !== undefined) table.looked += count + statuses.length;
  return { feasible: { bins, positions: feasible, count }, rejected: { bins, positions: rejected, count: statuses.length }, statuses, failure };
}

/** Whether the table has the last word: no unsigned filter is to be asked before the signed one that turned the bin down. */
function isSettled(rejectedBy: number, firstUnsigned: number): boolean {
  return rejectedBy === NOT_REJECTED ? firstUnsigned === Infinity : rejectedBy < firstUnsigned;
}

const NO_VERSIONS = new Float64Array(0);

/** The rows of some bins of a snapshot with versions. */
export function rowsOf<B extends Bin>({ nodes, versions }: Snapshot<B>, bins: readonly B[]): Int32Array | undefined {
  if (versions === undefined) return undefined;
  return bins === nodes ? versions.rows : Int32Array.from(bins, (bin) => versions.row(bin));
}

/** The first answer against a bin; `row` is -1 when there is no table. `known`: the table's row is true of the bin as it is now. */
function judge<Item, B extends Bin>(filters: ActiveFilters<Item, B>, bin: B, { row, known }: { readonly row: number; readonly known: boolean }): StatusResult {
  const { table, unsigned, item, cycle } = filters;
  if (table !== undefined && !known) {
    const failed = updateRow(filters, bin, row);
    if (failed !== undefined) return failed;
  }
  const limit = table === undefined ? NOT_REJECTED : (table.rejectedBy[row] as number);
  for (const { plugin, position } of unsigned) {
    if (limit !== NOT_REJECTED && position > limit) break;
    const status = runFilter(plugin, item, { bin, cycle });
    if (status !== undefined) return status;
  }
  return table?.statuses[row];
}

/** Makes the table's row true of the bin as it is now. An `Error` is returned and not written down. */
export function updateRow<Item, B extends Bin>(filters: ActiveFilters<Item, B>, bin: B, row: number): StatusResult {
  const table = filters.table as AnswerTable;
  const version = filters.cycle.snapshot.versions?.at[row] as number;
  if (table.filterVersion[row] === version) return undefined;
  table.filterVersion[row] = 0;
  table.passedVersion[row] = 0;
  table.rejectedBy[row] = NOT_REJECTED;
  table.statuses[row] = undefined;
  for (const { plugin, position } of filters.signed) {
    const status = runFilter(plugin, filters.item, { bin, cycle: filters.cycle });
    if (status === undefined) continue;
    if (status.code === 'Error') return status;
    table.rejectedBy[row] = position;
    table.statuses[row] = status;
    break;
  }
  table.filterVersion[row] = version;
  if (table.rejectedBy[row] === NOT_REJECTED) table.passedVersion[row] = version;
  return undefined;
}
