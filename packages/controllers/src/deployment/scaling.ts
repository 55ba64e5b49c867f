import { byAge, DESIRED_REPLICAS, MAX_REPLICAS, members, numberAnnotation, resize, totalReplicas, type Member, type Rollout } from './rollout.ts';
import { isRollingUpdate } from './strategy.ts';

/**
 * Whether `spec.replicas` changed since a member was last scaled. Then the members are scaled in proportion before the rollout goes on.
 *
 * @see kubernetes v1.36 pkg/controller/deployment/sync.go (isScalingEvent)
 */
export function isScalingEvent(rollout: Rollout): boolean {
  return members(rollout).some((member) => {
    const desired = member.replicas > 0 ? numberAnnotation(member.replicaSet, DESIRED_REPLICAS) : undefined;
    return desired !== undefined && desired !== rollout.bounds.replicas;
  });
}

/**
 * Spreads a change of the Deployment's size over its ReplicaSets, so that the rollout is as far on as before.
 *
 * @see kubernetes v1.36 pkg/controller/deployment/sync.go (scale)
 */
export function scale(rollout: Rollout): Rollout {
  const only = activeOrLatest(rollout);
  if (only !== undefined) return scaleOnly(rollout, only);
  if (isSaturated(rollout)) return resize(rollout, new Map(rollout.old.map((member) => [member.replicaSet.metadata.name, 0])));
  return isRollingUpdate(rollout.deployment) ? scaleInProportion(rollout) : rollout;
}

/** Differs from Kubernetes: a ReplicaSet that has the right size already learns of the Deployment's, or the change would never be over. */
function scaleOnly(rollout: Rollout, { replicaSet }: Member): Rollout {
  const sizes = new Map([[replicaSet.metadata.name, rollout.bounds.replicas]]);
  const scaled = resize(rollout, sizes);
  return numberAnnotation(replicaSet, DESIRED_REPLICAS) === rollout.bounds.replicas ? scaled : recordSizes(scaled, sizes);
}

/** The only member with replicas; the newest when none has any; undefined when several have. */
function activeOrLatest(rollout: Rollout): Member | undefined {
  const active = members(rollout).filter((member) => member.replicas > 0);
  if (active.length === 1) return active[0];
  return active.length === 0 ? (rollout.newest ?? [...rollout.old].sort(byAge).at(-1)) : undefined;
}

/** Whether the newest has the Deployment's size and all of it is available. */
function isSaturated({ newest, bounds }: Rollout): boolean {
  if (newest === undefined) return false;
  const { replicaSet, replicas } = newest;
  const desired = numberAnnotation(replicaSet, DESIRED_REPLICAS);
  return replicas === bounds.replicas && desired === bounds.replicas && (replicaSet.status?.availableReplicas ?? 0) === bounds.replicas;
}

function scaleInProportion(rollout: Rollout): Rollout {
  const { replicas, maxSurge } = rollout.bounds;
  const active = members(rollout).filter((member) => member.replicas > 0);
  const toAdd = (replicas > 0 ? replicas + maxSurge : 0) - totalReplicas(active);
  // Larger ones first; of equal ones the newer when growing, the older when shrinking.
  const order = active.sort((a, b) => b.replicas - a.replicas || (toAdd > 0 ? byAge(b, a) : byAge(a, b)));
  const sizes = new Map<string, number>();
  let added = 0;
  for (const member of order) {
    const share = proportion(rollout, member, { toAdd, added });
    sizes.set(member.replicaSet.metadata.name, member.replicas + share);
    added += share;
  }
  const first = order[0]?.replicaSet.metadata.name;
  if (first !== undefined) sizes.set(first, Math.max(0, (sizes.get(first) ?? 0) + toAdd - added));
  return recordSizes(resize(rollout, sizes), sizes);
}

/** @see kubernetes v1.36 pkg/controller/deployment/util/deployment_util.go (GetReplicaSetProportion) */
function proportion(rollout: Rollout, member: Member, { toAdd, added }: { readonly toAdd: number; readonly added: number }): number {
  if (toAdd === 0 || toAdd === added) return 0;
  const fraction = fractionOf(rollout, member);
  return toAdd > 0 ? Math.min(fraction, toAdd - added) : Math.max(fraction, toAdd - added);
}

function fractionOf({ bounds, deployment }: Rollout, member: Member): number {
  if (bounds.replicas === 0) return -member.replicas;
  const before = numberAnnotation(member.replicaSet, MAX_REPLICAS) || (deployment.status?.replicas ?? 0);
  if (before === 0) return 0;
  return roundHalfAwayFromZero((member.replicas * (bounds.replicas + bounds.maxSurge)) / before) - member.replicas;
}

const roundHalfAwayFromZero = (value: number): number => Math.sign(value) * Math.round(Math.abs(value));

/** Those that keep their size must learn of the Deployment's new one all the same, or it would be taken for a change for ever. */
function recordSizes(rollout: Rollout, sizes: ReadonlyMap<string, number>): Rollout {
  const record = (member: Member): Member => (sizes.has(member.replicaSet.metadata.name) ? { ...member, recordSize: true } : member);
  return { ...rollout, newest: rollout.newest && record(rollout.newest), old: rollout.old.map(record) };
}
