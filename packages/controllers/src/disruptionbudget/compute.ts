import { formatTime, parseTime } from '@kybern/core';
import type { Pod, PodDisruptionBudget, PodDisruptionBudgetStatus } from '@kybern/core/kinds';
import { scaledValue } from '../int-or-percent.ts';
import { isPodReady } from '../pod-state.ts';

/** A Pod counts as about to go for so long after its eviction was granted. */
const DELETION_TIMEOUT_MS = 120_000;

/** How many Pods something wants, and that may be nobody's. */
export interface ExpectedScale {
  /** The sum of the sizes of all that manage Pods of the budget. */
  readonly count: number;
  /** Names of Pods that nobody manages. */
  readonly unmanaged: readonly string[];
}

/** What {@link computeDisruptionBudget} looks at. */
export interface DisruptionBudgetInput {
  /** Wall time in ms. */
  readonly nowMs: number;
  readonly budget: PodDisruptionBudget;
  /** The Pods that it selects. */
  readonly pods: readonly Pod[];
  /** Only asked when the budget is relative to it. An error is in words. */
  readonly scale: () => ExpectedScale | { readonly error: string };
}

/** A budget's status. */
export interface DisruptionBudgetPlan {
  readonly status: PodDisruptionBudgetStatus;
  /** Why it could not be computed: then nothing may be disrupted. */
  readonly error: string | undefined;
  readonly unmanaged: readonly string[];
  /** Pods that were to go, and did not. */
  readonly overdue: readonly Pod[];
  /** When the next such Pod is overdue, in ms from now. */
  readonly requeueAfterMs: number | undefined;
}

/**
 * Computes how many Pods of a budget may be disrupted.
 *
 * @see kubernetes v1.36 pkg/controller/disruption/disruption.go (trySync, updatePdbStatus)
 */
export function computeDisruptionBudget(input: DisruptionBudgetInput): DisruptionBudgetPlan {
  const { nowMs, budget, pods } = input;
  const expected = expectation(input);
  if ('error' in expected)
    return { status: failedStatus(budget, nowMs, expected.error), error: expected.error, unmanaged: [], overdue: [], requeueAfterMs: undefined };
  const disrupted = disruptedPods(budget, pods, nowMs);
  const isGoing = ({ metadata }: Pod): boolean => metadata.deletionTimestamp !== undefined || metadata.name in disrupted.pods;
  const currentHealthy = pods.filter((pod) => isPodReady(pod) && !isGoing(pod)).length;
  const left = currentHealthy - expected.desiredHealthy;
  const disruptionsAllowed = expected.count <= 0 ? 0 : Math.max(0, left);
  const status: PodDisruptionBudgetStatus = {
    conditions: withCondition(budget, nowMs, {
      status: disruptionsAllowed > 0 ? 'True' : 'False',
      reason: disruptionsAllowed > 0 ? 'SufficientPods' : 'InsufficientPods',
      message: '',
    }),
    currentHealthy,
    desiredHealthy: expected.desiredHealthy,
    disruptionsAllowed,
    expectedPods: expected.count,
    ...(Object.keys(disrupted.pods).length === 0 ? {} : { disruptedPods: disrupted.pods }),
    ...(budget.metadata.generation === undefined ? {} : { observedGeneration: budget.metadata.generation }),
  };
  return { status, error: undefined, unmanaged: expected.unmanaged, overdue: disrupted.overdue, requeueAfterMs: disrupted.requeueAfterMs };
}

interface Expectation extends ExpectedScale {
  readonly desiredHealthy: number;
}

/** @see kubernetes v1.36 pkg/controller/disruption/disruption.go (getExpectedPodCount) */
function expectation({ budget: { spec }, pods, scale }: DisruptionBudgetInput): Expectation | { readonly error: string } {
  const { maxUnavailable, minAvailable } = spec;
  if (maxUnavailable === undefined && minAvailable === undefined) return { count: 0, desiredHealthy: 0, unmanaged: [] };
  if (maxUnavailable === undefined && typeof minAvailable === 'number') return { count: pods.length, desiredHealthy: minAvailable, unmanaged: [] };
  const expected = scale();
  if ('error' in expected) return expected;
  const { count } = expected;
  const share = scaledValue(maxUnavailable ?? minAvailable ?? 0, count, 'up') ?? 0;
  return { ...expected, desiredHealthy: maxUnavailable === undefined ? share : Math.max(0, count - share) };
}

interface Disrupted extends Pick<DisruptionBudgetPlan, 'overdue' | 'requeueAfterMs'> {
  readonly pods: Readonly<Record<string, string>>;
}

/** @see kubernetes v1.36 pkg/controller/disruption/disruption.go (buildDisruptedPodMap) */
function disruptedPods({ status }: PodDisruptionBudget, pods: readonly Pod[], nowMs: number): Disrupted {
  const going: Record<string, string> = {};
  const overdue: Pod[] = [];
  let nextMs = Infinity;
  for (const pod of pods) {
    const time = status?.disruptedPods?.[pod.metadata.name];
    if (time === undefined || pod.metadata.deletionTimestamp !== undefined) continue;
    const dueMs = parseTime(time) + DELETION_TIMEOUT_MS;
    if (dueMs < nowMs) overdue.push(pod);
    else {
      going[pod.metadata.name] = time;
      nextMs = Math.min(nextMs, dueMs);
    }
  }
  // One more second, so that it is overdue for sure.
  return { pods: going, overdue, requeueAfterMs: nextMs === Infinity ? undefined : nextMs - nowMs + 1000 };
}

/** @see kubernetes v1.36 pkg/controller/disruption/disruption.go (failSafe) */
function failedStatus(budget: PodDisruptionBudget, nowMs: number, message: string): PodDisruptionBudgetStatus {
  const conditions = withCondition(budget, nowMs, { status: 'False', reason: 'SyncFailed', message });
  return { currentHealthy: 0, desiredHealthy: 0, expectedPods: 0, ...budget.status, disruptionsAllowed: 0, conditions };
}

type Conditions = NonNullable<PodDisruptionBudgetStatus['conditions']>;

function withCondition(
  { metadata, status }: PodDisruptionBudget,
  nowMs: number,
  condition: { readonly status: 'True' | 'False'; readonly reason: string; readonly message: string },
): Conditions {
  const conditions = status?.conditions ?? [];
  const current = conditions.find(({ type }) => type === 'DisruptionAllowed');
  const lastTransitionTime = current?.status === condition.status ? current.lastTransitionTime : formatTime(nowMs);
  const generation = metadata.generation === undefined ? {} : { observedGeneration: metadata.generation };
  const next = { type: 'DisruptionAllowed', ...condition, lastTransitionTime, ...generation } as Conditions[number];
  return current === undefined ? [...conditions, next] : conditions.map((each) => (each === current ? next : each));
}
