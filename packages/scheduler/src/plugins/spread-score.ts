import type { Pod } from '@kybern/core/kinds';
import type { ClusterSnapshot } from '../cluster/cluster-state.ts';
import type { DomainCounter } from '../cluster/domain-counter.ts';
import type { NodeInfo } from '../cluster/node-info.ts';
import { NO_DOMAIN, NODE_ITSELF, type TopologyColumn } from '../cluster/topology-column.ts';
import { MAX_SCORE } from '../engine/normalize.ts';
import type { CycleContext } from '../engine/plugin.ts';
import { spreadCounter, type SpreadConstraint } from './spread-constraint.ts';

const HOSTNAME = 'kubernetes.io/hostname';

interface SoftConstraint {
  /** Says whether a node has the key. */
  readonly column: TopologyColumn;
  readonly counter: DomainCounter;
  /** Small topologies are not to be watered down by large ones. */
  readonly weight: number;
  readonly maxSkew: number;
}

/** What the scores of one Pod go by. */
export interface SpreadScoring {
  readonly constraints: readonly SoftConstraint[];
  /** Rows of the feasible nodes that lack a key that they must have: they score 0. */
  readonly ignored: ReadonlySet<number>;
  readonly rowOf: (node: NodeInfo) => number;
}

/** Sizes up the topologies among the feasible nodes. @see kubernetes v1.36 pkg/scheduler/framework/plugins/podtopologyspread/scoring.go */
export function prepareSpreadScore(
  constraints: readonly SpreadConstraint[],
  input: {
    readonly pod: Pod;
    readonly cluster: ClusterSnapshot;
    readonly cycle: Pick<CycleContext, 'feasible' | 'feasibleRows'>;
    readonly needsAllKeys: boolean;
  },
): SpreadScoring {
  const { pod, cluster, cycle, needsAllKeys } = input;
  const rowOf = cluster.versions.row;
  const keys = constraints.map(({ topologyKey }) => topologyKey);
  const columns = keys.map((key) => cluster.placements.column(key));
  const ignored = new Set<number>();
  const feasible = cycle.feasibleRows ?? Int32Array.from(cycle.feasible, rowOf);
  const rows = new Int32Array(feasible.length);
  let count = 0;
  for (const row of feasible) {
    if (needsAllKeys && lacksKey(columns, row)) ignored.add(row);
    else rows[count++] = row;
  }
  const counted = rows.subarray(0, count);
  const soft = constraints.map((constraint, index): SoftConstraint => {
    const column = columns[index] as TopologyColumn;
    const isHostname = constraint.topologyKey === HOSTNAME;
    const size = isHostname ? count : countDomains(column, counted);
    return {
      column,
      counter: isHostname ? nodeCounter(constraint, cluster) : spreadCounter(constraint, { pod, keys: needsAllKeys ? keys : [], cluster }),
      weight: Math.log(size + 2),
      maxSkew: constraint.maxSkew,
    };
  });
  return { constraints: soft, ignored, rowOf };
}

function lacksKey(columns: readonly TopologyColumn[], row: number): boolean {
  for (const { domains } of columns) if (domains[row] === NO_DOMAIN) return true;
  return false;
}

/** By host names each node counts for itself. */
function nodeCounter({ matcher }: SpreadConstraint, { placements }: ClusterSnapshot): DomainCounter {
  return placements.counter({ matcher, topologyKey: NODE_ITSELF, ignoreTerminating: true });
}

/** How many domains the rows are in; all that are in none make one. */
function countDomains({ domains, size }: TopologyColumn, rows: Int32Array): number {
  const seen = new Uint8Array(size + 1);
  let count = 0;
  for (const row of rows) {
    const slot = (domains[row] as number) + 1;
    if (seen[slot] === 1) continue;
    seen[slot] = 1;
    count += 1;
  }
  return count;
}

/** The weighted number of Pods near the node: fewer is better. */
export function spreadScore({ constraints, ignored, rowOf }: SpreadScoring, node: NodeInfo): number {
  const row = rowOf(node);
  if (ignored.size > 0 && ignored.has(row)) return 0;
  let score = 0;
  for (const { column, counter, weight, maxSkew } of constraints) {
    if (column.domains[row] !== NO_DOMAIN) score += counter.at(row) * weight + (maxSkew - 1);
  }
  return Math.round(score);
}

/** {@link spreadScore} for many nodes. */
export function spreadScores({ constraints, ignored }: SpreadScoring, rows: Int32Array, scores: Float64Array): void {
  scores.fill(0);
  for (const { column, counter, weight, maxSkew } of constraints) {
    const { domains } = column;
    const { counts } = counter;
    const nearby = counter.column.domains;
    for (let i = 0; i < scores.length; i++) {
      const row = rows[i] as number;
      if (domains[row] === NO_DOMAIN) continue;
      const domain = nearby[row] as number;
      (scores[i] as number) += (domain === NO_DOMAIN || domain >= counts.length ? 0 : (counts[domain] as number)) * weight + (maxSkew - 1);
    }
  }
  const anyIgnored = ignored.size > 0;
  for (let i = 0; i < scores.length; i++) scores[i] = anyIgnored && ignored.has(rows[i] as number) ? 0 : Math.round(scores[i] as number);
}

/** Turns the scores round: the fewest become 100. */
export function normalizeSpread({ ignored, rowOf }: SpreadScoring, scores: Float64Array, cycle: Pick<CycleContext, 'feasible'>): void {
  // The list of feasible nodes is made only for who asks.
  const feasible = ignored.size === 0 ? undefined : cycle.feasible;
  const isIgnored = (index: number): boolean => feasible !== undefined && ignored.has(rowOf(feasible[index] as NodeInfo));
  let min = Infinity;
  let max = 0;
  for (let i = 0; i < scores.length; i++) {
    const score = scores[i] as number;
    if (isIgnored(i)) continue;
    if (score < min) min = score;
    if (score > max) max = score;
  }
  for (let i = 0; i < scores.length; i++) {
    if (isIgnored(i)) scores[i] = 0;
    else scores[i] = max === 0 ? MAX_SCORE : Math.floor((MAX_SCORE * (max + min - (scores[i] as number))) / max);
  }
}
