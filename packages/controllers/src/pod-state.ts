import { getCondition, parseTime } from '@kybern/core';
import type { Pod } from '@kybern/core/kinds';

/** Whether all containers of the Pod have ended for good. */
export function isPodTerminal(pod: Pod): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
}

/** Whether the Pod counts as a replica: neither ended nor on its way out. */
export function isPodActive(pod: Pod): boolean {
  return pod.metadata.deletionTimestamp === undefined && !isPodTerminal(pod);
}

/** Whether the Pod was told to go and has not ended yet. */
export function isPodTerminating(pod: Pod): boolean {
  return pod.metadata.deletionTimestamp !== undefined && !isPodTerminal(pod);
}

/** Whether the Pod can serve. */
export function isPodReady(pod: Pod): boolean {
  return getCondition(pod, 'Ready')?.status === 'True';
}

/** When the Pod became ready, in ms; undefined when it is not, or when that is not known. */
export function readySinceMs(pod: Pod): number | undefined {
  const ready = getCondition(pod, 'Ready');
  return ready?.status === 'True' && ready.lastTransitionTime !== undefined ? parseTime(ready.lastTransitionTime) : undefined;
}

/**
 * When a ready Pod counts as available, in ms: after it was ready for `minReadySeconds`. Undefined when it is not ready.
 *
 * @see kubernetes v1.36 pkg/api/v1/pod/util.go (IsPodAvailable)
 */
export function availableAtMs(pod: Pod, minReadySeconds: number): number | undefined {
  if (minReadySeconds === 0) return isPodReady(pod) ? 0 : undefined;
  const sinceMs = readySinceMs(pod);
  return sinceMs === undefined ? undefined : sinceMs + minReadySeconds * 1000;
}
