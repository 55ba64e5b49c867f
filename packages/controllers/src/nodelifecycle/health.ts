import { formatTime } from '@kybern/core';
import type { Lease, Node, NodeCondition } from '@kybern/core/kinds';

/** What was seen of a node, and when by the local clock: a node's own times are compared, never trusted. */
export interface NodeObservation {
  readonly renewTime: string | undefined;
  /** The kubelet's last report of Ready; undefined while there was none. */
  readonly heartbeat: string | undefined;
  /** The status of Ready that was seen last. */
  readonly ready: string | undefined;
  /** When one of the above was last seen to change, in monotonic ms. */
  readonly aliveMs: number;
}

/** What {@link observeNode} looks at. */
export interface ObservationInput {
  readonly monotonicMs: number;
  readonly node: Node;
  readonly lease: Lease | undefined;
  readonly previous: NodeObservation | undefined;
}

/** The conditions that a kubelet reports, in Kubernetes' order. */
const REPORTED = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'] as const;
const STALE_REASONS: readonly (string | undefined)[] = ['NodeStatusUnknown', 'NodeStatusNeverUpdated'];

/** Takes note of signs of life: a renewed lease, or a report of the kubelet. Conditions that this controller wrote itself are none. */
export function observeNode({ monotonicMs, node, lease, previous }: ObservationInput): NodeObservation {
  const ready = readyCondition(node);
  const own = ready !== undefined && STALE_REASONS.includes(ready.reason);
  const heartbeat = ready === undefined ? undefined : own ? previous?.heartbeat : `${ready.status} ${ready.lastHeartbeatTime ?? ''}`;
  const renewTime = lease?.spec.renewTime;
  const alive = previous === undefined || heartbeat !== previous.heartbeat || (renewTime !== undefined && renewTime !== previous.renewTime);
  return { renewTime, heartbeat, ready: ready?.status, aliveMs: alive ? monotonicMs : previous.aliveMs };
}

/** The node's condition Ready, if it has one. */
export function readyCondition(node: Node): NodeCondition | undefined {
  return node.status?.conditions?.find((condition) => condition.type === 'Ready');
}

/**
 * The conditions of a node of which nothing was seen for too long: what the kubelet reports is no longer known.
 *
 * @returns the same list when it says so already
 * @see kubernetes v1.36 pkg/controller/nodelifecycle/node_lifecycle_controller.go (tryUpdateNodeHealth)
 */
export function staleConditions(node: Node, nowMs: number): readonly NodeCondition[] {
  const conditions = node.status?.conditions ?? [];
  const time = formatTime(nowMs);
  const known = conditions.map((condition): NodeCondition => {
    if (!REPORTED.includes(condition.type as (typeof REPORTED)[number]) || condition.status === 'Unknown') return condition;
    return { ...condition, status: 'Unknown', reason: 'NodeStatusUnknown', message: 'Kubelet stopped posting node status.', lastTransitionTime: time };
  });
  const missing = REPORTED.filter((type) => !conditions.some((condition) => condition.type === type)).map(
    (type): NodeCondition => ({
      type,
      status: 'Unknown',
      reason: 'NodeStatusNeverUpdated',
      message: 'Kubelet never posted node status.',
      ...(node.metadata.creationTimestamp === undefined ? {} : { lastHeartbeatTime: node.metadata.creationTimestamp }),
      lastTransitionTime: time,
    }),
  );
  const changed = missing.length > 0 || known.some((condition, i) => condition !== conditions[i]);
  return changed ? [...known, ...missing] : conditions;
}
