import { deepEqual } from '@kybern/core';
import type { HorizontalPodAutoscaler, PodDisruptionBudget, PriorityClass, RuntimeClass } from '@kybern/core/kinds';
import type { Strategy } from '../strategy.ts';
import { validateMetric, validateReference, validateScalingRules } from '../validation/autoscaler-metrics.ts';
import { forbiddenField, invalidValue } from '../validation/field-errors.ts';
import { intOrPercentProblem, NOT_NEGATIVE, percentOf } from '../validation/formats.ts';
import { replicaStatusRule } from '../validation/replica-status.ts';
import { validateLabelSelector } from '../validation/label-selectors.ts';
import { dns1123Label } from '../validation/names.ts';
import { validateLabels } from '../validation/object-meta.ts';
import { validateResources } from '../validation/resources.ts';
import { validateTolerations } from '../validation/scheduling.ts';

/** PodDisruptionBudgets. @see kubernetes v1.36 pkg/apis/policy/validation/validation.go (ValidatePodDisruptionBudgetSpec) */
export const podDisruptionBudgetStrategy: Strategy = {
  unconditionalUpdate: false,
  generation: true,
  validate({ spec }: PodDisruptionBudget, errors) {
    const { minAvailable, maxUnavailable, selector } = spec;
    if (minAvailable !== undefined && maxUnavailable !== undefined)
      errors.push(invalidValue('spec', spec, 'minAvailable and maxUnavailable cannot be both set'));
    for (const [name, value] of [
      ['minAvailable', minAvailable],
      ['maxUnavailable', maxUnavailable],
    ] as const) {
      if (value === undefined) continue;
      const problem = intOrPercentProblem(value) ?? ((percentOf(value) ?? 0) > 100 ? 'must not be greater than 100%' : undefined);
      if (problem !== undefined) errors.push(invalidValue(`spec.${name}`, value, problem));
    }
    if (selector !== undefined) validateLabelSelector(selector, 'spec.selector', errors);
  },
  validateStatusUpdate: replicaStatusRule({ counts: ['disruptionsAllowed', 'currentHealthy', 'desiredHealthy', 'expectedPods'] }),
};

const SYSTEM_PREFIX = 'system-';
const SYSTEM_CLASSES: Readonly<Partial<Record<string, number>>> = { 'system-cluster-critical': 2_000_000_000, 'system-node-critical': 2_000_001_000 };
const HIGHEST_USER_PRIORITY = 1_000_000_000;
const RESERVED = "priority class names with 'system-' prefix are reserved for system use only. error: ";

/** @see kubernetes v1.36 pkg/apis/scheduling/helpers.go (IsKnownSystemPriorityClass) */
function systemProblem(name: string): string {
  const value = SYSTEM_CLASSES[name];
  return value === undefined ? `${name} is not a known system priority class` : `value of ${name} PriorityClass must be ${value}`;
}

/** PriorityClasses: the value is fixed. @see kubernetes v1.36 pkg/apis/scheduling/validation/validation.go */
export const priorityClassStrategy: Strategy = {
  generation: true,
  validate({ metadata: { name }, value = 0 }: PriorityClass, errors) {
    if (name.startsWith(SYSTEM_PREFIX)) {
      if (SYSTEM_CLASSES[name] !== value) errors.push(forbiddenField('metadata.name', `${RESERVED}${systemProblem(name)}`));
    } else if (value > HIGHEST_USER_PRIORITY)
      errors.push(forbiddenField('value', `maximum allowed value of a user defined priority is ${HIGHEST_USER_PRIORITY}`));
  },
  validateUpdate(object, old, errors) {
    if ((object.value ?? 0) !== (old.value ?? 0)) errors.push(forbiddenField('value', 'may not be changed in an update.'));
    if (object.preemptionPolicy !== old.preemptionPolicy) errors.push(invalidValue('preemptionPolicy', object.preemptionPolicy, 'field is immutable'));
  },
};

/** HorizontalPodAutoscalers. @see kubernetes v1.36 pkg/apis/autoscaling/validation/validation.go (validateHorizontalPodAutoscalerSpec) */
export const horizontalPodAutoscalerStrategy: Strategy = {
  validate({ spec }: HorizontalPodAutoscaler, errors) {
    const { minReplicas, maxReplicas, scaleTargetRef, metrics = [] } = spec;
    if (minReplicas !== undefined && minReplicas < 1) errors.push(invalidValue('spec.minReplicas', minReplicas, 'must be greater than or equal to 1'));
    if (maxReplicas < 1) errors.push(invalidValue('spec.maxReplicas', maxReplicas, 'must be greater than 0'));
    if (minReplicas !== undefined && maxReplicas < minReplicas)
      errors.push(invalidValue('spec.maxReplicas', maxReplicas, 'must be greater than or equal to `minReplicas`'));
    validateReference(scaleTargetRef, 'spec.scaleTargetRef', errors);
    metrics.forEach((metric, i) => validateMetric(metric, `spec.metrics[${i}]`, errors));
    for (const direction of ['scaleUp', 'scaleDown'] as const) {
      const rules = spec.behavior?.[direction];
      if (rules !== undefined) validateScalingRules(rules, `spec.behavior.${direction}`, errors);
    }
  },
  validateStatusUpdate: replicaStatusRule({ counts: ['currentReplicas', 'desiredReplicas'] }),
};

/** Leases. @see kubernetes v1.36 pkg/apis/coordination/validation/validation.go */
export const leaseStrategy: Strategy = {
  createOnUpdate: true,
  unconditionalUpdate: false,
  validate({ spec = {} }, errors) {
    const { leaseDurationSeconds: duration, leaseTransitions: transitions } = spec;
    if (duration !== undefined && duration <= 0) errors.push(invalidValue('spec.leaseDurationSeconds', duration, 'must be greater than 0'));
    if (transitions !== undefined && transitions < 0) errors.push(invalidValue('spec.leaseTransitions', transitions, NOT_NEGATIVE));
    if ((spec.preferredHolder ?? '') !== '' && (spec.strategy ?? '') === '')
      errors.push(forbiddenField('spec.preferredHolder', 'may only be specified if `strategy` is defined'));
  },
};

/** RuntimeClasses: the handler is fixed. @see kubernetes v1.36 pkg/apis/node/validation/validation.go */
export const runtimeClassStrategy: Strategy = {
  createOnUpdate: true,
  unconditionalUpdate: false,
  validate({ handler, overhead, scheduling }: RuntimeClass, errors) {
    for (const problem of dns1123Label(handler, false)) errors.push(invalidValue('handler', handler, problem));
    if (overhead?.podFixed !== undefined) validateResources({ limits: overhead.podFixed }, 'overhead.podFixed', errors);
    if (scheduling?.nodeSelector !== undefined) validateLabels(scheduling.nodeSelector, 'scheduling.nodeSelector', errors);
    if (scheduling?.tolerations !== undefined) validateTolerations(scheduling.tolerations, 'scheduling.tolerations', errors);
  },
  validateUpdate(object, old, errors) {
    if (!deepEqual(object.handler, old.handler)) errors.push(invalidValue('handler', object.handler, 'field is immutable'));
  },
};
