import { CronJob, Job } from '@kybern/core/kinds';
import { defineController, done, generationChanged, requeueAfter, type ControllerDefinition } from '@kybern/reconcile';
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
      const { object: cronJob, cache, clock } = request;
      const plan = computeCronJob({ nowMs: clock.now(), cronJob, jobs: cache.ownedBy(Job, cronJob) });
      await applyCronJob(plan, request);
      // A schedule goes on for ever: nobody should have to wait for it.
      return plan.requeueAfterMs === undefined ? done() : requeueAfter(plan.requeueAfterMs, { background: true });
    }),
  });
}
