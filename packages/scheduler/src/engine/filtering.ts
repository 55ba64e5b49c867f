import { NOT_REJECTED, type AnswerTable, type Signed } from './answer-table.ts';
import { checkedStatus, thrownStatus } from './checked-call.ts';
import type { Cycle } from './cycle.ts';
import type { Having, Profile } from './profile.ts';
import type { Bin } from './snapshot.ts';
import { success, type StatusResult, type Status } from './status.ts';

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
}

/** Sorts out which filters are asked at every bin and which through the table. */
export function activeFilters<Item, B extends Bin>(
  profile: Profile<Item, B>,
  attempt: { readonly item: Item; readonly cycle: Cycle<B>; readonly signed: Signed; readonly skipped: ReadonlySet<string> },
): ActiveFilters<Item, B> {
  const { item, cycle, signed: signature, skipped } = attempt;
  const signed: PlacedFilter<Item, B>[] = [];
  const unsigned: PlacedFilter<Item, B>[] = [];
  profile.filter.forEach((plugin, position) => {
    if (skipped.has(plugin.name)) return;
    (signature.plugins.has(plugin.name) ? signed : unsigned).push({ plugin, position });
  });
  return { item, cycle, table: signature.table, signed, unsigned };
}

/** What the filters made of the bins. */
export interface Filtering<B extends Bin> {
  readonly feasible: readonly B[];
  /** The bins that were turned down, and the answer against each. */
  readonly rejected: readonly B[];
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
}

/** Asks the filters about one bin after another until enough are feasible. The first filter that turns a bin down decides. */
export function filterBins<Item, B extends Bin>(filters: ActiveFilters<Item, B>, range: FilterRange<B>): Filtering<B> {
  const { bins, wanted } = range;
  const feasible: B[] = [];
  const rejected: B[] = [];
  const statuses: Status[] = [];
  const judge = filters.table === undefined ? judgeUnsigned<Item, B> : judgeSigned<Item, B>;
  let index = bins.length === 0 ? 0 : range.start % bins.length;
  for (let looked = 0; looked < bins.length && feasible.length < wanted; looked++) {
    const bin = bins[index] as B;
    if (++index === bins.length) index = 0;
    const status = judge(filters, bin);
    if (status === undefined) feasible.push(bin);
    else if (status.code === 'Error') return { feasible, rejected, statuses, failure: status };
    else {
      rejected.push(bin);
      statuses.push(status);
    }
  }
  return { feasible, rejected, statuses, failure: undefined };
}

function judgeUnsigned<Item, B extends Bin>({ unsigned, item, cycle }: ActiveFilters<Item, B>, bin: B): StatusResult {
  for (const { plugin } of unsigned) {
    const status = runFilter(plugin, item, { bin, cycle });
    if (status !== undefined) return status;
  }
  return undefined;
}

function judgeSigned<Item, B extends Bin>(filters: ActiveFilters<Item, B>, bin: B): StatusResult {
  const table = filters.table as AnswerTable;
  const versions = filters.cycle.snapshot.versions as NonNullable<Cycle<B>['snapshot']['versions']>;
  const row = versions.row(bin);
  if (table.filterVersion[row] !== versions.at[row]) {
    const failed = fillRow(filters, bin, row);
    if (failed !== undefined) return failed;
    table.filterVersion[row] = versions.at[row] as number;
  }
  if (filters.unsigned.length > 0) {
    const limit = table.rejectedBy[row] as number;
    for (const { plugin, position } of filters.unsigned) {
      if (limit !== NOT_REJECTED && position > limit) break;
      const status = runFilter(plugin, filters.item, { bin, cycle: filters.cycle });
      if (status !== undefined) return status;
    }
  }
  return table.statuses[row];
}

/** Asks the signed filters about a bin and writes their answer down; an `Error` is returned and not written. */
function fillRow<Item, B extends Bin>(filters: ActiveFilters<Item, B>, bin: B, row: number): StatusResult {
  const table = filters.table as AnswerTable;
  table.rejectedBy[row] = NOT_REJECTED;
  table.statuses[row] = undefined;
  for (const { plugin, position } of filters.signed) {
    const status = runFilter(plugin, filters.item, { bin, cycle: filters.cycle });
    if (status === undefined) continue;
    if (status.code === 'Error') return status;
    table.rejectedBy[row] = position;
    table.statuses[row] = status;
    return undefined;
  }
  return undefined;
}

/** One filter's answer about one bin; undefined when it lets the item in. */
export function runFilter<Item, B extends Bin>(
  plugin: Having<Item, B, 'filter'>,
  item: Item,
  { bin, cycle }: { readonly bin: B; readonly cycle: Cycle<B> },
): StatusResult {
  try {
    const answer: unknown = plugin.filter(item, bin, cycle);
    return answer === undefined || answer === success() ? undefined : checkedStatus(plugin.name, 'Filter', answer);
  } catch (error) {
    return thrownStatus(plugin.name, 'Filter', error);
  }
}
