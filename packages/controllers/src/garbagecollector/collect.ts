import { isConflict, isNotFound, type Client } from '@kybern/core';
import { applyCollection, ownersByCache, ownersByServer, type CollectionContext, type OwnerLookup } from './apply.ts';
import { computeCollection, type CollectionPlan } from './compute.ts';
import { dependentsOf, type Item, type OwnerGraph } from './owner-graph.ts';

/** How often an object that others keep changing is looked at again at once. */
const MAX_ATTEMPTS = 5;

/**
 * Decides by the cache first, which is free; what would change something is decided again by what the server says.
 *
 * @returns whether to look again, because an owner exists that no cache has seen
 */
export async function collect(graph: OwnerGraph, cached: Item, client: Client): Promise<boolean> {
  if ((await decide({ graph, item: cached, client }, ownersByCache)).plan.type === 'none') return false;
  for (let attempt = 1; ; attempt++) {
    try {
      const object = await client.get(cached.kind, cached.object);
      if (object.metadata.uid !== cached.object.metadata.uid) return false;
      const context: CollectionContext = { graph, item: { kind: cached.kind, object }, client };
      const { plan, unseen } = await decide(context, ownersByServer);
      await applyCollection(plan, context);
      return unseen && plan.type !== 'delete';
    } catch (error) {
      if (isNotFound(error)) return false;
      if (!isConflict(error) || attempt === MAX_ATTEMPTS) throw error;
    }
  }
}

async function decide(context: CollectionContext, lookUp: OwnerLookup): Promise<{ readonly plan: CollectionPlan; readonly unseen: boolean }> {
  const { object } = context.item;
  const dependents = dependentsOf(context.graph, object).map((item) => item.object);
  const { states, unseen } = await lookUp(context);
  return { plan: computeCollection({ object, owners: states, dependents }), unseen };
}
