import { parseTime } from '@kybern/core';
import type { Pod } from '@kybern/core/kinds';
import { isPodReady, readySinceMs } from './pod-state.ts';

/**
 * Pods in the order in which those that are too many go: unscheduled first, then Pending, then Unknown; then not ready; then ready for the shortest time;
 * then with the most restarts; then the youngest.
 *
 * @see kubernetes v1.36 pkg/controller/controller_utils.go (ActivePods)
 */
export function inOrderOfRemoval(pods: readonly Pod[]): readonly Pod[] {
  return [...pods].sort(
    (a, b) =>
      Number(a.spec.nodeName !== undefined) - Number(b.spec.nodeName !== undefined) ||
      phaseRank(a) - phaseRank(b) ||
      Number(isPodReady(a)) - Number(isPodReady(b)) ||
      youngerFirst(readySinceMs(a), readySinceMs(b)) ||
      restarts(b) - restarts(a) ||
      youngerFirst(createdMs(a), createdMs(b)),
  );
}

function phaseRank({ status }: Pod): number {
  const phase = status?.phase ?? 'Pending';
  return phase === 'Pending' ? 0 : phase === 'Unknown' ? 1 : 2;
}

/** A time that is not known counts as the youngest. */
const youngerFirst = (a = Infinity, b = Infinity): number => (a === b ? 0 : b - a);

const createdMs = ({ metadata: { creationTimestamp } }: Pod): number | undefined =>
  creationTimestamp === undefined ? undefined : parseTime(creationTimestamp);

const restarts = ({ status }: Pod): number => Math.max(0, ...(status?.containerStatuses ?? []).map(({ restartCount }) => restartCount));
