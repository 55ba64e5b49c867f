import { Deployment, ReplicaSet } from '@kybern/core/kinds';
import { annotationsChanged, anyOf, defineController, done, generationChanged, requeueAfter, type ControllerDefinition } from '@kybern/reconcile';
import { claim, selecting } from '../claim.ts';
import { concernsAdoption, orphanIndex } from '../orphan-index.ts';
import { retryOnConflict } from '../retry-on-conflict.ts';
import { applyDeployment } from './apply.ts';
import { computeDeployment } from './compute.ts';

const ORPHANS = 'deployment/orphans';

/**
 * Rolls Deployments out: keeps a ReplicaSet per template and moves replicas between them.
 *
 * @see kubernetes v1.36 pkg/controller/deployment
 */
export function deploymentController(): ControllerDefinition<Deployment> {
  return defineController({
    name: 'deployment-controller',
    for: Deployment,
    // A write of its own status must not wake it; its ReplicaSets inherit annotations.
    predicates: [anyOf(generationChanged(), annotationsChanged())],
    owns: [ReplicaSet],
    watches: [{ kind: ReplicaSet, predicate: concernsAdoption, map: (replicaSet, _old, cache) => selecting(cache, Deployment, replicaSet) }],
    indexes: [orphanIndex(ReplicaSet, ORPHANS)],
    concurrency: 5,
    reconcile: retryOnConflict(async (request) => {
      const { object: deployment, clock } = request;
      const replicaSets = await claim(request, { for: Deployment, kind: ReplicaSet, orphans: ORPHANS, selector: deployment.spec.selector });
      const plan = computeDeployment({ nowMs: clock.now(), deployment, replicaSets });
      await applyDeployment(plan, request);
      // The deadline is a watch on progress, not progress: nobody should have to wait for it.
      return plan.requeueAfterMs === undefined ? done() : requeueAfter(plan.requeueAfterMs, { background: true });
    }),
  });
}
