import { Job } from '@kybern/core/kinds';
import { defineController, done, requeueAfter, type ControllerDefinition } from '@kybern/reconcile';
import { ignoreNotFound } from '../ignore-not-found.ts';
import { retryOnConflict } from '../retry-on-conflict.ts';
import { computeTimeToLive } from './compute.ts';

/**
 * Deletes finished Jobs, and what they own, when their `ttlSecondsAfterFinished` is over.
 *
 * @see kubernetes v1.36 pkg/controller/ttlafterfinished
 */
export function ttlAfterFinishedController(): ControllerDefinition<Job> {
  return defineController({
    name: 'ttl-after-finished-controller',
    for: Job,
    predicates: [(event) => event.type !== 'deleted' && event.object.spec.ttlSecondsAfterFinished !== undefined],
    concurrency: 5,
    reconcile: retryOnConflict(async ({ object: job, client, clock }) => {
      const leftMs = computeTimeToLive({ nowMs: clock.now(), job });
      if (leftMs === undefined) return done();
      if (leftMs > 0) return requeueAfter(leftMs, { background: true });
      // The version says that the time is over for what the server has, too: somebody may just have extended it.
      const { uid, resourceVersion } = job.metadata;
      const preconditions = { ...(uid === undefined ? {} : { uid }), ...(resourceVersion === undefined ? {} : { resourceVersion }) };
      await ignoreNotFound(client.delete(Job, job, { propagationPolicy: 'Foreground', preconditions }));
      return done();
    }),
  });
}
