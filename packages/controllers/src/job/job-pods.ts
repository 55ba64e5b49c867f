import { parseTime } from '@kybern/core';
import type { Job, Pod } from '@kybern/core/kinds';

/** Keeps a Pod of a Job until it is counted. */
export const JOB_TRACKING = 'batch.kubernetes.io/job-tracking';
/** The annotation and label with a Pod's completion index. */
export const COMPLETION_INDEX = 'batch.kubernetes.io/job-completion-index';
/** The annotation with the number of counted failures of the Pod's index before it. */
export const INDEX_FAILURES = 'batch.kubernetes.io/job-index-failure-count';
/** The annotation with the number of failures of the Pod's index before it that the policy ignored. */
export const INDEX_IGNORED_FAILURES = 'batch.kubernetes.io/job-index-ignored-failure-count';

/** Whether the Job is this controller's, and not some other's. */
export const isManagedHere = ({ spec }: Job): boolean => (spec.managedBy ?? 'kubernetes.io/job-controller') === 'kubernetes.io/job-controller';

/** Whether each completion has an index. */
export const isIndexed = ({ spec }: Job): boolean => spec.completionMode === 'Indexed';

/** Whether the Job is Complete or Failed for good. */
export function isJobFinished({ status }: Job): boolean {
  return (status?.conditions ?? []).some((condition) => (condition.type === 'Complete' || condition.type === 'Failed') && condition.status === 'True');
}

/** Whether the Pod has not been counted yet. */
export const isTracked = ({ metadata }: Pod): boolean => metadata.finalizers?.includes(JOB_TRACKING) === true;

/** The Pod's completion index; undefined when it has none. */
export function completionIndex({ metadata }: Pod): number | undefined {
  const text = metadata.annotations?.[COMPLETION_INDEX] ?? '';
  return /^\d+$/.test(text) ? Number(text) : undefined;
}

/** The Pod's completion index if the Job has it; undefined when it has no index, or one beyond the completions. */
export function validIndex(job: Job, pod: Pod): number | undefined {
  const index = completionIndex(pod);
  return index !== undefined && index < (job.spec.completions ?? 0) ? index : undefined;
}

/** Whether a Pod is only replaced when it has failed, not when it was told to go. */
export const replacesOnlyFailed = ({ spec }: Job): boolean => spec.podReplacementPolicy === 'Failed' || spec.podFailurePolicy !== undefined;

/** Whether the Pod counts as failed. A deleted one does as soon as it was told to go, unless only failed ones are replaced. */
export function isPodFailed(job: Job, { metadata, status }: Pod): boolean {
  if (status?.phase === 'Failed') return true;
  return !replacesOnlyFailed(job) && metadata.deletionTimestamp !== undefined && status?.phase !== 'Succeeded';
}

/** A number that an annotation of the Pod has; 0 when it has none, or none that is valid. */
export function countAnnotation({ metadata }: Pod, name: string): number {
  const text = metadata.annotations?.[name] ?? '';
  return /^\d{1,10}$/.test(text) && Number(text) < 2 ** 31 ? Number(text) : 0;
}

/** All failures of the Pod's index before it, the ignored ones included. */
export const earlierFailures = (pod: Pod): number => countAnnotation(pod, INDEX_FAILURES) + countAnnotation(pod, INDEX_IGNORED_FAILURES);

/**
 * When the Pod ended, in ms: when the last of its containers did; or since when it is not ready; or when it was deleted; or its creation.
 *
 * @see kubernetes v1.36 pkg/controller/job/backoff_utils.go (getFinishedTime)
 */
export function finishedAtMs({ metadata, status }: Pod): number {
  const ends = (status?.containerStatuses ?? []).map(({ state }) => state?.terminated?.finishedAt);
  if (ends.length > 0 && !ends.includes(undefined)) return Math.max(...ends.map((end) => parseTime(end ?? '')));
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  if (ready?.status === 'False' && ready.lastTransitionTime !== undefined) return parseTime(ready.lastTransitionTime);
  if (metadata.deletionTimestamp !== undefined) return parseTime(metadata.deletionTimestamp) - (metadata.deletionGracePeriodSeconds ?? 0) * 1000;
  return parseTime(metadata.creationTimestamp ?? '');
}
