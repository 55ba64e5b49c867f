import { formatTime } from '@kybern/core';
import type { Node, NodeCondition, Taint } from '@kybern/core/kinds';
import type { Eviction } from './zones.ts';

/** Put on nodes that are not ready, with effect NoSchedule and NoExecute. */
export const NOT_READY = 'node.kubernetes.io/not-ready';
/** Put on nodes of which nothing is known, with effect NoSchedule and NoExecute. */
export const UNREACHABLE = 'node.kubernetes.io/unreachable';
const UNSCHEDULABLE = 'node.kubernetes.io/unschedulable';

/** Which taint a condition brings, by its status. */
const BY_CONDITION: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Ready: { False: NOT_READY, Unknown: UNREACHABLE },
  MemoryPressure: { True: 'node.kubernetes.io/memory-pressure' },
  DiskPressure: { True: 'node.kubernetes.io/disk-pressure' },
  NetworkUnavailable: { True: 'node.kubernetes.io/network-unavailable' },
  PIDPressure: { True: 'node.kubernetes.io/pid-pressure' },
};

const EXECUTE_KEYS: readonly string[] = [NOT_READY, UNREACHABLE];
const SCHEDULE_KEYS: readonly string[] = [...Object.values(BY_CONDITION).flatMap((byStatus) => Object.values(byStatus)), UNSCHEDULABLE];

/**
 * The taints of a node by its conditions and `spec.unschedulable`. Taints of others stay, and so do the times of those that are there already.
 *
 * @param options.eviction whether a node that is not ready may lose its Pods; while it waits, Pods that are being evicted go on being so
 * @returns undefined when nothing changes
 * @see kubernetes v1.36 pkg/controller/nodelifecycle/node_lifecycle_controller.go (doNoScheduleTaintingPass, processTaintBaseEviction)
 */
export function computeTaints(
  node: Node,
  conditions: readonly NodeCondition[],
  { nowMs, eviction = 'allowed' }: { readonly nowMs: number; readonly eviction?: Eviction['type'] },
): readonly Taint[] | undefined {
  const taints = node.spec.taints ?? [];
  const executed = eviction === 'allowed' || (eviction === 'waiting' && hasExecuteTaint(node));
  const wanted = [...scheduleTaints(node, conditions), ...(executed ? executeTaints(conditions) : [])];
  const kept = taints.filter((taint) => !isManaged(taint) || wanted.some((each) => isSame(each, taint)));
  const added = wanted.filter((taint) => !taints.some((each) => isSame(each, taint)));
  return added.length === 0 && kept.length === taints.length ? undefined : [...kept, ...added.map((taint) => ({ ...taint, timeAdded: formatTime(nowMs) }))];
}

/** Whether Pods are being evicted from the node, because it is not ready. */
export function hasExecuteTaint({ spec: { taints = [] } }: Node): boolean {
  return taints.some(({ key, effect }) => effect === 'NoExecute' && EXECUTE_KEYS.includes(key));
}

function scheduleTaints(node: Node, conditions: readonly NodeCondition[]): readonly Taint[] {
  const keys = conditions.flatMap(({ type, status }) => BY_CONDITION[type]?.[status] ?? []);
  return [...keys, ...(node.spec.unschedulable === true ? [UNSCHEDULABLE] : [])].map((key) => ({ key, effect: 'NoSchedule' }));
}

function executeTaints(conditions: readonly NodeCondition[]): readonly Taint[] {
  const ready = conditions.find((condition) => condition.type === 'Ready');
  const key = ready === undefined ? undefined : BY_CONDITION['Ready']?.[ready.status];
  return key === undefined ? [] : [{ key, effect: 'NoExecute' }];
}

const isSame = (a: Taint, b: Taint): boolean => a.key === b.key && a.effect === b.effect;

const isManaged = ({ key, effect }: Taint): boolean =>
  (effect === 'NoSchedule' && SCHEDULE_KEYS.includes(key)) || (effect === 'NoExecute' && EXECUTE_KEYS.includes(key));
