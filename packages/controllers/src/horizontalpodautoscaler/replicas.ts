import type { PodGroups } from './pod-groups.ts';

/** How far the ratio of use to target may be from 1 before anything is done. */
export interface Tolerance {
  readonly up: number;
  readonly down: number;
}

const isTolerated = (ratio: number, { up, down }: Tolerance): boolean => 1 - down <= ratio && ratio <= 1 + up;

/** What {@link podReplicas} looks at. */
export interface PodReplicasInput {
  readonly currentReplicas: number;
  readonly groups: PodGroups;
  readonly tolerance: Tolerance;
  /** Use relative to the target, of Pods with these values. */
  readonly ratio: (samples: ReadonlyMap<string, number>) => number;
  /** The value that a Pod without one is taken to have when fewer Pods may be needed. */
  readonly assumed: (pod: string) => number;
}

/**
 * How many replicas bring a metric of Pods to its target. Pods whose value is not known are taken to be at their target when fewer would be needed, and to
 * use nothing when more would be; if that turns the direction nothing is done.
 *
 * @see kubernetes v1.36 pkg/controller/podautoscaler/replica_calculator.go (GetResourceReplicas, calcPlainMetricReplicas)
 */
export function podReplicas({ currentReplicas, groups, tolerance, ratio, assumed }: PodReplicasInput): number {
  const usage = ratio(groups.samples);
  const growsWithUnready = groups.unready.length > 0 && usage > 1;
  if (!growsWithUnready && groups.missing.length === 0)
    return isTolerated(usage, tolerance) ? currentReplicas : Math.ceil(rounded(usage * groups.ready.length));
  const samples = new Map(groups.samples);
  for (const pod of groups.missing) {
    if (usage < 1) samples.set(pod, assumed(pod));
    else if (usage > 1) samples.set(pod, 0);
  }
  if (growsWithUnready) for (const pod of groups.unready) samples.set(pod, 0);
  const adjusted = ratio(samples);
  if (isTolerated(adjusted, tolerance) || (usage < 1 && adjusted > 1) || (usage > 1 && adjusted < 1)) return currentReplicas;
  const replicas = Math.ceil(rounded(adjusted * samples.size));
  const turns = (adjusted < 1 && replicas > currentReplicas) || (adjusted > 1 && replicas < currentReplicas);
  return turns ? currentReplicas : replicas;
}

/**
 * How many replicas bring a value that is for all Pods together to its target.
 *
 * @param readyPods how many Pods serve now
 * @see kubernetes v1.36 pkg/controller/podautoscaler/replica_calculator.go (getUsageRatioReplicaCount)
 */
export function valueReplicas(
  ratio: number,
  { currentReplicas, readyPods, tolerance }: { readonly currentReplicas: number; readonly readyPods: number; readonly tolerance: Tolerance },
): number {
  if (currentReplicas === 0) return Math.ceil(rounded(ratio));
  return isTolerated(ratio, tolerance) ? currentReplicas : Math.ceil(rounded(ratio * readyPods));
}

/**
 * How many replicas bring a value to so much for each of them.
 *
 * @see kubernetes v1.36 pkg/controller/podautoscaler/replica_calculator.go (GetObjectPerPodMetricReplicas, GetExternalPerPodMetricReplicas)
 */
export function perPodReplicas(
  value: number,
  { target, replicas, tolerance }: { readonly target: number; readonly replicas: number; readonly tolerance: Tolerance },
): number {
  return isTolerated(value / (target * replicas), tolerance) ? replicas : Math.ceil(rounded(value / target));
}

/** Takes off what binary fractions add, so that 1.1 / 0.1 is 11 and not a little more. */
const rounded = (value: number): number => Number(value.toPrecision(14));
