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
  const backoffs = new Map<string, { readonly uid: string | undefined; readonly record: BackoffRecord }>();
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
      const { uid } = job.metadata;
      if (isJobFinished(job)) backoffs.delete(key);
      if (isJobFinished(job) || !isManagedHere(job)) return done();
      const pods = await claim(request, { for: Job, kind: Pod, orphans: orphanPods.name, selector: job.spec.selector ?? {}, finalizer: JOB_TRACKING });
      const remembered = backoffs.get(key);
      const plan = computeJob({ nowMs: clock.now(), job, pods, backoff: remembered !== undefined && remembered.uid === uid ? remembered.record : NO_FAILURES });
      await applyJob(plan, request, () => backoffs.set(key, { uid, record: plan.backoff }));
      return nextLook(plan);
    }),
    onAbsent({ key }) {
      backoffs.delete(key);
      return Promise.resolve(done());
    },
  });
}

/** The deadline is a watch on the Job, not progress: nobody should have to wait for it. */
function nextLook({ backoffMs, deadlineMs = Infinity, outcome }: JobPlan): ReconcileResult {
  if (outcome !== undefined) return done();
  if (backoffMs !== undefined && backoffMs <= deadlineMs) return requeueAfter(backoffMs);
  return deadlineMs === Infinity ? done() : requeueAfter(deadlineMs, { background: true });
}
