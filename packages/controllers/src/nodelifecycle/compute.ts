import type { Lease, Node, NodeCondition, Pod, Taint } from '@kybern/core/kinds';
import type { PlannedEvent } from '../planned-event.ts';
import { isPodReady } from '../pod-state.ts';
import { observeNode, readyCondition, staleConditions, type NodeObservation } from './health.ts';
import { computeTaints } from './taints.ts';
import type { Eviction, EvictionOptions } from './zones.ts';

/** How long a node may be silent, and how fast Pods are evicted from nodes that are not ready. */
export interface NodeLifecycleOptions extends EvictionOptions {
  /** Silence in ms after which a node counts as unreachable. Default 50,000. */
  readonly nodeMonitorGracePeriodMs?: number;
  /** The same for a node that never reported. Default 60,000. */
  readonly nodeStartupGracePeriodMs?: number;
}

/** What {@link computeNodeLifecycle} looks at. */
export interface NodeLifecycleInput extends NodeLifecycleOptions {
  readonly nowMs: number;
  readonly monotonicMs: number;
  readonly node: Node;
  readonly lease: Lease | undefined;
  /** The result of the last time; undefined the first time. */
  readonly previous: NodeObservation | undefined;
  /** The Pods on the node. Only called when they matter. */
  readonly pods: () => readonly Pod[];
  /** Whether the node may lose its Pods. Only called when it is not ready: each call that allows it counts. Default: it may. */
  readonly eviction?: () => Eviction;
}

/** What a node's health asks for. */
export interface NodeLifecyclePlan {
  /** To be kept for the next time. */
  readonly observation: NodeObservation;
  /** Undefined when they are as they are. */
  readonly conditions: readonly NodeCondition[] | undefined;
  /** Undefined when they are as they are. */
  readonly taints: readonly Taint[] | undefined;
  /** Pods that say that they are ready although nobody can know. */
  readonly notReady: readonly Pod[];
  readonly events: readonly PlannedEvent[];
  /** When the node's silence will have lasted too long, or its Pods may be evicted, in ms from now; undefined when neither is to come. */
  readonly recheckMs: number | undefined;
}

/**
 * Computes what a node's signs of life, or their absence, mean for its conditions, taints and Pods.
 *
 * Pure: reads only `input`. Silence is measured by the local monotonic clock, from when a change was seen here.
 *
 * @see kubernetes v1.36 pkg/controller/nodelifecycle/node_lifecycle_controller.go (monitorNodeHealth)
 */
export function computeNodeLifecycle(input: NodeLifecycleInput): NodeLifecyclePlan {
  const { nowMs, monotonicMs, node, previous, pods } = input;
  const observation = observeNode(input);
  const graceMs = readyCondition(node) === undefined ? (input.nodeStartupGracePeriodMs ?? 60_000) : (input.nodeMonitorGracePeriodMs ?? 50_000);
  const leftMs = observation.aliveMs + graceMs - monotonicMs;
  const current = node.status?.conditions ?? [];
  const conditions = leftMs > 0 ? current : staleConditions(node, nowMs);
  const ready = conditions.find((condition) => condition.type === 'Ready')?.status;
  const eviction = decideEviction(input, ready);
  const waitMs = eviction.type === 'waiting' ? eviction.afterMs : undefined;
  const lost = previous?.ready === 'True' && ready !== undefined && ready !== 'True';
  return {
    observation: { ...observation, ready },
    conditions: conditions === current ? undefined : conditions,
    taints: computeTaints(node, conditions, { nowMs, eviction: eviction.type }),
    notReady: lost || ready === 'Unknown' ? pods().filter(isPodReady) : [],
    events: lost ? [{ type: 'Normal', reason: 'NodeNotReady', message: `Node ${node.metadata.name} status is now: NodeNotReady` }] : [],
    recheckMs: leftMs > 0 ? Math.min(leftMs, waitMs ?? Infinity) : waitMs,
  };
}

function decideEviction({ eviction }: NodeLifecycleInput, ready: string | undefined): Eviction {
  if (ready === undefined || ready === 'True' || eviction === undefined) return ALLOWED;
  return eviction();
}

const ALLOWED: Eviction = Object.freeze({ type: 'allowed' });
