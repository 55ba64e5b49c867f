import type { Deployment } from '@kybern/core/kinds';
import { scaledValue, type IntOrPercent } from '../int-or-percent.ts';

/** How many Pods a rollout may add and take away, in numbers. */
export interface RolloutBounds {
  /** `spec.replicas`. */
  readonly replicas: number;
  /** Pods beyond `replicas` that may exist. 0 for Recreate. */
  readonly maxSurge: number;
  /** Pods of `replicas` that may be unavailable. 0 for Recreate. */
  readonly maxUnavailable: number;
}

/** Kubernetes' default for both bounds. */
const DEFAULT_BOUND = '25%';
const NO_DEADLINE = 2 ** 31 - 1;

/** Whether the Deployment replaces its Pods bit by bit (the default). */
export const isRollingUpdate = (deployment: Deployment): boolean => deployment.spec.strategy?.type !== 'Recreate';

/**
 * The bounds of a rollout. Of percentages, surge is rounded up and unavailability down; when both come out as 0 one Pod may be unavailable,
 * since nothing could move otherwise.
 *
 * @see kubernetes v1.36 pkg/controller/deployment/util/deployment_util.go (ResolveFenceposts, MaxSurge, MaxUnavailable)
 */
export function rolloutBounds(deployment: Deployment): RolloutBounds {
  const replicas = deployment.spec.replicas ?? 1;
  if (!isRollingUpdate(deployment)) return { replicas, maxSurge: 0, maxUnavailable: 0 };
  const { maxSurge: surge = DEFAULT_BOUND, maxUnavailable: unavailable = DEFAULT_BOUND } = deployment.spec.strategy?.rollingUpdate ?? {};
  const maxSurge = resolve(surge, replicas, 'up');
  const maxUnavailable = resolve(unavailable, replicas, 'down');
  const floor = maxSurge === 0 && maxUnavailable === 0 ? 1 : maxUnavailable;
  return { replicas, maxSurge, maxUnavailable: Math.min(floor, replicas) };
}

/** Validation lets nothing else pass than numbers and percentages. */
const resolve = (value: IntOrPercent, replicas: number, round: 'up' | 'down'): number => scaledValue(value, replicas, round) ?? 0;

/** `spec.progressDeadlineSeconds` in ms; undefined when the Deployment has none. */
export function progressDeadlineMs(deployment: Deployment): number | undefined {
  const seconds = deployment.spec.progressDeadlineSeconds;
  return seconds === undefined || seconds === NO_DEADLINE ? undefined : seconds * 1000;
}

/** How many old ReplicaSets are kept; undefined for all. */
export function historyLimit(deployment: Deployment): number | undefined {
  const limit = deployment.spec.revisionHistoryLimit;
  return limit === NO_DEADLINE ? undefined : limit;
}
