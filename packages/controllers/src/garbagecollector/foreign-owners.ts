import { parseApiVersion, type OwnerReference } from '@kybern/core';
import { Namespace } from '@kybern/core/kinds';
import type { PlannedEvent } from '../planned-event.ts';
import { locateOwner, ownerOf, type Item, type OwnerGraph } from './owner-graph.ts';

/**
 * The owners that an object names although they are in another namespace, where nothing can own it: for each the event that tells so.
 *
 * Looks for the name in every namespace that the caches know, and only for owners that are not where they should be and not known to be absent.
 *
 * @see kubernetes v1.36 pkg/controller/garbagecollector/graph_builder.go (reportInvalidNamespaceOwnerRef)
 */
export function foreignOwnerEvents(graph: OwnerGraph, item: Item): readonly PlannedEvent[] {
  const { namespace = '', ownerReferences = [] } = item.object.metadata;
  return ownerReferences
    .filter((reference) => isForeign(graph, item, reference))
    .map(({ apiVersion, kind, name, uid }) => ({
      type: 'Warning',
      reason: 'OwnerRefInvalidNamespace',
      message: `ownerRef [${apiVersion}/${kind}, namespace: ${namespace}, name: ${name}, uid: ${uid}] does not exist in namespace "${namespace}"`,
    }));
}

function isForeign(graph: OwnerGraph, item: Item, reference: OwnerReference): boolean {
  const { table, cache } = graph;
  const kind = table.byGroupKind(parseApiVersion(reference.apiVersion).group, reference.kind);
  if (kind === undefined || kind.scope === 'Cluster' || !table.watched.has(kind) || !table.watched.has(Namespace)) return false;
  const place = locateOwner(table, item, reference);
  if (place !== undefined && (ownerOf(graph, item, reference) !== undefined || table.memory.isAbsent(place, reference.uid))) return false;
  return cache.list(Namespace).some(({ metadata: { name } }) => {
    const found = name === item.object.metadata.namespace ? undefined : cache.get(kind, `${name}/${reference.name}`);
    return found?.metadata.uid === reference.uid;
  });
}
