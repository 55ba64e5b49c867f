import { compileLabelSelector, deepEqual, isDns1123Label, type FieldError, type MutableJson } from '@kybern/core';
import type { Container, CronJob, Job, JobSpec, PodTemplateSpec } from '@kybern/core/kinds';
import type { Strategy } from '../strategy.ts';
import { IMMUTABLE, invalidValue, notSupported, required } from '../validation/field-errors.ts';
import { NOT_NEGATIVE } from '../validation/formats.ts';
import { dns1123Subdomain } from '../validation/names.ts';
import { cronProblem } from '../validation/cron.ts';
import { validateJobSpec } from '../validation/jobs.ts';
import { validateJobStatusUpdate } from '../validation/job-status.ts';
import { validateLabelSelector } from '../validation/label-selectors.ts';

/** Labels that tie Pods to their Job; the unprefixed ones are older. */
const UID_LABELS = ['batch.kubernetes.io/controller-uid', 'controller-uid'] as const;
const NAME_LABELS = ['batch.kubernetes.io/job-name', 'job-name'] as const;

/** Jobs. @see kubernetes v1.36 pkg/registry/batch/job/strategy.go, pkg/apis/batch/validation/validation.go (ValidateJob) */
export const jobStrategy: Strategy = {
  generation: true,
  selectableFields: { 'status.successful': ({ status }) => String(status?.succeeded ?? 0) },
  prepareForCreate: generateSelector,
  validate({ metadata, spec }: Job, errors) {
    validateHostNames(metadata.name, spec, errors);
    validateSelection(spec, errors);
    validateJobSpec(spec, 'spec', errors);
  },
  validateUpdate(object: Job, old: Job, errors) {
    const fixed = ['selector', 'completionMode', 'podFailurePolicy', 'backoffLimitPerIndex', 'managedBy', 'successPolicy'] as const;
    for (const name of fixed) if (!deepEqual(object.spec[name], old.spec[name])) errors.push(invalidValue(`spec.${name}`, object.spec[name], IMMUTABLE));
    validateCompletionsUpdate(object.spec, old.spec, errors);
    const suspended = old.spec.suspend === true && old.status?.startTime === undefined;
    const before = suspended ? withSchedulingOf(old.spec.template, object.spec.template) : old.spec.template;
    if (!deepEqual(object.spec.template, before)) errors.push(invalidValue('spec.template', object.spec.template, IMMUTABLE));
  },
  validateStatusUpdate: (object, old, errors) => validateJobStatusUpdate(object, old, errors),
};

/** Indexed Pods have host names made of the Job's. */
function validateHostNames(name: string, { completionMode, completions }: JobSpec, errors: FieldError[]): void {
  if (completionMode !== 'Indexed' || completions === undefined || completions <= 0) return;
  const last = `${name}-${String(completions - 1)}`;
  if (!isDns1123Label(last)) errors.push(invalidValue('metadata.name', name, `will not able to create pod with invalid DNS label: ${last}`));
}

function validateSelection({ selector, template }: JobSpec, errors: FieldError[]): void {
  if (selector === undefined) {
    errors.push(required('spec.selector'));
    return;
  }
  const before = errors.length;
  validateLabelSelector(selector, 'spec.selector', errors);
  if (errors.length > before || compileLabelSelector(selector)(template.metadata?.labels)) return;
  errors.push(invalidValue('spec.template.metadata.labels', template.metadata?.labels ?? {}, '`selector` does not match template `labels`'));
}

/** The old template with what a Job that has not begun may still change: where its Pods may run, and what they ask for. */
function withSchedulingOf(old: PodTemplateSpec, now: PodTemplateSpec): PodTemplateSpec {
  const { affinity, ...rest } = old.spec ?? { containers: [] };
  const { nodeSelector, tolerations, schedulingGates } = now.spec ?? {};
  const { nodeAffinity: _, ...others } = affinity ?? {};
  const newNodeAffinity = now.spec?.affinity?.nodeAffinity;
  const merged = newNodeAffinity === undefined ? others : { ...others, nodeAffinity: newNodeAffinity };
  const containers = rest.containers.map((container, i) => withResourcesOf(container, now.spec?.containers[i]));
  const kept = withDefined({ ...rest, containers }, { nodeSelector, tolerations, schedulingGates });
  const spec = now.spec?.affinity === undefined && Object.keys(merged).length === 0 ? kept : { ...kept, affinity: merged };
  return {
    ...old,
    metadata: withDefined(old.metadata ?? {}, { labels: now.metadata?.labels, annotations: now.metadata?.annotations }),
    spec,
  } as PodTemplateSpec;
}

function withResourcesOf(old: Container, now: Container | undefined): Container {
  return now === undefined ? old : (withDefined(old, { resources: now.resources }) as Container);
}

/** The object with these fields, without those that are undefined. */
function withDefined(object: object, fields: Readonly<Record<string, unknown>>): object {
  const all: Record<string, unknown> = { ...object, ...fields };
  for (const name of Object.keys(fields)) if (all[name] === undefined) delete all[name];
  return all;
}

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

/** CronJobs. @see kubernetes v1.36 pkg/registry/batch/cronjob/strategy.go, pkg/apis/batch/validation/validation.go (ValidateCronJobSpec) */
export const cronJobStrategy: Strategy = {
  generation: true,
  // Kubernetes takes the field, but has no values for it.
  selectableFields: { 'status.successful': () => '' },
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
  if (spec.manualSelector === true) errors.push(notSupported(`${field}.manualSelector`, true, ['nil', 'false']));
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
