import { formatTime, getCondition, parseTime } from '@kybern/core';
import type { Pod, PodStatus } from '@kybern/core/kinds';

/** A Pod that was to be evicted so long ago, and is not being deleted, stays. */
const STALE_AFTER_MS = 120_000;
/** The node's agent may take any time between saying that it will end a Pod and doing so. */
const BY_KUBELET = 'TerminationByKubelet';

/** What {@link computeStaleDisruption} looks at. */
export interface StaleDisruptionInput {
  /** Wall time in ms. */
  readonly nowMs: number;
  readonly pod: Pod;
}

/** What to do about a Pod's condition `DisruptionTarget`. */
export type StaleDisruptionPlan =
  | { readonly type: 'none' }
  /** Look again then. */
  | { readonly type: 'wait'; readonly afterMs: number }
  | { readonly type: 'takeBack'; readonly status: PodStatus };

/**
 * Decides whether a Pod was not evicted after all, so that it is wrong to go on saying that it will be.
 *
 * Pure: reads only `input`; the same input gives the same plan.
 *
 * @see kubernetes v1.36 pkg/controller/disruption/disruption.go (nonTerminatingPodHasStaleDisruptionCondition, syncStalePodDisruption)
 */
export function computeStaleDisruption({ nowMs, pod }: StaleDisruptionInput): StaleDisruptionPlan {
  const condition = getCondition(pod, 'DisruptionTarget');
  if (!mayBeStale(pod) || condition === undefined) return { type: 'none' };
  const afterMs = condition.lastTransitionTime === undefined ? 0 : parseTime(condition.lastTransitionTime) + STALE_AFTER_MS - nowMs;
  if (afterMs > 0) return { type: 'wait', afterMs };
  const conditions = (pod.status?.conditions ?? []).map((each) =>
    each.type === 'DisruptionTarget' ? { ...each, status: 'False', lastTransitionTime: formatTime(nowMs) } : each,
  );
  return { type: 'takeBack', status: { ...pod.status, conditions } };
}

/** Whether a Pod says that it will be disrupted, although nothing shows yet that it is. */
export function mayBeStale(pod: Pod): boolean {
  const condition = getCondition(pod, 'DisruptionTarget');
  if (condition?.status !== 'True' || condition.reason === BY_KUBELET || pod.metadata.deletionTimestamp !== undefined) return false;
  return pod.status?.phase !== 'Succeeded' && pod.status?.phase !== 'Failed';
}
