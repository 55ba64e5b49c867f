import { byAge, members, resize, totalReplicas, type Member, type Rollout } from './rollout.ts';

/**
 * One step of a rolling update: the newest ReplicaSet grows as far as the surge allows, then the old ones shrink as far as availability allows.
 *
 * @see kubernetes v1.36 pkg/controller/deployment/rolling.go
 */
export function rollingUpdate(rollout: Rollout): Rollout {
  return shrinkOld(growNewest(rollout));
}

/** @see kubernetes v1.36 pkg/controller/deployment/util/deployment_util.go (NewRSNewReplicas) */
export function growNewest(rollout: Rollout): Rollout {
  const { newest, bounds } = rollout;
  if (newest === undefined || newest.replicas === bounds.replicas) return rollout;
  const replicas = newest.replicas > bounds.replicas ? bounds.replicas : newest.replicas + Math.max(0, roomToGrow(rollout, newest));
  return resize(rollout, new Map([[newest.replicaSet.metadata.name, replicas]]));
}

function roomToGrow(rollout: Rollout, newest: Member): number {
  const { replicas, maxSurge } = rollout.bounds;
  return Math.min(replicas + maxSurge - totalReplicas(members(rollout)), replicas - newest.replicas);
}

/**
 * Takes replicas from the old ReplicaSets: first those that are not available anyway, then available ones as long as enough are left. Pods of the
 * newest that are not available yet count as missing, so that a broken new template stops the rollout.
 *
 * @see kubernetes v1.36 pkg/controller/deployment/rolling.go (reconcileOldReplicaSets)
 */
export function shrinkOld(rollout: Rollout): Rollout {
  const { bounds, newest } = rollout;
  if (totalReplicas(rollout.old) === 0) return rollout;
  const minAvailable = bounds.replicas - bounds.maxUnavailable;
  const newestUnavailable = newest === undefined ? 0 : newest.replicas - available(newest);
  const room = totalReplicas(members(rollout)) - minAvailable - newestUnavailable;
  if (room <= 0) return rollout;
  const cleaned = take(rollout, room, (member) => member.replicas - available(member));
  const spare = members(cleaned).reduce((sum, member) => sum + available(member), 0) - minAvailable;
  return spare <= 0 ? cleaned : take(cleaned, spare, (member) => member.replicas);
}

/** Takes at most `amount` replicas from the old ones, the oldest first, and of each at most what `from` says. */
function take(rollout: Rollout, amount: number, from: (member: Member) => number): Rollout {
  const sizes = new Map<string, number>();
  let left = amount;
  for (const member of [...rollout.old].sort(byAge)) {
    const taken = Math.max(0, Math.min(left, from(member)));
    if (taken === 0) continue;
    sizes.set(member.replicaSet.metadata.name, member.replicas - taken);
    left -= taken;
  }
  return resize(rollout, sizes);
}

/**
 * Available Pods that will remain when the ReplicaSet has its size.
 *
 * Differs from Kubernetes: a status that is behind its spec may still count Pods that are on their way out; they are not relied on here, so that
 * availability cannot fall below the bound in between.
 */
function available({ replicaSet, replicas }: Member): number {
  return Math.min(replicas, replicaSet.status?.availableReplicas ?? 0);
}
