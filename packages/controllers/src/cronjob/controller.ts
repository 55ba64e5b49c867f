import { CronJob, Job } from '@kybern/core/kinds';
import { defineController, done, generationChanged, requeueAfter, type ControllerDefinition, type ReconcileRequest } from '@kybern/reconcile';
import { ignoreNotFound } from '../ignore-not-found.ts';
import { retryOnConflict } from '../retry-on-conflict.ts';
import { applyCronJob } from './apply.ts';
import { computeCronJob } from './compute.ts';

/**
 * Starts Jobs at their times.
 *
 * @see kubernetes v1.36 pkg/controller/cronjob
 */
export function cronJobController(): ControllerDefinition<CronJob> {
  return defineController({
    name: 'cronjob-controller',
    for: CronJob,
    // A write of its own status must not wake it.
    predicates: [generationChanged()],
    owns: [Job],
    concurrency: 5,
    reconcile: retryOnConflict(async (request) => {
      const { object: cronJob, clock } = request;
      const plan = computeCronJob({ nowMs: clock.now(), cronJob, jobs: await jobsOf(request) });
      await applyCronJob(plan, request);
      // A schedule goes on for ever: nobody should have to wait for it.
      return plan.requeueAfterMs === undefined ? done() : requeueAfter(plan.requeueAfterMs, { background: true });
    }),
  });
}

/**
 * The Jobs of a CronJob. Those that are active by its status and that the cache does not have are asked for: a cache that is behind would make it forget them,
 * and start the next beside them.
 *
 * @see kubernetes v1.36 pkg/controller/cronjob/cronjob_controllerv2.go (syncCronJob)
 */
async function jobsOf({ object: cronJob, cache, client }: ReconcileRequest<CronJob>): Promise<readonly Job[]> {
  const known = cache.ownedBy(Job, cronJob);
  const uids = new Set(known.map(({ metadata }) => metadata.uid));
  const missing = (cronJob.status?.active ?? []).filter(({ uid }) => !uids.has(uid));
  const found = await Promise.all(
    missing.map(async ({ uid, name = '' }) => {
      const job = await ignoreNotFound(client.get(Job, { name, namespace: cronJob.metadata.namespace ?? '' }));
      return job?.metadata.uid === uid ? [job as Job] : [];
    }),
  );
  return [...known, ...found.flat()];
}
