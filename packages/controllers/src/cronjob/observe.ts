import { parseTime } from '@kybern/core';
import type { CronJob, CronJobStatus, Job, ObjectReference } from '@kybern/core/kinds';
import type { PlannedEvent } from '../planned-event.ts';
import { findCondition } from '../status-condition.ts';

/** What became of a CronJob's Jobs. */
export interface JobObservation {
  readonly status: CronJobStatus;
  readonly events: readonly PlannedEvent[];
}

/**
 * The status of a CronJob as its Jobs have it: those that have ended or are gone are active no longer.
 *
 * @see kubernetes v1.36 pkg/controller/cronjob/cronjob_controllerv2.go (syncCronJob)
 */
export function observeJobs(cronJob: CronJob, jobs: readonly Job[]): JobObservation {
  const events: PlannedEvent[] = [];
  const known = cronJob.status?.active ?? [];
  const active = known.filter(({ uid, name = '' }) => {
    const job = jobs.find(({ metadata }) => metadata.uid === uid);
    if (job === undefined) events.push({ type: 'Normal', reason: 'MissingJob', message: `Active job went missing: ${name}` });
    const end = job && outcomeOf(job);
    if (end !== undefined) events.push({ type: 'Normal', reason: 'SawCompletedJob', message: `Saw completed job: ${name}, condition: ${end}` });
    return job !== undefined && end === undefined;
  });
  let { lastSuccessfulTime } = cronJob.status ?? {};
  for (const job of jobs) {
    const { completionTime } = job.status ?? {};
    if (outcomeOf(job) === 'Complete' && completionTime !== undefined) lastSuccessfulTime = later(lastSuccessfulTime, completionTime);
    if (outcomeOf(job) !== undefined || known.some(({ uid }) => uid === job.metadata.uid)) continue;
    const message = `Saw a job that the controller did not create or forgot: ${job.metadata.name}`;
    events.push({ type: 'Warning', reason: 'UnexpectedJob', message });
  }
  return { status: { ...cronJob.status, active, ...(lastSuccessfulTime === undefined ? {} : { lastSuccessfulTime }) }, events };
}

const outcomeOf = ({ status }: Job): string | undefined => ['Complete', 'Failed'].find((type) => findCondition(status?.conditions, type)?.status === 'True');

const later = (a: string | undefined, b: string): string => (a === undefined || parseTime(b) > parseTime(a) ? b : a);

/** How a CronJob's status names one of its Jobs. */
export function jobReference({ metadata: { namespace, name, uid, resourceVersion } }: Job): ObjectReference {
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    name,
    ...(namespace === undefined ? {} : { namespace }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
    ...(uid === undefined ? {} : { uid }),
  };
}
