import { deepEqual, formatTime } from '@kybern/core';
import type { Job, JobCondition, JobStatus, Pod } from '@kybern/core/kinds';
import type { PlannedEvent } from '../planned-event.ts';
import { isPodReady } from '../pod-state.ts';
import { findCondition } from '../status-condition.ts';
import type { JobPlan } from './compute.ts';
import { countIndexes, formatIndexes, hasIndex, withIndexes } from './indexes.ts';
import { isIndexed, isPodFailed, isTracked, validIndex } from './job-pods.ts';
import type { JobFacts } from './observe.ts';
import { ALL_COMPLETED, type JobOutcome } from './outcome.ts';
import { judgePodFailure } from './pod-failure-policy.ts';

/** So many uids of Pods fit into the status; more Pods are counted by the next reconcile. */
const MOST_UNCOUNTED = 500;

/** What {@link computeJobStatus} looks at. */
export interface JobStatusInput {
  readonly nowMs: number;
  readonly plan: JobPlan;
  /** How many Pods were created. */
  readonly created: number;
  /** Which Pods were deleted. */
  readonly removed: readonly Pod[];
  /** How many of these still have time to end. */
  readonly terminating: number;
}

/** The status to write before Pods are released from being tracked. */
export interface JobStatusPlan {
  readonly status: JobStatus;
  /** Pods to take the finalizer from when the status is written: it holds all that is to be known of them. */
  readonly release: readonly Pod[];
  /** How the Job ends once all are counted. */
  readonly outcome: JobOutcome | undefined;
  readonly events: readonly PlannedEvent[];
}

/**
 * The first of two steps of a Job's status: notes ended Pods, by uid or index, while their finalizers keep them from going. So each is counted once, whatever
 * fails in between.
 *
 * @see kubernetes v1.36 pkg/controller/job/job_controller.go (trackJobStatusAndRemoveFinalizers)
 */
export function computeJobStatus(input: JobStatusInput): JobStatusPlan {
  const { nowMs, plan, created, removed } = input;
  const { facts } = plan;
  const active = facts.active.length + created - removed.length;
  const outcome = outcomeOf(plan, active);
  const counts: JobStatus = {
    ...facts.job.status,
    active,
    ready: facts.ready - removed.filter(isPodReady).length,
    terminating: facts.terminating + input.terminating,
  };
  const settled = settleCounts(counts, facts.pods.filter(isTracked));
  const phased = notePhase(facts.job, settled, { nowMs, finishing: plan.outcome !== undefined || outcome !== undefined });
  const noted = noteEnded(facts, phased.status, { outcome, plan });
  return { ...noted, status: withoutZeros(declare(noted.status, outcome, nowMs)), outcome, events: phased.events };
}

/** The outcome that was decided counts once everything that runs has been told to go. */
function outcomeOf({ outcome, facts: { job, succeeded } }: JobPlan, active: number): JobOutcome | undefined {
  if (active > 0) return undefined;
  if (outcome !== undefined) return outcome;
  return succeeded >= (job.spec.completions ?? 1) ? ALL_COMPLETED : undefined;
}

interface PhaseInput {
  readonly nowMs: number;
  readonly finishing: boolean;
}

/** Start, suspension and resumption. A Job's time counts from when it was resumed. */
function notePhase({ metadata, spec }: Job, before: JobStatus, { nowMs, finishing }: PhaseInput): Pick<JobStatusPlan, 'status' | 'events'> {
  const startTime = formatTime(nowMs);
  const suspended = spec.suspend === true;
  const status = before.startTime === undefined && !suspended ? { ...before, startTime } : before;
  const current = findCondition(status.conditions, 'Suspended');
  const unchanged = suspended ? current?.status === 'True' : current?.status !== 'True';
  if (finishing || metadata.deletionTimestamp !== undefined || unchanged) return { status, events: [] };
  const [conditionStatus, reason, message] = suspended
    ? (['True', 'JobSuspended', 'Job suspended'] as const)
    : (['False', 'JobResumed', 'Job resumed'] as const);
  const conditions = putCondition(status.conditions, { type: 'Suspended', status: conditionStatus, reason, message }, nowMs);
  const { startTime: _, ...rest } = status;
  const event: PlannedEvent = { type: 'Normal', reason: suspended ? 'Suspended' : 'Resumed', message };
  return { status: suspended ? { ...rest, conditions } : { ...rest, conditions, startTime }, events: [event] };
}

interface Ending {
  readonly outcome: JobOutcome | undefined;
  readonly plan: JobPlan;
}

/** Notes ended Pods in the status. When the Job has failed, what has not ended counts as failed. */
function noteEnded(facts: JobFacts, status: JobStatus, { outcome, plan }: Ending): Pick<JobStatusPlan, 'status' | 'release'> {
  const succeeded = [...(status.uncountedTerminatedPods?.succeeded ?? [])];
  const failed = [...(status.uncountedTerminatedPods?.failed ?? [])];
  const indexes: number[] = [];
  const release: Pod[] = [];
  for (const pod of facts.pods) {
    if (succeeded.length + failed.length + indexes.length >= MOST_UNCOUNTED) break;
    if (!isTracked(pod) || !mayRelease(facts, pod, outcome) || (plan.uncounted && plan.remove.includes(pod))) continue;
    release.push(pod);
    const end = endOf(facts, pod, outcome);
    if (end === 'failed') pushNew(failed, pod.metadata.uid ?? '');
    else if (end === 'succeeded') pushNew(succeeded, pod.metadata.uid ?? '');
    else if (end !== undefined) indexes.push(end);
  }
  const uncountedTerminatedPods = { ...(succeeded.length === 0 ? {} : { succeeded }), ...(failed.length === 0 ? {} : { failed }) };
  return { status: { ...status, ...indexStatus(facts, indexes), uncountedTerminatedPods }, release };
}

/** How a Pod is to be counted: as the success of an index, as a success, or as a failure; undefined for not at all. */
function endOf(facts: JobFacts, pod: Pod, outcome: JobOutcome | undefined): number | 'succeeded' | 'failed' | undefined {
  const { job } = facts;
  const index = validIndex(job, pod);
  if (pod.status?.phase === 'Succeeded' && !facts.uncounted.failed.has(pod.metadata.uid ?? '')) {
    if (!isIndexed(job)) return 'succeeded';
    return index === undefined || hasIndex(facts.knownIndexes, index) ? undefined : index;
  }
  const isFailed = isPodFailed(job, pod) || outcome?.succeeded === false;
  if (!isFailed || (isIndexed(job) && index === undefined)) return undefined;
  return judgePodFailure(job.spec.podFailurePolicy, pod).counted ? 'failed' : undefined;
}

const pushNew = (uids: string[], uid: string): void => {
  if (!uids.includes(uid)) uids.push(uid);
};

function indexStatus({ job, knownIndexes, failedIndexes }: JobFacts, newIndexes: readonly number[]): Partial<JobStatus> {
  if (!isIndexed(job)) return {};
  const completed = withIndexes(knownIndexes, newIndexes);
  return {
    succeeded: countIndexes(completed),
    completedIndexes: formatIndexes(completed),
    ...(failedIndexes === undefined ? {} : { failedIndexes: formatIndexes(failedIndexes) }),
  };
}

/** @see kubernetes v1.36 pkg/controller/job/job_controller.go (canRemoveFinalizer) */
function mayRelease({ job, awaitingReplacement }: JobFacts, pod: Pod, outcome: JobOutcome | undefined): boolean {
  if (job.metadata.deletionTimestamp !== undefined || outcome !== undefined || pod.status?.phase === 'Succeeded') return true;
  const index = validIndex(job, pod);
  return isPodFailed(job, pod) && (index === undefined || awaitingReplacement.get(index) !== pod);
}

function declare(status: JobStatus, outcome: JobOutcome | undefined, nowMs: number): JobStatus {
  if (outcome === undefined) return status;
  const { succeeded, reason, message } = outcome;
  const type = succeeded ? 'SuccessCriteriaMet' : 'FailureTarget';
  return { ...status, conditions: putCondition(status.conditions, { type, status: 'True', reason, message }, nowMs) };
}

/** Counts those noted Pods that are tracked no longer. */
function settleCounts(status: JobStatus, tracked: readonly Pod[]): JobStatus {
  const uids = new Set(tracked.map((pod) => pod.metadata.uid));
  const { succeeded = [], failed = [] } = status.uncountedTerminatedPods ?? {};
  const [succeededLeft, failedLeft] = [succeeded.filter((uid) => uids.has(uid)), failed.filter((uid) => uids.has(uid))];
  return {
    ...status,
    succeeded: (status.succeeded ?? 0) + succeeded.length - succeededLeft.length,
    failed: (status.failed ?? 0) + failed.length - failedLeft.length,
    uncountedTerminatedPods: {
      ...(succeededLeft.length === 0 ? {} : { succeeded: succeededLeft }),
      ...(failedLeft.length === 0 ? {} : { failed: failedLeft }),
    },
  };
}

/** What {@link computeJobEnd} looks at. */
export interface JobEndInput {
  readonly nowMs: number;
  readonly job: Job;
  /** As the first step has it. */
  readonly status: JobStatus;
  readonly outcome: JobOutcome | undefined;
  /** Pods that still have the finalizer. */
  readonly tracked: readonly Pod[];
}

/** The status to write after Pods have been released. */
export interface JobEnd {
  readonly status: JobStatus;
  readonly events: readonly PlannedEvent[];
}

/**
 * The second step of a Job's status: counts the Pods that were noted and released, and ends the Job when none is left.
 *
 * @see kubernetes v1.36 pkg/controller/job/job_controller.go (flushUncountedAndRemoveFinalizers, enactJobFinished)
 */
export function computeJobEnd({ nowMs, job, status: before, outcome, tracked }: JobEndInput): JobEnd {
  const status = withoutZeros(settleCounts(before, tracked));
  const { succeeded = [], failed = [] } = status.uncountedTerminatedPods ?? {};
  if (outcome === undefined || tracked.length + succeeded.length + failed.length > 0 || (status.terminating ?? 0) > 0) return { status, events: [] };
  const { reason, message } = outcome;
  const type = outcome.succeeded ? 'Complete' : 'Failed';
  const conditions = putCondition(status.conditions, { type, status: 'True', reason, message }, nowMs);
  if (!outcome.succeeded) return { status: { ...status, conditions }, events: [{ type: 'Warning', reason, message }] };
  const tooMany = (status.succeeded ?? 0) > (job.spec.completions ?? Infinity);
  const surplus: PlannedEvent = { type: 'Warning', reason: 'TooManySucceededPods', message: 'Too many succeeded pods running after completion count reached' };
  return {
    status: { ...status, conditions, completionTime: formatTime(nowMs) },
    events: [...(tooMany ? [surplus] : []), { type: 'Normal', reason: 'Completed', message: 'Job completed' }],
  };
}

function putCondition(
  conditions: readonly JobCondition[] = [],
  condition: Pick<JobCondition, 'type' | 'status' | 'reason' | 'message'>,
  nowMs: number,
): readonly JobCondition[] {
  const current = findCondition(conditions, condition.type);
  const time = formatTime(nowMs);
  const next = { ...condition, lastProbeTime: time, lastTransitionTime: time };
  if (current === undefined) return [...conditions, next];
  if (deepEqual({ ...current, lastProbeTime: time, lastTransitionTime: time }, next)) return conditions;
  return conditions.map((each) => (each === current ? next : each));
}

/** Counts that Kubernetes leaves out when they are 0, and texts when they are empty. */
function withoutZeros(status: JobStatus): JobStatus {
  const { active = 0, succeeded = 0, failed = 0, completedIndexes = '', ...rest } = status;
  return {
    ...rest,
    ...(active === 0 ? {} : { active }),
    ...(succeeded === 0 ? {} : { succeeded }),
    ...(failed === 0 ? {} : { failed }),
    ...(completedIndexes === '' ? {} : { completedIndexes }),
  };
}
