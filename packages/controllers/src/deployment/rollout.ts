import type { Deployment, ReplicaSet } from '@kybern/core/kinds';
import { rolloutBounds, type RolloutBounds } from './strategy.ts';

/** A ReplicaSet as the plan leaves it. */
export interface Member {
  readonly replicaSet: ReplicaSet;
  /** `spec.replicas` as the plan leaves it. */
  readonly replicas: number;
  /** Whether the annotations that record the Deployment's size are brought up to date, even when the size stays. */
  readonly recordSize: boolean;
}

/** A Deployment's ReplicaSets while the plan grows. Never changed: every step makes a new one. */
export interface Rollout {
  readonly deployment: Deployment;
  readonly bounds: RolloutBounds;
  /** The ReplicaSet of the current template, when it exists or is to be created. */
  readonly newest: Member | undefined;
  readonly old: readonly Member[];
}

/** The revision of a ReplicaSet or Deployment. */
export const REVISION = 'deployment.kubernetes.io/revision';
/** The revisions that a ReplicaSet had before, separated by commas. */
export const REVISION_HISTORY = 'deployment.kubernetes.io/revision-history';
/** `spec.replicas` of the Deployment when the ReplicaSet was last scaled: tells a change of size from a rollout. */
export const DESIRED_REPLICAS = 'deployment.kubernetes.io/desired-replicas';
/** {@link DESIRED_REPLICAS} and the surge: the whole of which a ReplicaSet is a share. */
export const MAX_REPLICAS = 'deployment.kubernetes.io/max-replicas';

/** The Deployment's ReplicaSets as they are. */
export function currentRollout(deployment: Deployment, newest: ReplicaSet | undefined, old: readonly ReplicaSet[]): Rollout {
  return { deployment, bounds: rolloutBounds(deployment), newest: newest && unchanged(newest), old: old.map(unchanged) };
}

/** A ReplicaSet with the size that it has. */
export function unchanged(replicaSet: ReplicaSet): Member {
  return { replicaSet, replicas: sizeOf(replicaSet), recordSize: false };
}

/** `spec.replicas` of a stored ReplicaSet. */
export const sizeOf = (replicaSet: ReplicaSet): number => replicaSet.spec.replicas ?? 1;

/** All members, the newest last, as Kubernetes' controller goes through them. */
export const members = (rollout: Rollout): readonly Member[] => (rollout.newest === undefined ? rollout.old : [...rollout.old, rollout.newest]);

/** The sum of the members' sizes. */
export const totalReplicas = (all: readonly Member[]): number => all.reduce((sum, member) => sum + member.replicas, 0);

/** The rollout with members resized: by name, where `sizes` has one. */
export function resize(rollout: Rollout, sizes: ReadonlyMap<string, number>): Rollout {
  const apply = (member: Member): Member => {
    const replicas = sizes.get(member.replicaSet.metadata.name);
    return replicas === undefined || replicas === member.replicas ? member : { ...member, replicas, recordSize: true };
  };
  return { ...rollout, newest: rollout.newest && apply(rollout.newest), old: rollout.old.map(apply) };
}

/** A whole number from an annotation. */
export function numberAnnotation(replicaSet: ReplicaSet, name: string): number | undefined {
  const text = replicaSet.metadata.annotations?.[name];
  return text !== undefined && /^-?\d+$/.test(text) ? Number(text) : undefined;
}

/** Older first; by name where two are equally old. */
export function byAge(a: Member, b: Member): number {
  return (
    compareText(a.replicaSet.metadata.creationTimestamp ?? '', b.replicaSet.metadata.creationTimestamp ?? '') ||
    compareText(a.replicaSet.metadata.name, b.replicaSet.metadata.name)
  );
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
