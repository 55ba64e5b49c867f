import type { MutableJson } from '../kind-model.ts';
import { isAbsent, isEmpty, items, pointer, struct, type DefaultsByKind } from './access.ts';
import { setPodTemplateDefaults } from './pod.ts';

const BACKOFF_LIMIT = 6;
const NO_LIMIT = 2 ** 31 - 1;

/** @see kubernetes v1.36 pkg/apis/batch/v1/defaults.go */
export const defaults: DefaultsByKind = { CronJob: setCronJobDefaults, Job: setJobDefaults };

function setJobDefaults(job: MutableJson): void {
  const spec = struct(job, 'spec');
  if (isAbsent(spec.parallelism)) spec.completions ??= 1;
  spec.parallelism ??= 1;
  spec.backoffLimit ??= isAbsent(spec.backoffLimitPerIndex) ? BACKOFF_LIMIT : NO_LIMIT;
  spec.completionMode ??= 'NonIndexed';
  spec.suspend ??= false;
  spec.manualSelector ??= false;
  spec.podReplacementPolicy ??= isAbsent(spec.podFailurePolicy) ? 'TerminatingOrFailed' : 'Failed';
  setFailurePolicyDefaults(spec);
  const template = struct(spec, 'template');
  const labels = pointer(pointer(template.metadata)?.labels);
  const metadata = struct(job, 'metadata');
  if (labels !== undefined && isEmpty(metadata.labels)) metadata.labels = { ...labels };
  setPodTemplateDefaults(template);
}

function setFailurePolicyDefaults(spec: MutableJson): void {
  const policy = pointer(spec.podFailurePolicy);
  if (policy === undefined) return;
  for (const rule of items(policy.rules)) for (const pattern of items(rule.onPodConditions)) pattern.status ||= 'True';
}

/** The template of the Jobs gets only the defaults of their Pods: the Jobs get their own when they are created. */
function setCronJobDefaults(cronJob: MutableJson): void {
  const spec = struct(cronJob, 'spec');
  spec.concurrencyPolicy ||= 'Allow';
  spec.suspend ??= false;
  spec.successfulJobsHistoryLimit ??= 3;
  spec.failedJobsHistoryLimit ??= 1;
  const jobSpec = struct(struct(spec, 'jobTemplate'), 'spec');
  setFailurePolicyDefaults(jobSpec);
  setPodTemplateDefaults(struct(jobSpec, 'template'));
}
