import { keyOf } from '@kybern/core';
import { Pod, ReplicationController } from '@kybern/core/kinds';
import { defineController, generationChanged, type Cache, type ControllerDefinition } from '@kybern/reconcile';
import { concernsAdoption } from '../orphan-index.ts';
import { orphanPods } from '../pod-indexes.ts';
import { isPodTerminating } from '../pod-state.ts';
import { replicasOf } from '../replica-watch.ts';
import { replicate } from '../replicaset/replicate.ts';
import { retryOnConflict } from '../retry-on-conflict.ts';
import { computeReplicaSetOf } from './compute.ts';

/**
 * Keeps as many Pods as a ReplicationController asks for, as for a ReplicaSet.
 *
 * @see kubernetes v1.36 pkg/controller/replication
 */
export function replicationController(): ControllerDefinition<ReplicationController> {
  return defineController({
    name: 'replication-controller',
    for: ReplicationController,
    // A write of its own status must not wake it.
    predicates: [generationChanged()],
    watches: [replicasOf(ReplicationController), { kind: Pod, predicate: concernsAdoption, map: selectingControllers }],
    indexes: [orphanPods],
    concurrency: 5,
    reconcile: retryOnConflict((request) => {
      const { object: controller, client, cache } = request;
      const relatedPods = (): readonly Pod[] => cache.ownedBy(Pod, controller);
      return replicate(request, {
        kind: ReplicationController,
        replicaSet: computeReplicaSetOf(controller, relatedPods().filter(isPodTerminating).length),
        relatedPods,
        writeStatus: ({ terminatingReplicas: _, ...status }) => client.update(ReplicationController, { ...controller, status }, { subresource: 'status' }),
      });
    }),
  });
}

function selectingControllers({ metadata: { namespace, labels } }: Pod, _old: unknown, cache: Cache): readonly string[] {
  const selects = ({ spec: { selector = {} } }: ReplicationController): boolean => {
    const entries = Object.entries(selector);
    return entries.length > 0 && entries.every(([name, value]) => labels?.[name] === value);
  };
  return cache
    .list(ReplicationController, namespace === undefined ? {} : { namespace })
    .filter(selects)
    .map(keyOf);
}
