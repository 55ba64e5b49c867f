import { DaemonSet, type Pod } from '@kybern/core/kinds';
import type { ReconcileRequest } from '@kybern/reconcile';
import { createPods, removePod } from '../pod-control.ts';
import { writeRevision } from '../revision-control.ts';
import type { DaemonSetPlan } from './compute.ts';

/** What became of a plan. */
export interface AppliedDaemonSet {
  /** The Pods as they are now, but for how far those to be deleted are. */
  readonly pods: readonly Pod[];
  /** The first error; to be thrown when the status is written. */
  readonly error: unknown;
}

/** Carries out a plan: the revision, then creations and deletions. */
export async function applyDaemonSet(plan: DaemonSetPlan, pods: readonly Pod[], request: ReconcileRequest<DaemonSet>): Promise<AppliedDaemonSet> {
  const { object: set, client, recorder } = request;
  await writeRevision(plan.revisions, request, () =>
    client.mutateStatus(DaemonSet, set, (draft) => {
      draft.status.collisionCount = (set.status?.collisionCount ?? 0) + 1;
    }),
  );
  for (const event of plan.events) recorder.event(set, event);
  const created = await createPods(request, plan.create);
  const outcomes = await Promise.all(plan.remove.map((pod) => removePod(request, pod)));
  const gone = new Set(plan.remove.filter((_, i) => outcomes[i]?.error === undefined && outcomes[i]?.terminating === false));
  const error = created.error ?? outcomes.find((outcome) => outcome.error !== undefined)?.error;
  return { pods: [...pods.filter((pod) => !gone.has(pod)), ...created.values], error };
}
