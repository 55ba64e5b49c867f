import { isConflict, isNotFound, type Client } from '@kybern/core';
import { applyCollection, dependentsByServer, ownersByCache, ownersByServer, type CollectionContext, type OwnerLookup } from './apply.ts';
import { computeCollection, letsGo, type CollectionPlan } from './compute.ts';
import { dependentsOf, type Item, type OwnerGraph } from './owner-graph.ts';

/** How often an object that others keep changing is looked at again at once. */
const MAX_ATTEMPTS = 5;

/**
 * Decides by the cache first, which is free; what would change something is decided again by what the server says.
 *
 * @returns whether to look again, because something exists that no cache has seen
 */
export async function collect(graph: OwnerGraph, cached: Item, client: Client): Promise<boolean> {
  const cachedContext: CollectionContext = { graph, item: cached, client, dependents: dependentsOf(graph, cached.object) };
  if ((await decide(cachedContext, ownersByCache)).plan.type === 'none') return false;
  for (let attempt = 1; ; attempt++) {
    try {
      const object = await client.get(cached.kind, cached.object);
      if (object.metadata.uid !== cached.object.metadata.uid) return false;
      return await collectNow({ graph, item: { kind: cached.kind, object }, client, dependents: dependentsOf(graph, object) });
    } catch (error) {
      if (isNotFound(error)) return false;
      if (!isConflict(error) || attempt === MAX_ATTEMPTS) throw error;
    }
  }
}

async function collectNow(context: CollectionContext): Promise<boolean> {
  const { plan, unseen } = await decide(context, ownersByServer);
  if (!letsGo(plan)) {
    await applyCollection(plan, context);
    return unseen && plan.type !== 'delete';
  }
  // A cache that is behind must not let an owner go before its dependents, nor leave some of them behind that go after it.
  const confirmed = { ...context, dependents: await dependentsByServer(context) };
  const { plan: final } = await decide(confirmed, ownersByServer);
  await applyCollection(final, confirmed);
  return final.type === 'none';
}

async function decide(context: CollectionContext, lookUp: OwnerLookup): Promise<{ readonly plan: CollectionPlan; readonly unseen: boolean }> {
  const { item, dependents } = context;
  const { states, unseen } = await lookUp(context);
  return { plan: computeCollection({ object: item.object, owners: states, dependents: dependents.map(({ object }) => object) }), unseen };
}
