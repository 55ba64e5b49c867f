import { parseTime } from '@kybern/core';
import type { Job } from '@kybern/core/kinds';
import { findCondition } from '../status-condition.ts';
import { countIndexes } from './indexes.ts';
import { isIndexed, isPodFailed } from './job-pods.ts';
import type { JobFacts } from './observe.ts';
import { judgePodFailure } from './pod-failure-policy.ts';
import { metSuccessRule } from './success-policy.ts';

/** How a Job is going to end. */
export interface JobOutcome {
  readonly succeeded: boolean;
  readonly reason: string;
  readonly message: string;
}

/** The outcome of a Job that has all its completions. */
export const ALL_COMPLETED: JobOutcome = { succeeded: true, reason: 'CompletionsReached', message: 'Reached expected number of succeeded pods' };

const failure = (reason: string, message: string): JobOutcome => ({ succeeded: false, reason, message });

/**
 * Whether the Job ends now, whatever still runs: by what was decided before, its policies, its limits, its deadline.
 *
 * @see kubernetes v1.36 pkg/controller/job/job_controller.go (syncJob)
 */
export function judgeJob(facts: JobFacts, nowMs: number): JobOutcome | undefined {
  return declaredOutcome(facts.job) ?? failedByPolicy(facts) ?? pastLimits(facts, nowMs) ?? judgeIndexes(facts);
}

function declaredOutcome({ status }: Job): JobOutcome | undefined {
  for (const type of ['SuccessCriteriaMet', 'FailureTarget']) {
    const declared = findCondition(status?.conditions, type);
    if (declared?.status === 'True') return { succeeded: type === 'SuccessCriteriaMet', reason: declared.reason ?? '', message: declared.message ?? '' };
  }
  return undefined;
}

function failedByPolicy({ job, pods }: JobFacts): JobOutcome | undefined {
  if (job.spec.podFailurePolicy === undefined) return undefined;
  for (const pod of pods) {
    const message = isPodFailed(job, pod) ? judgePodFailure(job.spec.podFailurePolicy, pod).jobFailure : undefined;
    if (message !== undefined) return failure('PodFailurePolicy', message);
  }
  return undefined;
}

/** Kubernetes' default. With a limit per index there is none for the whole. */
const backoffLimit = ({ spec }: Job): number => spec.backoffLimit ?? (spec.backoffLimitPerIndex === undefined ? 6 : 2 ** 31 - 1);

function pastLimits({ job, pods, failed }: JobFacts, nowMs: number): JobOutcome | undefined {
  if (failed > backoffLimit(job) || isPastRestarts({ job, pods })) return failure('BackoffLimitExceeded', 'Job has reached the specified backoff limit');
  return deadlineLeftMs(job, nowMs) === 0 ? failure('DeadlineExceeded', 'Job was active longer than specified deadline') : undefined;
}

/** Where containers are restarted in place, their restarts count. */
function isPastRestarts({ job, pods }: Pick<JobFacts, 'job' | 'pods'>): boolean {
  if (job.spec.template.spec?.restartPolicy !== 'OnFailure') return false;
  let restarts = 0;
  for (const { status } of pods) {
    if (status?.phase !== 'Running' && status?.phase !== 'Pending') continue;
    for (const { restartCount } of [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])]) restarts += restartCount;
  }
  return restarts >= Math.max(1, backoffLimit(job));
}

/** How long until `activeDeadlineSeconds` is over, in ms, 0 when it is; undefined when there is none, or the Job does not run. */
export function deadlineLeftMs({ spec, status }: Job, nowMs: number): number | undefined {
  if (spec.activeDeadlineSeconds === undefined || spec.suspend === true) return undefined;
  const startMs = status?.startTime === undefined ? nowMs : parseTime(status.startTime);
  return Math.max(0, startMs + spec.activeDeadlineSeconds * 1000 - nowMs);
}

function judgeIndexes({ job, succeededIndexes, failedIndexes }: JobFacts): JobOutcome | undefined {
  if (!isIndexed(job)) return undefined;
  const { maxFailedIndexes = Infinity, completions = 0, successPolicy } = job.spec;
  const failed = countIndexes(failedIndexes ?? []);
  if (failed > maxFailedIndexes) return failure('MaxFailedIndexesExceeded', 'Job has exceeded the specified maximal number of failed indexes');
  if (failed > 0 && failed + countIndexes(succeededIndexes) >= completions) return failure('FailedIndexes', 'Job has failed indexes');
  const message = metSuccessRule(successPolicy, completions, succeededIndexes);
  return message === undefined ? undefined : { succeeded: true, reason: 'SuccessPolicy', message };
}
