import { parseTime } from '@kybern/core';
import type { Pod, Taint, Toleration } from '@kybern/core/kinds';

/** What {@link computeTaintEviction} looks at. */
export interface TaintEvictionInput {
  readonly nowMs: number;
  readonly pod: Pod;
  /** All taints of its node. */
  readonly taints: readonly Taint[];
  /** When the Pod was first seen with these taints; for taints that do not say since when they are there. */
  readonly sinceMs: number;
}

/** Whether and when a Pod has to leave its node. */
export type TaintEvictionPlan =
  | { readonly type: 'stay' }
  | { readonly type: 'evict' }
  /** It tolerates the taints for a while. */
  | { readonly type: 'evictLater'; readonly afterMs: number };

const STAY: TaintEvictionPlan = { type: 'stay' };

/**
 * Decides about one Pod on a node with NoExecute taints: it stays when it tolerates all of them, goes when it does not tolerate one, and goes later
 * when its tolerations are for a time: the shortest counts, from the latest of the taints.
 *
 * @see kubernetes v1.36 pkg/controller/tainteviction/taint_eviction.go (processPodOnNode, getMinTolerationTime)
 */
export function computeTaintEviction({ nowMs, pod, taints, sinceMs }: TaintEvictionInput): TaintEvictionPlan {
  const executing = taints.filter((taint) => taint.effect === 'NoExecute');
  if (executing.length === 0 || pod.metadata.deletionTimestamp !== undefined) return STAY;
  const used = executing.map((taint) => (pod.spec.tolerations ?? []).find((toleration) => tolerates(toleration, taint)));
  if (used.includes(undefined)) return { type: 'evict' };
  const seconds = used.flatMap((toleration) => toleration?.tolerationSeconds ?? []);
  if (seconds.length === 0) return STAY;
  const times = executing.flatMap((taint) => (taint.timeAdded === undefined ? [] : [parseTime(taint.timeAdded)]));
  const startMs = times.length === executing.length ? Math.max(...times) : sinceMs;
  const afterMs = startMs + Math.max(0, Math.min(...seconds)) * 1000 - nowMs;
  return afterMs <= 0 ? { type: 'evict' } : { type: 'evictLater', afterMs };
}

/**
 * Whether a toleration is for a taint: an empty key with `Exists` is for all, an empty effect for all effects.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/api/core/v1/toleration.go (ToleratesTaint)
 */
export function tolerates({ key = '', operator = 'Equal', value = '', effect }: Toleration, taint: Taint): boolean {
  if (effect !== undefined && effect !== taint.effect) return false;
  if (key !== '' && key !== taint.key) return false;
  return operator === 'Exists' || (operator === 'Equal' && key !== '' && value === (taint.value ?? ''));
}
