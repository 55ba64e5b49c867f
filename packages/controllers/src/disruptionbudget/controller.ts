import { compileLabelSelector, deepEqual, keyOf, matchesLabelSelector } from '@kybern/core';
import { Deployment, Pod, PodDisruptionBudget, ReplicaSet, ReplicationController, StatefulSet } from '@kybern/core/kinds';
import {
  defineController,
  done,
  generationChanged,
  requeueAfter,
  type Cache,
  type ControllerDefinition,
  type InformerEvent,
  type ReconcileRequest,
} from '@kybern/reconcile';
import { isPodReady } from '../pod-state.ts';
import { retryOnConflict } from '../retry-on-conflict.ts';
import { computeDisruptionBudget, type DisruptionBudgetPlan } from './compute.ts';
import { expectedScale } from './scale.ts';

/**
 * Keeps count of how many Pods of a PodDisruptionBudget may be evicted.
 *
 * @see kubernetes v1.36 pkg/controller/disruption
 */
export function disruptionController(): ControllerDefinition<PodDisruptionBudget> {
  return defineController({
    name: 'disruption-controller',
    for: PodDisruptionBudget,
    // An eviction is written into the status by the API server.
    predicates: [(event) => generationChanged()(event) || (event.type === 'updated' && !deepEqual(event.old.status, event.object.status))],
    watches: [{ kind: Pod, predicate: concernsBudgets, map: budgetsOf }],
    reads: [Deployment, ReplicaSet, ReplicationController, StatefulSet],
    reconcile: retryOnConflict(async (request) => {
      const { object: budget, cache, client, clock } = request;
      const pods = selectedPods(budget, cache);
      const plan = computeDisruptionBudget({ nowMs: clock.now(), budget, pods, scale: () => expectedScale(pods, cache) });
      const changed = !deepEqual(plan.status, budget.status);
      if (changed) report(plan, pods, request);
      if (changed) await client.update(PodDisruptionBudget, { ...budget, status: plan.status }, { subresource: 'status' });
      return plan.requeueAfterMs === undefined ? done() : requeueAfter(plan.requeueAfterMs, { background: true });
    }),
  });
}

function selectedPods({ metadata: { namespace = '' }, spec: { selector } }: PodDisruptionBudget, cache: Cache): readonly Pod[] {
  if (selector === undefined) return [];
  const selects = compileLabelSelector(selector);
  return cache.list(Pod, { namespace }).filter(({ metadata }) => selects(metadata.labels));
}

/** Events tell of what is new only, so that they are few. */
function report(
  { error, unmanaged, overdue }: DisruptionBudgetPlan,
  pods: readonly Pod[],
  { object: budget, recorder }: ReconcileRequest<PodDisruptionBudget>,
): void {
  const { name, namespace = '' } = budget.metadata;
  if (pods.length === 0) recorder.event(budget, { type: 'Normal', reason: 'NoPods', message: 'No matching pods found' });
  if (error !== undefined) {
    const message = `Failed to calculate the number of expected pods: ${error}`;
    recorder.event(budget, { type: 'Warning', reason: 'CalculateExpectedPodCountFailed', message });
  }
  if (unmanaged.length > 0) {
    const message = `Pods selected by this PodDisruptionBudget were found to be unmanaged: ${unmanaged.join(', ')}. To account for these pods please set ".spec.minAvailable" field of the PDB to an integer value.`;
    recorder.event(budget, { type: 'Warning', reason: 'UnmanagedPods', message });
  }
  for (const pod of overdue) {
    recorder.event(pod, { type: 'Warning', reason: 'NotDeleted', message: `Pod was expected by PDB ${namespace}/${name} to be deleted but it wasn't` });
  }
}

/** Whether the change of a Pod can change a count. */
function concernsBudgets(event: InformerEvent<Pod>): boolean {
  if (event.type !== 'updated') return true;
  const { old, object } = event;
  const [before, after] = [old.metadata, object.metadata];
  return (
    isPodReady(old) !== isPodReady(object) ||
    before.deletionTimestamp !== after.deletionTimestamp ||
    !deepEqual(before.labels, after.labels) ||
    !deepEqual(before.ownerReferences, after.ownerReferences)
  );
}

function budgetsOf({ metadata: { namespace = '', labels } }: Pod, _old: unknown, cache: Cache): readonly string[] {
  const budgets = cache.list(PodDisruptionBudget, { namespace });
  return budgets.filter(({ spec }) => matchesLabelSelector(spec.selector, labels)).map(keyOf);
}
