import { ownerReference, type Kind, type KubernetesObject } from '@kybern/core';
import { Pod, type ReplicaSet, type ReplicaSetStatus } from '@kybern/core/kinds';
import { done, requeueAfter, type ReconcileRequest, type ReconcileResult } from '@kybern/reconcile';
import { claim } from '../claim.ts';
import { orphanPods } from '../pod-indexes.ts';
import { isPodActive, isPodTerminating } from '../pod-state.ts';
import { podFromTemplate } from '../pod-template.ts';
import { applyReplicaSet } from './apply.ts';
import { computeReplicaSet, computeReplicaSetStatus } from './compute.ts';

/** What {@link replicate} works with. */
export interface ReplicateOptions<T extends KubernetesObject> {
  /** The kind of the object that owns the Pods. */
  readonly kind: Kind<T>;
  /** The object as a ReplicaSet. */
  readonly replicaSet: ReplicaSet;
  /** The Pods of all owners that have the same owner. */
  readonly relatedPods: () => readonly Pod[];
  /** Writes the object's status. */
  readonly writeStatus: (status: ReplicaSetStatus) => Promise<unknown>;
}

/**
 * Brings the Pods of a ReplicaSet, or of what counts as one, to the desired number, and writes the status in the same reconcile.
 *
 * @throws {ApiError} the first error of a creation or deletion, after the status that tells of it was written
 * @see kubernetes v1.36 pkg/controller/replicaset/replica_set.go (syncReplicaSet)
 */
export async function replicate<T extends KubernetesObject>(
  request: ReconcileRequest<T>,
  { kind, replicaSet, relatedPods, writeStatus }: ReplicateOptions<T>,
): Promise<ReconcileResult> {
  const { object: owner, clock, cache } = request;
  const nowMs = clock.now();
  const pods = await claim(request, { for: kind, kind: Pod, orphans: orphanPods.name, selector: replicaSet.spec.selector, isCandidate: isPodActive });
  const template = podFromTemplate(replicaSet.spec.template, ownerReference(kind, owner, { controller: true }), owner.metadata.namespace);
  const applied = await applyReplicaSet(computeReplicaSet({ nowMs, replicaSet, pods, relatedPods }), request, template);
  const { status, requeueAfterMs } = computeReplicaSetStatus({
    nowMs,
    replicaSet,
    pods: [...pods.filter((pod) => !applied.removed.includes(pod)), ...applied.created],
    terminating: cache.ownedBy(Pod, owner).filter(isPodTerminating).length + applied.terminating,
    failure: applied.failure,
  });
  if (status !== undefined) await writeStatus(status);
  if (applied.error !== undefined) throw applied.error as Error;
  return requeueAfterMs === undefined ? done() : requeueAfter(requeueAfterMs);
}
