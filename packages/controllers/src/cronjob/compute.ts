import { ownerReference, parseTime, formatTime, type ObjectInput } from '@kybern/core';
import { CronJob, type CronJobStatus, type Job, type ObjectReference } from '@kybern/core/kinds';
import type { PlannedEvent } from '../planned-event.ts';
import { findCondition } from '../status-condition.ts';
import { observeJobs } from './observe.ts';
import { parseSchedule, type Schedule } from './schedule.ts';
import { findTimeZone, formatInZone, type TimeZone } from './time-zone.ts';

/** What {@link computeCronJob} looks at. */
export interface CronJobInput {
  /** Wall time in ms. */
  readonly nowMs: number;
  readonly cronJob: CronJob;
  /** All Jobs that the CronJob controls. */
  readonly jobs: readonly Job[];
}

/** What to do about a CronJob. */
export interface CronJobPlan {
  /** The status without what {@link CronJobPlan.start} changes in it. */
  readonly status: CronJobStatus;
  readonly events: readonly PlannedEvent[];
  /** Jobs to delete: old ones beyond the limits of the history, and those that the next one replaces. */
  readonly remove: readonly Job[];
  /** The Job to create, when one is due. */
  readonly start: { readonly job: ObjectInput<Job>; readonly scheduledMs: number } | undefined;
  /** When the next one is due, in ms from now. */
  readonly requeueAfterMs: number | undefined;
}

/** Looks a little later than when a Job is due, so that it is due for sure. */
const DELTA_MS = 100;
const MANY_MISSED = 100;

/**
 * Computes which Job of a CronJob is due, and which of its Jobs go.
 *
 * Pure: reads only `input`; the same input gives the same plan. The name of a Job follows from its time, so that no time gives two.
 *
 * @see kubernetes v1.36 pkg/controller/cronjob/cronjob_controllerv2.go (syncCronJob)
 */
export function computeCronJob({ nowMs, cronJob, jobs }: CronJobInput): CronJobPlan {
  const seen = observeJobs(cronJob, jobs);
  const base: CronJobPlan = { ...seen, remove: beyondHistory(cronJob, jobs), start: undefined, requeueAfterMs: undefined };
  if (cronJob.metadata.deletionTimestamp !== undefined) return base;
  const { timeZone, schedule: text } = cronJob.spec;
  const zone = findTimeZone(timeZone);
  if (zone === undefined) return withEvent(base, 'Warning', 'UnknownTimeZone', `invalid timeZone: "${timeZone}": unknown time zone ${timeZone}`);
  if (cronJob.spec.suspend === true) return base;
  const schedule = parseSchedule(text, zone);
  if (schedule === undefined) return withEvent(base, 'Warning', 'UnparseableSchedule', `unparseable schedule: "${text}"`);
  const nextMs = schedule.nextMs(nowMs);
  const plan = { ...base, requeueAfterMs: nextMs === undefined ? undefined : nextMs + DELTA_MS - nowMs };
  return startDue(plan, { nowMs, cronJob, jobs, schedule, zone });
}

const withEvent = (plan: CronJobPlan, type: PlannedEvent['type'], reason: string, message: string): CronJobPlan => ({
  ...plan,
  events: [...plan.events, { type, reason, message }],
});

interface Due extends CronJobInput {
  readonly schedule: Schedule;
  readonly zone: TimeZone;
}

function startDue(plan: CronJobPlan, due: Due): CronJobPlan {
  const { nowMs, cronJob, zone } = due;
  const missed = lastMissed(due);
  if (missed === undefined) return plan;
  const tooMany = 'too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew';
  const noted = missed.many ? withEvent(plan, 'Warning', 'TooManyMissedTimes', tooMany) : plan;
  const { startingDeadlineSeconds = Infinity, concurrencyPolicy } = cronJob.spec;
  if (missed.ms + startingDeadlineSeconds * 1000 < nowMs) {
    return withEvent(noted, 'Warning', 'MissSchedule', `Missed scheduled time to start a job: ${formatRfc1123(missed.ms)}`);
  }
  const job = jobFor(cronJob, missed.ms, zone);
  const active = noted.status.active ?? [];
  if (active.some(({ name }) => name === job.metadata?.name) || noted.status.lastScheduleTime === formatTime(missed.ms)) return noted;
  if (concurrencyPolicy === 'Forbid' && active.length > 0) {
    return withEvent(noted, 'Normal', 'JobAlreadyActive', 'Not starting job because prior execution is running and concurrency policy is Forbid');
  }
  const start = { job, scheduledMs: missed.ms };
  return concurrencyPolicy === 'Replace' ? { ...replaceActive(noted, active, due), start } : { ...noted, start };
}

function replaceActive(plan: CronJobPlan, active: readonly ObjectReference[], { jobs }: Due): CronJobPlan {
  const replaced = jobs.filter((job) => active.some(({ uid }) => uid === job.metadata.uid));
  return { ...plan, remove: [...plan.remove, ...replaced], status: { ...plan.status, active: [] } };
}

/**
 * The last time that is over and for which no Job was started.
 *
 * @see kubernetes v1.36 pkg/controller/cronjob/utils.go (mostRecentScheduleTime)
 */
function lastMissed({ nowMs, cronJob: { metadata, spec, status }, schedule }: Due): { readonly ms: number; readonly many: boolean } | undefined {
  const sinceMs = parseTime(status?.lastScheduleTime ?? metadata.creationTimestamp ?? formatTime(nowMs));
  const firstMs = schedule.nextMs(Math.max(sinceMs, nowMs - (spec.startingDeadlineSeconds ?? Infinity) * 1000));
  if (firstMs === undefined || firstMs > nowMs) return undefined;
  const secondMs = schedule.nextMs(firstMs) ?? Infinity;
  if (secondMs > nowMs) return { ms: firstMs, many: false };
  // Times need not be evenly spread: counts as if they were, begins to search shortly before the end, and goes on from there.
  const gapMs = secondMs - firstMs;
  const count = Math.floor((nowMs - firstMs) / gapMs) + 1;
  let ms = firstMs;
  for (let next = schedule.nextMs(firstMs + (count - 2) * gapMs); next !== undefined && next <= nowMs; next = schedule.nextMs(next)) ms = next;
  return { ms, many: count > MANY_MISSED };
}

/** @see kubernetes v1.36 pkg/controller/cronjob/utils.go (getJobFromTemplate2) */
function jobFor(cronJob: CronJob, scheduledMs: number, zone: TimeZone): ObjectInput<Job> {
  const { metadata, spec } = cronJob.spec.jobTemplate;
  const { namespace, name } = cronJob.metadata;
  return {
    metadata: {
      name: `${name}-${Math.floor(scheduledMs / 60_000)}`,
      ...(namespace === undefined ? {} : { namespace }),
      ...(metadata?.labels === undefined ? {} : { labels: metadata.labels }),
      annotations: { ...metadata?.annotations, 'batch.kubernetes.io/cronjob-scheduled-timestamp': formatInZone(scheduledMs, zone) },
      ownerReferences: [ownerReference(CronJob, cronJob, { controller: true })],
    },
    spec,
  };
}

/** @see kubernetes v1.36 pkg/controller/cronjob/cronjob_controllerv2.go (cleanupFinishedJobs) */
function beyondHistory({ spec }: CronJob, jobs: readonly Job[]): readonly Job[] {
  const beyond = (type: string, limit: number | undefined): readonly Job[] => {
    const finished = jobs.filter(({ status }) => findCondition(status?.conditions, type)?.status === 'True').sort(byStart);
    return limit === undefined
      ? []
      : finished.slice(0, Math.max(0, finished.length - limit)).filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  };
  return [...beyond('Complete', spec.successfulJobsHistoryLimit), ...beyond('Failed', spec.failedJobsHistoryLimit)];
}

const startMs = ({ status }: Job): number => (status?.startTime === undefined ? Infinity : parseTime(status.startTime));

const byStart = (a: Job, b: Job): number => startMs(a) - startMs(b) || (a.metadata.name < b.metadata.name ? -1 : 1);

/** Such as `Thu, 01 Jan 2026 00:00:00 +0000`. */
const formatRfc1123 = (ms: number): string => new Date(ms).toUTCString().replace('GMT', '+0000');
