import { ownerReference, type ObjectInput } from '@kybern/core';
import { DaemonSet, type ControllerRevision, type Node, type Pod } from '@kybern/core/kinds';
import type { PlannedEvent } from '../planned-event.ts';
import { availableAtMs } from '../pod-state.ts';
import { computeRevisions, surplusRevisions, type Revisions } from '../revisions.ts';
import { NO_DAEMON_FAILURES, type Failures } from './failures.ts';
import { computePlacement } from './placement.ts';
import { byTargetNode, daemonPod, REVISION_HASH } from './pods.ts';
import { computeUpdate, daemonBounds } from './rolling-update.ts';

/** At most so many Pods are created, and so many deleted, by one plan. */
const BURST = 250;

/** What {@link computeDaemonSet} looks at. */
export interface DaemonSetInput {
  /** Wall time in ms. */
  readonly nowMs: number;
  readonly set: DaemonSet;
  readonly nodes: readonly Node[];
  /** All Pods that the set controls. */
  readonly pods: readonly Pod[];
  readonly revisions: readonly ControllerRevision[];
  /** How its Pods failed before, as the last plan has it. */
  readonly failures?: Failures;
}

/** What to do so that a DaemonSet comes a step nearer to what is desired. */
export interface DaemonSetPlan {
  readonly revisions: Revisions;
  /** The hash of the current revision, which Pods have as a label. */
  readonly hash: string;
  readonly create: readonly ObjectInput<Pod>[];
  readonly remove: readonly Pod[];
  readonly events: readonly PlannedEvent[];
  /** Revisions beyond the history limit. */
  readonly removeRevisions: readonly ControllerRevision[];
  /** To be kept for the next plan. */
  readonly failures: Failures;
  /** When to look again if nothing happens, in ms: a Pod becomes available then, or may be replaced. */
  readonly requeueAfterMs: number | undefined;
}

/**
 * Computes the next step of a DaemonSet: first every node is put right, then the update goes on.
 *
 * Pure: reads only `input`; the same input gives the same plan. An update never makes more than `maxUnavailable` nodes lack an available Pod, nor gives more
 * than `maxSurge` nodes two.
 *
 * @see kubernetes v1.36 pkg/controller/daemon/daemon_controller.go (syncDaemonSet)
 */
export function computeDaemonSet(input: DaemonSetInput): DaemonSetPlan {
  const { nowMs, set, nodes, pods } = input;
  const revisions = revisionsOf(input);
  const hash = revisions.newest.metadata.labels?.[REVISION_HASH] ?? '';
  const byNode = byTargetNode(pods);
  const surges = daemonBounds(set, nodes.length).maxSurge > 0;
  const failures = input.failures ?? NO_DAEMON_FAILURES;
  const isGoing = set.metadata.deletionTimestamp !== undefined;
  const placed = isGoing
    ? { create: [], remove: [], events: [], failures, backoffMs: undefined }
    : computePlacement({ nowMs, set, nodes, byNode, hash, surges, failures });
  const isSettled = !isGoing && placed.create.length === 0 && placed.remove.length === 0;
  const update = isSettled && set.spec.updateStrategy?.type !== 'OnDelete' ? computeUpdate({ nowMs, set, nodes, byNode, hash }) : { create: [], remove: [] };
  const used = new Set([hash, ...pods.map(({ metadata }) => metadata.labels?.[REVISION_HASH])]);
  const waits = pods.map((pod) => (availableAtMs(pod, set.spec.minReadySeconds ?? 0) ?? 0) - nowMs).filter((ms) => ms > 0);
  const requeueAfterMs = Math.min(...waits, placed.backoffMs ?? Infinity);
  return {
    revisions,
    hash,
    create: [...placed.create, ...update.create].slice(0, BURST).map((node) => daemonPod(set, hash, node)),
    remove: [...placed.remove, ...update.remove].slice(0, BURST),
    events: placed.events,
    removeRevisions: surplusRevisions(revisions.all, ({ metadata }) => used.has(metadata.labels?.[REVISION_HASH]), set.spec.revisionHistoryLimit),
    failures: placed.failures,
    requeueAfterMs: requeueAfterMs === Infinity ? undefined : requeueAfterMs,
  };
}

function revisionsOf({ set, revisions }: DaemonSetInput): Revisions {
  return computeRevisions({
    owner: set,
    reference: ownerReference(DaemonSet, set, { controller: true }),
    template: set.spec.template,
    revisions,
    collisionCount: set.status?.collisionCount,
    hashLabel: REVISION_HASH,
  });
}
