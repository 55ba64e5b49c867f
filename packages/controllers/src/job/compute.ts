import type { ObjectInput } from '@kybern/core';
import type { Job, Pod } from '@kybern/core/kinds';
import { inOrderOfRemoval } from '../active-pods.ts';
import { isPodTerminating } from '../pod-state.ts';
import { backoffLeftMs, indexBackoffLeftMs, nextBackoff, type BackoffRecord } from './backoff.ts';
import { freeIndexes, mergeIndexes, withIndexes } from './indexes.ts';
import { completionIndex, isIndexed, isTracked, replacesOnlyFailed, validIndex } from './job-pods.ts';
import { observeJob, type JobFacts } from './observe.ts';
import { deadlineLeftMs, judgeJob, type JobOutcome } from './outcome.ts';
import { indexedPod, jobPod } from './pod-input.ts';

/** At most so many Pods are created or deleted by one plan. */
const MOST_PODS = 500;

/** What {@link computeJob} looks at. */
export interface JobInput {
  /** Wall time in ms. */
  readonly nowMs: number;
  readonly job: Job;
  /** All Pods that the Job manages, ended ones included. */
  readonly pods: readonly Pod[];
  /** How its Pods failed before, as the last plan has it. */
  readonly backoff: BackoffRecord;
}

/** What to do so that a Job comes a step nearer to its end. What became of it goes into `computeJobStatus`. */
export interface JobPlan {
  readonly facts: JobFacts;
  /** How the Job ends, when that is decided by something else than that all completions are there. */
  readonly outcome: JobOutcome | undefined;
  /** Pods to create. */
  readonly create: readonly ObjectInput<Pod>[];
  /** Pods to delete. */
  readonly remove: readonly Pod[];
  /** Whether what is deleted does not count: Pods that are too many, or of a suspended Job. */
  readonly uncounted: boolean;
  /** To be kept once the status is written. */
  readonly backoff: BackoffRecord;
  /** When the next failed Pod may be replaced, in ms from now. */
  readonly backoffMs: number | undefined;
  /** When the Job's deadline is over, in ms from now. */
  readonly deadlineMs: number | undefined;
}

type Steps = Pick<JobPlan, 'create' | 'remove' | 'uncounted' | 'backoffMs'>;
const NO_STEPS: Steps = { create: [], remove: [], uncounted: true, backoffMs: undefined };

/**
 * Computes which Pods of a Job to create and delete. A plan does one or the other.
 *
 * Pure: reads only `input`; the same input gives the same plan. Active Pods never exceed `parallelism`, nor the completions that are missing, by a plan.
 *
 * @see kubernetes v1.36 pkg/controller/job/job_controller.go (syncJob, manageJob)
 */
export function computeJob({ nowMs, job, pods, backoff: before }: JobInput): JobPlan {
  const facts = observeJob(job, pods);
  const outcome = judgeJob(facts, nowMs);
  const backoff = nextBackoff(before, facts.newlySucceeded, facts.newlyFailed);
  return { facts, outcome, backoff, deadlineMs: deadlineLeftMs(job, nowMs), ...steps({ facts, outcome, backoff, nowMs }) };
}

interface Situation extends Pick<JobPlan, 'facts' | 'outcome' | 'backoff'> {
  readonly nowMs: number;
}

function steps(situation: Situation): Steps {
  const { facts, outcome } = situation;
  if (outcome !== undefined) return { ...NO_STEPS, remove: facts.active, uncounted: false };
  if (facts.job.metadata.deletionTimestamp !== undefined) return NO_STEPS;
  if (facts.job.spec.suspend === true) return { ...NO_STEPS, remove: inOrderOfRemoval(facts.active) };
  const surplus = surplusPods(facts);
  return surplus.length > 0 ? { ...NO_STEPS, remove: surplus.slice(0, MOST_PODS) } : growth(situation);
}

/** How many Pods shall run at a time. */
function desiredActive({ job: { spec }, active, succeeded }: JobFacts): number {
  const { parallelism = 1, completions } = spec;
  if (completions === undefined) return succeeded > 0 ? active.length : parallelism;
  return Math.max(0, Math.min(parallelism, completions - succeeded));
}

/** Active Pods to delete: of each index all but one, those without a valid one, and what is beyond what shall run. */
function surplusPods(facts: JobFacts): readonly Pod[] {
  const remove: Pod[] = [];
  const kept = new Map<number | Pod, Pod>();
  for (const pod of removalOrder(facts.active)) {
    if (isIndexed(facts.job) && validIndex(facts.job, pod) === undefined) remove.push(pod);
    else {
      const slot = isIndexed(facts.job) ? (validIndex(facts.job, pod) ?? pod) : pod;
      const other = kept.get(slot);
      if (other !== undefined) remove.push(other);
      kept.set(slot, pod);
    }
  }
  const beyond = facts.active.length - desiredActive(facts) - remove.length;
  return beyond > 0 ? [...remove, ...removalOrder([...kept.values()]).slice(0, beyond)] : remove;
}

/** What is not tracked could not be counted: somebody was about to delete it. */
function removalOrder(pods: readonly Pod[]): readonly Pod[] {
  const sorted = inOrderOfRemoval(pods);
  return [...sorted.filter((pod) => !isTracked(pod)), ...sorted.filter(isTracked)];
}

function growth({ facts, backoff, nowMs }: Situation): Steps {
  const { job, active } = facts;
  const leaving = replacesOnlyFailed(job) ? facts.terminating : 0;
  const count = Math.min(MOST_PODS, desiredActive(facts) - leaving - active.length);
  if (count <= 0) return NO_STEPS;
  const perIndex = job.spec.backoffLimitPerIndex !== undefined;
  const waitMs = perIndex ? 0 : backoffLeftMs(backoff, nowMs);
  if (waitMs > 0) return { ...NO_STEPS, backoffMs: waitMs };
  if (!isIndexed(job)) return { ...NO_STEPS, create: Array<ObjectInput<Pod>>(count).fill(jobPod(job)) };
  return createIndexes(facts, pendingIndexes(facts, count), nowMs);
}

/** Indexes whose last Pod failed wait for its back-off; the others do not wait for them. */
function createIndexes(facts: JobFacts, indexes: readonly number[], nowMs: number): Steps {
  const waits = indexes.map((index) => indexBackoffLeftMs(facts.awaitingReplacement.get(index), nowMs));
  const ready = indexes.filter((_, i) => waits[i] === 0);
  const nextMs = Math.min(...waits.filter((ms) => ms > 0));
  return {
    ...NO_STEPS,
    create: ready.map((index) => indexedPod(facts.job, index, facts.awaitingReplacement.get(index))),
    backoffMs: nextMs === Infinity ? undefined : nextMs,
  };
}

/** @see kubernetes v1.36 pkg/controller/job/indexed_job_utils.go (firstPendingIndexes) */
function pendingIndexes({ job, pods, active, succeededIndexes, failedIndexes }: JobFacts, count: number): readonly number[] {
  const occupied = replacesOnlyFailed(job) ? [...active, ...pods.filter(isPodTerminating)] : active;
  const running = withIndexes(
    [],
    occupied.flatMap((pod) => completionIndex(pod) ?? []),
  );
  return freeIndexes(mergeIndexes(mergeIndexes(succeededIndexes, running), failedIndexes ?? []), count, job.spec.completions ?? 0);
}
