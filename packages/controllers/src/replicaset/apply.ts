import type { KubernetesObject, ObjectInput } from '@kybern/core';
import type { Pod } from '@kybern/core/kinds';
import type { ReconcileRequest } from '@kybern/reconcile';
import { createPods, messageOf, removePod } from '../pod-control.ts';
import type { ReplicaSetPlan, ReplicaSetStatusInput } from './compute.ts';

/** What a plan changed, so that the status can be written at once and not only when the cache shows it. */
export interface AppliedReplicaSet {
  readonly created: readonly Pod[];
  /** Deleted ones, as they were before. */
  readonly removed: readonly Pod[];
  /** How many of {@link AppliedReplicaSet.removed} still have time to end. */
  readonly terminating: number;
  readonly failure: ReplicaSetStatusInput['failure'];
  /** The first error; to be thrown when the status is written. */
  readonly error: unknown;
}

/**
 * Carries out a plan for a ReplicaSet, or for what counts as one. What fails is reported as an event and returned, so that the status can tell of it.
 *
 * @param template the Pods to create
 */
export async function applyReplicaSet(
  plan: ReplicaSetPlan,
  request: ReconcileRequest<KubernetesObject>,
  template: ObjectInput<Pod>,
): Promise<AppliedReplicaSet> {
  const created = await createPods(request, Array<ObjectInput<Pod>>(plan.create).fill(template));
  const outcomes = await Promise.all(plan.remove.map((pod) => removePod(request, pod)));
  const removed = plan.remove.filter((_, i) => outcomes[i]?.error === undefined);
  const deletionError = outcomes.find((outcome) => outcome.error !== undefined)?.error;
  const error = created.error ?? deletionError;
  return {
    created: created.values,
    removed,
    terminating: outcomes.filter((outcome) => outcome.terminating).length,
    failure: error === undefined ? undefined : { reason: error === created.error ? 'FailedCreate' : 'FailedDelete', message: messageOf(error) },
    error,
  };
}
