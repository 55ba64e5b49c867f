import { deepEqual, type FieldError } from '@kybern/core';
import type { HorizontalPodAutoscaler, PodDisruptionBudget, PriorityClass } from '@kybern/core/kinds';
import type { Strategy } from '../strategy.ts';
import { forbiddenField, invalidValue, required } from '../validation/field-errors.ts';
import { between, intOrPercentProblem, NOT_NEGATIVE, percentOf } from '../validation/formats.ts';
import { validateLabelSelector } from '../validation/label-selectors.ts';

/** PodDisruptionBudgets. @see kubernetes v1.36 pkg/apis/policy/validation/validation.go (ValidatePodDisruptionBudgetSpec) */
export const podDisruptionBudgetStrategy: Strategy = {
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
};

const SYSTEM_PREFIX = 'system-';
const SYSTEM_CLASSES: Readonly<Record<string, number>> = { 'system-cluster-critical': 2_000_000_000, 'system-node-critical': 2_000_001_000 };
const HIGHEST_USER_PRIORITY = 1_000_000_000;

/** PriorityClasses: the value is fixed. @see kubernetes v1.36 pkg/apis/scheduling/validation/validation.go */
export const priorityClassStrategy: Strategy = {
  generation: true,
  validate({ metadata: { name }, value = 0 }: PriorityClass, errors) {
    if (name.startsWith(SYSTEM_PREFIX)) {
      if (SYSTEM_CLASSES[name] !== value)
        errors.push(forbiddenField('metadata.name', "priority class names with 'system-' prefix are reserved for system use only"));
    } else if (value > HIGHEST_USER_PRIORITY)
      errors.push(forbiddenField('value', `maximum allowed value of a user defined priority is ${HIGHEST_USER_PRIORITY}`));
  },
  validateUpdate(object, old, errors) {
    if (object.value !== old.value) errors.push(invalidValue('value', object.value, 'field is immutable'));
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
    if (scaleTargetRef.kind === '') errors.push(required('spec.scaleTargetRef.kind'));
    if (scaleTargetRef.name === '') errors.push(required('spec.scaleTargetRef.name'));
    metrics.forEach((metric, i) => validateMetric(metric as unknown as Record<string, unknown>, `spec.metrics[${i}]`, errors));
    for (const direction of ['scaleUp', 'scaleDown'] as const) {
      const seconds = spec.behavior?.[direction]?.stabilizationWindowSeconds;
      if (seconds !== undefined && (seconds < 0 || seconds > 3600))
        errors.push(invalidValue(`spec.behavior.${direction}.stabilizationWindowSeconds`, seconds, between(0, 3600)));
    }
  },
};

const METRIC_FIELDS: Readonly<Record<string, string>> = {
  Object: 'object',
  Pods: 'pods',
  Resource: 'resource',
  ContainerResource: 'containerResource',
  External: 'external',
};

function validateMetric(metric: Record<string, unknown>, field: string, errors: FieldError[]): void {
  const type = String(metric['type']);
  const own = Object.hasOwn(METRIC_FIELDS, type) ? METRIC_FIELDS[type] : undefined;
  if (own === undefined) {
    errors.push(
      type === ''
        ? required(`${field}.type`, 'must specify a metric source type')
        : {
            field: `${field}.type`,
            reason: 'FieldValueNotSupported',
            message: `Unsupported value: ${JSON.stringify(type)}: supported values: ${Object.keys(METRIC_FIELDS)
              .sort()
              .map((name) => JSON.stringify(name))
              .join(', ')}`,
          },
    );
    return;
  }
  if (metric[own] === undefined) errors.push(required(`${field}.${own}`, 'must populate information for the given metric source'));
  for (const other of Object.values(METRIC_FIELDS))
    if (other !== own && metric[other] !== undefined) errors.push(forbiddenField(`${field}.${other}`, 'must populate the given metric source only'));
}

/** Leases. @see kubernetes v1.36 pkg/apis/coordination/validation/validation.go */
export const leaseStrategy: Strategy = {
  createOnUpdate: true,
  unconditionalUpdate: false,
  validate({ spec = {} }, errors) {
    const { leaseDurationSeconds: duration, leaseTransitions: transitions } = spec;
    if (duration !== undefined && duration <= 0) errors.push(invalidValue('spec.leaseDurationSeconds', duration, 'must be greater than 0'));
    if (transitions !== undefined && transitions < 0) errors.push(invalidValue('spec.leaseTransitions', transitions, NOT_NEGATIVE));
  },
};

/** RuntimeClasses: the handler is fixed. */
export const runtimeClassStrategy: Strategy = {
  validate({ handler }, errors) {
    if (handler === '') errors.push(required('handler'));
  },
  validateUpdate(object, old, errors) {
    if (!deepEqual(object.handler, old.handler)) errors.push(invalidValue('handler', object.handler, 'field is immutable'));
  },
};
