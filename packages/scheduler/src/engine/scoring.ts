import type { AnswerTable, Signed } from './answer-table.ts';
import { checkedStatus, describe, nonsense, thrownStatus } from './checked-call.ts';
import type { Cycle } from './cycle.ts';
import { rowsOf } from './filtering.ts';
import { NameSets, placeKey } from './name-sets.ts';
import { MAX_SCORE } from './normalize.ts';
import { weightOf, type Having, type Profile } from './profile.ts';
import type { Scratch } from './scratch.ts';
import type { Bin } from './snapshot.ts';
import { isStatus, type Status, type StatusResult } from './status.ts';

/** An attempt that has come to its scores. */
export interface Scoring<Item, B extends Bin> {
  readonly profile: Profile<Item, B>;
  readonly item: Item;
  /** The feasible bins are selected. */
  readonly cycle: Cycle<B>;
  readonly signed: Signed;
  readonly scratch: Scratch;
  /** Of the PreScore plugins. */
  readonly sets?: NameSets;
}

/** The scores of one plugin. `raw[i]` and `normalized[i]` are of `feasible[i]`. */
export interface PluginScores {
  readonly plugin: string;
  readonly weight: number;
  readonly raw: Float64Array;
  readonly normalized: Float64Array;
}

/** A score plugin with its place in the profile. */
export interface PlacedScore<Item, B extends Bin> {
  readonly plugin: Having<Item, B, 'score'>;
  readonly position: number;
}

/** Slots of the scratch arrays. */
const TOTALS = 0;
const ONE_PLUGIN = 1;
/** Written by {@link beginTotals}, read by {@link rawScores}. Filtering has the slots before it. */
const FEASIBLE_ROWS = 2;

/**
 * Scores of all feasible bins: the weighted sum of what the plugins say, or the `Error` of one of them.
 *
 * @param keep gets each plugin's scores, for explanations
 * @returns an array of the scratch space
 */
export function scoreBins<Item, B extends Bin>(scoring: Scoring<Item, B>, keep?: PluginScores[]): Float64Array | Status {
  const skipped = runPreScores(scoring);
  return isStatus(skipped) ? skipped : scoreBinsBut(scoring, skipped, keep);
}

/** {@link scoreBins} without PreScore, which skipped these plugins. */
export function scoreBinsBut<Item, B extends Bin>(scoring: Scoring<Item, B>, skipped: ReadonlySet<string>, keep?: PluginScores[]): Float64Array | Status {
  const { profile, cycle, signed, scratch } = scoring;
  const totals = scratch.floats(TOTALS, cycle.selection.count);
  const active = placeScores(profile, skipped);
  const failed = beginTotals(scoring, active, totals);
  if (failed !== undefined) return failed;
  for (const placed of active) {
    if (signed.plugins.has(placed.plugin.name) && placed.plugin.normalizeScore === undefined) continue;
    const problem = addPlugin(scoring, placed, { totals, keep });
    if (problem !== undefined) return problem;
  }
  return totals;
}

/** The score plugins that take part. */
export function placeScores<Item, B extends Bin>({ score }: Profile<Item, B>, skipped: ReadonlySet<string>): readonly PlacedScore<Item, B>[] {
  const active: PlacedScore<Item, B>[] = [];
  score.forEach((plugin, position) => {
    if (!skipped.has(plugin.name)) active.push({ plugin, position });
  });
  return active;
}

/** Runs all PreScore plugins: the names of those that are not to score, or the `Error` of one. */
export function runPreScores<Item, B extends Bin>({ profile, item, cycle, sets }: Scoring<Item, B>): ReadonlySet<string> | Status {
  let skippedKey = '';
  for (let place = 0; place < profile.preScore.length; place++) {
    const plugin = profile.preScore[place] as Having<Item, B, 'preScore'>;
    let status: StatusResult;
    try {
      status = checkedStatus(plugin.name, 'PreScore', plugin.preScore(item, cycle));
    } catch (error) {
      status = thrownStatus(plugin.name, 'PreScore', error);
    }
    if (status === undefined) continue;
    if (status.code !== 'Skip') return status;
    skippedKey += placeKey(place);
  }
  return (sets ?? new NameSets(profile.preScore)).of(skippedKey);
}

/** Starts the totals with what the table has of the signed plugins that do not compare bins, bringing the table up to date. */
function beginTotals<Item, B extends Bin>(scoring: Scoring<Item, B>, active: readonly PlacedScore<Item, B>[], totals: Float64Array): StatusResult {
  const { cycle, signed, scratch } = scoring;
  const { table } = signed;
  const { versions } = cycle.snapshot;
  if (versions === undefined) {
    totals.fill(0);
    return undefined;
  }
  if (table === undefined) {
    totals.fill(0);
    const { positions } = cycle.selection;
    const feasibleRows = scratch.integers(FEASIBLE_ROWS, totals.length);
    const all = rowsOf(cycle.snapshot, cycle.selection.bins) as Int32Array;
    for (let i = 0; i < totals.length; i++) feasibleRows[i] = all[positions[i] as number] as number;
    return undefined;
  }
  const plugins = active.filter(({ plugin }) => signed.plugins.has(plugin.name));
  const { bins, positions } = cycle.selection;
  const { at } = versions;
  const rows = rowsOf(cycle.snapshot, bins) as Int32Array;
  const feasibleRows = scratch.integers(FEASIBLE_ROWS, totals.length);
  const { scoreVersion, settled } = table;
  for (let i = 0; i < totals.length; i++) {
    const position = positions[i] as number;
    const row = rows[position] as number;
    feasibleRows[i] = row;
    if (scoreVersion[row] !== at[row]) {
      const failed = settleRow(scoring, plugins, { bin: bins[position] as B, row, table, version: at[row] as number });
      if (failed !== undefined) return failed;
    }
    totals[i] = settled[row] as number;
  }
  return undefined;
}

/** A row of the table that is to be true of a bin as it is now. */
interface TableRow<B extends Bin> {
  readonly bin: B;
  readonly row: number;
  readonly table: AnswerTable;
  readonly version: number;
}

/** Asks the signed plugins for the scores of a bin, unless the table has them. */
export function settleRow<Item, B extends Bin>(
  scoring: Scoring<Item, B>,
  plugins: readonly PlacedScore<Item, B>[],
  { bin, row, table, version }: TableRow<B>,
): StatusResult {
  if (table.scoreVersion[row] === version) return undefined;
  let settled = 0;
  for (const { plugin, position } of plugins) {
    const score = runScore(scoring, plugin, bin);
    if (typeof score !== 'number') return score;
    if (plugin.normalizeScore !== undefined) {
      (table.raw[position] as Float64Array)[row] = score;
      continue;
    }
    if (!isInRange(score)) return outOfRange(plugin.name, score);
    settled += weightOf(plugin) * score;
  }
  table.settled[row] = settled;
  table.scoreVersion[row] = version;
  return undefined;
}

/** Adds one plugin's normalised scores to the totals. */
function addPlugin<Item, B extends Bin>(
  scoring: Scoring<Item, B>,
  placed: PlacedScore<Item, B>,
  { totals, keep }: { readonly totals: Float64Array; readonly keep: PluginScores[] | undefined },
): StatusResult {
  const { plugin } = placed;
  const scores = keep === undefined ? scoring.scratch.floats(ONE_PLUGIN, totals.length) : new Float64Array(totals.length);
  const failed = rawScores(scoring, placed, scores);
  if (failed !== undefined) return failed;
  const raw = keep === undefined ? scores : scores.slice();
  const problem = normalize(scoring, plugin, scores);
  if (problem !== undefined) return problem;
  const weight = weightOf(plugin);
  for (let i = 0; i < totals.length; i++) {
    const score = scores[i] as number;
    if (!isInRange(score)) return outOfRange(plugin.name, score);
    (totals[i] as number) += weight * score;
  }
  keep?.push({ plugin: plugin.name, weight, raw, normalized: scores });
  return undefined;
}

function rawScores<Item, B extends Bin>(scoring: Scoring<Item, B>, { plugin, position }: PlacedScore<Item, B>, into: Float64Array): StatusResult {
  const { cycle, signed, scratch } = scoring;
  if (signed.table !== undefined && signed.plugins.has(plugin.name)) {
    const raw = signed.table.raw[position] as Float64Array;
    const rows = scratch.integers(FEASIBLE_ROWS, into.length);
    for (let i = 0; i < into.length; i++) into[i] = raw[rows[i] as number] as number;
    return undefined;
  }
  if (plugin.scoreRows !== undefined && cycle.snapshot.versions !== undefined) return runScoreRows(scoring, plugin, into);
  const { bins, positions } = cycle.selection;
  for (let i = 0; i < into.length; i++) {
    const score = runScore(scoring, plugin, bins[positions[i] as number] as B);
    if (typeof score !== 'number') return score;
    into[i] = score;
  }
  return undefined;
}

/** The scores of all bins in one call. */
function runScoreRows<Item, B extends Bin>({ item, cycle, scratch }: Scoring<Item, B>, plugin: Having<Item, B, 'score'>, into: Float64Array): StatusResult {
  try {
    plugin.scoreRows?.(item, scratch.integers(FEASIBLE_ROWS, into.length), into, cycle);
    return undefined;
  } catch (error) {
    return thrownStatus(plugin.name, 'Score', error);
  }
}

function runScore<Item, B extends Bin>({ item, cycle }: Scoring<Item, B>, plugin: Having<Item, B, 'score'>, bin: B): number | Status {
  try {
    const score: unknown = plugin.score(item, bin, cycle);
    if (typeof score === 'number') return Number.isFinite(score) ? score : nonsense(plugin.name, 'Score', `returned ${describe(score)} for "${bin.name}"`);
    if (isStatus(score) && score.code !== 'Success') {
      return checkedStatus(plugin.name, 'Score', score) ?? nonsense(plugin.name, 'Score', 'returned no score');
    }
    return nonsense(plugin.name, 'Score', `returned ${describe(score)} instead of a number`);
  } catch (error) {
    return thrownStatus(plugin.name, 'Score', error);
  }
}

function normalize<Item, B extends Bin>({ item, cycle }: Scoring<Item, B>, plugin: Having<Item, B, 'score'>, scores: Float64Array): StatusResult {
  if (plugin.normalizeScore === undefined) return undefined;
  try {
    return checkedStatus(plugin.name, 'NormalizeScore', plugin.normalizeScore(item, scores, cycle));
  } catch (error) {
    return thrownStatus(plugin.name, 'NormalizeScore', error);
  }
}

const isInRange = (score: number): boolean => score >= 0 && score <= MAX_SCORE;

function outOfRange(plugin: string, score: number): Status {
  return nonsense(plugin, 'Score', `scored ${score}, which is not between 0 and ${MAX_SCORE}`);
}
