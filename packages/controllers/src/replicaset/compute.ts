import { deepEqual, formatTime } from '@kybern/core';
import type { Pod, ReplicaSet, ReplicaSetCondition, ReplicaSetStatus } from '@kybern/core/kinds';
import { availableAtMs, isPodReady } from '../pod-state.ts';
import { findCondition, withoutCondition } from '../status-condition.ts';
import { rankForDeletion } from './ranking.ts';

/** At most so many Pods are created or deleted by one plan. */
export const BURST_REPLICAS = 500;

/** What {@link computeReplicaSet} looks at. */
export interface ReplicaSetInput {
  /** Wall time in ms. */
  readonly nowMs: number;
  readonly replicaSet: ReplicaSet;
  /** The active Pods that the ReplicaSet manages. */
  readonly pods: readonly Pod[];
  /** The Pods of all ReplicaSets that have the same owner. Only called when there are too many Pods. */
  readonly relatedPods: () => readonly Pod[];
}

/** What to do so that a ReplicaSet has the replicas that it wants. */
export interface ReplicaSetPlan {
  /** How many Pods to create. */
  readonly create: number;
  /** Which Pods to delete. */
  readonly remove: readonly Pod[];
}

/**
 * Computes what to create and delete so that a ReplicaSet reaches `spec.replicas`. One that is being deleted does neither.
 *
 * Pure: reads only `input`; the same input gives the same plan.
 *
 * @returns a plan of at most {@link BURST_REPLICAS} creations or deletions; the rest follows on the next run
 * @see kubernetes v1.36 pkg/controller/replicaset/replica_set.go (manageReplicas)
 */
export function computeReplicaSet({ nowMs, replicaSet, pods, relatedPods }: ReplicaSetInput): ReplicaSetPlan {
  if (replicaSet.metadata.deletionTimestamp !== undefined) return { create: 0, remove: [] };
  const replicas = replicaSet.spec.replicas ?? 1;
  if (pods.length <= replicas) return { create: Math.min(BURST_REPLICAS, replicas - pods.length), remove: [] };
  const count = Math.min(BURST_REPLICAS, pods.length - replicas);
  const remove = replicas === 0 ? pods.slice(0, count) : rankForDeletion({ nowMs, pods, relatedPods: relatedPods() }).slice(0, count);
  return { create: 0, remove };
}

/** What {@link computeReplicaSetStatus} looks at. */
export interface ReplicaSetStatusInput {
  readonly nowMs: number;
  readonly replicaSet: ReplicaSet;
  /** The active Pods, those just created included. */
  readonly pods: readonly Pod[];
  /** How many Pods are on their way out. */
  readonly terminating: number;
  /** Why Pods could not be created or deleted. */
  readonly failure?: { readonly reason: 'FailedCreate' | 'FailedDelete'; readonly message: string } | undefined;
}

/** A ReplicaSet's status, and when it changes by itself. */
export interface ReplicaSetStatusPlan {
  /** Undefined when it is as it is. */
  readonly status: ReplicaSetStatus | undefined;
  /** When the next Pod becomes available, in ms from now. */
  readonly requeueAfterMs: number | undefined;
}

/**
 * Computes a ReplicaSet's status. Counts of 0 are left out where Kubernetes leaves them out.
 *
 * @see kubernetes v1.36 pkg/controller/replicaset/replica_set_utils.go (calculateStatus)
 */
export function computeReplicaSetStatus(input: ReplicaSetStatusInput): ReplicaSetStatusPlan {
  const { nowMs, replicaSet, pods, terminating } = input;
  const minReadySeconds = replicaSet.spec.minReadySeconds ?? 0;
  const templateLabels = Object.entries(replicaSet.spec.template?.metadata?.labels ?? {});
  let [labeled, ready, available, nextMs] = [0, 0, 0, Infinity];
  for (const pod of pods) {
    if (templateLabels.every(([name, value]) => pod.metadata.labels?.[name] === value)) labeled += 1;
    if (!isPodReady(pod)) continue;
    ready += 1;
    const atMs = availableAtMs(pod, minReadySeconds) ?? Infinity;
    if (atMs <= nowMs) available += 1;
    else nextMs = Math.min(nextMs, atMs);
  }
  const conditions = failureConditions(input);
  const status: ReplicaSetStatus = {
    replicas: pods.length,
    ...(labeled === 0 ? {} : { fullyLabeledReplicas: labeled }),
    ...(ready === 0 ? {} : { readyReplicas: ready }),
    ...(available === 0 ? {} : { availableReplicas: available }),
    terminatingReplicas: terminating,
    ...(replicaSet.metadata.generation === undefined ? {} : { observedGeneration: replicaSet.metadata.generation }),
    ...(conditions.length === 0 ? {} : { conditions }),
  };
  return { status: deepEqual(status, replicaSet.status) ? undefined : status, requeueAfterMs: nextMs === Infinity ? undefined : nextMs - nowMs };
}

/** A failure that is reported already stays as it was reported, its time included. */
function failureConditions({ nowMs, replicaSet, failure }: ReplicaSetStatusInput): readonly ReplicaSetCondition[] {
  const conditions = replicaSet.status?.conditions ?? [];
  if (failure === undefined) return withoutCondition(conditions, 'ReplicaFailure');
  if (findCondition(conditions, 'ReplicaFailure') !== undefined) return conditions;
  return [...conditions, { type: 'ReplicaFailure', status: 'True', lastTransitionTime: formatTime(nowMs), ...failure }];
}
