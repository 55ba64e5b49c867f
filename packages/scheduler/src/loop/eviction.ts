import { condition, isConflict, isNotFound, keyOf, type Client, type Logger } from '@kybern/core';
import { Pod } from '@kybern/core/kinds';
import type { EventRecorder } from '@kybern/reconcile';

/**
 * Evicts a Pod that a PostFilter plugin chose to make room for another: says so in its condition `DisruptionTarget` and in an event, and deletes it. What
 * fails is logged: the Pod that wants the room will be tried again.
 *
 * @returns whether the Pod is on its way out, or gone
 *
 * @see kubernetes v1.36 pkg/scheduler/framework/preemption/executor.go
 */
export async function evict(
  victim: Pod,
  preemptor: Pod,
  { client, logger, recorder }: { readonly client: Client; readonly logger: Logger; readonly recorder: EventRecorder },
): Promise<boolean> {
  const { uid } = victim.metadata;
  try {
    await client.mutateStatus(Pod, victim, (draft) => {
      condition(draft, 'DisruptionTarget', true, {
        reason: 'PreemptionByScheduler',
        message: `${preemptor.spec.schedulerName ?? 'default-scheduler'}: preempting to accommodate a higher priority pod`,
      });
    });
    await client.delete(Pod, victim, uid === undefined ? {} : { preconditions: { uid } });
    const message = `Preempted by pod ${preemptor.metadata.uid ?? keyOf(preemptor)} on node ${victim.spec.nodeName ?? ''}`;
    recorder.event(victim, { type: 'Normal', reason: 'Preempted', action: 'Preempting', message });
    return true;
  } catch (error) {
    if (isNotFound(error)) return true;
    if (!isConflict(error)) logger.error('a Pod could not be evicted', { kind: 'Pod', name: keyOf(victim), error });
    return false;
  }
}
