import { deepEqual, formatTime, isAlreadyExists, isControlledBy } from '@kybern/core';
import { CronJob, Job, type CronJobStatus } from '@kybern/core/kinds';
import type { ReconcileRequest } from '@kybern/reconcile';
import { ignoreNotFound } from '../ignore-not-found.ts';
import { isNamespaceTerminating } from '../namespace-terminating.ts';
import { messageOf } from '../pod-control.ts';
import type { CronJobPlan } from './compute.ts';
import { jobReference } from './observe.ts';

/**
 * Carries out a plan: deletes, then starts, then writes the status.
 *
 * @throws {ApiError} what the server refused; what was done before stays, and the next plan goes on from there
 */
export async function applyCronJob(plan: CronJobPlan, request: ReconcileRequest<CronJob>): Promise<void> {
  const { object: cronJob, client, recorder } = request;
  for (const event of plan.events) recorder.event(cronJob, event);
  for (const job of plan.remove) await removeJob(job, request);
  const status = plan.start === undefined ? plan.status : await startJob(plan.start, plan.status, request);
  const written = withoutEmpty(status);
  if (!deepEqual(written, withoutEmpty(cronJob.status ?? {}))) await client.update(CronJob, { ...cronJob, status: written }, { subresource: 'status' });
}

/** A Job that is there already was made by an attempt whose status was not written; or it is somebody else's, and is let alone. */
async function startJob(
  { job: input, scheduledMs }: NonNullable<CronJobPlan['start']>,
  status: CronJobStatus,
  { object: cronJob, client, recorder }: ReconcileRequest<CronJob>,
): Promise<CronJobStatus> {
  let job: Job;
  try {
    job = await client.create(Job, input);
    recorder.event(cronJob, { type: 'Normal', reason: 'SuccessfulCreate', message: `Created job ${job.metadata.name}` });
  } catch (error) {
    if (isNamespaceTerminating(error)) return status;
    if (!isAlreadyExists(error)) {
      recorder.event(cronJob, { type: 'Warning', reason: 'FailedCreate', message: `Error creating job: ${messageOf(error)}` });
      throw error;
    }
    job = await client.get(Job, { name: input.metadata?.name ?? '', namespace: cronJob.metadata.namespace ?? '' });
    if (!isControlledBy(job, cronJob)) return status;
  }
  return { ...status, active: [...(status.active ?? []), jobReference(job)], lastScheduleTime: formatTime(scheduledMs) };
}

async function removeJob(job: Job, { object: cronJob, client, recorder }: ReconcileRequest<CronJob>): Promise<void> {
  const { name, uid } = job.metadata;
  try {
    await ignoreNotFound(client.delete(Job, job, { propagationPolicy: 'Background', ...(uid === undefined ? {} : { preconditions: { uid } }) }));
    recorder.event(cronJob, { type: 'Normal', reason: 'SuccessfulDelete', message: `Deleted job ${name}` });
  } catch (error) {
    recorder.event(cronJob, { type: 'Warning', reason: 'FailedDelete', message: `Deleted job: ${messageOf(error)}` });
    throw error;
  }
}

function withoutEmpty({ active = [], ...rest }: CronJobStatus): CronJobStatus {
  return active.length === 0 ? rest : { ...rest, active };
}
