import type { AnswerTable, Signed } from './answer-table.ts';
import { checkedStatus, describe, nonsense, thrownStatus } from './checked-call.ts';
import type { Cycle } from './cycle.ts';
import { MAX_SCORE } from './normalize.ts';
import { weightOf, type Having, type Profile } from './profile.ts';
import type { Bin } from './snapshot.ts';
import { isStatus, type Status, type StatusResult } from './status.ts';

/** An attempt that has come to its scores. */
export interface Scoring<Item, B extends Bin> {
  readonly profile: Profile<Item, B>;
  readonly item: Item;
  /** `feasible` is set. */
  readonly cycle: Cycle<B>;
  readonly signed: Signed;
}

/** The scores of one plugin. `scores[i]` is of `feasible[i]`. */
export interface PluginScores {
  readonly plugin: string;
  readonly weight: number;
  readonly raw: Float64Array;
  readonly normalized: Float64Array;
}

/** Scores of all feasible bins: the weighted sum of what the plugins say, or the `Error` of one of them. */
export function scoreBins<Item, B extends Bin>(scoring: Scoring<Item, B>, keep?: PluginScores[]): Float64Array | Status {
  const { profile, cycle } = scoring;
  const skipped = runPreScores(scoring);
  if (!(skipped instanceof Set)) return skipped;
  const active = profile.score.map((plugin, position) => ({ plugin, position })).filter(({ plugin }) => !skipped.has(plugin.name));
  const failed = fillTable(scoring, active);
  if (failed !== undefined) return failed;
  const totals = new Float64Array(cycle.feasible.length);
  for (const placed of active) {
    const scores = rawScores(scoring, placed);
    if (!(scores instanceof Float64Array)) return scores;
    const raw = keep === undefined ? scores : scores.slice();
    const problem = normalize(scoring, placed.plugin, scores) ?? outOfRange(placed.plugin.name, scores);
    if (problem !== undefined) return problem;
    const weight = weightOf(placed.plugin);
    for (let i = 0; i < totals.length; i++) (totals[i] as number) += weight * (scores[i] as number);
    keep?.push({ plugin: placed.plugin.name, weight, raw, normalized: scores });
  }
  return totals;
}

interface PlacedScore<Item, B extends Bin> {
  readonly plugin: Having<Item, B, 'score'>;
  readonly position: number;
}

function runPreScores<Item, B extends Bin>({ profile, item, cycle }: Scoring<Item, B>): Set<string> | Status {
  const skipped = new Set<string>();
  for (const plugin of profile.preScore) {
    let status: StatusResult;
    try {
      status = checkedStatus(plugin.name, 'PreScore', plugin.preScore(item, cycle.feasible, cycle));
    } catch (error) {
      status = thrownStatus(plugin.name, 'PreScore', error);
    }
    if (status === undefined) continue;
    if (status.code !== 'Skip') return status;
    skipped.add(plugin.name);
  }
  return skipped;
}

/** Brings the table's raw scores of the feasible bins up to date. */
function fillTable<Item, B extends Bin>(scoring: Scoring<Item, B>, active: readonly PlacedScore<Item, B>[]): StatusResult {
  const { cycle, signed } = scoring;
  const { table } = signed;
  const { versions } = cycle.snapshot;
  if (table === undefined || versions === undefined) return undefined;
  const plugins = active.filter(({ plugin }) => signed.plugins.has(plugin.name));
  for (const bin of cycle.feasible) {
    const row = versions.row(bin);
    const version = versions.at[row] as number;
    if (table.scoreVersion[row] === version) continue;
    for (const { plugin, position } of plugins) {
      const score = runScore(scoring, plugin, bin);
      if (typeof score !== 'number') return score;
      (table.raw[position] as Float64Array)[row] = score;
    }
    table.scoreVersion[row] = version;
  }
  return undefined;
}

function rawScores<Item, B extends Bin>(scoring: Scoring<Item, B>, { plugin, position }: PlacedScore<Item, B>): Float64Array | Status {
  const { cycle, signed } = scoring;
  const { feasible } = cycle;
  const scores = new Float64Array(feasible.length);
  if (signed.table !== undefined && signed.plugins.has(plugin.name)) return copyFromTable(scoring, signed.table, { scores, position });
  for (let i = 0; i < scores.length; i++) {
    const score = runScore(scoring, plugin, feasible[i] as B);
    if (typeof score !== 'number') return score;
    scores[i] = score;
  }
  return scores;
}

function copyFromTable<Item, B extends Bin>(
  { cycle }: Scoring<Item, B>,
  table: AnswerTable,
  { scores, position }: { readonly scores: Float64Array; readonly position: number },
): Float64Array {
  const { feasible, snapshot } = cycle;
  const raw = table.raw[position] as Float64Array;
  const versions = snapshot.versions as NonNullable<typeof snapshot.versions>;
  for (let i = 0; i < scores.length; i++) scores[i] = raw[versions.row(feasible[i] as B)] as number;
  return scores;
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

function outOfRange(plugin: string, scores: Float64Array): StatusResult {
  for (let i = 0; i < scores.length; i++) {
    const score = scores[i] as number;
    if (!(score >= 0 && score <= MAX_SCORE)) return nonsense(plugin, 'Score', `scored ${score}, which is not between 0 and ${MAX_SCORE}`);
  }
  return undefined;
}
