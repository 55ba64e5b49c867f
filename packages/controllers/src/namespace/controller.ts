import type { Kind } from '@kybern/core';
import { Namespace, Pod } from '@kybern/core/kinds';
import { defineController, done, type ControllerDefinition } from '@kybern/reconcile';
import type { KindSource } from '../kind-source.ts';
import { retryOnConflict } from '../retry-on-conflict.ts';
import { empty, NAMESPACE_FINALIZER, report } from './apply.ts';

/**
 * Empties namespaces that are being deleted, Pods first, and then lets them go.
 *
 * @see kubernetes v1.36 pkg/controller/namespace/deletion/namespaced_resources_deleter.go
 */
export function namespaceController(source: KindSource): ControllerDefinition<Namespace> {
  /** What a namespace may hold besides Pods. */
  const others = (): readonly Kind[] =>
    source.inUse().filter((kind) => kind.scope === 'Namespaced' && kind !== Pod && kind.verbs.includes('list') && kind.verbs.includes('delete'));
  return defineController({
    name: 'namespace-controller',
    for: Namespace,
    predicates: [({ object }) => object.metadata.deletionTimestamp !== undefined],
    // What is last to go is mostly a Pod: its end is the moment to go on.
    watches: [
      { kind: Pod, predicate: (event) => event.type === 'deleted', map: ({ metadata: { namespace } }) => (namespace === undefined ? [] : [namespace]) },
    ],
    concurrency: 10,
    reconcile: retryOnConflict(async (request) => {
      const { metadata, spec } = request.object;
      if (metadata.deletionTimestamp === undefined || spec.finalizers?.includes(NAMESPACE_FINALIZER) !== true) return done();
      const pods = await empty([Pod], request);
      return pods.remaining.length > 0 ? report(pods, request) : report(await empty(others(), request), request);
    }),
  });
}
