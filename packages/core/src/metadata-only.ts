import type { Kind } from './kind.ts';
import type { KubernetesObject } from './object.ts';

/** An object of which only the metadata is known. */
export type MetadataOnly = KubernetesObject;

/**
 * The same kind, of which only metadata is asked for: a client over HTTP gets `PartialObjectMetadata` from the server, and an informer keeps no more than that,
 * which saves most of the memory and bandwidth where labels, owners or existence are all that matters.
 *
 * For reading, patching and deleting. `create` and `update` need whole objects: use the kind itself.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/client-go/metadata/interface.go (Interface)
 */
export function metadataOnly(kind: Kind): Kind<MetadataOnly> {
  return kind.view === 'metadata' ? kind : Object.freeze({ ...kind, view: 'metadata' as const });
}
