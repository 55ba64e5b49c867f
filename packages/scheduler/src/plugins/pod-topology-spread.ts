import { ReplicaSet, ReplicationController, Service, StatefulSet, type Pod, type TopologySpreadConstraint } from '@kybern/core/kinds';
import { clusterOf, type ClusterSnapshot } from '../cluster/cluster-state.ts';
import type { DomainCounter } from '../cluster/domain-counter.ts';
import type { NodeInfo } from '../cluster/node-info.ts';
import { NO_DOMAIN } from '../cluster/topology-column.ts';
import type { CycleContext, FilterPlugin, PreFilterPlugin, PreScorePlugin, RowBatch, ScorePlugin } from '../engine/plugin.ts';
import { skip, unresolvable, unschedulable, withPlugin, type StatusResult } from '../engine/status.ts';
import { SchedulerConfigError } from '../errors.ts';
import { defaultConstraints, ownConstraints, spreadCounter, type SpreadConstraint } from './spread-constraint.ts';
import { spreadEvents } from './spread-events.ts';
import { normalizeSpread, prepareSpreadScore, spreadScore, spreadScores, type SpreadScoring } from './spread-score.ts';

const NAME = 'PodTopologySpread';
const SCORING = `${NAME}/score`;
const REASON = "node(s) didn't match pod topology spread constraints";
const REJECTED = Object.freeze(withPlugin(unschedulable(REASON), NAME));
const REJECTED_LABEL = Object.freeze(withPlugin(unresolvable(`${REASON} (missing required label)`), NAME));

/** Arguments of {@link podTopologySpread}, as in KubeSchedulerConfiguration v1. */
export interface PodTopologySpreadArgs {
  /** For Pods without constraints of their own; with `defaultingType: List`. Without selectors: Services and controllers say which Pods belong together. */
  readonly defaultConstraints?: readonly TopologySpreadConstraint[];
  /** Default `System`: prefer to spread over nodes (3) and zones (5). */
  readonly defaultingType?: 'System' | 'List';
}

const SYSTEM_DEFAULTS: readonly TopologySpreadConstraint[] = [
  { topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'ScheduleAnyway', maxSkew: 3 },
  { topologyKey: 'topology.kubernetes.io/zone', whenUnsatisfiable: 'ScheduleAnyway', maxSkew: 5 },
];

/** A constraint that must hold, ready to be looked up. */
interface HardConstraint {
  readonly constraint: SpreadConstraint;
  /** Follows the cluster, also through a what-if. */
  readonly counter: DomainCounter;
  /** 1 if the Pod itself counts, else 0. */
  readonly self: number;
}

interface Hard {
  readonly constraints: readonly HardConstraint[];
  readonly rowOf: (node: NodeInfo) => number;
}

/**
 * Spreads Pods evenly over the domains of a topology: must (`DoNotSchedule`) or had better (`ScheduleAnyway`).
 *
 * @throws {SchedulerConfigError} when an argument is not valid
 * @see kubernetes v1.36 pkg/scheduler/framework/plugins/podtopologyspread/plugin.go
 */
export function podTopologySpread(args: PodTopologySpreadArgs = {}): PreFilterPlugin & FilterPlugin & PreScorePlugin & ScorePlugin {
  const isSystem = (args.defaultingType ?? 'System') === 'System';
  const defaults = checkedDefaults(args);
  const constraintsOf = (pod: Pod, action: TopologySpreadConstraint['whenUnsatisfiable'], cluster: ClusterSnapshot): readonly SpreadConstraint[] =>
    hasOwn(pod) ? ownConstraints(pod, action) : defaultConstraints(pod, { defaults, action, cluster });
  return {
    name: NAME,
    weight: 2,
    preFilter(pod, cycle) {
      const cluster = clusterOf(cycle.snapshot);
      const constraints = constraintsOf(pod, 'DoNotSchedule', cluster);
      if (constraints.length === 0) return skip();
      cycle.state.set(NAME, hardConstraints(constraints, pod, cluster));
      return undefined;
    },
    filter: (_pod, node, cycle) => judge(node, cycle),
    filterRows: (_pod, batch, { state }) => judgeRows(batch, state.get<Hard>(NAME) as Hard),
    preScore(pod, cycle) {
      const cluster = clusterOf(cycle.snapshot);
      const constraints = constraintsOf(pod, 'ScheduleAnyway', cluster);
      if (constraints.length === 0) return skip();
      const needsAllKeys = hasOwn(pod) || !isSystem;
      cycle.state.set(SCORING, prepareSpreadScore(constraints, { pod, cluster, cycle, needsAllKeys }));
      return undefined;
    },
    score: (_pod, node, cycle) => spreadScore(cycle.state.get<SpreadScoring>(SCORING) as SpreadScoring, node),
    scoreRows: (_pod, rows, scores, { state }) => spreadScores(state.get<SpreadScoring>(SCORING) as SpreadScoring, rows, scores),
    normalizeScore: (_pod, scores, cycle) => normalizeSpread(cycle.state.get<SpreadScoring>(SCORING) as SpreadScoring, scores, cycle),
    reads: [Service, ReplicationController, ReplicaSet, StatefulSet],
    eventsToRegister: spreadEvents,
  };
}

function hasOwn({ spec }: Pod): boolean {
  return spec.topologySpreadConstraints !== undefined && spec.topologySpreadConstraints.length > 0;
}

function checkedDefaults({ defaultConstraints: given = [], defaultingType = 'System' }: PodTopologySpreadArgs): readonly TopologySpreadConstraint[] {
  if (defaultingType !== 'System' && defaultingType !== 'List') throw new SchedulerConfigError('defaultingType', 'must be System or List');
  if (defaultingType === 'List') {
    given.forEach((constraint, index) => checkDefault(constraint, `defaultConstraints[${index}]`));
    return given;
  }
  if (given.length > 0) throw new SchedulerConfigError('defaultConstraints', 'must be empty when defaultingType is System');
  return SYSTEM_DEFAULTS;
}

function checkDefault({ topologyKey, maxSkew, whenUnsatisfiable, labelSelector }: TopologySpreadConstraint, path: string): void {
  if (!(Number.isInteger(maxSkew) && maxSkew > 0)) throw new SchedulerConfigError(`${path}.maxSkew`, 'must be a whole number above 0');
  if (typeof topologyKey !== 'string' || topologyKey === '') throw new SchedulerConfigError(`${path}.topologyKey`, 'must not be empty');
  if (whenUnsatisfiable !== 'DoNotSchedule' && whenUnsatisfiable !== 'ScheduleAnyway') {
    throw new SchedulerConfigError(`${path}.whenUnsatisfiable`, 'must be DoNotSchedule or ScheduleAnyway');
  }
  if (labelSelector !== undefined) throw new SchedulerConfigError(`${path}.labelSelector`, 'must not be given: it follows from Services and controllers');
}

function hardConstraints(constraints: readonly SpreadConstraint[], pod: Pod, cluster: ClusterSnapshot): Hard {
  const keys = constraints.map(({ topologyKey }) => topologyKey);
  return {
    rowOf: cluster.versions.row,
    constraints: constraints.map((constraint) => ({
      constraint,
      counter: spreadCounter(constraint, { pod, keys, cluster }),
      self: cluster.placements.isMatch(constraint.matcher, pod) ? 1 : 0,
    })),
  };
}

function judge(node: NodeInfo, { state, explaining }: CycleContext): StatusResult {
  const { constraints, rowOf } = state.get<Hard>(NAME) as Hard;
  const row = rowOf(node);
  for (const { constraint, counter, self } of constraints) {
    if (counter.column.domains[row] === NO_DOMAIN) return REJECTED_LABEL;
    const least = counter.domains < constraint.minDomains ? 0 : counter.least();
    const skew = counter.at(row) + self - least;
    if (skew <= constraint.maxSkew) continue;
    if (!explaining) return REJECTED;
    const { topologyKey, maxSkew } = constraint;
    return { ...REJECTED, details: { topologyKey, maxSkew, count: counter.at(row), self, least, skew } };
  }
  return undefined;
}

/** {@link judge} for many nodes. */
function judgeRows({ rows, count, rejected }: RowBatch, { constraints }: Hard): void {
  for (const { constraint, counter, self } of constraints) {
    const least = counter.domains < constraint.minDomains ? 0 : counter.least();
    const most = constraint.maxSkew + least - self;
    const { counts } = counter;
    const { domains } = counter.column;
    for (let i = 0; i < count; i++) {
      const domain = domains[rows[i] as number] as number;
      if (domain === NO_DOMAIN || (domain < counts.length ? (counts[domain] as number) : 0) > most) rejected[i] = 1;
    }
  }
}
