import { deepEqual, parseTime, type FieldError } from '@kybern/core';
import type { Job, JobStatus } from '@kybern/core/kinds';
import { duplicate, invalidValue, omittedValue, required } from './field-errors.ts';
import { NOT_NEGATIVE } from './formats.ts';
import { indexProblem, overlappingIndex } from './job-indexes.ts';

const NO_STATUS: JobStatus = {};
const CONDITIONS = 'status.conditions';

/** One update of a Job's status, with what is asked of it again and again. */
interface Change {
  readonly job: Job;
  readonly now: JobStatus;
  readonly before: JobStatus;
  readonly errors: FieldError[];
}

/**
 * Checks how a Job's status changes: counters only grow, a verdict stays, and a Job that is finished has no Pods left. Most rules are about what changes, so
 * that a Job from before there were any can still be written.
 *
 * @see kubernetes v1.36 pkg/apis/batch/validation/validation.go (ValidateJobStatusUpdate), pkg/registry/batch/job/strategy.go (getStatusValidationOptions)
 */
export function validateJobStatusUpdate(job: Job, old: Job, errors: FieldError[]): void {
  const change: Change = { job, now: job.status ?? NO_STATUS, before: old.status ?? NO_STATUS, errors };
  if (change.now === change.before) return;
  validateCounts(change);
  validateUncounted(change);
  validateVerdict(change);
  validateTimes(change);
  validateFinished(change);
  validateIndexes(change);
  validateTransition(change);
}

const isTrue = ({ conditions = [] }: JobStatus, type: string): boolean =>
  conditions.some((condition) => condition.type === type && condition.status === 'True');
const isFinished = (status: JobStatus): boolean => isTrue(status, 'Complete') || isTrue(status, 'Failed');

function changes({ now, before }: Change, types: readonly string[]): boolean {
  return types.some((type) => isTrue(now, type) !== isTrue(before, type));
}

function validateCounts({ now, before, errors }: Change): void {
  for (const name of ['active', 'succeeded', 'failed', 'ready', 'terminating'] as const) {
    const value = now[name];
    if (value !== undefined && value < 0) errors.push(invalidValue(`status.${name}`, value, NOT_NEGATIVE));
  }
  const differs = now.ready !== before.ready || now.active !== before.active;
  if (differs && now.ready !== undefined && now.ready > (now.active ?? 0))
    errors.push(invalidValue('status.ready', now.ready, 'cannot set more ready pods than active'));
}

function validateUncounted({ now, errors }: Change): void {
  const seen = new Set<string>();
  for (const name of ['succeeded', 'failed'] as const) {
    now.uncountedTerminatedPods?.[name]?.forEach((uid, i) => {
      const field = `status.uncountedTerminatedPods.${name}[${i}]`;
      if (uid === '') errors.push(invalidValue(field, uid, 'must not be empty'));
      else if (seen.has(uid)) errors.push(duplicate(field, uid));
      seen.add(uid);
    });
  }
}

/** Pairs of conditions that exclude each other. */
const EXCLUSIVE = [
  ['Complete', 'Failed', 'cannot set Complete=True and Failed=true conditions'],
  ['Complete', 'FailureTarget', 'cannot set Complete=True and FailureTarget=true conditions'],
  ['SuccessCriteriaMet', 'Failed', 'cannot set SuccessCriteriaMet=True and Failed=true conditions'],
  ['SuccessCriteriaMet', 'FailureTarget', 'cannot set SuccessCriteriaMet=True and FailureTarget=true conditions'],
] as const;

/** Conditions that need another before them. */
const FOLLOWING = [
  ['Failed', 'FailureTarget', 'cannot set Failed=True condition without the FailureTarget=true condition'],
  ['Complete', 'SuccessCriteriaMet', 'cannot set Complete=True condition without the SuccessCriteriaMet=true condition'],
] as const;

function validateVerdict(change: Change): void {
  const { now, errors } = change;
  for (const [type, other, message] of EXCLUSIVE) {
    const isChecked = type === 'SuccessCriteriaMet' || changes(change, [type, other]);
    if (isChecked && isTrue(now, type) && isTrue(now, other)) errors.push(omittedValue(CONDITIONS, message));
  }
  for (const [type, other, message] of FOLLOWING)
    if (changes(change, [type, other]) && isTrue(now, type) && !isTrue(now, other)) errors.push(omittedValue(CONDITIONS, message));
}

function validateTimes(change: Change): void {
  const { now, before, errors } = change;
  const completed = changes(change, ['Complete']) || now.completionTime !== before.completionTime;
  if (completed && now.completionTime !== undefined && !isTrue(now, 'Complete'))
    errors.push(invalidValue('status.completionTime', now.completionTime, 'cannot set completionTime when there is no Complete=True condition'));
  if (completed && now.completionTime === undefined && isTrue(now, 'Complete'))
    errors.push(required('status.completionTime', 'completionTime is required for Complete jobs'));
  const { startTime, completionTime } = now;
  const moved = startTime !== before.startTime || completionTime !== before.completionTime;
  if (moved && startTime !== undefined && completionTime !== undefined && parseTime(completionTime) < parseTime(startTime))
    errors.push(invalidValue('status.completionTime', completionTime, 'completionTime cannot be set before startTime'));
}

function validateFinished(change: Change): void {
  const { now, before, errors } = change;
  if (!isFinished(now)) return;
  const isNew = !isFinished(before);
  const { active = 0, terminating = 0, startTime, uncountedTerminatedPods: uncounted } = now;
  if ((isNew || active !== (before.active ?? 0)) && active > 0) errors.push(invalidValue('status.active', active, 'active>0 is invalid for finished job'));
  if ((isNew || startTime !== before.startTime) && startTime === undefined) errors.push(required('status.startTime', 'startTime is required for finished job'));
  const left = (uncounted?.failed?.length ?? 0) + (uncounted?.succeeded?.length ?? 0);
  if ((isNew || !deepEqual(uncounted, before.uncountedTerminatedPods)) && left > 0)
    errors.push(invalidValue('status.uncountedTerminatedPods', uncounted, 'uncountedTerminatedPods needs to be empty for finished job'));
  if ((isNew || terminating !== (before.terminating ?? 0)) && terminating > 0)
    errors.push(invalidValue('status.terminating', terminating, 'terminating>0 is invalid for finished job'));
}

function validateIndexes({ job, now, before, errors }: Change): void {
  const { completions, completionMode, backoffLimitPerIndex } = job.spec;
  const { completedIndexes: completed = '', failedIndexes: failed } = now;
  if (completed !== (before.completedIndexes ?? '')) {
    const problem = completions === undefined ? undefined : indexProblem(completed, completions);
    if (problem !== undefined) errors.push(invalidValue('status.completedIndexes', completed, `error parsing completedIndexes: ${problem}`));
    if (completed !== '' && completionMode !== 'Indexed')
      errors.push(invalidValue('status.completedIndexes', completed, 'cannot set non-empty completedIndexes when non-indexed completion mode'));
  }
  if (failed === undefined) return;
  if (failed !== before.failedIndexes) {
    const problem = completions === undefined || backoffLimitPerIndex === undefined ? undefined : indexProblem(failed, completions);
    if (problem !== undefined) errors.push(invalidValue('status.failedIndexes', failed, `error parsing failedIndexes: ${problem}`));
    if (backoffLimitPerIndex === undefined)
      errors.push(invalidValue('status.failedIndexes', failed, 'cannot set non-null failedIndexes when backoffLimitPerIndex is null'));
  }
  if (completions === undefined || (failed === before.failedIndexes && completed === (before.completedIndexes ?? ''))) return;
  const both = overlappingIndex(completed, failed, completions);
  if (both !== undefined) errors.push(invalidValue('status.failedIndexes', failed, `failedIndexes and completedIndexes overlap at index: ${both}`));
}

function validateTransition({ job, now, before, errors }: Change): void {
  for (const type of ['Failed', 'Complete', 'FailureTarget'])
    if (isTrue(before, type) && !isTrue(now, type)) errors.push(omittedValue(CONDITIONS, `cannot disable the terminal ${type}=True condition`));
  if ((now.failed ?? 0) < (before.failed ?? 0)) errors.push(invalidValue('status.failed', now.failed ?? 0, 'cannot decrease the failed counter'));
  const { completionMode, completions, parallelism, suspend } = job.spec;
  // An indexed Job that is as wide as it is long can be made smaller.
  const elastic = completionMode === 'Indexed' && completions === parallelism;
  if (!elastic && (now.succeeded ?? 0) < (before.succeeded ?? 0))
    errors.push(invalidValue('status.succeeded', now.succeeded ?? 0, 'cannot decrease the succeeded counter'));
  if (now.completionTime !== undefined && before.completionTime !== undefined && now.completionTime !== before.completionTime)
    errors.push(invalidValue('status.completionTime', now.completionTime, 'completionTime cannot be mutated'));
  if (before.startTime !== undefined && now.startTime !== before.startTime && suspend !== true)
    errors.push(required('status.startTime', 'startTime cannot be removed for unsuspended job'));
  const [met, wasMet] = [isTrue(now, 'SuccessCriteriaMet'), isTrue(before, 'SuccessCriteriaMet')];
  if (wasMet && !met) errors.push(omittedValue(CONDITIONS, 'cannot disable the SuccessCriteriaMet=True condition'));
  if (isTrue(before, 'Complete') && !wasMet && met)
    errors.push(omittedValue(CONDITIONS, 'cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions'));
}
