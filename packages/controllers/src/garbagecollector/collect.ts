import { isConflict, isNotFound, type Client } from '@kybern/core';
import { applyCollection, ownersByCache, ownersByServer, type CollectionContext, type OwnerLookup } from './apply.ts';
import { computeCollection, type CollectionPlan } from './compute.ts';
import { dependentsOf, type Item, type OwnerGraph } from './owner-graph.ts';

/** How often an object that others keep changing is looked at again at once. */
const MAX_ATTEMPTS = 5;

/** Decides by the cache first, which is free; what would change something is decided again by what the server says. */
export async function collect(graph: OwnerGraph, cached: Item, client: Client): Promise<void> {
  if ((await decide({ graph, item: cached, client }, ownersByCache)).type === 'none') return;
  for (let attempt = 1; ; attempt++) {
    try {
      const object = await client.get(cached.kind, cached.object);
      const context: CollectionContext = { graph, item: { kind: cached.kind, object }, client };
      if (object.metadata.uid === cached.object.metadata.uid) await applyCollection(await decide(context, ownersByServer), context);
      return;
    } catch (error) {
      if (isNotFound(error)) return;
      if (!isConflict(error) || attempt === MAX_ATTEMPTS) throw error;
    }
  }
}

async function decide(context: CollectionContext, lookUp: OwnerLookup): Promise<CollectionPlan> {
  const { object } = context.item;
  const dependents = dependentsOf(context.graph, object).map((item) => item.object);
  return computeCollection({ object, owners: await lookUp(context), dependents });
}
