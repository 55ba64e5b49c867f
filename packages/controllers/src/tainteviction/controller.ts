import { deepEqual, keyOf } from '@kybern/core';
import { Node, Pod } from '@kybern/core/kinds';
import { defineController, done, requeueAfter, type ControllerDefinition, type InformerEvent } from '@kybern/reconcile';
import { disruptPod } from '../disruption.ts';
import { podsByNode } from '../pod-indexes.ts';
import { retryOnConflict } from '../retry-on-conflict.ts';
import { computeTaintEviction } from './compute.ts';

/**
 * Takes Pods off nodes whose NoExecute taints they do not tolerate, or no longer.
 *
 * @see kubernetes v1.36 pkg/controller/tainteviction
 */
export function taintEvictionController(): ControllerDefinition<Pod> {
  /** Invariant: when each Pod that will be evicted later was first seen so, by its key. */
  const since = new Map<string, { readonly uid: string | undefined; readonly sinceMs: number }>();
  return defineController({
    name: 'taint-eviction-controller',
    for: Pod,
    predicates: [concernsEviction],
    watches: [{ kind: Node, predicate: hasTaintsChanged, map: (node, _old, cache) => cache.by(Pod, podsByNode.name, node.metadata.name).map(keyOf) }],
    indexes: [podsByNode],
    concurrency: 8,
    reconcile: retryOnConflict(async ({ key, object: pod, cache, client, clock, recorder }) => {
      const { name, namespace = '', uid } = pod.metadata;
      const seen = since.get(key);
      const taints = pod.spec.nodeName === undefined ? [] : (cache.get(Node, pod.spec.nodeName)?.spec.taints ?? []);
      const nowMs = clock.now();
      const plan = computeTaintEviction({ nowMs, pod, taints, sinceMs: seen !== undefined && seen.uid === uid ? seen.sinceMs : nowMs });
      switch (plan.type) {
        case 'stay':
          if (since.delete(key) && seen?.uid === uid)
            recorder.event(pod, { type: 'Normal', reason: 'TaintManagerEviction', message: `Cancelling deletion of Pod ${namespace}/${name}` });
          return done();
        case 'evictLater':
          if (seen?.uid !== uid || seen === undefined) since.set(key, { uid, sinceMs: nowMs });
          return requeueAfter(plan.afterMs, { background: true });
        case 'evict':
          since.delete(key);
          recorder.event(pod, { type: 'Normal', reason: 'TaintManagerEviction', message: `Marking for deletion Pod ${namespace}/${name}` });
          await disruptPod(pod, { reason: 'DeletionByTaintManager', message: 'Taint manager: deleting due to NoExecute taint' }, { client, nowMs });
          return done();
      }
    }),
    onAbsent({ key }) {
      since.delete(key);
      return Promise.resolve(done());
    },
  });
}

function concernsEviction(event: InformerEvent<Pod>): boolean {
  if (event.type !== 'updated') return event.object.spec.nodeName !== undefined;
  const { old, object } = event;
  return (
    old.spec.nodeName !== object.spec.nodeName ||
    !deepEqual(old.spec.tolerations, object.spec.tolerations) ||
    old.metadata.deletionTimestamp !== object.metadata.deletionTimestamp
  );
}

function hasTaintsChanged(event: InformerEvent<Node>): boolean {
  return event.type === 'added'
    ? event.object.spec.taints !== undefined
    : event.type === 'updated' && !deepEqual(event.old.spec.taints, event.object.spec.taints);
}
