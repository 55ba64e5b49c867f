import { parseTime } from '@kybern/core';
import type { Deployment, DeploymentCondition, DeploymentStatus, ReplicaSet } from '@kybern/core/kinds';
import { findCondition, renewCondition, setCondition, withoutCondition, type NewCondition } from '../status-condition.ts';
import { members, totalReplicas, type Rollout } from './rollout.ts';
import { progressDeadlineMs } from './strategy.ts';

type Conditions = readonly DeploymentCondition[];

/** Reasons of the condition Progressing. */
export const Reason = {
  created: 'NewReplicaSetCreated',
  found: 'FoundNewReplicaSet',
  updated: 'ReplicaSetUpdated',
  available: 'NewReplicaSetAvailable',
  timedOut: 'ProgressDeadlineExceeded',
  paused: 'DeploymentPaused',
  resumed: 'DeploymentResumed',
  createError: 'ReplicaSetCreateError',
} as const;

/** What {@link computeStatus} looks at. */
export interface StatusInput {
  readonly nowMs: number;
  /** As the plan leaves it. */
  readonly rollout: Rollout;
  /** Whether this is a rollout, whose progress is judged, and not a change of size, a pause or a deletion. */
  readonly judgeProgress: boolean;
}

/**
 * A Deployment's status from the statuses of its ReplicaSets. Counts of 0 are left out, as Kubernetes does.
 *
 * @see kubernetes v1.36 pkg/controller/deployment/sync.go (calculateStatus), progress.go (syncRolloutStatus)
 */
export function computeStatus({ nowMs, rollout, judgeProgress }: StatusInput): DeploymentStatus {
  const { deployment } = rollout;
  const counts = countReplicas(rollout);
  const noted = noteNewest(rollout, notePause(deployment, nowMs), nowMs);
  let conditions = setCondition(noted, availability(rollout, counts), nowMs);
  if (judgeProgress) {
    conditions = progress(rollout, counts, { conditions, nowMs });
    conditions = replicaFailure(rollout, conditions);
  }
  return { ...counts, conditions };
}

/** Whether everything is of the current template and available. */
export function isComplete(deployment: Deployment, status: DeploymentStatus): boolean {
  const replicas = deployment.spec.replicas ?? 1;
  const all = [status.updatedReplicas, status.replicas, status.availableReplicas].every((count) => (count ?? 0) === replicas);
  return all && (status.observedGeneration ?? 0) >= (deployment.metadata.generation ?? 0);
}

/**
 * When to look whether the rollout has run into its deadline: ms from now, undefined when it cannot.
 *
 * @see kubernetes v1.36 pkg/controller/deployment/progress.go (requeueStuckDeployment)
 */
export function progressCheckMs(deployment: Deployment, status: DeploymentStatus, nowMs: number): number | undefined {
  const deadlineMs = progressDeadlineMs(deployment);
  const current = findCondition(status.conditions, 'Progressing');
  if (deadlineMs === undefined || current === undefined || current.reason === Reason.timedOut || isComplete(deployment, status)) return undefined;
  // Times have whole seconds: one more, so that the deadline is over for sure.
  return Math.max(0, parseTime(current.lastUpdateTime ?? '') + deadlineMs - nowMs) + 1000;
}

/** The status in which the Deployment says that its new ReplicaSet could not be created. */
export function createFailureStatus(deployment: Deployment, message: string, nowMs: number): DeploymentStatus {
  const status = deployment.status ?? {};
  if (progressDeadlineMs(deployment) === undefined) return status;
  const condition: NewCondition = { type: 'Progressing', status: 'False', reason: Reason.createError, message };
  return { ...status, conditions: setCondition(status.conditions ?? [], condition, nowMs) };
}

function countReplicas(rollout: Rollout): DeploymentStatus {
  const all = members(rollout);
  const sets = all.map((member) => member.replicaSet);
  const { metadata, status } = rollout.deployment;
  const availableReplicas = sum(sets, (set) => set.status?.availableReplicas);
  const terminating = sets.every((set) => set.status?.terminatingReplicas !== undefined) ? sum(sets, (set) => set.status?.terminatingReplicas) : undefined;
  return {
    ...(metadata.generation === undefined ? {} : { observedGeneration: metadata.generation }),
    ...count(
      'replicas',
      sum(sets, (set) => set.status?.replicas),
    ),
    ...count('updatedReplicas', rollout.newest?.replicaSet.status?.replicas ?? 0),
    ...count(
      'readyReplicas',
      sum(sets, (set) => set.status?.readyReplicas),
    ),
    ...count('availableReplicas', availableReplicas),
    ...count('unavailableReplicas', Math.max(0, totalReplicas(all) - availableReplicas)),
    ...(terminating === undefined ? {} : { terminatingReplicas: terminating }),
    ...(status?.collisionCount === undefined ? {} : { collisionCount: status.collisionCount }),
  };
}

const sum = (sets: readonly ReplicaSet[], of: (set: ReplicaSet) => number | undefined): number => sets.reduce((total, set) => total + (of(set) ?? 0), 0);

const count = <N extends string>(name: N, value: number): Partial<Record<N, number>> => (value === 0 ? {} : ({ [name]: value } as Record<N, number>));

/** A pause stops the clock of the deadline; reported lack of progress stays reported. */
function notePause(deployment: Deployment, nowMs: number): Conditions {
  const conditions = deployment.status?.conditions ?? [];
  const current = findCondition(conditions, 'Progressing');
  const deleting = deployment.metadata.deletionTimestamp !== undefined;
  if (deleting || progressDeadlineMs(deployment) === undefined || current?.reason === Reason.timedOut) return conditions;
  const paused = deployment.spec.paused === true;
  if (paused === (current?.reason === Reason.paused)) return conditions;
  const [reason, message] = paused ? [Reason.paused, 'Deployment is paused'] : [Reason.resumed, 'Deployment is resumed'];
  return setCondition(conditions, { type: 'Progressing', status: 'Unknown', reason, message }, nowMs);
}

function noteNewest({ deployment, newest }: Rollout, conditions: Conditions, nowMs: number): Conditions {
  if (newest === undefined || progressDeadlineMs(deployment) === undefined) return conditions;
  const { name, uid } = newest.replicaSet.metadata;
  const condition = (reason: string, message: string): NewCondition => ({ type: 'Progressing', status: 'True', reason, message });
  if (uid === undefined) return setCondition(conditions, condition(Reason.created, `Created new replica set "${name}"`), nowMs);
  if (findCondition(conditions, 'Progressing') !== undefined) return conditions;
  return setCondition(conditions, condition(Reason.found, `Found new replica set "${name}"`), nowMs);
}

function availability({ bounds }: Rollout, counts: DeploymentStatus): NewCondition {
  return (counts.availableReplicas ?? 0) >= bounds.replicas - bounds.maxUnavailable
    ? { type: 'Available', status: 'True', reason: 'MinimumReplicasAvailable', message: 'Deployment has minimum availability.' }
    : { type: 'Available', status: 'False', reason: 'MinimumReplicasUnavailable', message: 'Deployment does not have minimum availability.' };
}

interface ProgressInput {
  readonly conditions: Conditions;
  readonly nowMs: number;
}

function progress(rollout: Rollout, counts: DeploymentStatus, { conditions, nowMs }: ProgressInput): Conditions {
  const { deployment } = rollout;
  if (progressDeadlineMs(deployment) === undefined) return withoutCondition(conditions, 'Progressing');
  const before = findCondition(deployment.status?.conditions, 'Progressing');
  if (before?.reason === Reason.available && (counts.replicas ?? 0) === (counts.updatedReplicas ?? 0)) return conditions;
  const subject = rollout.newest === undefined ? `Deployment "${deployment.metadata.name}"` : `ReplicaSet "${rollout.newest.replicaSet.metadata.name}"`;
  if (isComplete(deployment, counts)) {
    return setCondition(
      conditions,
      { type: 'Progressing', status: 'True', reason: Reason.available, message: `${subject} has successfully progressed.` },
      nowMs,
    );
  }
  if (hasProgressed(deployment.status ?? {}, counts)) {
    return renewCondition(conditions, { type: 'Progressing', status: 'True', reason: Reason.updated, message: `${subject} is progressing.` }, nowMs);
  }
  if (!hasTimedOut(deployment, conditions, nowMs)) return conditions;
  return setCondition(conditions, { type: 'Progressing', status: 'False', reason: Reason.timedOut, message: `${subject} has timed out progressing.` }, nowMs);
}

/** @see kubernetes v1.36 pkg/controller/deployment/util/deployment_util.go (DeploymentProgressing) */
function hasProgressed(before: DeploymentStatus, now: DeploymentStatus): boolean {
  const oldPods = (status: DeploymentStatus): number => (status.replicas ?? 0) - (status.updatedReplicas ?? 0);
  const more = (field: 'updatedReplicas' | 'readyReplicas' | 'availableReplicas'): boolean => (now[field] ?? 0) > (before[field] ?? 0);
  return more('updatedReplicas') || oldPods(now) < oldPods(before) || more('readyReplicas') || more('availableReplicas');
}

/** @see kubernetes v1.36 pkg/controller/deployment/util/deployment_util.go (DeploymentTimedOut) */
function hasTimedOut(deployment: Deployment, conditions: Conditions, nowMs: number): boolean {
  const current = findCondition(conditions, 'Progressing');
  const deadlineMs = progressDeadlineMs(deployment);
  if (current === undefined || deadlineMs === undefined || current.reason === Reason.available) return false;
  return current.reason === Reason.timedOut || parseTime(current.lastUpdateTime ?? '') + deadlineMs < nowMs;
}

/** The newest ReplicaSet's failure before that of others. */
function replicaFailure(rollout: Rollout, conditions: Conditions): Conditions {
  const sets = [...(rollout.newest === undefined ? [] : [rollout.newest]), ...rollout.old].map((member) => member.replicaSet);
  for (const set of sets) {
    const failure = findCondition(set.status?.conditions, 'ReplicaFailure');
    if (failure === undefined) continue;
    const current = findCondition(conditions, 'ReplicaFailure');
    if (current?.status === failure.status && current.reason === failure.reason) return conditions;
    const time = failure.lastTransitionTime === undefined ? {} : { lastUpdateTime: failure.lastTransitionTime };
    return [...withoutCondition(conditions, 'ReplicaFailure'), { ...failure, ...time }];
  }
  return withoutCondition(conditions, 'ReplicaFailure');
}
