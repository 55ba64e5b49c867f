import { Namespace, type Pod } from '@kybern/core/kinds';
import { affinityTerms, hasAffinityTerms, type AffinityTerm } from '../cluster/affinity-terms.ts';
import { clusterOf, type ClusterSnapshot } from '../cluster/cluster-state.ts';
import type { DomainCounter } from '../cluster/domain-counter.ts';
import type { NodeInfo } from '../cluster/node-info.ts';
import { allOf } from '../cluster/pod-matcher.ts';
import { NO_DOMAIN } from '../cluster/topology-column.ts';
import { MAX_SCORE } from '../engine/normalize.ts';
import type { CycleContext, FilterPlugin, PreFilterPlugin, PreScorePlugin, RowBatch, ScorePlugin } from '../engine/plugin.ts';
import { skip, unresolvable, unschedulable, withPlugin, type StatusResult } from '../engine/status.ts';
import { SchedulerConfigError } from '../errors.ts';
import { affinityEvents } from './affinity-events.ts';

const NAME = 'InterPodAffinity';
const SCORING = `${NAME}/score`;
const REJECTED_AFFINITY = Object.freeze(withPlugin(unresolvable("node(s) didn't match pod affinity rules"), NAME));
const REJECTED_ANTI_AFFINITY = Object.freeze(withPlugin(unschedulable("node(s) didn't match pod anti-affinity rules"), NAME));
const REJECTED_EXISTING = Object.freeze(withPlugin(unschedulable("node(s) didn't satisfy existing pods anti-affinity rules"), NAME));

/** Arguments of {@link interPodAffinity}, as in KubeSchedulerConfiguration v1. */
export interface InterPodAffinityArgs {
  /** What the required affinity of a Pod on a node counts for others that it means; 0 to 100, default 1. */
  readonly hardPodAffinityWeight?: number;
  /** Pods without preferences of their own are not bothered with those of others. Default false. */
  readonly ignorePreferredTermsOfExistingPods?: boolean;
}

/** What the filter goes by. The counters follow the cluster, also through a what-if. */
interface Rules {
  readonly rowOf: (node: NodeInfo) => number;
  /** Pods that all required affinity terms mean, by each term's topology. */
  readonly affinity: readonly DomainCounter[];
  /** The Pod is one that its own terms mean: it may be the first of its group. */
  readonly meansItself: boolean;
  readonly antiAffinity: readonly DomainCounter[];
  /** Owners of required anti-affinity terms that mean the Pod. */
  readonly existing: readonly DomainCounter[];
}

/** What the scores go by: so much for each Pod that a counter counts. */
interface Scoring {
  readonly rowOf: (node: NodeInfo) => number;
  readonly parts: readonly { readonly counter: DomainCounter; readonly weight: number }[];
}

/**
 * Puts Pods near those that they want to be near, and away from those that they, or that want to be away from them.
 *
 * @throws {SchedulerConfigError} when an argument is not valid
 * @see kubernetes v1.36 pkg/scheduler/framework/plugins/interpodaffinity/filtering.go
 */
export function interPodAffinity(args: InterPodAffinityArgs = {}): PreFilterPlugin & FilterPlugin & PreScorePlugin & ScorePlugin {
  const { hardPodAffinityWeight = 1, ignorePreferredTermsOfExistingPods = false } = args;
  if (!(Number.isInteger(hardPodAffinityWeight) && hardPodAffinityWeight >= 0 && hardPodAffinityWeight <= 100)) {
    throw new SchedulerConfigError('hardPodAffinityWeight', 'must be a whole number from 0 to 100');
  }
  return {
    name: NAME,
    weight: 2,
    preFilter(pod, cycle) {
      const rules = rulesFor(pod, clusterOf(cycle.snapshot));
      if (rules === undefined) return skip();
      cycle.state.set(NAME, rules);
      return undefined;
    },
    filter: (_pod, node, cycle) => judge(node, cycle),
    filterRows: (_pod, batch, { state }) => judgeRows(batch, state.get<Rules>(NAME) as Rules),
    preScore(pod, cycle) {
      const own = affinityTerms(pod).filter(({ kind }) => kind === 'preferredAffinity' || kind === 'preferredAntiAffinity');
      if (ignorePreferredTermsOfExistingPods && own.length === 0) return skip();
      const scoring = scoringFor(pod, own, { cluster: clusterOf(cycle.snapshot), hardPodAffinityWeight });
      if (scoring.parts.length === 0) return skip();
      cycle.state.set(SCORING, scoring);
      return undefined;
    },
    score(_pod, node, cycle) {
      const { rowOf, parts } = cycle.state.get<Scoring>(SCORING) as Scoring;
      const row = rowOf(node);
      let score = 0;
      for (const { counter, weight } of parts) score += weight * counter.at(row);
      return score;
    },
    scoreRows(_pod, rows, scores, { state }) {
      scores.fill(0);
      for (const { counter, weight } of (state.get<Scoring>(SCORING) as Scoring).parts) counter.addTo(scores, rows, weight);
    },
    normalizeScore: (_pod, scores) => normalizeBetweenExtremes(scores),
    normalizeKeepsTies: true,
    reads: [Namespace],
    eventsToRegister: affinityEvents,
  };
}

/** Undefined when there is nothing to obey. */
function rulesFor(pod: Pod, cluster: ClusterSnapshot): Rules | undefined {
  const { placements } = cluster;
  const matching = placements.termsMatching(pod);
  if (matching.length === 0 && !hasAffinityTerms(pod)) return undefined;
  const existing = matching.filter(({ term }) => term.kind === 'antiAffinity').map(({ owners }) => owners);
  const terms = affinityTerms(pod);
  const required = terms.filter(({ kind }) => kind === 'affinity');
  const anti = terms.filter(({ kind }) => kind === 'antiAffinity');
  if (existing.length + required.length + anti.length === 0) return undefined;
  const all = allOf(required.map(({ matcher }) => matcher));
  return {
    rowOf: cluster.versions.row,
    affinity: required.map(({ topologyKey }) => placements.counter({ matcher: all, topologyKey })),
    meansItself: required.length > 0 && placements.isMatch(all, pod),
    antiAffinity: anti.map(({ matcher, topologyKey }) => placements.counter({ matcher, topologyKey })),
    existing,
  };
}

function judge(node: NodeInfo, { state }: CycleContext): StatusResult {
  const rules = state.get<Rules>(NAME) as Rules;
  const row = rules.rowOf(node);
  if (rules.affinity.length > 0 && !satisfiesAffinity(rules, row)) return REJECTED_AFFINITY;
  for (const counter of rules.antiAffinity) if (counter.at(row) > 0) return REJECTED_ANTI_AFFINITY;
  for (const owners of rules.existing) if (owners.at(row) > 0) return REJECTED_EXISTING;
  return undefined;
}

/** {@link judge} for many nodes. */
function judgeRows(batch: RowBatch, rules: Rules): void {
  const { rows, count, rejected } = batch;
  if (rules.affinity.length > 0) {
    for (let i = 0; i < count; i++) if (!satisfiesAffinity(rules, rows[i] as number)) rejected[i] = 1;
  }
  for (const counter of rules.antiAffinity) counter.rejectOccupied(batch);
  for (const owners of rules.existing) owners.rejectOccupied(batch);
}

/** Some Pod that all terms mean must be in each term's domain, unless there is none anywhere and this Pod is to be the first. */
function satisfiesAffinity({ affinity, meansItself }: Rules, row: number): boolean {
  let found = true;
  for (const counter of affinity) {
    if (counter.column.domains[row] === NO_DOMAIN) return false;
    if (counter.at(row) <= 0) found = false;
  }
  return found || (meansItself && affinity.every(({ total }) => total === 0));
}

function scoringFor(
  pod: Pod,
  own: readonly AffinityTerm[],
  { cluster, hardPodAffinityWeight }: { readonly cluster: ClusterSnapshot; readonly hardPodAffinityWeight: number },
): Scoring {
  const { placements } = cluster;
  const parts: { counter: DomainCounter; weight: number }[] = [];
  const add = (counter: DomainCounter, weight: number): void => {
    if (weight !== 0 && counter.total > 0) parts.push({ counter, weight });
  };
  for (const { kind, matcher, topologyKey, weight } of own) {
    add(placements.counter({ matcher, topologyKey }), kind === 'preferredAffinity' ? weight : -weight);
  }
  for (const { term, owners } of placements.termsMatching(pod)) {
    if (term.kind === 'affinity') add(owners, hardPodAffinityWeight);
    else if (term.kind !== 'antiAffinity') add(owners, term.kind === 'preferredAffinity' ? term.weight : -term.weight);
  }
  return { rowOf: cluster.versions.row, parts };
}

/** The least becomes 0, the largest 100; all 0 when they are the same. */
function normalizeBetweenExtremes(scores: Float64Array): void {
  let min = Infinity;
  let max = -Infinity;
  for (let i = 0; i < scores.length; i++) {
    min = Math.min(min, scores[i] as number);
    max = Math.max(max, scores[i] as number);
  }
  for (let i = 0; i < scores.length; i++) scores[i] = max > min ? Math.trunc(MAX_SCORE * (((scores[i] as number) - min) / (max - min))) : 0;
}
