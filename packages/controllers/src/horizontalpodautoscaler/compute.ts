import type { HorizontalPodAutoscaler, MetricStatus, Pod } from '@kybern/core/kinds';
import { limitDesired, rememberScale, toleranceOf, type HpaMemory } from './behavior.ts';
import { evaluateMetric, type Measurement, type Proposal } from './evaluate.ts';
import type { SelectorProblem } from './selectors.ts';

/** What {@link computeAutoscaler} looks at. */
export interface AutoscalerInput {
  /** Wall time in ms. */
  readonly nowMs: number;
  readonly autoscaler: HorizontalPodAutoscaler;
  /** `spec.replicas` of the target. */
  readonly currentReplicas: number;
  /** `status.replicas` of the target. */
  readonly statusReplicas: number;
  /** The Pods of the target. */
  readonly pods: readonly Pod[];
  /** Why it cannot be told which Pods these are. Then nothing is measured. */
  readonly problem?: SelectorProblem | undefined;
  /** One for each of `spec.metrics`. */
  readonly measurements: readonly Measurement[];
  readonly memory: HpaMemory;
}

/** A condition to be set. */
export interface AutoscalerCondition {
  readonly type: 'AbleToScale' | 'ScalingActive' | 'ScalingLimited';
  readonly status: 'True' | 'False';
  readonly reason: string;
  readonly message: string;
}

/** What an autoscaler decides. */
export interface AutoscalerPlan {
  readonly desiredReplicas: number;
  /** Why the number changes; undefined when it does not. */
  readonly reason: string | undefined;
  readonly conditions: readonly AutoscalerCondition[];
  readonly metrics: readonly MetricStatus[];
  /** Why nothing could be decided. */
  readonly error: string | undefined;
  readonly memory: HpaMemory;
}

/**
 * Decides how many replicas a target shall have: the most that any of the metrics asks for, within the bounds, the rates and the stabilization windows. If a
 * metric cannot be had, the target is not made smaller.
 *
 * Pure: reads only `input`; the same input gives the same plan.
 *
 * @see kubernetes v1.36 pkg/controller/podautoscaler/horizontal.go (reconcileAutoscaler)
 */
export function computeAutoscaler(input: AutoscalerInput): AutoscalerPlan {
  const { autoscaler, currentReplicas: current, memory, nowMs } = input;
  const { minReplicas: min = 1, maxReplicas: max } = autoscaler.spec;
  const base: AutoscalerPlan = {
    desiredReplicas: current,
    reason: undefined,
    conditions: [],
    metrics: autoscaler.status?.currentMetrics ?? [],
    error: undefined,
    memory,
  };
  if (current === 0 && min !== 0) {
    const message = 'scaling is disabled since the replica count of the target is zero';
    return { ...base, conditions: [{ type: 'ScalingActive', status: 'False', reason: 'ScalingDisabled', message }] };
  }
  const to = (desiredReplicas: number, plan: AutoscalerPlan, reason: string): AutoscalerPlan =>
    desiredReplicas === current
      ? plan
      : { ...plan, desiredReplicas, reason, memory: rememberScale(plan.memory, { nowMs, from: current, to: desiredReplicas }) };
  if (current > max) return to(max, base, 'Current number of replicas above Spec.MaxReplicas');
  if (current < min) return to(min, base, 'Current number of replicas below Spec.MinReplicas');
  const proposed = propose(input);
  if ('error' in proposed) return { ...base, conditions: [proposed.condition], metrics: proposed.metrics, error: proposed.error };
  const limited = limitDesired({ nowMs, current, desired: proposed.replicas, min, max, behavior: autoscaler.spec.behavior, memory });
  const plan: AutoscalerPlan = {
    ...base,
    metrics: proposed.metrics,
    memory: limited.memory,
    conditions: [
      {
        type: 'ScalingActive',
        status: 'True',
        reason: 'ValidMetricFound',
        message: `the HPA was able to successfully calculate a replica count from ${proposed.name}`,
      },
      { type: 'AbleToScale', status: 'True', ...limited.able },
      { type: 'ScalingLimited', ...limited.limited },
    ],
  };
  return to(limited.desired, plan, limited.desired > current ? `${proposed.name} above target` : 'All metrics below target');
}

type Proposed =
  | { readonly replicas: number; readonly name: string; readonly metrics: readonly MetricStatus[] }
  | { readonly error: string; readonly condition: AutoscalerCondition; readonly metrics: readonly MetricStatus[] };

/** @see kubernetes v1.36 pkg/controller/podautoscaler/horizontal.go (computeReplicasForMetrics) */
function propose(input: AutoscalerInput): Proposed {
  const { autoscaler, measurements, currentReplicas, problem } = input;
  if (problem !== undefined) {
    const { reason, message, error } = problem;
    return { error, condition: { type: 'ScalingActive', status: 'False', reason, message }, metrics: [] };
  }
  const tolerance = toleranceOf(autoscaler.spec.behavior);
  const proposals = (autoscaler.spec.metrics ?? []).map((metric, i) =>
    evaluateMetric({ ...input, metric, measured: measurements[i] ?? { error: 'not measured' }, tolerance }),
  );
  const valid = proposals.filter((proposal): proposal is Extract<Proposal, { readonly replicas: number }> => 'replicas' in proposal);
  const [failed] = proposals.filter((proposal): proposal is Extract<Proposal, { readonly error: string }> => 'error' in proposal);
  const metrics = valid.map(({ status }) => status);
  const [first] = valid;
  const most = first === undefined ? undefined : valid.reduce((a, b) => (b.replicas > a.replicas ? b : a), first);
  if (failed !== undefined && (most === undefined || most.replicas < currentReplicas)) {
    const condition: AutoscalerCondition = {
      type: 'ScalingActive',
      status: 'False',
      reason: failed.reason,
      message: `the HPA was unable to compute the replica count: ${failed.error}`,
    };
    const error = `invalid metrics (${proposals.length - valid.length} invalid out of ${proposals.length}), first error is: ${failed.error}`;
    return { error, condition, metrics };
  }
  return { replicas: most?.replicas ?? currentReplicas, name: most?.name ?? '', metrics };
}
