import { Pod } from '@kybern/core/kinds';
import { defineController, done, requeueAfter, type ControllerDefinition } from '@kybern/reconcile';
import { ignoreNotFound } from '../ignore-not-found.ts';
import { retryOnConflict } from '../retry-on-conflict.ts';
import { computeStaleDisruption, mayBeStale } from './stale.ts';

/**
 * Takes the condition `DisruptionTarget` back from Pods that were to be evicted two minutes ago and are still not being deleted.
 *
 * @see kubernetes v1.36 pkg/controller/disruption/disruption.go (syncStalePodDisruption)
 */
export function staleDisruptionController(): ControllerDefinition<Pod> {
  return defineController({
    name: 'stale-disruption-controller',
    for: Pod,
    predicates: [(event) => mayBeStale(event.object)],
    reconcile: retryOnConflict(async ({ object: pod, client, clock }) => {
      const plan = computeStaleDisruption({ nowMs: clock.now(), pod });
      if (plan.type === 'wait') return requeueAfter(plan.afterMs, { background: true });
      if (plan.type === 'takeBack') await ignoreNotFound(client.update(Pod, { ...pod, status: plan.status }, { subresource: 'status' }));
      return done();
    }),
  });
}
