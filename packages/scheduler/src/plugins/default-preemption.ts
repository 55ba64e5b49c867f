import { getCondition, keyOf, randomInt } from '@kybern/core';
import { PodDisruptionBudget, type Pod } from '@kybern/core/kinds';
import { clusterOf } from '../cluster/cluster-state.ts';
import type { NodeInfo } from '../cluster/node-info.ts';
import { priorityOf } from '../cluster/nominated-pods.ts';
import { diagnosisMessage, statusOfBin, type Diagnosis } from '../engine/diagnosis.ts';
import type { PostFilterContext, PostFilterPlugin, PostFilterResult } from '../engine/plugin.ts';
import { failure, isStatus, success, unresolvable, unschedulable, type Status } from '../engine/status.ts';
import { SchedulerConfigError } from '../errors.ts';
import { chooseCandidate } from './candidate-choice.ts';
import { selectVictims, type Candidate } from './victim-selection.ts';

const NAME = 'DefaultPreemption';
const NOT_HELPFUL = Object.freeze(unresolvable('Preemption is not helpful for scheduling'));

/** Arguments of {@link defaultPreemption}, as in KubeSchedulerConfiguration v1. */
export interface DefaultPreemptionArgs {
  /** How many percent of the nodes that preemption may help on are tried at least; default 10. */
  readonly minCandidateNodesPercentage?: number;
  /** How many of them are tried at least; default 100. */
  readonly minCandidateNodesAbsolute?: number;
}

/**
 * Makes room for a Pod by evicting Pods of lower priority, where that hurts least. It only decides; the scheduler evicts, and promises the room to the Pod.
 *
 * @throws {SchedulerConfigError} when an argument is not valid
 * @see kubernetes v1.36 pkg/scheduler/framework/plugins/defaultpreemption/default_preemption.go
 */
export function defaultPreemption(args: DefaultPreemptionArgs = {}): PostFilterPlugin {
  const { minCandidateNodesPercentage: percent = 10, minCandidateNodesAbsolute: least = 100 } = args;
  if (!(percent >= 0 && percent <= 100)) throw new SchedulerConfigError('minCandidateNodesPercentage', 'must be from 0 to 100');
  if (!(least >= 0)) throw new SchedulerConfigError('minCandidateNodesAbsolute', 'must not be negative');
  if (percent === 0 && least === 0) throw new SchedulerConfigError('minCandidateNodesAbsolute', 'must not be 0 when minCandidateNodesPercentage is');
  const wanted = (nodes: number): number => Math.min(nodes, Math.max(least, Math.floor((nodes * percent) / 100)));
  return {
    name: NAME,
    postFilter: (pod, diagnosis, cycle) => preempt(pod, diagnosis, { cycle, wanted }),
    reads: [PodDisruptionBudget],
    eventsToRegister: () => [],
  };
}

interface Preempting {
  readonly cycle: PostFilterContext;
  /** How many candidates are enough, among so many nodes. */
  readonly wanted: (nodes: number) => number;
}

function preempt(pod: Pod, diagnosis: Diagnosis, preempting: Preempting): PostFilterResult {
  if (diagnosis.binCount === 0) return { status: unschedulable() };
  const obstacle = whyNotEligible(pod, diagnosis, preempting.cycle);
  if (obstacle !== undefined) return { status: unschedulable(`preemption: ${obstacle}`) };
  const found = findCandidates(pod, diagnosis, preempting);
  if (isStatus(found)) return { status: found };
  const best = chooseCandidate(found.candidates);
  if (best !== undefined) return { status: success(), nominatedNodeName: best.node.name, victims: best.victims };
  // Whatever was promised to the Pod before no longer helps it.
  return { status: unschedulable(`preemption: ${explain(found.statuses, diagnosis.binCount)}`), nominatedNodeName: '' };
}

/** Why the Pod may not preempt others; undefined when it may. */
function whyNotEligible(pod: Pod, diagnosis: Diagnosis, { snapshot }: PostFilterContext): string | undefined {
  if (pod.spec.preemptionPolicy === 'Never') return 'not eligible due to preemptionPolicy=Never.';
  const cluster = clusterOf(snapshot);
  const nominated = cluster.nominations.nodeOf(keyOf(pod)) ?? pod.status?.nominatedNodeName;
  if (nominated === undefined || nominated === '') return undefined;
  if (statusOfBin(diagnosis, nominated)?.code === 'UnschedulableAndUnresolvable') return undefined;
  const isLeaving = (other: Pod): boolean => priorityOf(other) < priorityOf(pod) && isBeingPreempted(other);
  return cluster.get(nominated)?.pods.some(isLeaving) === true ? 'not eligible due to a terminating pod on the nominated node.' : undefined;
}

function isBeingPreempted(pod: Pod): boolean {
  if (pod.metadata.deletionTimestamp === undefined) return false;
  const target = getCondition(pod, 'DisruptionTarget');
  return target?.status === 'True' && target.reason === 'PreemptionByScheduler';
}

interface Found {
  readonly candidates: readonly Candidate[];
  /** Why the other nodes that were tried are none. */
  readonly statuses: ReadonlyMap<string, Status>;
}

/** Tries the nodes from a random one on, until there are enough candidates and one of them breaks no budget. */
function findCandidates(pod: Pod, diagnosis: Diagnosis, { cycle, wanted }: Preempting): Found | Status {
  const { snapshot } = cycle;
  const nodes = snapshot.nodes.filter(({ name }) => statusOfBin(diagnosis, name)?.code === 'Unschedulable');
  const statuses = new Map<string, Status>();
  if (nodes.length === 0) return { candidates: [], statuses };
  const enough = wanted(nodes.length);
  const budgets = clusterOf(snapshot).objects.list(PodDisruptionBudget);
  const [kind, violating]: [Candidate[], Candidate[]] = [[], []];
  const offset = randomInt(cycle.random, nodes.length);
  for (let i = 0; i < nodes.length; i++) {
    const node = nodes[(offset + i) % nodes.length] as NodeInfo;
    const result = tried(pod, node, { cycle, budgets });
    if (isStatus(result)) {
      if (result.code === 'Error') return result;
      statuses.set(node.name, result);
    } else {
      const list = result.violations === 0 ? kind : violating;
      if (list.length < enough) list.push(result);
    }
    if (kind.length > 0 && kind.length + violating.length >= enough) break;
  }
  return { candidates: [...kind, ...violating], statuses };
}

/** What came of trying a node, for which Pod and under which budgets. */
interface Tried {
  readonly priority: number;
  readonly budgets: readonly PodDisruptionBudget[];
  readonly result: Candidate | Status;
}

/** Pods of one template find the same victims on a node that did not change. */
function tried(pod: Pod, node: NodeInfo, context: { readonly cycle: PostFilterContext; readonly budgets: readonly PodDisruptionBudget[] }): Candidate | Status {
  const { budgets } = context;
  const { memo } = context.cycle;
  const priority = priorityOf(pod);
  const known = memo?.get(NAME, node) as Tried | undefined;
  if (known !== undefined && known.priority === priority && known.budgets === budgets) return known.result;
  const result = tryNode(pod, node, context);
  if (!isStatus(result) || result.code !== 'Error') memo?.set(NAME, node, { priority, budgets, result } satisfies Tried);
  return result;
}

function tryNode(
  pod: Pod,
  node: NodeInfo,
  { cycle, budgets }: { readonly cycle: PostFilterContext; readonly budgets: readonly PodDisruptionBudget[] },
): Candidate | Status {
  const whatIf = cycle.whatIf(node);
  if (whatIf === undefined) return failure('preemption needs a snapshot with trials');
  try {
    return selectVictims(pod, node, { whatIf, budgets });
  } finally {
    whatIf.end();
  }
}

/** The same words as for filters: how many nodes fail for which reason. */
function explain(statuses: ReadonlyMap<string, Status>, binCount: number): string {
  return diagnosisMessage({
    binCount,
    rejected: statuses,
    others: NOT_HELPFUL,
    rejectedBins: [],
    preFilterMessage: '',
    postFilterMessage: '',
    unschedulablePlugins: new Set(),
    pendingPlugins: new Set(),
  });
}
