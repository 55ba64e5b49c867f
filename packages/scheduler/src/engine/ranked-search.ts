import type { AnswerTable, Signed } from './answer-table.ts';
import { updateRow, type ActiveFilters, type FilterRange } from './filtering.ts';
import type { Having } from './profile.ts';
import { Ranking, type RankedWindow } from './ranking.ts';
import { placeScores, settleRow, type PlacedScore, type Scoring } from './scoring.ts';
import type { Bin, BinVersions, ChangeLog } from './snapshot.ts';
import { recallBesidePromised } from './what-if.ts';

/** A search that the ranking answers. */
export interface RankedSearch<Item, B extends Bin> {
  readonly filters: ActiveFilters<Item, B>;
  readonly table: AnswerTable;
  readonly ranking: Ranking<B>;
  readonly versions: BinVersions<B>;
  readonly window: RankedWindow;
}

/** Bringing a ranking up to date is worth it as long as it is at most this share of the bins that the search would look at. */
const WORTHWHILE = 1 / 8;
const ALWAYS_WORTHWHILE = 16;
/** Promises that are looked at one by one at most. */
const MAX_PROMISES = 256;

/**
 * Answers a search from the ranking of the item's signature, exactly as {@link filterBins} would. Undefined when there is none, or when it is too far behind:
 * it is made anew once as many bins have been looked at in the usual way, so that it never costs more than it saves.
 */
export function searchRanking<Item, B extends Bin>(
  filters: ActiveFilters<Item, B>,
  { bins, start, wanted }: FilterRange<B>,
): RankedSearch<Item, B> | undefined {
  const { table, unsigned, cycle } = filters;
  const { versions, nominations } = cycle.snapshot;
  if (table === undefined || versions?.log === undefined || unsigned.length > 0 || bins !== cycle.snapshot.nodes) return undefined;
  if (nominations !== undefined && nominations.size > MAX_PROMISES) return undefined;
  const ranking = currentRanking({ filters, table, versions, log: versions.log }, wanted);
  if (ranking === undefined || !respectPromises(filters, ranking, versions)) return undefined;
  return { filters, table, ranking, versions, window: ranking.window(start, wanted) };
}

/** Leaves out, for this attempt, the bins where the item does not fit beside those that were promised room. False when that cannot be said. */
function respectPromises<Item, B extends Bin>(filters: ActiveFilters<Item, B>, ranking: Ranking<B>, versions: BinVersions<B>): boolean {
  const { nominations, get } = filters.cycle.snapshot;
  if (nominations === undefined || nominations.size === 0) return true;
  if (nominations.bins === undefined || get === undefined) return false;
  for (const name of nominations.bins()) {
    const bin = get.call(filters.cycle.snapshot, name);
    const position = bin === undefined ? -1 : ranking.positionOf(versions.row(bin));
    if (bin === undefined || position < 0 || !ranking.isFeasible(position)) continue;
    const status = recallBesidePromised(filters, bin, nominations);
    if (status === undefined) continue;
    if (status.code === 'Error') return false;
    ranking.setFeasible(position, false);
    ranking.suppressed.push(position);
  }
  return true;
}

/** Takes back what {@link respectPromises} did in the last attempt. */
function forgetPromises<B extends Bin>(ranking: Ranking<B>): void {
  for (const position of ranking.suppressed) {
    ranking.setFeasible(position, true);
    if (ranking.stale !== 'all') ranking.stale.push(position);
  }
  ranking.suppressed.length = 0;
}

interface Ranked<Item, B extends Bin> {
  readonly filters: ActiveFilters<Item, B>;
  readonly table: AnswerTable;
  readonly versions: BinVersions<B>;
  readonly log: ChangeLog;
}

function currentRanking<Item, B extends Bin>(ranked: Ranked<Item, B>, wanted: number): Ranking<B> | undefined {
  const { filters, table, log } = ranked;
  const bins = filters.cycle.snapshot.nodes;
  const kept = table.ranking as Ranking<B> | undefined;
  if (kept !== undefined) forgetPromises(kept);
  if (kept !== undefined && kept.bins === bins) {
    const behind = log.count - kept.synced;
    if (behind === 0) return kept;
    const isWorthwhile = behind <= Math.max(ALWAYS_WORTHWHILE, wanted * WORTHWHILE) && kept.synced >= log.oldest;
    if (isWorthwhile) return catchUp(ranked, kept) ? kept : undefined;
  }
  if (table.looked < bins.length) return undefined;
  table.looked = 0;
  return rebuild(ranked, kept);
}

/** Takes the changes since last time into account. False when a plugin failed. */
function catchUp<Item, B extends Bin>(ranked: Ranked<Item, B>, ranking: Ranking<B>): boolean {
  const { log } = ranked;
  for (let change = ranking.synced + 1; change <= log.count; change++) {
    const row = log.rows[change % log.rows.length] as number;
    const position = ranking.positionOf(row);
    if (position >= 0 && !judgePosition(ranked, ranking, position)) return false;
  }
  ranking.synced = log.count;
  return true;
}

function rebuild<Item, B extends Bin>(ranked: Ranked<Item, B>, kept: Ranking<B> | undefined): Ranking<B> | undefined {
  const { filters, table, versions, log } = ranked;
  const bins = filters.cycle.snapshot.nodes;
  const ranking = kept?.bins === bins ? kept : new Ranking(bins, versions.rows, versions.at.length);
  for (let position = 0; position < bins.length; position++) if (!judgePosition(ranked, ranking, position)) return undefined;
  ranking.synced = log.count;
  table.ranking = ranking;
  return ranking;
}

/** Brings one bin's place in the ranking up to date. False when a plugin failed. */
function judgePosition<Item, B extends Bin>({ filters, table, versions }: Ranked<Item, B>, ranking: Ranking<B>, position: number): boolean {
  const row = ranking.rows[position] as number;
  const version = versions.at[row] as number;
  if (ranking.seen[row] === version) return true;
  if (updateRow(filters, ranking.bins[position] as B, row) !== undefined) return false;
  const isFeasible = table.passedVersion[row] === version;
  ranking.setFeasible(position, isFeasible);
  ranking.seen[row] = version;
  if (isFeasible && ranking.stale !== 'all') ranking.stale.push(position);
  return true;
}

/**
 * The position of a bin of the largest total, chosen as {@link selectLargest} would. Undefined when the ranking cannot tell: a plugin that takes part
 * compares bins, or did not sign.
 *
 * @param choose given the number of equals, says which
 */
export function bestOfRanking<Item, B extends Bin>(
  search: RankedSearch<Item, B>,
  scoring: Scoring<Item, B>,
  { skipped, choose }: { readonly skipped: ReadonlySet<string>; readonly choose: (ties: number) => number },
): number | undefined {
  const { ranking, window } = search;
  const active = placeScores(scoring.profile, skipped);
  if (!active.every(({ plugin }) => isRankable(plugin, scoring.signed)) || !scoreStale(search, scoring, active)) return undefined;
  const { total, ties, isUniform } = ranking.best(window);
  if (!isUniform) return undefined;
  return ranking.find(window, { total, index: ties === 1 ? 0 : choose(ties) });
}

function isRankable<Item, B extends Bin>(plugin: Having<Item, B, 'score'>, { plugins }: Signed): boolean {
  return plugins.has(plugin.name) && (plugin.normalizeScore === undefined || plugin.normalizeKeepsTies === true);
}

/** Brings the totals up to date. False when a plugin failed. */
function scoreStale<Item, B extends Bin>(search: RankedSearch<Item, B>, scoring: Scoring<Item, B>, active: readonly PlacedScore<Item, B>[]): boolean {
  const { ranking } = search;
  if (ranking.stale === 'all') {
    for (let position = 0; position < ranking.bins.length; position++) if (!scorePosition(search, scoring, { active, position })) return false;
  } else {
    for (const position of ranking.stale) if (!scorePosition(search, scoring, { active, position })) return false;
  }
  ranking.stale = [];
  return true;
}

function scorePosition<Item, B extends Bin>(
  { ranking, table, versions }: RankedSearch<Item, B>,
  scoring: Scoring<Item, B>,
  { active, position }: { readonly active: readonly PlacedScore<Item, B>[]; readonly position: number },
): boolean {
  if (!ranking.isFeasible(position)) return true;
  const row = ranking.rows[position] as number;
  if (settleRow(scoring, active, { bin: ranking.bins[position] as B, row, table, version: versions.at[row] as number }) !== undefined) return false;
  const total = table.settled[row] as number;
  // Only sums of whole numbers are exact, so that what is added to all of them makes no difference.
  if (!Number.isInteger(total)) return false;
  ranking.setTotal(position, total, kindOf(table, active, row));
  return true;
}

/** A number for what normalisation starts from: bins of one kind have the same raw scores, so comparing them adds the same to all totals. */
function kindOf<Item, B extends Bin>(table: AnswerTable, active: readonly PlacedScore<Item, B>[], row: number): number {
  let key: number | string | undefined;
  for (const { plugin, position } of active) {
    if (plugin.normalizeScore === undefined) continue;
    const raw = table.raw[position]?.[row] as number;
    key = key === undefined ? raw : `${key}/${raw}`;
  }
  if (key === undefined) return 0;
  let kind = table.kinds.get(key);
  if (kind === undefined) table.kinds.set(key, (kind = table.kinds.size));
  return kind;
}
