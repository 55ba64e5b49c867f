import { compareQuantities, type FieldError } from '@kybern/core';
import type { HPAScalingRules, MetricIdentifier, MetricSpec, MetricTarget } from '@kybern/core/kinds';
import { forbiddenField, invalidValue, notSupported, required } from './field-errors.ts';
import { NOT_NEGATIVE } from './formats.ts';
import { validateLabelSelector } from './label-selectors.ts';
import { pathSegment } from './names.ts';

const SOURCES: Readonly<Record<string, keyof MetricSpec>> = {
  Object: 'object',
  Pods: 'pods',
  Resource: 'resource',
  ContainerResource: 'containerResource',
  External: 'external',
};

/** Checks what an autoscaler looks at. @see kubernetes v1.36 pkg/apis/autoscaling/validation/validation.go (validateMetricSpec) */
export function validateMetric(metric: MetricSpec, field: string, errors: FieldError[]): void {
  const type: string = metric.type;
  const own = Object.hasOwn(SOURCES, type) ? SOURCES[type] : undefined;
  if (own === undefined) {
    errors.push(type === '' ? required(`${field}.type`, 'must specify a metric source type') : notSupported(`${field}.type`, type, Object.keys(SOURCES)));
    return;
  }
  if (metric[own] === undefined) errors.push(required(`${field}.${own}`, 'must populate information for the given metric source'));
  for (const other of Object.values(SOURCES))
    if (other !== own && metric[other] !== undefined) errors.push(forbiddenField(`${field}.${other}`, 'must populate the given metric source only'));
  validateSource(metric, field, errors);
}

function validateSource({ object, pods, resource, containerResource, external }: MetricSpec, field: string, errors: FieldError[]): void {
  if (object !== undefined) {
    const at = `${field}.object`;
    validateReference(object.describedObject, `${at}.describedObject`, errors);
    validateIdentifier(object.metric, `${at}.metric`, errors);
    validateTarget(object.target, `${at}.target`, errors);
    if (object.target.value === undefined && object.target.averageValue === undefined)
      errors.push(required(`${at}.target.averageValue`, 'must set either a target value or averageValue'));
  }
  if (pods !== undefined) {
    validateIdentifier(pods.metric, `${field}.pods.metric`, errors);
    validateTarget(pods.target, `${field}.pods.target`, errors);
    if (!isPositive(pods.target.averageValue)) errors.push(required(`${field}.pods.target.averageValue`, 'must specify a positive target averageValue'));
  }
  if (resource !== undefined) validateResourceSource(resource, `${field}.resource`, errors);
  if (containerResource !== undefined) {
    if (containerResource.container === '') errors.push(required(`${field}.containerResource.container`, 'must specify a container'));
    validateResourceSource(containerResource, `${field}.containerResource`, errors);
  }
  if (external === undefined) return;
  validateIdentifier(external.metric, `${field}.external.metric`, errors);
  validateTarget(external.target, `${field}.external.target`, errors);
  const { value, averageValue } = external.target;
  if (value === undefined && averageValue === undefined)
    errors.push(required(`${field}.external.target.averageValue`, 'must set either a target value for metric or a per-pod target'));
  if (value !== undefined && averageValue !== undefined)
    errors.push(forbiddenField(`${field}.external.target.value`, 'may not set both a target value for metric and a per-pod target'));
}

function validateResourceSource({ name, target }: { readonly name: string; readonly target: MetricTarget }, field: string, errors: FieldError[]): void {
  if (name === '') errors.push(required(`${field}.name`, 'must specify a resource name'));
  validateTarget(target, `${field}.target`, errors);
  const { averageUtilization, averageValue } = target;
  if (averageUtilization === undefined && averageValue === undefined)
    errors.push(required(`${field}.target.averageUtilization`, 'must set either a target raw value or a target utilization'));
  if (averageUtilization !== undefined && averageValue !== undefined)
    errors.push(forbiddenField(`${field}.target.averageValue`, 'may not set both a target raw value and a target utilization'));
}

const isPositive = (quantity: string | undefined): boolean => quantity !== undefined && compareQuantities(quantity, '0') > 0;

function validateTarget({ type, value, averageValue, averageUtilization }: MetricTarget, field: string, errors: FieldError[]): void {
  const types = ['AverageValue', 'Utilization', 'Value'];
  if (type === '') errors.push(required(`${field}.type`, 'must specify a metric target type'));
  else if (!types.includes(type)) errors.push(invalidValue(`${field}.type`, type, 'must be either Utilization, Value, or AverageValue'));
  if (value !== undefined && !isPositive(value)) errors.push(invalidValue(`${field}.value`, value, 'must be positive'));
  if (averageValue !== undefined && !isPositive(averageValue)) errors.push(invalidValue(`${field}.averageValue`, averageValue, 'must be positive'));
  if (averageUtilization !== undefined && averageUtilization < 1)
    errors.push(invalidValue(`${field}.averageUtilization`, averageUtilization, 'must be greater than 0'));
}

function validateIdentifier({ name, selector }: MetricIdentifier, field: string, errors: FieldError[]): void {
  if (name === '') errors.push(required(`${field}.name`, 'must specify a metric name'));
  else for (const problem of pathSegment(name, false)) errors.push(invalidValue(`${field}.name`, name, problem));
  if (selector !== undefined) validateLabelSelector(selector, `${field}.selector`, errors);
}

/** Checks what an autoscaler scales or looks at: it has a kind and a name that can be part of a path. */
export function validateReference({ kind, name }: { readonly kind: string; readonly name: string }, field: string, errors: FieldError[]): void {
  for (const [key, value] of Object.entries({ kind, name })) {
    if (value === '') errors.push(required(`${field}.${key}`));
    else for (const problem of pathSegment(value, false)) errors.push(invalidValue(`${field}.${key}`, value, problem));
  }
}

const MAX_WINDOW_SECONDS = 3600;
const MAX_PERIOD_SECONDS = 1800;
const SELECTIONS: readonly string[] = ['Disabled', 'Max', 'Min'];
const POLICY_TYPES: readonly string[] = ['Percent', 'Pods'];

/** Checks how fast an autoscaler may scale. @see kubernetes v1.36 pkg/apis/autoscaling/validation/validation.go (validateScalingRules) */
export function validateScalingRules(rules: HPAScalingRules, field: string, errors: FieldError[]): void {
  const { stabilizationWindowSeconds: window, selectPolicy, policies, tolerance } = rules;
  if (window !== undefined && window < 0) errors.push(invalidValue(`${field}.stabilizationWindowSeconds`, window, 'must be greater than or equal to zero'));
  if (window !== undefined && window > MAX_WINDOW_SECONDS)
    errors.push(invalidValue(`${field}.stabilizationWindowSeconds`, window, `must be less than or equal to ${String(MAX_WINDOW_SECONDS)}`));
  if (selectPolicy !== undefined && !SELECTIONS.includes(selectPolicy)) errors.push(notSupported(`${field}.selectPolicy`, selectPolicy, SELECTIONS));
  if (policies !== undefined && policies.length === 0) errors.push(required(`${field}.policies`, 'must specify at least one Policy'));
  policies?.forEach(({ type, value, periodSeconds }, i) => {
    const at = `${field}.policies[${String(i)}]`;
    if (!POLICY_TYPES.includes(type)) errors.push(notSupported(`${at}.type`, type, POLICY_TYPES));
    if (value <= 0) errors.push(invalidValue(`${at}.value`, value, 'must be greater than zero'));
    if (periodSeconds <= 0) errors.push(invalidValue(`${at}.periodSeconds`, periodSeconds, 'must be greater than zero'));
    if (periodSeconds > MAX_PERIOD_SECONDS)
      errors.push(invalidValue(`${at}.periodSeconds`, periodSeconds, `must be less than or equal to ${String(MAX_PERIOD_SECONDS)}`));
  });
  if (tolerance !== undefined && compareQuantities(tolerance, '0') < 0) errors.push(invalidValue(`${field}.tolerance`, tolerance, NOT_NEGATIVE));
}
