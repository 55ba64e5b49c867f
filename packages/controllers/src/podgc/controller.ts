import { deepEqual, keyOf } from '@kybern/core';
import { Node, Pod } from '@kybern/core/kinds';
import { defineController, done, type ControllerDefinition, type InformerEvent } from '@kybern/reconcile';
import { podsByNode } from '../pod-indexes.ts';
import { isPodTerminal } from '../pod-state.ts';
import { retryOnConflict } from '../retry-on-conflict.ts';
import { collectPod, collectTerminated, TERMINATED, type Quarantine } from './apply.ts';

/** Options of {@link podGarbageCollectorController}. */
export interface PodGarbageCollectorOptions {
  /** So many ended Pods are kept. Default 12,500; 0 for all. */
  readonly terminatedPodThreshold?: number;
  /** How long a node must be gone before its Pods go, in ms. Default 40,000. */
  readonly quarantineMs?: number;
}

/**
 * Takes away Pods that nobody looks after any more, and ended ones beyond a threshold.
 *
 * @see kubernetes v1.36 pkg/controller/podgc
 */
export function podGarbageCollectorController({
  terminatedPodThreshold = 12_500,
  quarantineMs = 40_000,
}: PodGarbageCollectorOptions = {}): ControllerDefinition<Pod> {
  /** Invariant: no Pod here whose node was seen since, and none that is gone. */
  const quarantined: Quarantine = new Map();
  return defineController({
    name: 'pod-garbage-collector-controller',
    for: Pod,
    predicates: [concernsCollection],
    watches: [
      {
        kind: Node,
        predicate: (event) => event.type !== 'updated' || hasTaintsChanged(event),
        map: (node, _old, cache) => cache.by(Pod, podsByNode.name, node.metadata.name).map(keyOf),
      },
    ],
    indexes: [podsByNode, { kind: Pod, name: TERMINATED, by: (pod: Pod) => (isPodTerminal(pod) ? [''] : []) }],
    reconcile: retryOnConflict(async (request) => {
      if (isPodTerminal(request.object)) await collectTerminated(request, terminatedPodThreshold);
      return collectPod(request, { quarantined, quarantineMs });
    }),
    onAbsent({ key }) {
      quarantined.delete(key);
      return Promise.resolve(done());
    },
  });
}

function concernsCollection(event: InformerEvent<Pod>): boolean {
  if (event.type !== 'updated') return true;
  const { old, object } = event;
  return (
    old.spec.nodeName !== object.spec.nodeName ||
    old.metadata.deletionTimestamp !== object.metadata.deletionTimestamp ||
    isPodTerminal(old) !== isPodTerminal(object)
  );
}

function hasTaintsChanged({ old, object }: Extract<InformerEvent<Node>, { type: 'updated' }>): boolean {
  return !deepEqual(old.spec.taints, object.spec.taints);
}
