import type { Kind } from '@kybern/core';
import { versionsOf } from './discovery.ts';
import type { KindRegistry } from '../registry.ts';

/** The media type of {@link aggregatedDiscovery}, as clients ask for it and as it is answered. */
export const AGGREGATED_TYPE = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

/**
 * Everything that is served, in one document.
 *
 * @param core the core group (`/api`), or all others (`/apis`)
 * @see kubernetes v1.36 staging/src/k8s.io/api/apidiscovery/v2/types.go (APIGroupDiscoveryList)
 */
export function aggregatedDiscovery(registry: KindRegistry, core: boolean): object {
  const groups = Map.groupBy(
    registry.list().filter((kind) => (kind.group === '') === core),
    (kind) => kind.group,
  );
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: 'apidiscovery.k8s.io/v2',
    metadata: {},
    items: [...groups].map(([name, kinds]) => ({
      metadata: { ...(name === '' ? {} : { name }), creationTimestamp: null },
      versions: discoveryVersions(kinds),
    })),
  };
}

function discoveryVersions(kinds: readonly Kind[]): object[] {
  return versionsOf(kinds).map((version) => ({ version, resources: kinds.filter((kind) => kind.version === version).map(resourceOf), freshness: 'Current' }));
}

function resourceOf(kind: Kind): object {
  return {
    resource: kind.plural,
    responseKind: { group: kind.group, version: kind.version, kind: kind.kind },
    scope: kind.scope === 'Namespaced' ? 'Namespaced' : 'Cluster',
    singularResource: kind.singular,
    verbs: kind.verbs,
    ...(kind.shortNames.length === 0 ? {} : { shortNames: kind.shortNames }),
    ...(kind.categories.length === 0 ? {} : { categories: kind.categories }),
    ...(kind.subresources.length === 0
      ? {}
      : {
          subresources: kind.subresources.map(({ name, group, version, kind: body, verbs }) => ({
            subresource: name,
            responseKind: { group, version, kind: body },
            verbs,
          })),
        }),
  };
}
