import { Lease, Node, Pod } from '@kybern/core/kinds';
import { defineController, done, requeueAfter, type CacheIndex, type ControllerDefinition, type InformerEvent, type ReconcileRequest } from '@kybern/reconcile';
import { podsByNode } from '../pod-indexes.ts';
import { retryOnConflict } from '../retry-on-conflict.ts';
import { applyNodeLifecycle } from './apply.ts';
import { computeNodeLifecycle, type NodeLifecycleOptions } from './compute.ts';
import type { NodeObservation } from './health.ts';
import { hasExecuteTaint } from './taints.ts';
import { EvictionLimiter, isNodeReady, type Eviction } from './zones.ts';

/** The namespace of the nodes' Leases. */
const LEASES = 'kube-node-lease';

/**
 * Watches over nodes: what is silent for too long gets unknown conditions and taints, and loses them when it is heard of again.
 *
 * Differs from Kubernetes: a lease's renewal is noted when it is seen and not at the next of the looks every 5 s, so silence is measured exactly.
 *
 * @see kubernetes v1.36 pkg/controller/nodelifecycle
 */
export function nodeLifecycleController(options: NodeLifecycleOptions = {}): ControllerDefinition<Node> {
  /** Invariant: the last observation of each node that was reconciled and exists. */
  const observations = new Map<string, NodeObservation>();
  const limiter = new EvictionLimiter(options);
  return defineController({
    name: 'node-lifecycle-controller',
    for: Node,
    watches: [
      { kind: Lease, map: ({ metadata: { namespace, name } }) => (namespace === LEASES ? [name] : []) },
      // Whether Pods may be evicted from those that are not ready depends on all nodes.
      { kind: Node, predicate: concernsOthers, map: (_node, _old, cache) => cache.by(Node, notReadyNodes.name, '').map(({ metadata }) => metadata.name) },
    ],
    indexes: [podsByNode, notReadyNodes],
    concurrency: 8,
    reconcile: retryOnConflict(async (request) => {
      const { object: node, cache, clock, key } = request;
      const plan = computeNodeLifecycle({
        ...options,
        nowMs: clock.now(),
        monotonicMs: clock.monotonicMs(),
        node,
        lease: cache.get(Lease, `${LEASES}/${node.metadata.name}`),
        previous: observations.get(key),
        pods: () => cache.by(Pod, podsByNode.name, node.metadata.name),
        eviction: () => decide(limiter, request),
      });
      await applyNodeLifecycle(plan, request);
      observations.set(key, plan.observation);
      return plan.recheckMs === undefined ? done() : requeueAfter(plan.recheckMs, { background: true });
    }),
    onAbsent({ key }) {
      observations.delete(key);
      return Promise.resolve(done());
    },
  });
}

const notReadyNodes: CacheIndex<Node> = { kind: Node, name: 'nodelifecycle/not-ready', by: (node) => (isNodeReady(node) ? [] : ['']) };

/** A node comes, goes, or becomes ready or not. */
const concernsOthers = (event: InformerEvent<Node>): boolean => event.type !== 'updated' || isNodeReady(event.old) !== isNodeReady(event.object);

/** A node whose turn has come already takes no other, but for it, too, everything may be suspended. */
function decide(limiter: EvictionLimiter, { object: node, cache, clock }: ReconcileRequest<Node>): Eviction {
  const input = { node, nodes: cache.list(Node), monotonicMs: clock.monotonicMs() };
  return hasExecuteTaint(node) ? limiter.ofEvicted(input) : limiter.decide(input);
}
