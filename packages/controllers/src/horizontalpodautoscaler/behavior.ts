import { parseQuantity, quantityToNumber } from '@kybern/core';
import type { HorizontalPodAutoscalerBehavior, HPAScalingPolicy } from '@kybern/core/kinds';
import type { Tolerance } from './replicas.ts';

/** A number of replicas, or a change of it, at a time. */
export interface Timed {
  readonly atMs: number;
  readonly replicas: number;
}

/** What an autoscaler remembers of the last minutes. Immutable. */
export interface HpaMemory {
  readonly recommendations: readonly Timed[];
  /** By how much it has scaled up, and down. */
  readonly ups: readonly Timed[];
  readonly downs: readonly Timed[];
}

/** Nothing has been decided yet. */
export const NO_MEMORY: HpaMemory = { recommendations: [], ups: [], downs: [] };

interface Rules {
  readonly stabilizationMs: number;
  readonly selectPolicy: string;
  readonly policies: readonly HPAScalingPolicy[];
}

const DEFAULT_TOLERANCE = 0.1;
const DEFAULT_DOWN_STABILIZATION_SECONDS = 300;
const DEFAULT_UP: readonly HPAScalingPolicy[] = [
  { type: 'Pods', value: 4, periodSeconds: 15 },
  { type: 'Percent', value: 100, periodSeconds: 15 },
];
const DEFAULT_DOWN: readonly HPAScalingPolicy[] = [{ type: 'Percent', value: 100, periodSeconds: 15 }];

/** How an autoscaler shall scale, with Kubernetes' defaults for what is not said. */
export interface Behavior {
  readonly up: Rules;
  readonly down: Rules;
}

/** @see kubernetes v1.36 pkg/apis/autoscaling/v2/defaults.go */
export function behaviorOf({ scaleUp, scaleDown }: HorizontalPodAutoscalerBehavior): Behavior {
  return {
    up: {
      stabilizationMs: (scaleUp?.stabilizationWindowSeconds ?? 0) * 1000,
      selectPolicy: scaleUp?.selectPolicy ?? 'Max',
      policies: scaleUp?.policies ?? DEFAULT_UP,
    },
    down: {
      stabilizationMs: (scaleDown?.stabilizationWindowSeconds ?? DEFAULT_DOWN_STABILIZATION_SECONDS) * 1000,
      selectPolicy: scaleDown?.selectPolicy ?? 'Max',
      policies: scaleDown?.policies ?? DEFAULT_DOWN,
    },
  };
}

/** What counts as being at the target. */
export function toleranceOf(behavior: HorizontalPodAutoscalerBehavior | undefined): Tolerance {
  const tolerance = (text: string | undefined): number => (text === undefined ? DEFAULT_TOLERANCE : quantityToNumber(parseQuantity(text)));
  return { up: tolerance(behavior?.scaleUp?.tolerance), down: tolerance(behavior?.scaleDown?.tolerance) };
}

/** What {@link limitDesired} looks at. */
export interface LimitInput {
  readonly nowMs: number;
  readonly current: number;
  /** What the metrics ask for. */
  readonly desired: number;
  readonly min: number;
  readonly max: number;
  readonly behavior: HorizontalPodAutoscalerBehavior | undefined;
  readonly memory: HpaMemory;
}

/** What is to be, and why it is not what the metrics ask for. */
export interface Limited {
  readonly desired: number;
  readonly able: Explanation;
  readonly limited: Explanation & { readonly status: 'True' | 'False' };
  readonly memory: HpaMemory;
}

interface Explanation {
  readonly reason: string;
  readonly message: string;
}

const READY: Explanation = { reason: 'ReadyForNewScale', message: 'recommended size matches current size' };
const DOWN_STABILIZED: Explanation = {
  reason: 'ScaleDownStabilized',
  message: 'recent recommendations were higher than current one, applying the highest recent recommendation',
};
const UP_STABILIZED: Explanation = {
  reason: 'ScaleUpStabilized',
  message: 'recent recommendations were lower than current one, applying the lowest recent recommendation',
};

/**
 * Brings what the metrics ask for within the bounds, the rates and the stabilization windows.
 *
 * @see kubernetes v1.36 pkg/controller/podautoscaler/horizontal.go (normalizeDesiredReplicas, normalizeDesiredReplicasWithBehaviors)
 */
export function limitDesired(input: LimitInput): Limited {
  const { nowMs, current, desired, behavior, memory } = input;
  const rules = behavior === undefined ? undefined : behaviorOf(behavior);
  const downMs = rules?.down.stabilizationMs ?? DEFAULT_DOWN_STABILIZATION_SECONDS * 1000;
  const since = (ms: number): number[] => memory.recommendations.filter(({ atMs }) => atMs > nowMs - ms).map(({ replicas }) => replicas);
  const highest = Math.max(desired, ...since(downMs));
  const lowest = Math.min(desired, ...since(rules?.up.stabilizationMs ?? 0));
  // Without rules only going down is held back.
  const stabilized = rules === undefined ? highest : Math.min(Math.max(current, lowest), highest);
  const keepMs = Math.max(downMs, rules?.up.stabilizationMs ?? 0);
  const recommendations = [...memory.recommendations.filter(({ atMs }) => atMs > nowMs - keepMs), { atMs: nowMs, replicas: desired }];
  const held = rules !== undefined && desired >= current ? UP_STABILIZED : DOWN_STABILIZED;
  const within = { ...input, desired: stabilized };
  return {
    ...(rules === undefined ? withoutRules(within) : withRules(within, rules)),
    able: stabilized === desired ? READY : held,
    memory: { ...memory, recommendations },
  };
}

const limit = (desired: number, reason: string, message: string): Pick<Limited, 'desired' | 'limited'> => ({
  desired,
  limited: { status: reason === 'DesiredWithinRange' ? 'False' : 'True', reason, message },
});
const tooFew = (min: number): Pick<Limited, 'desired' | 'limited'> =>
  limit(min, 'TooFewReplicas', 'the desired replica count is less than the minimum replica count');
const tooMany = (max: number): Pick<Limited, 'desired' | 'limited'> =>
  limit(max, 'TooManyReplicas', 'the desired replica count is more than the maximum replica count');
const tooFast = (bound: number, way: 'Up' | 'Down'): Pick<Limited, 'desired' | 'limited'> =>
  limit(bound, `Scale${way}Limit`, `the desired replica count is ${way === 'Up' ? 'increasing' : 'decreasing'} faster than the maximum scale rate`);
const inRange = (desired: number): Pick<Limited, 'desired' | 'limited'> =>
  limit(desired, 'DesiredWithinRange', 'the desired count is within the acceptable range');

/** At most twice as many at a time, or 4. */
function withoutRules({ current, desired, min, max }: LimitInput): Pick<Limited, 'desired' | 'limited'> {
  const fastest = Math.max(2 * current, 4);
  if (desired < min) return tooFew(min);
  if (desired > Math.min(max, fastest)) return max > fastest ? tooFast(fastest, 'Up') : tooMany(max);
  return inRange(desired);
}

function withRules(input: LimitInput, { up, down }: Behavior): Pick<Limited, 'desired' | 'limited'> {
  const { current, desired, min, max } = input;
  if (desired > current) {
    const fastest = Math.max(current, upBound(input, up));
    if (desired > Math.min(max, fastest)) return max > fastest ? tooFast(fastest, 'Up') : tooMany(max);
  } else if (desired < current) {
    const fastest = Math.min(current, downBound(input, down));
    if (desired < Math.max(min, fastest)) return min < fastest ? tooFast(fastest, 'Down') : tooFew(min);
  }
  return inRange(desired);
}

/** How many there were at the beginning of a policy's period. */
function atPeriodStart({ nowMs, current, memory }: LimitInput, { periodSeconds }: HPAScalingPolicy): number {
  const changed = (events: readonly Timed[]): number =>
    events.reduce((sum, { atMs, replicas }) => sum + (atMs > nowMs - periodSeconds * 1000 ? replicas : 0), 0);
  return current - changed(memory.ups) + changed(memory.downs);
}

/** @see kubernetes v1.36 pkg/controller/podautoscaler/horizontal.go (calculateScaleUpLimitWithScalingRules) */
function upBound(input: LimitInput, { selectPolicy, policies }: Rules): number {
  if (selectPolicy === 'Disabled') return input.current;
  const bounds = policies.map((policy) => {
    const start = atPeriodStart(input, policy);
    return policy.type === 'Pods' ? start + policy.value : Math.ceil((start * (100 + policy.value)) / 100);
  });
  return selectPolicy === 'Min' ? Math.min(...bounds) : Math.max(...bounds);
}

/** @see kubernetes v1.36 pkg/controller/podautoscaler/horizontal.go (calculateScaleDownLimitWithBehaviors) */
function downBound(input: LimitInput, { selectPolicy, policies }: Rules): number {
  if (selectPolicy === 'Disabled') return input.current;
  const bounds = policies.map((policy) => {
    const start = atPeriodStart(input, policy);
    return policy.type === 'Pods' ? start - policy.value : Math.floor((start * (100 - policy.value)) / 100);
  });
  return selectPolicy === 'Min' ? Math.max(...bounds) : Math.min(...bounds);
}

/** The memory after a change of the number of replicas, without what no policy looks at any longer. */
export function rememberScale(memory: HpaMemory, { nowMs, from, to }: { readonly nowMs: number; readonly from: number; readonly to: number }): HpaMemory {
  // A period is half an hour at most.
  const recent = (events: readonly Timed[]): readonly Timed[] => events.filter(({ atMs }) => atMs > nowMs - 1_800_000);
  const change = { atMs: nowMs, replicas: Math.abs(to - from) };
  return to > from
    ? { ...memory, ups: [...recent(memory.ups), change], downs: recent(memory.downs) }
    : { ...memory, ups: recent(memory.ups), downs: [...recent(memory.downs), change] };
}
