import { parseTime } from '@kybern/core';
import type { Node, Pod } from '@kybern/core/kinds';
import type { Disruption } from '../disruption.ts';
import { isPodTerminal } from '../pod-state.ts';

/** What {@link computePodCollection} looks at. */
export interface PodCollectionInput {
  readonly pod: Pod;
  /** The Pod's node: undefined when the Pod has none, `gone` when it is not there. */
  readonly node: Node | 'gone' | undefined;
}

/** What becomes of a Pod that nobody looks after. */
export type PodCollectionPlan =
  | { readonly type: 'keep' }
  /** Its node is gone, perhaps only for a moment: look again before it is taken away. */
  | { readonly type: 'quarantine'; readonly disruption: Disruption }
  | { readonly type: 'remove'; readonly disruption: Disruption | undefined };

const OUT_OF_SERVICE = 'node.kubernetes.io/out-of-service';
const KEEP: PodCollectionPlan = { type: 'keep' };

/**
 * Decides whether a Pod is left behind: on a node that is gone, on its way out without ever having had a node, or on its way out on a node that an
 * administrator has put out of service.
 *
 * @see kubernetes v1.36 pkg/controller/podgc/gc_controller.go (gcOrphaned, gcUnscheduledTerminating, gcTerminating)
 */
export function computePodCollection({ pod, node }: PodCollectionInput): PodCollectionPlan {
  const failed = !isPodTerminal(pod);
  const disruption = (message: string): Disruption => ({ reason: 'DeletionByPodGC', message, failed, gracePeriodSeconds: 0 });
  if (node === 'gone') return { type: 'quarantine', disruption: disruption('PodGC: node no longer exists') };
  if (pod.metadata.deletionTimestamp === undefined) return KEEP;
  if (node === undefined) return { type: 'remove', disruption: undefined };
  const ready = node.status?.conditions?.find((condition) => condition.type === 'Ready')?.status === 'True';
  const outOfService = (node.spec.taints ?? []).some((taint) => taint.key === OUT_OF_SERVICE);
  return outOfService && !ready ? { type: 'remove', disruption: disruption('PodGC: node is out of service') } : KEEP;
}

/**
 * The ended Pods beyond the threshold, the oldest first.
 *
 * @param threshold how many ended Pods are kept; 0 or less for all
 * @see kubernetes v1.36 pkg/controller/podgc/gc_controller.go (gcTerminated)
 */
export function surplusTerminated(terminated: readonly Pod[], threshold: number): readonly Pod[] {
  if (threshold <= 0 || terminated.length <= threshold) return [];
  const createdMs = ({ metadata }: Pod): number => parseTime(metadata.creationTimestamp ?? '') || 0;
  return [...terminated].sort((a, b) => createdMs(a) - createdMs(b) || (a.metadata.name < b.metadata.name ? -1 : 1)).slice(0, terminated.length - threshold);
}
