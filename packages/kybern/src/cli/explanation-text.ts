import { keyOf } from '@kybern/core';
import type { Pod } from '@kybern/core/kinds';
import { verdictText, type BinExplanation, type PodExplanation } from '@kybern/scheduler';
import { align } from './table-text.ts';

/** More nodes than this are grouped by what they say. */
const MAX_ROWS = 25;

/** An explanation for people: the answer first, then node by node. */
export function explanationText(pod: Pod, explanation: PodExplanation, { all }: { readonly all: boolean }): string {
  const nodes = Object.entries(explanation.nodes);
  const feasible = nodes.filter(([, node]) => node.feasible).sort(([, a], [, b]) => b.total - a.total);
  const rejected = nodes.filter(([, node]) => !node.feasible);
  const parts = [headline(pod, explanation, feasible), scoresTable(feasible, explanation.chosen), rejectionsTable(rejected, all)];
  return parts.filter((part) => part !== '').join('\n\n');
}

type Named = readonly [name: string, node: BinExplanation];

function headline(pod: Pod, explanation: PodExplanation, feasible: readonly Named[]): string {
  const { chosen, message, gatedBy, smallestChange, preemption, error } = explanation;
  const lines: string[] = [];
  const { nodeName = '' } = pod.spec;
  if (nodeName !== '') lines.push(`Pod ${keyOf(pod)} is on ${nodeName}. If it were placed now${chosen === nodeName ? ', it would go there again' : ''}:`);
  if (gatedBy !== undefined) lines.push(`Pod ${keyOf(pod)} is Pending: ${gatedBy.plugin} holds it back: ${gatedBy.reasons.join(', ')}`);
  if (error !== undefined) lines.push(`A plugin failed: ${error}`);
  if (message !== undefined) lines.push(nodeName === '' ? `Pod ${keyOf(pod)} is Pending: ${message}` : message);
  if (smallestChange !== undefined) lines.push(`It would fit with: ${smallestChange.text}`);
  if (preemption !== undefined) lines.push(`Preemption would make room on ${preemption.nodeName} by evicting ${preemption.victims.join(', ')}`);
  if (chosen !== undefined) lines.push(`${chosen} is chosen${comparison(feasible, chosen)}`);
  return lines.join('\n');
}

/** Why the winner won: what sets it apart from the next. */
function comparison(feasible: readonly Named[], chosen: string): string {
  const winner = feasible.find(([name]) => name === chosen)?.[1];
  const [second] = feasible.filter(([name]) => name !== chosen);
  if (winner === undefined || second === undefined) return ': it is the only node that fits.';
  const [name, other] = second;
  if (winner.total === other.total)
    return `: ${feasible.filter(([, { total }]) => total === winner.total).length} nodes are equally good, and one of them was drawn.`;
  const differences = Object.entries(winner.scores)
    .map(([plugin, { weighted }]) => [plugin, weighted - (other.scores[plugin]?.weighted ?? 0)] as const)
    .filter(([, difference]) => difference !== 0)
    .sort(([, a], [, b]) => Math.abs(b) - Math.abs(a))
    .map(([plugin, difference]) => `${plugin} ${difference > 0 ? '+' : ''}${difference}`);
  return `: ${winner.total - other.total} ahead of ${name} (${differences.join(', ')}).`;
}

function scoresTable(feasible: readonly Named[], chosen: string | undefined): string {
  const [first] = feasible;
  if (first === undefined) return '';
  const plugins = Object.keys(first[1].scores);
  const rows = feasible
    .slice(0, MAX_ROWS)
    .map(([name, { scores, total }]) => [name === chosen ? `${name} *` : name, String(total), ...plugins.map((plugin) => scoreText(scores[plugin]))]);
  const left = feasible.length - rows.length;
  return `${align([['NODE THAT FITS', 'TOTAL', ...plugins], ...rows])}\n(weighted score, with what the plugin said)${left > 0 ? `\n… and ${left} more that fit` : ''}`;
}

function scoreText(score: BinExplanation['scores'][string] | undefined): string {
  return score === undefined ? '' : `${score.weighted} (${Number(score.raw.toFixed(2))})`;
}

function rejectionsTable(rejected: readonly Named[], all: boolean): string {
  if (rejected.length === 0) return '';
  const rows = rejected.map(([name, { filters }]) => ({ name, why: whyNot(filters) }));
  if (all || rows.length <= MAX_ROWS) return align([['NODE THAT DOES NOT', 'WHY'], ...rows.map(({ name, why }) => [name, why])]);
  const groups = new Map<string, string[]>();
  for (const { name, why } of rows) groups.set(why, [...(groups.get(why) ?? []), name]);
  const grouped = [...groups].map(([why, names]) => [names.length > 2 ? `${names[0] ?? ''} … (${names.length} nodes)` : names.join(', '), why]);
  return align([['NODES THAT DO NOT', 'WHY'], ...grouped.slice(0, MAX_ROWS)]) + (grouped.length > MAX_ROWS ? '\n… (--all prints every node)' : '');
}

function whyNot(filters: BinExplanation['filters']): string {
  return Object.entries(filters)
    .filter(([, { code }]) => code !== 'Success')
    .map(([plugin, verdict]) => `${plugin}: ${verdictText(verdict)}`)
    .join('; ');
}
