import { isApiError, isNotFound, ownerReference } from '@kybern/core';
import { Pod, ReplicaSet } from '@kybern/core/kinds';
import type { ReconcileRequest } from '@kybern/reconcile';
import { isNamespaceTerminating } from '../namespace-terminating.ts';
import { podFromTemplate } from '../pod-template.ts';
import { slowStart } from '../slow-start.ts';
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

/** Carries out a plan. What fails is reported as an event and returned, so that the status can tell of it. */
export async function applyReplicaSet(plan: ReplicaSetPlan, request: ReconcileRequest<ReplicaSet>): Promise<AppliedReplicaSet> {
  const created = await createPods(plan.create, request);
  const outcomes = await Promise.all(plan.remove.map((pod) => removePod(pod, request)));
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

async function createPods(count: number, { object: replicaSet, client, recorder }: ReconcileRequest<ReplicaSet>): ReturnType<typeof slowStart<Pod>> {
  if (count === 0) return { values: [], error: undefined };
  const template = podFromTemplate(replicaSet.spec.template, ownerReference(ReplicaSet, replicaSet, { controller: true }), replicaSet.metadata.namespace);
  const result = await slowStart(count, async () => {
    const pod = await client.create(Pod, template);
    recorder.event(replicaSet, { type: 'Normal', reason: 'SuccessfulCreate', message: `Created pod: ${pod.metadata.name}` });
    return pod;
  });
  if (isNamespaceTerminating(result.error)) return { values: result.values, error: undefined };
  if (result.error !== undefined)
    recorder.event(replicaSet, { type: 'Warning', reason: 'FailedCreate', message: `Error creating: ${messageOf(result.error)}` });
  return result;
}

interface Removal {
  readonly terminating: boolean;
  readonly error: unknown;
}

async function removePod(pod: Pod, { object: replicaSet, client, recorder }: ReconcileRequest<ReplicaSet>): Promise<Removal> {
  const { name, uid } = pod.metadata;
  try {
    const left = await client.delete(Pod, pod, uid === undefined ? {} : { preconditions: { uid } });
    recorder.event(replicaSet, { type: 'Normal', reason: 'SuccessfulDelete', message: `Deleted pod: ${name}` });
    return { terminating: (left.metadata.deletionGracePeriodSeconds ?? 0) > 0, error: undefined };
  } catch (error) {
    if (isNotFound(error)) return { terminating: false, error: undefined };
    recorder.event(replicaSet, { type: 'Warning', reason: 'FailedDelete', message: `Error deleting: ${messageOf(error)}` });
    return { terminating: false, error };
  }
}

const messageOf = (error: unknown): string => (isApiError(error) ? error.message : String(error));
