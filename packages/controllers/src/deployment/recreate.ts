import { resize, totalReplicas, type Rollout } from './rollout.ts';

/**
 * One step of the Recreate strategy: the old ReplicaSets go to 0.
 *
 * @see kubernetes v1.36 pkg/controller/deployment/recreate.go
 */
export function stopOld(rollout: Rollout): Rollout {
  return resize(rollout, new Map(rollout.old.map((member) => [member.replicaSet.metadata.name, 0])));
}

/**
 * Whether Pods of old templates still exist or are still wanted; until they are gone no new one is made. Terminating ones are known from the
 * ReplicaSets' `status.terminatingReplicas`.
 *
 * @see kubernetes v1.36 pkg/controller/deployment/recreate.go (oldPodsRunning)
 */
export function oldPodsRemain(rollout: Rollout): boolean {
  if (totalReplicas(rollout.old) > 0) return true;
  return rollout.old.some(({ replicaSet: { metadata, spec, status } }) => {
    const seen = (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0);
    return (spec.replicas ?? 1) > 0 || !seen || (status?.replicas ?? 0) + (status?.terminatingReplicas ?? 0) > 0;
  });
}

/** The newest gets the Deployment's full size at once. */
export function startNewest(rollout: Rollout): Rollout {
  const { newest, bounds } = rollout;
  return newest === undefined ? rollout : resize(rollout, new Map([[newest.replicaSet.metadata.name, bounds.replicas]]));
}
