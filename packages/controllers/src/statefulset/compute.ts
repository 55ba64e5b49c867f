import { ownerReference, type ObjectInput, type OwnerReference } from '@kybern/core';
import { StatefulSet, type ControllerRevision, type PersistentVolumeClaim, type Pod } from '@kybern/core/kinds';
import { scaledValue } from '../int-or-percent.ts';
import { isPodTerminal } from '../pod-state.ts';
import { computeRevisions, surplusRevisions, templateOf, type Revisions } from '../revisions.ts';
import { claimsOf, desiredReplicas, hasIdentity, identityLabels, isDesiredOrdinal, memberPod, ordinalOf, revisionOf, startOrdinal } from './identity.ts';
import { isStaleClaim, retentionOwners } from './retention.ts';
import { isAvailable, isRunningAndReady, memberAvailableAtMs } from './status.ts';

/** What {@link computeStatefulSet} looks at. */
export interface StatefulSetInput {
  /** Wall time in ms. */
  readonly nowMs: number;
  readonly set: StatefulSet;
  /** All Pods that the set controls. */
  readonly pods: readonly Pod[];
  readonly revisions: readonly ControllerRevision[];
  /** A claim of the set's namespace, by its name. */
  readonly claim: (name: string) => PersistentVolumeClaim | undefined;
}

/** One thing to do. */
export type StatefulSetAction =
  /** Create the claims that are missing, then the Pod. */
  | { readonly type: 'create'; readonly pod: ObjectInput<Pod>; readonly claims: readonly PersistentVolumeClaim[] }
  | { readonly type: 'remove'; readonly pod: Pod }
  /** Create claims that a Pod waits for. */
  | { readonly type: 'createClaims'; readonly pod: Pod; readonly claims: readonly PersistentVolumeClaim[] }
  /** Give a Pod the labels that tell who it is. */
  | { readonly type: 'label'; readonly pod: Pod; readonly labels: Readonly<Record<string, string>> }
  /** Let a claim go with others than before. */
  | { readonly type: 'setOwners'; readonly claim: PersistentVolumeClaim; readonly owners: readonly OwnerReference[] };

/** What to do so that a StatefulSet comes a step nearer to what is desired. */
export interface StatefulSetPlan {
  readonly revisions: Revisions;
  /** The revision that Pods have which are not updated yet. */
  readonly current: ControllerRevision;
  /** In order. */
  readonly actions: readonly StatefulSetAction[];
  /** Revisions beyond the history limit. */
  readonly remove: readonly ControllerRevision[];
  /** When the next Pod becomes available, in ms from now. */
  readonly requeueAfterMs: number | undefined;
}

/** The label with a revision's hash. */
const HASH_LABEL = 'controller.kubernetes.io/hash';

/**
 * Computes the next steps of a StatefulSet. Where its Pods are ordered, a plan holds at most one creation or deletion, except for updates with a
 * `maxUnavailable` above 1.
 *
 * Pure: reads only `input`; the same input gives the same plan. A Pod is created only when none of its name exists, so there are never two of one identity.
 *
 * @see kubernetes v1.36 pkg/controller/statefulset/stateful_set_control.go (updateStatefulSet)
 */
export function computeStatefulSet(input: StatefulSetInput): StatefulSetPlan {
  const { set, pods, nowMs } = input;
  const revisions = computeRevisions({
    owner: set,
    reference: ownerReference(StatefulSet, set, { controller: true }),
    template: set.spec.template,
    revisions: input.revisions,
    collisionCount: set.status?.collisionCount,
    hashLabel: HASH_LABEL,
  });
  const { newest, all } = revisions;
  const current = all.find(({ metadata }) => metadata.name === set.status?.currentRevision) ?? newest;
  const inUse = new Set([current.metadata.name, newest.metadata.name, ...pods.map(revisionOf)]);
  const waits = pods.map((pod) => (memberAvailableAtMs(pod, set) ?? 0) - nowMs).filter((ms) => ms > 0);
  return {
    revisions,
    current,
    actions: set.metadata.deletionTimestamp === undefined ? steps(situation(input, current, newest)) : [],
    remove: surplusRevisions(all, ({ metadata }) => inUse.has(metadata.name), set.spec.revisionHistoryLimit),
    requeueAfterMs: waits.length === 0 ? undefined : Math.min(...waits),
  };
}

interface Situation extends StatefulSetInput {
  readonly current: ControllerRevision;
  readonly newest: ControllerRevision;
  /** By position; undefined where there is no Pod yet. */
  readonly replicas: readonly (Pod | undefined)[];
  /** Pods that are too many, the highest ordinal first. */
  readonly condemned: readonly Pod[];
  readonly ordered: boolean;
}

function situation(input: StatefulSetInput, current: ControllerRevision, newest: ControllerRevision): Situation {
  const { set, pods } = input;
  const byOrdinal = new Map(
    pods.flatMap((pod) => {
      const ordinal = ordinalOf(set, pod);
      return ordinal === undefined ? [] : [[ordinal, pod] as const];
    }),
  );
  const condemned = [...byOrdinal].filter(([ordinal]) => !isDesiredOrdinal(set, ordinal)).sort(([a], [b]) => b - a);
  return {
    ...input,
    current,
    newest,
    replicas: Array.from({ length: desiredReplicas(set) }, (_, i) => byOrdinal.get(startOrdinal(set) + i)),
    condemned: condemned.map(([, pod]) => pod),
    ordered: set.spec.podManagementPolicy !== 'Parallel',
  };
}

/** What to do about one Pod, and whether those after it have to wait for it. */
interface Step {
  readonly actions: readonly StatefulSetAction[];
  readonly blocks: boolean;
}

function steps(at: Situation): readonly StatefulSetAction[] {
  const actions: StatefulSetAction[] = [];
  for (let i = 0; i < at.replicas.length; i++) {
    const step = replicaStep(at, i);
    actions.push(...step.actions);
    if (step.blocks && at.ordered) return actions;
  }
  for (const pod of at.condemned) actions.push(...ownership(at, pod));
  for (const pod of at.condemned) {
    const step = condemnedStep(at, pod);
    actions.push(...step.actions);
    if (step.blocks && at.ordered) return actions;
  }
  return [...actions, ...updates(at)];
}

function replicaStep(at: Situation, i: number): Step {
  const pod = at.replicas[i];
  if (pod === undefined) return { actions: creation(at, i), blocks: true };
  const terminating = pod.metadata.deletionTimestamp !== undefined;
  // Whatever its end, it is to run: it is created anew once it is gone.
  if (isPodTerminal(pod)) return { actions: terminating ? [] : [{ type: 'remove', pod }], blocks: true };
  const actions: StatefulSetAction[] = [];
  const missing = pod.status?.phase === 'Pending' ? missingClaims(at, startOrdinal(at.set) + i) : [];
  if (missing.length > 0) actions.push({ type: 'createClaims', pod, claims: missing });
  if (at.ordered && (terminating || !isAvailable(pod, at.set, at.nowMs))) return { actions, blocks: true };
  if (!hasIdentity(pod)) actions.push({ type: 'label', pod, labels: identityLabels(pod.metadata.name, startOrdinal(at.set) + i) });
  return { actions: [...actions, ...ownership(at, pod)], blocks: false };
}

function creation(at: Situation, i: number): readonly StatefulSetAction[] {
  const { set, current, newest } = at;
  const ordinal = startOrdinal(set) + i;
  const existing = claimsOf(set, ordinal).flatMap(({ claim }) => at.claim(claim.metadata.name) ?? []);
  if (existing.some((claim) => isStaleClaim(claim, set, `${set.metadata.name}-${ordinal}`))) return [];
  const revision = i < currentCount(set) ? current : newest;
  const pod = memberPod({ set, template: templateOf(revision), revision: revision.metadata.name, ordinal });
  return [{ type: 'create', pod, claims: missingClaims(at, ordinal) }];
}

/** How many Pods, from the lowest, are created as they were before the update. */
function currentCount({ spec: { updateStrategy }, status }: StatefulSet): number {
  if (updateStrategy?.type === 'OnDelete') return 0;
  return updateStrategy?.rollingUpdate === undefined ? (status?.currentReplicas ?? 0) : (updateStrategy.rollingUpdate.partition ?? 0);
}

const missingClaims = ({ set, claim }: Situation, ordinal: number): readonly PersistentVolumeClaim[] =>
  claimsOf(set, ordinal).flatMap((each) => (claim(each.claim.metadata.name) === undefined ? [each.claim] : []));

/** Claims of the Pod that do not go with whom they shall go. */
function ownership({ set, claim }: Situation, pod: Pod): readonly StatefulSetAction[] {
  const ordinal = ordinalOf(set, pod) ?? 0;
  return claimsOf(set, ordinal).flatMap((each) => {
    const existing = claim(each.claim.metadata.name);
    const owners = existing && retentionOwners(existing, { set, pod, ordinal });
    return existing === undefined || owners === undefined ? [] : [{ type: 'setOwners' as const, claim: existing, owners }];
  });
}

const isUnavailable = ({ set, nowMs }: Situation, pod: Pod | undefined): boolean =>
  pod === undefined || pod.metadata.deletionTimestamp !== undefined || !isAvailable(pod, set, nowMs);

/** Where Pods are ordered, one goes at a time, and only when all others are well, unless it is itself the first that is not. */
function condemnedStep(at: Situation, pod: Pod): Step {
  if (pod.metadata.deletionTimestamp !== undefined) return { actions: [], blocks: true };
  const isWell = isRunningAndReady(pod) && isAvailable(pod, at.set, at.nowMs);
  if (at.ordered && !isWell && pod !== firstUnavailable(at)) return { actions: [], blocks: true };
  return { actions: [{ type: 'remove', pod }], blocks: true };
}

function firstUnavailable(at: Situation): Pod | undefined {
  return at.replicas.find((pod) => isUnavailable(at, pod)) ?? at.condemned.findLast((pod) => isUnavailable(at, pod));
}

/** @see kubernetes v1.36 pkg/controller/statefulset/stateful_set_control.go (updateStatefulSetAfterInvariantEstablished) */
function updates(at: Situation): readonly StatefulSetAction[] {
  const { set, replicas, newest } = at;
  const { type, rollingUpdate } = set.spec.updateStrategy ?? {};
  if (type === 'OnDelete') return [];
  const unavailable = replicas.filter((pod) => isUnavailable(at, pod)).length;
  const maxUnavailable = Math.max(1, scaledValue(rollingUpdate?.maxUnavailable ?? 1, replicas.length, 'down') ?? 1);
  const outdated = replicas
    .slice(rollingUpdate?.partition ?? 0)
    .filter((pod) => pod !== undefined && pod.metadata.deletionTimestamp === undefined && !isPodTerminal(pod) && revisionOf(pod) !== newest.metadata.name);
  const count = Math.max(0, maxUnavailable - unavailable);
  return outdated
    .slice(Math.max(0, outdated.length - count))
    .reverse()
    .flatMap((pod) => (pod === undefined ? [] : [{ type: 'remove' as const, pod }]));
}
