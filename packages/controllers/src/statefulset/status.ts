import { deepEqual } from '@kybern/core';
import type { Pod, StatefulSet, StatefulSetStatus } from '@kybern/core/kinds';
import { availableAtMs, isPodReady } from '../pod-state.ts';
import { desiredReplicas, revisionOf } from './identity.ts';

/** Whether the Pod runs and can serve. */
export const isRunningAndReady = (pod: Pod): boolean => pod.status?.phase === 'Running' && isPodReady(pod);

/** When a running Pod counts as available, in ms; undefined when it is not ready. */
export const memberAvailableAtMs = (pod: Pod, { spec }: StatefulSet): number | undefined =>
  isRunningAndReady(pod) ? availableAtMs(pod, spec.minReadySeconds ?? 0) : undefined;

/** Whether the Pod runs, and has been ready for long enough. */
export const isAvailable = (pod: Pod, set: StatefulSet, nowMs: number): boolean => (memberAvailableAtMs(pod, set) ?? Infinity) <= nowMs;

/** What {@link computeStatefulSetStatus} looks at. */
export interface StatefulSetStatusInput {
  readonly nowMs: number;
  readonly set: StatefulSet;
  /** As they are after the plan was carried out. */
  readonly pods: readonly Pod[];
  /** The names of revisions. */
  readonly currentRevision: string;
  readonly updateRevision: string;
}

/**
 * A StatefulSet's status. When all Pods are updated and ready the update's revision becomes the current one. Counts of 0 are left out as in Kubernetes.
 *
 * @returns undefined when it is as it is
 * @see kubernetes v1.36 pkg/controller/statefulset/stateful_set_control.go (updateStatus, completeRollingUpdate)
 */
export function computeStatefulSetStatus({ nowMs, set, pods, currentRevision, updateRevision }: StatefulSetStatusInput): StatefulSetStatus | undefined {
  const count = (holds: (pod: Pod) => boolean): number => pods.filter(holds).length;
  const ofRevision = (revision: string): number => count((pod) => pod.metadata.deletionTimestamp === undefined && revisionOf(pod) === revision);
  const readyReplicas = count(isRunningAndReady);
  const updatedReplicas = ofRevision(updateRevision);
  const isComplete =
    set.spec.updateStrategy?.type !== 'OnDelete' && [pods.length, readyReplicas, updatedReplicas].every((each) => each === desiredReplicas(set));
  const { conditions, collisionCount = 0 } = set.status ?? {};
  const counts = {
    readyReplicas,
    currentReplicas: isComplete ? updatedReplicas : ofRevision(currentRevision),
    updatedReplicas,
  };
  const status: StatefulSetStatus = {
    ...(set.metadata.generation === undefined ? {} : { observedGeneration: set.metadata.generation }),
    replicas: pods.length,
    ...Object.fromEntries(Object.entries(counts).filter(([, value]) => value > 0)),
    availableReplicas: count((pod) => isAvailable(pod, set, nowMs)),
    currentRevision: isComplete ? updateRevision : currentRevision,
    updateRevision,
    collisionCount,
    ...(conditions === undefined ? {} : { conditions }),
  };
  return deepEqual(status, set.status) ? undefined : status;
}
