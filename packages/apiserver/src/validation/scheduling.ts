import { isLabelValue, isQualifiedName, type FieldError } from '@kybern/core';
import type {
  Affinity,
  NodeSelectorRequirement,
  NodeSelectorTerm,
  PodAffinity,
  PodAffinityTerm,
  Toleration,
  TopologySpreadConstraint,
  WeightedPodAffinityTerm,
} from '@kybern/core/kinds';
import { duplicate, forbiddenField, invalidValue, notSupported, required } from './field-errors.ts';
import { validateLabelSelector } from './label-selectors.ts';
import { dns1123Label, LABEL_VALUE_MESSAGE, QUALIFIED_NAME_MESSAGE } from './names.ts';
import { validateLabelKeys } from './pod-extras.ts';
import { nothingSeen, see } from './seen.ts';

/** Checks tolerations. @see kubernetes v1.36 pkg/apis/core/validation/validation.go (ValidateTolerations) */
export function validateTolerations(tolerations: readonly Toleration[], field: string, errors: FieldError[]): void {
  for (let i = 0; i < tolerations.length; i++) {
    const { key = '', operator = 'Equal', value = '', effect = '', tolerationSeconds } = tolerations[i] as Toleration;
    if (key !== '' && !isQualifiedName(key)) errors.push(invalidValue(`${field}[${i}].key`, key, QUALIFIED_NAME_MESSAGE));
    if (key === '' && operator !== 'Exists')
      errors.push(
        invalidValue(`${field}[${i}].operator`, operator, 'operator must be Exists when `key` is empty, which means "match all values and all keys"'),
      );
    if (tolerationSeconds !== undefined && effect !== 'NoExecute')
      errors.push(invalidValue(`${field}[${i}].effect`, effect, "effect must be 'NoExecute' when `tolerationSeconds` is set"));
    if (operator === 'Gt' || operator === 'Lt') {
      if (!/^-?(0|[1-9]\d*)$/.test(value))
        errors.push(invalidValue(`${field}[${i}].operator`, value, `value must be an integer when \`operator\` is '${operator}'`));
    } else if (operator === 'Exists') {
      if (value !== '') errors.push(invalidValue(`${field}[${i}].operator`, tolerations[i], "value must be empty when `operator` is 'Exists'"));
    } else if (!isLabelValue(value)) errors.push(invalidValue(`${field}[${i}].operator`, value, LABEL_VALUE_MESSAGE));
  }
}

/** Checks what a Pod says about nodes and other Pods. @see kubernetes v1.36 pkg/apis/core/validation/validation.go (validateAffinity) */
export function validateAffinity({ nodeAffinity, podAffinity, podAntiAffinity }: Affinity, field: string, errors: FieldError[]): void {
  if (nodeAffinity !== undefined) {
    const { requiredDuringSchedulingIgnoredDuringExecution: must, preferredDuringSchedulingIgnoredDuringExecution: should } = nodeAffinity;
    const path = `${field}.nodeAffinity`;
    if (must !== undefined)
      validateNodeSelectorTerms(must.nodeSelectorTerms, `${path}.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms`, errors);
    should?.forEach(({ weight, preference }, i) => {
      const at = `${path}.preferredDuringSchedulingIgnoredDuringExecution[${i}]`;
      validateWeight(weight, at, errors);
      validateNodeSelectorTerm(preference, `${at}.preference`, errors);
    });
  }
  if (podAffinity !== undefined) validatePodRules(podAffinity, `${field}.podAffinity`, errors);
  if (podAntiAffinity !== undefined) validatePodRules(podAntiAffinity, `${field}.podAntiAffinity`, errors);
}

function validatePodRules(rules: PodAffinity, field: string, errors: FieldError[]): void {
  const { requiredDuringSchedulingIgnoredDuringExecution: must, preferredDuringSchedulingIgnoredDuringExecution: should } = rules;
  if (must !== undefined) {
    for (let i = 0; i < must.length; i++) validatePodAffinityTerm(must[i], `${field}.requiredDuringSchedulingIgnoredDuringExecution[${i}]`, errors);
  }
  if (should === undefined) return;
  for (let i = 0; i < should.length; i++) {
    const { weight, podAffinityTerm } = should[i] as WeightedPodAffinityTerm;
    const at = `${field}.preferredDuringSchedulingIgnoredDuringExecution[${i}]`;
    validateWeight(weight, at, errors);
    validatePodAffinityTerm(podAffinityTerm, `${at}.podAffinityTerm`, errors);
  }
}

function validateWeight(weight: number, field: string, errors: FieldError[]): void {
  if (weight < 1 || weight > 100) errors.push(invalidValue(`${field}.weight`, weight, 'must be in the range 1-100'));
}

/** Checks the alternatives of a node selector; there must be one. */
export function validateNodeSelectorTerms(terms: readonly NodeSelectorTerm[], field: string, errors: FieldError[]): void {
  if (terms.length === 0) errors.push(required(field, 'must have at least one node selector term'));
  terms.forEach((term, i) => validateNodeSelectorTerm(term, `${field}[${i}]`, errors));
}

/** A term that is left out is an empty one. */
function validateNodeSelectorTerm(term: NodeSelectorTerm | undefined, field: string, errors: FieldError[]): void {
  const { matchExpressions = [], matchFields = [] } = term ?? {};
  matchExpressions.forEach((requirement, i) => validateNodeRequirement(requirement, `${field}.matchExpressions[${i}]`, errors));
  matchFields.forEach(({ key, operator, values = [] }, i) => {
    const at = `${field}.matchFields[${i}]`;
    if (operator !== 'In' && operator !== 'NotIn') errors.push(invalidValue(`${at}.operator`, operator, 'not a valid selector operator'));
    else if (values.length !== 1) errors.push(required(`${at}.values`, "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"));
    if (key !== 'metadata.name') errors.push(invalidValue(`${at}.key`, key, 'not a valid field selector key'));
  });
}

function validateNodeRequirement({ key, operator, values = [] }: NodeSelectorRequirement, field: string, errors: FieldError[]): void {
  switch (operator) {
    case 'In':
    case 'NotIn':
      if (values.length === 0) errors.push(required(`${field}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
      break;
    case 'Exists':
    case 'DoesNotExist':
      if (values.length > 0) errors.push(forbiddenField(`${field}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
      break;
    case 'Gt':
    case 'Lt':
      if (values.length !== 1) errors.push(required(`${field}.values`, "must be specified single value when `operator` is 'Lt' or 'Gt'"));
      break;
    default:
      errors.push(invalidValue(`${field}.operator`, operator, 'not a valid selector operator'));
  }
  if (!isQualifiedName(key)) errors.push(invalidValue(`${field}.key`, key, QUALIFIED_NAME_MESSAGE));
}

function validatePodAffinityTerm(term: PodAffinityTerm | undefined, field: string, errors: FieldError[]): void {
  const { labelSelector, namespaceSelector, topologyKey = '', namespaces, matchLabelKeys, mismatchLabelKeys } = term ?? {};
  if (labelSelector !== undefined) validateLabelSelector(labelSelector, `${field}.labelSelector`, errors);
  if (namespaceSelector !== undefined) validateLabelSelector(namespaceSelector, `${field}.namespaceSelector`, errors);
  validateTopologyKey(topologyKey, `${field}.topologyKey`, errors);
  namespaces?.forEach((name, i) => {
    for (const problem of dns1123Label(name, false)) errors.push(invalidValue(`${field}.namespaces[${i}]`, name, problem));
  });
  const hasSelector = labelSelector !== undefined;
  if (matchLabelKeys !== undefined) validateLabelKeys(matchLabelKeys, { field: `${field}.matchLabelKeys`, hasSelector }, errors);
  if (mismatchLabelKeys === undefined) return;
  validateLabelKeys(mismatchLabelKeys, { field: `${field}.mismatchLabelKeys`, hasSelector }, errors);
  matchLabelKeys?.forEach((key, i) => {
    if (mismatchLabelKeys.includes(key)) errors.push(invalidValue(`${field}.matchLabelKeys[${i}]`, key, 'exists in both matchLabelKeys and mismatchLabelKeys'));
  });
}

function validateTopologyKey(key: string, field: string, errors: FieldError[]): void {
  if (key === '') errors.push(required(field, 'can not be empty'));
  else if (!isQualifiedName(key)) errors.push(invalidValue(field, key, QUALIFIED_NAME_MESSAGE));
}

/** Checks topology spread constraints. @see kubernetes v1.36 pkg/apis/core/validation/validation.go (validateTopologySpreadConstraints) */
export function validateTopologySpread(constraints: readonly TopologySpreadConstraint[], field: string, errors: FieldError[]): void {
  const seen = constraints.length > 1 ? nothingSeen() : undefined;
  for (let i = 0; i < constraints.length; i++) {
    const constraint = constraints[i] as TopologySpreadConstraint;
    const { maxSkew, minDomains, topologyKey, whenUnsatisfiable, labelSelector } = constraint;
    const at = `${field}[${i}]`;
    if (maxSkew <= 0) errors.push(invalidValue(`${at}.maxSkew`, maxSkew, 'must be greater than zero'));
    validateTopologyKey(topologyKey, `${at}.topologyKey`, errors);
    if (whenUnsatisfiable !== 'DoNotSchedule' && whenUnsatisfiable !== 'ScheduleAnyway')
      errors.push(notSupported(`${at}.whenUnsatisfiable`, whenUnsatisfiable, ['DoNotSchedule', 'ScheduleAnyway']));
    if (seen !== undefined && see(seen, `{${topologyKey}, ${whenUnsatisfiable}}`))
      errors.push(duplicate(`${at}.{topologyKey, whenUnsatisfiable}`, `{${topologyKey}, ${whenUnsatisfiable}}`));
    if (minDomains !== undefined && minDomains <= 0) errors.push(invalidValue(`${at}.minDomains`, minDomains, 'must be greater than zero'));
    if (minDomains !== undefined && whenUnsatisfiable === 'ScheduleAnyway') {
      errors.push(invalidValue(`${at}.minDomains`, minDomains, 'can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ScheduleAnyway'));
    }
    if (labelSelector !== undefined) validateLabelSelector(labelSelector, `${at}.labelSelector`, errors);
    if (constraint.matchLabelKeys !== undefined)
      validateLabelKeys(constraint.matchLabelKeys, { field: `${at}.matchLabelKeys`, hasSelector: labelSelector !== undefined }, errors);
  }
}
