import { parseTime } from '@kybern/core';
import type { Job } from '@kybern/core/kinds';

/** What {@link computeTimeToLive} looks at. */
export interface TimeToLiveInput {
  /** Wall time in ms. */
  readonly nowMs: number;
  readonly job: Job;
}

/**
 * How long a finished Job still has, in ms.
 *
 * @returns 0 when its time is over; undefined when it is not finished, is being deleted, or has no `ttlSecondsAfterFinished`
 * @see kubernetes v1.36 pkg/controller/ttlafterfinished/ttlafterfinished_controller.go (timeLeft)
 */
export function computeTimeToLive({ nowMs, job: { metadata, spec, status } }: TimeToLiveInput): number | undefined {
  const { ttlSecondsAfterFinished } = spec;
  if (ttlSecondsAfterFinished === undefined || metadata.deletionTimestamp !== undefined) return undefined;
  const end = status?.conditions?.find((condition) => (condition.type === 'Complete' || condition.type === 'Failed') && condition.status === 'True');
  if (end?.lastTransitionTime === undefined) return undefined;
  return Math.max(0, parseTime(end.lastTransitionTime) + ttlSecondsAfterFinished * 1000 - nowMs);
}
