import type { ObjectMeta } from '@kybern/core';
import type { Deployment, ReplicaSet } from '@kybern/core/kinds';
import { DESIRED_REPLICAS, MAX_REPLICAS, numberAnnotation, REVISION, REVISION_HISTORY } from './rollout.ts';
import type { RolloutBounds } from './strategy.ts';

type Annotations = NonNullable<ObjectMeta['annotations']>;

/** Annotations of a Deployment that its ReplicaSets do not inherit. */
const NOT_INHERITED: readonly string[] = [
  'kubectl.kubernetes.io/last-applied-configuration',
  REVISION,
  REVISION_HISTORY,
  DESIRED_REPLICAS,
  MAX_REPLICAS,
  'deprecated.deployment.rollback.to',
];

const MAX_HISTORY_LENGTH = 2000;

/** The revision that the newest ReplicaSet has at least: one more than all older ones. */
export function nextRevision(old: readonly ReplicaSet[]): number {
  return 1 + old.reduce((max, replicaSet) => Math.max(max, revisionOf(replicaSet)), 0);
}

/** The revision of a ReplicaSet; 0 when it has none. */
export const revisionOf = (replicaSet: ReplicaSet): number => numberAnnotation(replicaSet, REVISION) ?? 0;

/**
 * The annotations of the newest ReplicaSet: its own, the Deployment's, and its revision, which never falls. When the revision rises, the one
 * before is kept in the history: the ReplicaSet serves again after a rollback.
 *
 * @param current its annotations now; undefined when it is to be created
 * @returns `current` itself when nothing changes
 * @see kubernetes v1.36 pkg/controller/deployment/util/deployment_util.go (SetNewReplicaSetAnnotations)
 */
export function newestAnnotations(deployment: Deployment, current: Annotations | undefined, revision: number): Annotations {
  const inherited = Object.entries(deployment.metadata.annotations ?? {}).filter(([name]) => !NOT_INHERITED.includes(name));
  const changed = inherited.filter(([name, value]) => current?.[name] !== value);
  const before = current?.[REVISION];
  const rises = !(Number(before) >= revision);
  if (current !== undefined && changed.length === 0 && !rises) return current;
  return {
    ...current,
    ...Object.fromEntries(changed),
    ...(rises ? { [REVISION]: String(revision) } : {}),
    ...(rises && before !== undefined ? { [REVISION_HISTORY]: extendHistory(current?.[REVISION_HISTORY], before) } : {}),
  };
}

/** Drops the oldest entries as needed to stay below the limit. */
function extendHistory(history: string | undefined, revision: string): string {
  const entries = [...(history === undefined || history === '' ? [] : history.split(',')), revision];
  let text = entries.join(',');
  while (text.length > MAX_HISTORY_LENGTH && entries.length > 1) {
    entries.shift();
    text = entries.join(',');
  }
  return text;
}

/** Annotations with the Deployment's size recorded; the same object when they record it already. */
export function recordSize(annotations: Annotations, { replicas, maxSurge }: RolloutBounds): Annotations {
  const desired = String(replicas);
  const max = String(replicas + maxSurge);
  if (annotations[DESIRED_REPLICAS] === desired && annotations[MAX_REPLICAS] === max) return annotations;
  return { ...annotations, [DESIRED_REPLICAS]: desired, [MAX_REPLICAS]: max };
}
