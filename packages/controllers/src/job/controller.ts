import { Job, Pod } from '@kybern/core/kinds';
import { defineController, done, generationChanged, requeueAfter, type ControllerDefinition, type ReconcileResult } from '@kybern/reconcile';
import { claim, selecting } from '../claim.ts';
import { concernsAdoption } from '../orphan-index.ts';
import { orphanPods } from '../pod-indexes.ts';
import { retryOnConflict } from '../retry-on-conflict.ts';
import { applyJob } from './apply.ts';
import { NO_FAILURES, type BackoffRecord } from './backoff.ts';
import { computeJob, type JobPlan } from './compute.ts';
import { isJobFinished, isManagedHere, JOB_TRACKING } from './job-pods.ts';

/**
 * Runs the Pods of Jobs until they have their completions.
 *
 * How long a failed Pod's replacement waits is remembered in this process only, as in Kubernetes: a new controller begins with no failures.
 *
 * @see kubernetes v1.36 pkg/controller/job
 */
export function jobController(): ControllerDefinition<Job> {
  const memories = new Map<string, JobMemory>();
  return defineController({
    name: 'job-controller',
    for: Job,
    // A write of its own status must not wake it.
    predicates: [generationChanged()],
    owns: [Pod],
    watches: [{ kind: Pod, predicate: concernsAdoption, map: (pod, _old, cache) => selecting(cache, Job, pod) }],
    indexes: [orphanPods],
    concurrency: 5,
    reconcile: retryOnConflict(async (request) => {
      const { key, object: job, clock } = request;
      if (isJobFinished(job)) memories.delete(key);
      if (isJobFinished(job) || !isManagedHere(job)) return done();
      const memory = memories.get(key);
      const before = memory?.uid === job.metadata.uid ? memory : undefined;
      const leftMs = batchLeftMs(before, job, clock.monotonicMs());
      if (leftMs > 0) return requeueAfter(leftMs);
      const pods = await claim(request, { for: Job, kind: Pod, orphans: orphanPods.name, selector: job.spec.selector ?? {}, finalizer: JOB_TRACKING });
      const plan = computeJob({ nowMs: clock.now(), job, pods, backoff: before?.backoff ?? NO_FAILURES });
      const remember = (): unknown => memories.set(key, { ...seenOf(job), atMs: clock.monotonicMs(), backoff: plan.backoff });
      await applyJob(plan, request, remember);
      remember();
      return nextLook(plan);
    }),
    onAbsent({ key }) {
      memories.delete(key);
      return Promise.resolve(done());
    },
  });
}

/** What the controller remembers of a Job. */
interface JobMemory extends Pick<Job['metadata'], 'uid' | 'generation' | 'deletionTimestamp'> {
  /** When it was reconciled, in monotonic ms. */
  readonly atMs: number;
  readonly backoff: BackoffRecord;
}

const seenOf = ({ metadata: { uid, generation, deletionTimestamp } }: Job): Pick<JobMemory, 'uid' | 'generation' | 'deletionTimestamp'> => ({
  ...(uid === undefined ? {} : { uid }),
  ...(generation === undefined ? {} : { generation }),
  ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
});

const BATCH_MS = 1_000;

/** How long to wait, in ms, so that what becomes of many Pods within a second is one reconcile. What becomes of the Job itself does not wait. */
function batchLeftMs(before: JobMemory | undefined, { metadata }: Job, nowMs: number): number {
  if (before === undefined || before.generation !== metadata.generation || before.deletionTimestamp !== metadata.deletionTimestamp) return 0;
  return before.atMs + BATCH_MS - nowMs;
}

/** The deadline is a watch on the Job, not progress: nobody should have to wait for it. */
function nextLook({ backoffMs, deadlineMs = Infinity, outcome }: JobPlan): ReconcileResult {
  if (outcome !== undefined) return done();
  if (backoffMs !== undefined && backoffMs <= deadlineMs) return requeueAfter(backoffMs);
  return deadlineMs === Infinity ? done() : requeueAfter(deadlineMs, { background: true });
}
