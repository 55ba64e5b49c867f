import { isQualifiedName, type FieldError } from '@kybern/core';
import type { JobSpec, PodFailurePolicyRule, SuccessPolicyRule } from '@kybern/core/kinds';
import { duplicate, invalidValue, notSupported, omittedValue, required, tooMany } from './field-errors.ts';
import { NOT_NEGATIVE } from './formats.ts';
import { QUALIFIED_NAME_MESSAGE } from './names.ts';
import { validatePodTemplate } from './pod-template.ts';

const COUNTS = [
  'parallelism',
  'completions',
  'activeDeadlineSeconds',
  'backoffLimit',
  'ttlSecondsAfterFinished',
  'backoffLimitPerIndex',
  'maxFailedIndexes',
] as const;
const MAX_INDEXES = 100_000;
const MANY_COMPLETIONS = 100_000;
const MAX_WITH_MANY = 10_000;
const MAX_RULES = 20;
const MAX_EXIT_CODES = 255;
const MAX_INDEX_TEXT = 65_536;
const MAX_MANAGED_BY = 63;
const CONDITION_STATUSES: readonly string[] = ['False', 'True', 'Unknown'];

/** Checks what a Job does, its template included, but not its selector. @see kubernetes v1.36 pkg/apis/batch/validation/validation.go (validateJobSpec) */
export function validateJobSpec(spec: JobSpec, field: string, errors: FieldError[]): void {
  for (const name of COUNTS) {
    const value = spec[name];
    if (value !== undefined && value < 0) errors.push(invalidValue(`${field}.${name}`, value, NOT_NEGATIVE));
  }
  if (spec.maxFailedIndexes !== undefined && spec.backoffLimitPerIndex === undefined)
    errors.push(required(`${field}.backoffLimitPerIndex`, 'when maxFailedIndexes is specified'));
  if (spec.managedBy !== undefined) validateManagedBy(spec.managedBy, `${field}.managedBy`, errors);
  if (spec.completionMode === 'Indexed') validateIndexed(spec, field, errors);
  else {
    for (const name of ['backoffLimitPerIndex', 'maxFailedIndexes', 'successPolicy'] as const)
      if (spec[name] !== undefined) errors.push(invalidValue(`${field}.${name}`, spec[name], 'requires indexed completion mode'));
  }
  validatePolicies(spec, field, errors);
  validatePodTemplate(spec.template, `${field}.template`, errors);
  validateRestartPolicy(spec, `${field}.template.spec.restartPolicy`, errors);
}

function validateRestartPolicy({ template, podFailurePolicy }: JobSpec, field: string, errors: FieldError[]): void {
  const policy = template.spec?.restartPolicy ?? 'Always';
  if (policy === 'Always') errors.push(required(field, 'valid values: "OnFailure", "Never"'));
  else if (podFailurePolicy !== undefined && policy !== 'Never')
    errors.push(invalidValue(field, policy, 'only "Never" is supported when podFailurePolicy is specified'));
}

const MANAGER = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/[^/%]+$/;

function validateManagedBy(name: string, field: string, errors: FieldError[]): void {
  if (!MANAGER.test(name)) errors.push(invalidValue(field, name, 'must be a domain-prefixed path (such as "acme.io/foo")'));
  if (name.length > MAX_MANAGED_BY)
    errors.push({ field, reason: 'FieldValueTooLong', message: `Too long: may not be more than ${String(MAX_MANAGED_BY)} bytes` });
}

function validateIndexed(spec: JobSpec, field: string, errors: FieldError[]): void {
  const { completions, parallelism = 0, maxFailedIndexes, backoffLimitPerIndex } = spec;
  if (completions === undefined) errors.push(required(`${field}.completions`, 'when completion mode is Indexed'));
  if (parallelism > MAX_INDEXES)
    errors.push(invalidValue(`${field}.parallelism`, parallelism, `must be less than or equal to ${String(MAX_INDEXES)} when completion mode is Indexed`));
  if (maxFailedIndexes !== undefined && completions !== undefined && maxFailedIndexes > completions)
    errors.push(invalidValue(`${field}.maxFailedIndexes`, maxFailedIndexes, 'must be less than or equal to completions'));
  if (maxFailedIndexes !== undefined && maxFailedIndexes > MAX_INDEXES)
    errors.push(invalidValue(`${field}.maxFailedIndexes`, maxFailedIndexes, `must be less than or equal to ${String(MAX_INDEXES)}`));
  if (completions === undefined || completions <= MANY_COMPLETIONS || backoffLimitPerIndex === undefined) return;
  if (maxFailedIndexes === undefined)
    errors.push(required(`${field}.maxFailedIndexes`, `must be specified when completions is above ${String(MANY_COMPLETIONS)}`));
  const limit = `must be less than or equal to ${String(MAX_WITH_MANY)} when completions are above ${String(MANY_COMPLETIONS)} and used with backoff limit per index`;
  if (parallelism > MAX_WITH_MANY) errors.push(invalidValue(`${field}.parallelism`, parallelism, limit));
  if ((maxFailedIndexes ?? 0) > MAX_WITH_MANY) errors.push(invalidValue(`${field}.maxFailedIndexes`, maxFailedIndexes, limit));
}

function validatePolicies(spec: JobSpec, field: string, errors: FieldError[]): void {
  const { podFailurePolicy, podReplacementPolicy, successPolicy } = spec;
  if (podFailurePolicy !== undefined) {
    const at = `${field}.podFailurePolicy.rules`;
    const { rules = [] } = podFailurePolicy;
    if (rules.length > MAX_RULES) errors.push(tooMany(at, rules.length, MAX_RULES));
    rules.forEach((rule, i) => validateFailureRule(rule, { spec, field: `${at}[${String(i)}]` }, errors));
    if (podReplacementPolicy !== undefined && podReplacementPolicy !== 'Failed')
      errors.push(notSupported(`${field}.podReplacementPolicy`, podReplacementPolicy, ['Failed']));
  }
  if (successPolicy === undefined || spec.completionMode !== 'Indexed') return;
  const at = `${field}.successPolicy.rules`;
  const { rules = [] } = successPolicy;
  if (rules.length === 0) errors.push(required(at, 'at least one rules must be specified when the successPolicy is specified'));
  if (rules.length > MAX_RULES) errors.push(tooMany(at, rules.length, MAX_RULES));
  rules.forEach((rule, i) => validateSuccessRule(rule, { spec, field: `${at}[${String(i)}]` }, errors));
}

interface At {
  readonly spec: JobSpec;
  readonly field: string;
}

function validateFailureRule(rule: PodFailurePolicyRule, { spec, field }: At, errors: FieldError[]): void {
  const { action, onExitCodes, onPodConditions = [] } = rule;
  if (action === 'FailIndex' && spec.backoffLimitPerIndex === undefined)
    errors.push(invalidValue(`${field}.action`, action, 'requires the backoffLimitPerIndex to be set'));
  if (onExitCodes !== undefined) {
    const { containerName, operator, values = [] } = onExitCodes;
    const names = [...(spec.template.spec?.containers ?? []), ...(spec.template.spec?.initContainers ?? [])].map(({ name }) => name);
    if (containerName !== undefined && !names.includes(containerName))
      errors.push(invalidValue(`${field}.onExitCodes.containerName`, containerName, 'must be one of the container or initContainer names in the pod template'));
    validateExitCodes(values, { operator, field: `${field}.onExitCodes.values` }, errors);
  }
  if (onPodConditions.length > MAX_RULES) errors.push(tooMany(`${field}.onPodConditions`, onPodConditions.length, MAX_RULES));
  onPodConditions.forEach(({ type, status }, i) => {
    const at = `${field}.onPodConditions[${String(i)}]`;
    if (!isQualifiedName(type)) errors.push(invalidValue(`${at}.type`, type, QUALIFIED_NAME_MESSAGE));
    if (status !== undefined && !CONDITION_STATUSES.includes(status)) errors.push(notSupported(`${at}.status`, status, CONDITION_STATUSES));
  });
  if (onExitCodes !== undefined && onPodConditions.length > 0)
    errors.push(omittedValue(field, 'specifying both OnExitCodes and OnPodConditions is not supported'));
  if (onExitCodes === undefined && onPodConditions.length === 0)
    errors.push(omittedValue(field, 'specifying one of OnExitCodes and OnPodConditions is required'));
}

function validateExitCodes(values: readonly number[], { operator, field }: { operator: string; field: string }, errors: FieldError[]): void {
  if (values.length === 0) errors.push(invalidValue(field, values, 'at least one value is required'));
  else if (values.length > MAX_EXIT_CODES) errors.push(tooMany(field, values.length, MAX_EXIT_CODES));
  const seen = new Set<number>();
  values.forEach((value, i) => {
    const at = `${field}[${String(i)}]`;
    if (operator === 'In' && value === 0) errors.push(invalidValue(at, value, 'must not be 0 for the In operator'));
    if (seen.has(value)) errors.push(duplicate(at, value));
    seen.add(value);
  });
  if (values.some((value, i) => i > 0 && (values[i - 1] as number) > value)) errors.push(invalidValue(field, values, 'must be ordered'));
}

function validateSuccessRule({ succeededCount, succeededIndexes }: SuccessPolicyRule, { spec, field }: At, errors: FieldError[]): void {
  if (succeededCount === undefined && succeededIndexes === undefined)
    errors.push(required(field, 'at least one of succeededCount or succeededIndexes must be specified'));
  const { completions = 0 } = spec;
  let total = 0;
  if (succeededIndexes !== undefined) {
    const at = `${field}.succeededIndexes`;
    if (succeededIndexes.length > MAX_INDEX_TEXT)
      errors.push({ field: at, reason: 'FieldValueTooLong', message: `Too long: may not be more than ${String(MAX_INDEX_TEXT)} bytes` });
    const parsed = parseIndexes(succeededIndexes, completions);
    if (typeof parsed === 'string') errors.push(invalidValue(at, succeededIndexes, `error parsing succeededIndexes: ${parsed}`));
    else total = parsed;
  }
  if (succeededCount === undefined) return;
  const at = `${field}.succeededCount`;
  if (succeededCount < 0) errors.push(invalidValue(at, succeededCount, NOT_NEGATIVE));
  if (spec.completions !== undefined && succeededCount > completions)
    errors.push(invalidValue(at, succeededCount, `must be less than or equal to ${String(completions)} (the number of specified completions)`));
  if (succeededIndexes !== undefined && succeededCount > total)
    errors.push(
      invalidValue(at, succeededCount, `must be less than or equal to ${String(total)} (the number of indexes in the specified succeededIndexes field)`),
    );
}

/** `1,3-5` → 4. @returns what is wrong, as a sentence */
function parseIndexes(text: string, completions: number): number | string {
  if (text === '') return 0;
  let total = 0;
  let last = -1;
  for (const interval of text.split(',')) {
    const ends = interval.split('-');
    const [from, to = from] = ends.map((end) => (/^\d+$/.test(end) ? Number(end) : NaN)) as [number, number?];
    if (ends.length > 2) return `the fragment "${interval}" violates the requirement that an index interval can have at most two parts separated by '-'`;
    if (Number.isNaN(from) || Number.isNaN(to as number))
      return `cannot convert string to integer for index: "${ends.find((end) => !/^\d+$/.test(end)) ?? ''}"`;
    if (last >= from) return `non-increasing order, previous: ${String(last)}, current: ${String(from)}`;
    if ((to as number) < from || (ends.length === 2 && to === from)) return `non-increasing order, previous: ${String(from)}, current: ${String(to)}`;
    if ((to as number) >= completions) return `too large index: "${ends.at(-1) ?? ''}"`;
    total += (to as number) - from + 1;
    last = to as number;
  }
  return total;
}
