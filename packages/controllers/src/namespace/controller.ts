import type { Kind } from '@kybern/core';
import { Namespace, Pod } from '@kybern/core/kinds';
import { defineController, done, type ControllerDefinition } from '@kybern/reconcile';
import { retryOnConflict } from '../retry-on-conflict.ts';
import { empty, NAMESPACE_FINALIZER, report } from './apply.ts';

/** Options of {@link namespaceController}. */
export interface NamespaceOptions {
  /** The kinds whose objects a namespace may hold; those of Cluster scope are ignored. */
  readonly kinds: readonly Kind[];
}

/**
 * Empties namespaces that are being deleted, Pods first, and then lets them go.
 *
 * @see kubernetes v1.36 pkg/controller/namespace/deletion/namespaced_resources_deleter.go
 */
export function namespaceController({ kinds }: NamespaceOptions): ControllerDefinition<Namespace> {
  const deletable = kinds.filter(({ scope, verbs }) => scope === 'Namespaced' && verbs.includes('list') && verbs.includes('delete'));
  const others = deletable.filter((kind) => kind.plural !== Pod.plural || kind.group !== '');
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
      return pods.remaining.length > 0 ? report(pods, request) : report(await empty(others, request), request);
    }),
  });
}
