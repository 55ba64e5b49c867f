import { controllerOf } from '@kybern/core';
import { Pod, ReplicaSet } from '@kybern/core/kinds';
import { defineController, generationChanged, type ControllerDefinition, type ReconcileRequest } from '@kybern/reconcile';
import { selecting } from '../claim.ts';
import { concernsAdoption } from '../orphan-index.ts';
import { orphanPods } from '../pod-indexes.ts';
import { replicasOf } from '../replica-watch.ts';
import { retryOnConflict } from '../retry-on-conflict.ts';
import { replicate } from './replicate.ts';

/**
 * Keeps as many Pods as a ReplicaSet asks for.
 *
 * A reconcile never acts on a cache that does not show its own last writes, so nothing is created twice; Kubernetes' controller counts expectations
 * for that. The status is written in the same reconcile as the change it tells of.
 *
 * @see kubernetes v1.36 pkg/controller/replicaset
 */
export function replicaSetController(): ControllerDefinition<ReplicaSet> {
  return defineController({
    name: 'replicaset-controller',
    for: ReplicaSet,
    // A write of its own status must not wake it.
    predicates: [generationChanged()],
    watches: [replicasOf(ReplicaSet), { kind: Pod, predicate: concernsAdoption, map: (pod, _old, cache) => selecting(cache, ReplicaSet, pod) }],
    indexes: [orphanPods],
    concurrency: 5,
    reconcile: retryOnConflict((request) => {
      const { object: replicaSet, client } = request;
      return replicate(request, {
        kind: ReplicaSet,
        replicaSet,
        relatedPods: () => relatedPods(request),
        writeStatus: (status) => client.update(ReplicaSet, { ...replicaSet, status }, { subresource: 'status' }),
      });
    }),
  });
}

/** The Pods of all ReplicaSets that belong to the same owner: those of one Deployment. */
function relatedPods({ object: replicaSet, cache }: ReconcileRequest<ReplicaSet>): readonly Pod[] {
  const uid = controllerOf(replicaSet)?.uid;
  const siblings = uid === undefined ? [replicaSet] : cache.ownedBy(ReplicaSet, { ...replicaSet, metadata: { ...replicaSet.metadata, uid } });
  return siblings.flatMap((sibling) => cache.ownedBy(Pod, sibling));
}
