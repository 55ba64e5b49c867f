import type { Node } from '@kybern/core/kinds';
import { readyCondition } from './health.ts';

/** How fast nodes that are not ready may lose their Pods: by zone, so that a lost network does not empty half of a cluster. */
export interface EvictionOptions {
  /** Nodes per second and zone from which Pods are evicted, in quiet times. Default 0.1. */
  readonly evictionRate?: number;
  /** The same in a zone of which a large part is not ready, if it is large. Default 0.01. */
  readonly secondaryEvictionRate?: number;
  /** A zone of more nodes is large; in a smaller one no Pods are evicted while a large part of it is not ready. Default 50. */
  readonly largeZoneNodes?: number;
  /** From this part of a zone's nodes on (and from three nodes) it is a large part. Default 0.55. */
  readonly unhealthyZoneThreshold?: number;
}

/** How a zone does. */
export type ZoneState = 'normal' | 'partialDisruption' | 'fullDisruption';

/** Whether Pods may be evicted from a node that is not ready: now, when its zone's rate lets it, or not at all, because nothing at all is ready and the fault may be ours. */
export type Eviction = { readonly type: 'allowed' } | { readonly type: 'waiting'; readonly afterMs: number | undefined } | { readonly type: 'suspended' };

/** Region and zone of a node, as one text. @see kubernetes v1.36 staging/src/k8s.io/component-helpers/node/topology/helpers.go (GetZoneKey) */
export function zoneOf({ metadata: { labels = {} } }: Node): string {
  const region = labels['topology.kubernetes.io/region'] ?? labels['failure-domain.beta.kubernetes.io/region'] ?? '';
  const zone = labels['topology.kubernetes.io/zone'] ?? labels['failure-domain.beta.kubernetes.io/zone'] ?? '';
  return region === '' && zone === '' ? '' : `${region}:\0:${zone}`;
}

/** @see kubernetes v1.36 pkg/controller/nodelifecycle/node_lifecycle_controller.go (ComputeZoneState) */
export function zoneState(ready: number, notReady: number, unhealthyZoneThreshold = 0.55): ZoneState {
  if (ready === 0 && notReady > 0) return 'fullDisruption';
  return notReady > 2 && notReady / (notReady + ready) >= unhealthyZoneThreshold ? 'partialDisruption' : 'normal';
}

/** Nodes per second from which Pods may be evicted. @see kubernetes v1.36 pkg/controller/nodelifecycle/node_lifecycle_controller.go (setLimiterInZone) */
export function evictionRate(state: ZoneState, nodes: number, options: EvictionOptions = {}): number {
  const { evictionRate: rate = 0.1, secondaryEvictionRate = 0.01, largeZoneNodes = 50 } = options;
  if (state !== 'partialDisruption') return rate;
  return nodes > largeZoneNodes ? secondaryEvictionRate : 0;
}

/** What {@link EvictionLimiter} decides by. */
export interface EvictionInput {
  readonly node: Node;
  /** All nodes, as they are known; `node` itself counts as not ready. */
  readonly nodes: readonly Node[];
  readonly monotonicMs: number;
}

interface Bucket {
  tokens: number;
  filledMs: number;
}

/**
 * Lets evictions through, one node at a time, at the rate of its zone. Time is given, so it is repeatable.
 *
 * @see kubernetes v1.36 pkg/controller/nodelifecycle/node_lifecycle_controller.go (handleDisruption, doNoExecuteTaintingPass)
 */
export class EvictionLimiter {
  readonly #options: EvictionOptions;
  readonly #buckets = new Map<string, Bucket>();

  constructor(options: EvictionOptions) {
    this.#options = options;
  }

  /** For a node from which no Pods are evicted yet. When it says that they may be, that counts for the zone's rate. */
  decide(input: EvictionInput): Eviction {
    const counts = countZones(input.nodes, input.node.metadata.name);
    if (this.#isSuspended(counts)) return SUSPENDED;
    const zone = zoneOf(input.node);
    const { ready = 0, notReady = 1 } = counts.get(zone) ?? {};
    const state = zoneState(ready, notReady, this.#options.unhealthyZoneThreshold);
    return this.#take(zone, evictionRate(state, ready + notReady, this.#options), input.monotonicMs);
  }

  /** For a node that had its turn. */
  ofEvicted({ node, nodes }: EvictionInput): Eviction {
    return this.#isSuspended(countZones(nodes, node.metadata.name)) ? SUSPENDED : ALLOWED;
  }

  #isSuspended(counts: Counts): boolean {
    return [...counts.values()].every(({ ready, notReady }) => zoneState(ready, notReady, this.#options.unhealthyZoneThreshold) === 'fullDisruption');
  }

  #take(zone: string, rate: number, nowMs: number): Eviction {
    const bucket = this.#buckets.get(zone) ?? { tokens: 1, filledMs: nowMs };
    this.#buckets.set(zone, bucket);
    bucket.tokens = Math.min(1, bucket.tokens + ((nowMs - bucket.filledMs) / 1000) * rate);
    bucket.filledMs = nowMs;
    if (rate <= 0) return { type: 'waiting', afterMs: undefined };
    // Rounding must not make a node come again just before its time.
    if (bucket.tokens < 1 - 1e-6) return { type: 'waiting', afterMs: Math.ceil(((1 - bucket.tokens) / rate) * 1000) };
    bucket.tokens -= 1;
    return ALLOWED;
  }
}

type Counts = ReadonlyMap<string, { readonly ready: number; readonly notReady: number }>;

const ALLOWED: Eviction = Object.freeze({ type: 'allowed' });
const SUSPENDED: Eviction = Object.freeze({ type: 'suspended' });

function countZones(nodes: readonly Node[], notReadyName: string): Counts {
  const counts = new Map<string, { ready: number; notReady: number }>();
  for (const node of nodes) {
    const zone = zoneOf(node);
    const count = counts.get(zone) ?? { ready: 0, notReady: 0 };
    counts.set(zone, count);
    if (isNodeReady(node) && node.metadata.name !== notReadyName) count.ready += 1;
    else count.notReady += 1;
  }
  return counts;
}

/** Whether the node says that it is ready, and is believed. */
export function isNodeReady(node: Node): boolean {
  return readyCondition(node)?.status === 'True';
}
