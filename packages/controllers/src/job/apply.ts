import { deepEqual } from '@kybern/core';
import { Job, Pod, type JobStatus } from '@kybern/core/kinds';
import type { ReconcileRequest } from '@kybern/reconcile';
import { ignoreNotFound } from '../ignore-not-found.ts';
import { createPods, removePod, type PodRemoval } from '../pod-control.ts';
import type { JobPlan } from './compute.ts';
import { isTracked, JOB_TRACKING } from './job-pods.ts';
import { computeJobEnd, computeJobStatus, type JobStatusPlan } from './status.ts';

/**
 * Carries out a plan: creates or deletes Pods, notes the ended ones in the status, releases them, counts them.
 *
 * @param onNoted called when the status has all that the plan saw
 * @throws {ApiError} what the server refused; what was done before stays, and the next plan goes on from there
 */
export async function applyJob(plan: JobPlan, request: ReconcileRequest<Job>, onNoted: () => void): Promise<void> {
  const { object: job, clock, recorder } = request;
  const nowMs = clock.now();
  const outcomes = await Promise.all(plan.remove.map((pod) => remove(pod, plan, request)));
  const created = await createPods(request, plan.create);
  const noted = computeJobStatus({
    nowMs,
    plan,
    created: created.values.length,
    removed: plan.remove.filter((_, i) => outcomes[i]?.error === undefined),
    terminating: outcomes.filter((outcome) => outcome.terminating).length,
  });
  for (const event of noted.events) recorder.event(job, event);
  await track(noted, { plan, request, onNoted });
  const error = outcomes.find((outcome) => outcome.error !== undefined)?.error ?? created.error;
  if (error !== undefined) throw error as Error;
}

/** What is uncounted is released first, so that it is gone for the Job when it is deleted. What counts stays until it is counted. */
async function remove(pod: Pod, { uncounted }: JobPlan, request: ReconcileRequest<Job>): Promise<PodRemoval> {
  if (uncounted) await release(pod, request);
  const removal = await removePod(request, pod);
  return uncounted ? removal : { ...removal, terminating: removal.error === undefined };
}

interface Tracking {
  readonly plan: JobPlan;
  readonly request: ReconcileRequest<Job>;
  readonly onNoted: () => void;
}

/** Where there is nothing to release in between, both steps of the status are one write. */
async function track(noted: JobStatusPlan, { plan, request, onNoted }: Tracking): Promise<void> {
  const { object: job, clock, recorder } = request;
  const tracked = plan.facts.pods.filter((pod) => isTracked(pod) && !(plan.uncounted && plan.remove.includes(pod)));
  const written = noted.release.length === 0 ? job : await writeStatus(job, noted.status, request);
  if (noted.release.length > 0) onNoted();
  const releases = await Promise.allSettled(noted.release.map((pod) => release(pod, request)));
  const released = new Set(noted.release.filter((_, i) => releases[i]?.status === 'fulfilled'));
  const end = computeJobEnd({ nowMs: clock.now(), job, status: noted.status, outcome: noted.outcome, tracked: tracked.filter((pod) => !released.has(pod)) });
  await writeStatus(written, end.status, request);
  if (noted.release.length === 0) onNoted();
  for (const event of end.events) recorder.event(job, event);
  const failed = releases.find((each) => each.status === 'rejected');
  if (failed !== undefined) throw failed.reason as Error;
}

async function writeStatus(job: Job, status: JobStatus, { client }: ReconcileRequest<Job>): Promise<Job> {
  return deepEqual(status, job.status) ? job : await client.update(Job, { ...job, status }, { subresource: 'status' });
}

/** Takes the finalizer from a Pod. One that is gone, or has been replaced by another of its name, is left alone. */
async function release(pod: Pod, { client }: Pick<ReconcileRequest, 'client'>): Promise<void> {
  if (isTracked(pod)) await ignoreNotFound(untrack(pod, client));
}

/** Takes a Pod out of a Job's tracking. @throws {ApiError} `NotFound` */
export function untrack(pod: Pod, client: ReconcileRequest['client']): Promise<Pod> {
  return client.mutate(Pod, pod, ({ metadata }) => {
    if (metadata.uid === pod.metadata.uid) metadata.finalizers = (metadata.finalizers ?? []).filter((finalizer) => finalizer !== JOB_TRACKING);
  });
}
