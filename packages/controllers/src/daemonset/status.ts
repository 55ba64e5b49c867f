import { deepEqual } from '@kybern/core';
import type { DaemonSet, DaemonSetStatus, Node, Pod } from '@kybern/core/kinds';
import { availableAtMs, isPodReady } from '../pod-state.ts';
import { fitNode } from './eligibility.ts';
import { isUpdated } from './pods.ts';

/** Whether the Pod has been ready for long enough. */
export const isAvailableDaemon = (pod: Pod, { spec }: DaemonSet, nowMs: number): boolean =>
  (availableAtMs(pod, spec.minReadySeconds ?? 0) ?? Infinity) <= nowMs;

/** What {@link computeDaemonSetStatus} looks at. */
export interface DaemonSetStatusInput {
  readonly nowMs: number;
  readonly set: DaemonSet;
  readonly nodes: readonly Node[];
  readonly byNode: ReadonlyMap<string, readonly Pod[]>;
  /** The hash of the current revision. */
  readonly hash: string;
}

/**
 * A DaemonSet's status, by node: of several Pods the oldest counts.
 *
 * @returns undefined when it is as it is
 * @see kubernetes v1.36 pkg/controller/daemon/daemon_controller.go (updateDaemonSetStatus)
 */
export function computeDaemonSetStatus({ nowMs, set, nodes, byNode, hash }: DaemonSetStatusInput): DaemonSetStatus | undefined {
  let [desired, current, misscheduled, ready, available, updated] = [0, 0, 0, 0, 0, 0];
  for (const node of nodes) {
    const [pod] = byNode.get(node.metadata.name) ?? [];
    if (!fitNode(set, node).shouldRun) {
      if (pod !== undefined) misscheduled += 1;
      continue;
    }
    desired += 1;
    if (pod === undefined) continue;
    current += 1;
    if (isUpdated(pod, hash)) updated += 1;
    if (isPodReady(pod)) ready += 1;
    if (isAvailableDaemon(pod, set, nowMs)) available += 1;
  }
  const { conditions, collisionCount } = set.status ?? {};
  const optional = { updatedNumberScheduled: updated, numberAvailable: available, numberUnavailable: desired - available };
  const status: DaemonSetStatus = {
    currentNumberScheduled: current,
    desiredNumberScheduled: desired,
    numberMisscheduled: misscheduled,
    numberReady: ready,
    ...Object.fromEntries(Object.entries(optional).filter(([, count]) => count > 0)),
    ...(set.metadata.generation === undefined ? {} : { observedGeneration: set.metadata.generation }),
    ...(conditions === undefined ? {} : { conditions }),
    ...(collisionCount === undefined ? {} : { collisionCount }),
  };
  return deepEqual(status, set.status) ? undefined : status;
}
