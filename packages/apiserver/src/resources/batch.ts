import { deepEqual, type FieldError, type MutableJson } from '@kybern/core';
import type { CronJob, Job, JobSpec } from '@kybern/core/kinds';
import type { Strategy } from '../strategy.ts';
import { IMMUTABLE, invalidValue, notSupported, required } from '../validation/field-errors.ts';
import { NOT_NEGATIVE } from '../validation/formats.ts';
import { dns1123Subdomain } from '../validation/names.ts';
import { validatePodTemplate, validateSelectedTemplate } from '../validation/pod-template.ts';
import { cronProblem } from '../validation/cron.ts';

const RESTART_POLICIES: readonly string[] = ['OnFailure', 'Never'];
const COUNTS = [
  'parallelism',
  'completions',
  'activeDeadlineSeconds',
  'backoffLimit',
  'ttlSecondsAfterFinished',
  'backoffLimitPerIndex',
  'maxFailedIndexes',
] as const;
/** Labels that tie Pods to their Job; the unprefixed ones are older. */
const UID_LABELS = ['batch.kubernetes.io/controller-uid', 'controller-uid'] as const;
const NAME_LABELS = ['batch.kubernetes.io/job-name', 'job-name'] as const;

/** Jobs. @see kubernetes v1.36 pkg/registry/batch/job/strategy.go, pkg/apis/batch/validation/validation.go (ValidateJob) */
export const jobStrategy: Strategy = {
  generation: true,
  selectableFields: { 'status.successful': ({ status }) => String(status?.succeeded ?? 0) },
  prepareForCreate: generateSelector,
  validate({ spec }: Job, errors) {
    validateJobSpec(spec, 'spec', errors);
    validateSelectedTemplate({ selector: spec.selector, template: spec.template, kind: 'job', restartPolicies: RESTART_POLICIES }, errors);
  },
  validateUpdate(object: Job, old: Job, errors) {
    const fixed = ['selector', 'completionMode', 'podFailurePolicy', 'backoffLimitPerIndex', 'managedBy', 'successPolicy'] as const;
    for (const name of fixed) if (!deepEqual(object.spec[name], old.spec[name])) errors.push(invalidValue(`spec.${name}`, object.spec[name], IMMUTABLE));
    validateCompletionsUpdate(object.spec, old.spec, errors);
    const suspended = old.spec.suspend === true && old.status?.startTime === undefined;
    if (!suspended && !deepEqual(object.spec.template, old.spec.template)) errors.push(invalidValue('spec.template', object.spec.template, IMMUTABLE));
  },
};

function validateCompletionsUpdate(spec: JobSpec, old: JobSpec, errors: FieldError[]): void {
  if (spec.completions === old.completions) return;
  const elastic = spec.completionMode === 'Indexed' && spec.completions === spec.parallelism;
  if (!elastic) errors.push(invalidValue('spec.completions', spec.completions, IMMUTABLE));
}

/** Unless the user takes care of it, a Job selects its Pods by its own uid. @see kubernetes v1.36 pkg/registry/batch/job/strategy.go (generateSelector) */
function generateSelector({ metadata, spec }: MutableJson): void {
  if (typeof spec !== 'object' || spec === null || spec.manualSelector === true || typeof spec.template !== 'object' || spec.template === null) return;
  const template = (spec.template.metadata ??= {});
  const labels: Record<string, string> = { ...template.labels };
  for (const key of NAME_LABELS) labels[key] ??= metadata.name;
  for (const key of UID_LABELS) labels[key] ??= metadata.uid;
  template.labels = labels;
  spec.selector = { ...spec.selector, matchLabels: { ...spec.selector?.matchLabels, [UID_LABELS[0]]: metadata.uid } };
}

function validateJobSpec(spec: JobSpec, field: string, errors: FieldError[]): void {
  for (const name of COUNTS) {
    const value = spec[name];
    if (value !== undefined && value < 0) errors.push(invalidValue(`${field}.${name}`, value, NOT_NEGATIVE));
  }
  if (spec.completionMode === 'Indexed' && spec.completions === undefined) errors.push(required(`${field}.completions`, 'when completion mode is Indexed'));
  if (spec.backoffLimitPerIndex !== undefined && spec.completionMode !== 'Indexed')
    errors.push(invalidValue(`${field}.backoffLimitPerIndex`, spec.backoffLimitPerIndex, 'when the completionMode is not Indexed'));
  if (spec.podFailurePolicy !== undefined && spec.template.spec?.restartPolicy !== 'Never') {
    errors.push(
      invalidValue(`${field}.template.spec.restartPolicy`, spec.template.spec?.restartPolicy, 'only "Never" is supported when podFailurePolicy is specified'),
    );
  }
}

/** CronJobs. @see kubernetes v1.36 pkg/registry/batch/cronjob/strategy.go, pkg/apis/batch/validation/validation.go (ValidateCronJobSpec) */
export const cronJobStrategy: Strategy = {
  generation: true,
  // Eleven characters are for the suffix of its Jobs' names.
  nameRule: (name, isPrefix) => (name.length > 52 && !isPrefix ? ['must be no more than 52 characters'] : dns1123Subdomain(name, isPrefix)),
  validate({ spec }: CronJob, errors) {
    const { schedule, timeZone, startingDeadlineSeconds, successfulJobsHistoryLimit, failedJobsHistoryLimit, jobTemplate } = spec;
    if (schedule === '') errors.push(required('spec.schedule'));
    else {
      const problem = cronProblem(schedule);
      if (problem !== undefined) errors.push(invalidValue('spec.schedule', schedule, problem));
    }
    if (timeZone !== undefined && !isTimeZone(timeZone)) errors.push(invalidValue('spec.timeZone', timeZone, `unknown time zone ${timeZone}`));
    for (const [name, value] of Object.entries({ startingDeadlineSeconds, successfulJobsHistoryLimit, failedJobsHistoryLimit })) {
      if (value !== undefined && value < 0) errors.push(invalidValue(`spec.${name}`, value, NOT_NEGATIVE));
    }
    validateJobTemplate(jobTemplate.spec, errors);
  },
};

function validateJobTemplate(spec: JobSpec, errors: FieldError[]): void {
  const field = 'spec.jobTemplate.spec';
  validateJobSpec(spec, field, errors);
  validatePodTemplate(spec.template, `${field}.template`, errors);
  if (spec.manualSelector === true) errors.push(notSupported(`${field}.manualSelector`, true, ['nil', 'false']));
  const policy = spec.template.spec?.restartPolicy;
  if (policy !== undefined && !RESTART_POLICIES.includes(policy)) errors.push(notSupported(`${field}.template.spec.restartPolicy`, policy, RESTART_POLICIES));
}

function isTimeZone(zone: string): boolean {
  if (zone === '' || zone.toLowerCase() === 'local') return false;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }) !== undefined;
  } catch {
    // An unknown zone is an answer here, not a failure.
    return false;
  }
}
