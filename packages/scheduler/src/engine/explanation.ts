import { NOTHING_SIGNED } from './answer-table.ts';
import { Cycle, selectAll } from './cycle.ts';
import { runPreFilters, type PreFiltering } from './pre-filtering.ts';
import type { Profile } from './profile.ts';
import { runFilter } from './run-filter.ts';
import { scoreBins, type PluginScores } from './scoring.ts';
import { Scratch } from './scratch.ts';
import type { Bin, Snapshot } from './snapshot.ts';
import { isStatus, success, unresolvable, type Status, type StatusCode } from './status.ts';

/** One plugin's verdict on one bin. */
export interface FilterVerdict {
  readonly code: StatusCode;
  readonly reasons: readonly string[];
  /** Numbers behind the reasons. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** One plugin's opinion of one feasible bin. */
export interface ScoreVerdict {
  /** As the plugin returned it. */
  readonly raw: number;
  /** Between 0 and 100. */
  readonly normalized: number;
  /** Times the plugin's weight: what counts. */
  readonly weighted: number;
}

/** What all plugins think of one bin. */
export interface BinExplanation {
  readonly feasible: boolean;
  /** By plugin, PreFilter's verdict included. Every filter is asked, also after one has turned the bin down. */
  readonly filters: Readonly<Record<string, FilterVerdict>>;
  /** By plugin; empty for bins that are not feasible. A plugin that PreScore skipped is left out. */
  readonly scores: Readonly<Record<string, ScoreVerdict>>;
  readonly total: number;
}

/** Why an item goes where it goes, or nowhere. */
export interface Explanation {
  /** Name of the chosen bin. */
  readonly chosen?: string;
  /** Set when a plugin failed: scores may then be missing. */
  readonly error?: string;
  readonly nodes: Readonly<Record<string, BinExplanation>>;
}

/** What to explain. */
export interface ExplainInput<Item, B extends Bin> {
  readonly profile: Profile<Item, B>;
  readonly item: Item;
  readonly snapshot: Snapshot<B>;
  /** The bin that was chosen. */
  readonly chosen: string | undefined;
  /** The bins among which the feasible ones were compared; unset: all. Scores are relative, so it matters with whom. */
  readonly compared?: readonly B[];
}

/** Asks every plugin about every bin. Pure; slower than a decision, which stops at the first answer that settles it. */
export function explainItem<Item, B extends Bin>(input: ExplainInput<Item, B>): Explanation {
  const { profile, item, snapshot, chosen } = input;
  const cycle = new Cycle(snapshot, true);
  const before = runPreFilters(profile, item, { cycle });
  const verdicts = new Map(snapshot.nodes.map((bin) => [bin.name, explainFilters({ profile, item, cycle, before }, bin)]));
  const isFeasible = (bin: B): boolean => Object.values(verdicts.get(bin.name) ?? {}).every(({ code }) => code === 'Success');
  cycle.select(selectAll((input.compared ?? snapshot.nodes).filter(isFeasible)));
  const kept: PluginScores[] = [];
  const totals = scoreBins({ profile, item, cycle, signed: NOTHING_SIGNED, scratch: new Scratch() }, kept);
  const scored = new Map(cycle.feasible.map((bin, index) => [bin.name, index]));
  const nodes: Record<string, BinExplanation> = {};
  for (const bin of snapshot.nodes) {
    const index = scored.get(bin.name);
    const known = index !== undefined && totals instanceof Float64Array;
    const scores = known ? explainScores(kept, index) : {};
    nodes[bin.name] = { feasible: isFeasible(bin), filters: verdicts.get(bin.name) ?? {}, scores, total: known ? (totals[index] as number) : 0 };
  }
  return { ...(chosen === undefined ? {} : { chosen }), ...(isStatus(totals) ? { error: totals.reasons.join(', ') } : {}), nodes };
}

interface Asked<Item, B extends Bin> {
  readonly profile: Profile<Item, B>;
  readonly item: Item;
  readonly cycle: Cycle<B>;
  readonly before: PreFiltering;
}

function explainFilters<Item, B extends Bin>({ profile, item, cycle, before }: Asked<Item, B>, bin: B): Record<string, FilterVerdict> {
  const verdicts: Record<string, FilterVerdict> = {};
  for (const { name } of profile.preFilter) {
    const answer = before.answers.get(name);
    if (answer !== undefined) verdicts[name] = verdict(answer);
  }
  for (const [name, left] of before.leftBy) {
    if (!left.has(bin.name)) verdicts[name] ??= verdict(unresolvable(`node(s) didn't satisfy plugin(s) [${name}]`));
  }
  for (const plugin of profile.filter) {
    const skipped = before.skipped.has(plugin.name);
    verdicts[plugin.name] ??= verdict(skipped ? success() : (runFilter(plugin, item, { bin, cycle }) ?? success()));
  }
  return verdicts;
}

function verdict({ code, reasons, details }: Status): FilterVerdict {
  return details === undefined ? { code, reasons } : { code, reasons, details };
}

function explainScores(kept: readonly PluginScores[], index: number): Record<string, ScoreVerdict> {
  const scores: Record<string, ScoreVerdict> = {};
  for (const { plugin, weight, raw, normalized } of kept) {
    const score = normalized[index] as number;
    scores[plugin] = { raw: raw[index] as number, normalized: score, weighted: score * weight };
  }
  return scores;
}
