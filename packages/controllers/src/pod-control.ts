import { isApiError, isNotFound, type KubernetesObject, type ObjectInput } from '@kybern/core';
import { Pod } from '@kybern/core/kinds';
import type { ReconcileRequest } from '@kybern/reconcile';
import { isNamespaceTerminating } from './namespace-terminating.ts';
import { slowStart, type SlowStartResult } from './slow-start.ts';

/** What became of a deletion. */
export interface PodRemoval {
  /** The Pod still has time to end. */
  readonly terminating: boolean;
  /** Undefined when the Pod is gone or going. */
  readonly error: unknown;
}

/**
 * Creates the Pods of an owner in a slow start, and records an event about each. What fails is recorded and returned; in a namespace that is being deleted
 * there is nothing to report.
 *
 * @see kubernetes v1.36 pkg/controller/controller_utils.go (RealPodControl.createPods)
 */
export async function createPods(request: ReconcileRequest<KubernetesObject>, pods: readonly ObjectInput<Pod>[]): Promise<SlowStartResult<Pod>> {
  const { object: owner, client, recorder } = request;
  const result = await slowStart(pods.length, async (index) => {
    const pod = await client.create(Pod, pods[index] as ObjectInput<Pod>);
    recorder.event(owner, { type: 'Normal', reason: 'SuccessfulCreate', message: `Created pod: ${pod.metadata.name}` });
    return pod;
  });
  if (isNamespaceTerminating(result.error)) return { values: result.values, error: undefined };
  if (result.error !== undefined) recorder.event(owner, { type: 'Warning', reason: 'FailedCreate', message: `Error creating: ${messageOf(result.error)}` });
  return result;
}

/**
 * Deletes a Pod of an owner, and records an event about it. One that is gone counts as deleted.
 *
 * @see kubernetes v1.36 pkg/controller/controller_utils.go (RealPodControl.DeletePod)
 */
export async function removePod({ object: owner, client, recorder }: ReconcileRequest<KubernetesObject>, pod: Pod): Promise<PodRemoval> {
  const { name, uid } = pod.metadata;
  try {
    const left = await client.delete(Pod, pod, uid === undefined ? {} : { preconditions: { uid } });
    recorder.event(owner, { type: 'Normal', reason: 'SuccessfulDelete', message: `Deleted pod: ${name}` });
    return { terminating: (left.metadata.deletionGracePeriodSeconds ?? 0) > 0, error: undefined };
  } catch (error) {
    if (isNotFound(error)) return { terminating: false, error: undefined };
    recorder.event(owner, { type: 'Warning', reason: 'FailedDelete', message: `Error deleting: ${messageOf(error)}` });
    return { terminating: false, error };
  }
}

/** What an error says, for events and conditions. */
export const messageOf = (error: unknown): string => (isApiError(error) ? error.message : String(error));
