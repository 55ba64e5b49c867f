import { ControllerRevision, PersistentVolumeClaim, Pod, StatefulSet } from '@kybern/core/kinds';
import { defineController, done, generationChanged, requeueAfter, type ControllerDefinition } from '@kybern/reconcile';
import { claim, selecting } from '../claim.ts';
import { concernsAdoption } from '../orphan-index.ts';
import { orphanPods } from '../pod-indexes.ts';
import { retryOnConflict } from '../retry-on-conflict.ts';
import { removeRevisions } from '../revision-control.ts';
import { orphanRevisions } from '../revision-index.ts';
import { applyStatefulSet } from './apply.ts';
import { claimSets, concernsWaitingSets } from './claim-events.ts';
import { computeStatefulSet } from './compute.ts';
import { ordinalOf } from './identity.ts';
import { computeStatefulSetStatus } from './status.ts';

/**
 * Keeps Pods that have a name, a place in an order, and storage of their own.
 *
 * @see kubernetes v1.36 pkg/controller/statefulset
 */
export function statefulSetController(): ControllerDefinition<StatefulSet> {
  return defineController({
    name: 'statefulset-controller',
    for: StatefulSet,
    // A write of its own status must not wake it.
    predicates: [generationChanged()],
    owns: [Pod],
    watches: [
      { kind: Pod, predicate: concernsAdoption, map: (pod, _old, cache) => selecting(cache, StatefulSet, pod) },
      { kind: PersistentVolumeClaim, predicate: concernsWaitingSets, map: claimSets },
    ],
    reads: [ControllerRevision],
    indexes: [orphanPods, orphanRevisions],
    concurrency: 5,
    reconcile: retryOnConflict(async (request) => {
      const { object: set, cache, client, clock } = request;
      const { selector } = set.spec;
      const isCandidate = (pod: Pod): boolean => ordinalOf(set, pod) !== undefined;
      const pods = await claim(request, { for: StatefulSet, kind: Pod, orphans: orphanPods.name, selector, isCandidate });
      const revisions = await claim(request, { for: StatefulSet, kind: ControllerRevision, orphans: orphanRevisions.name, selector });
      const { namespace = '' } = set.metadata;
      const plan = computeStatefulSet({ nowMs: clock.now(), set, pods, revisions, claim: (name) => cache.get(PersistentVolumeClaim, `${namespace}/${name}`) });
      const applied = await applyStatefulSet(plan, pods, request);
      const names = { currentRevision: plan.current.metadata.name, updateRevision: plan.revisions.newest.metadata.name };
      const status = computeStatefulSetStatus({ nowMs: clock.now(), set, pods: applied.pods, ...names });
      if (status !== undefined) await client.update(StatefulSet, { ...set, status }, { subresource: 'status' });
      if (applied.error !== undefined) throw applied.error as Error;
      await removeRevisions(plan.remove, request);
      return plan.requeueAfterMs === undefined ? done() : requeueAfter(plan.requeueAfterMs);
    }),
  });
}
