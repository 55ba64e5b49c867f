import { metadataOnly, type Client, type KubernetesObject, type OwnerReference } from '@kybern/core';
import { ignoreNotFound } from '../ignore-not-found.ts';
import { isWaiting, ORPHAN, type CollectionPlan, type OwnerState } from './compute.ts';
import { locateOwner, ownerOf, type Item, type OwnerGraph, type Place } from './owner-graph.ts';

/** What the effects of a collection work with. */
export interface CollectionContext {
  readonly graph: OwnerGraph;
  readonly item: Item;
  readonly client: Client;
  /** Those that name the object as their owner, as far as is known. */
  readonly dependents: readonly Item[];
}

/** What is known of an object's owners. */
export interface OwnerView {
  /** The state of each of its owner references, in their order. */
  readonly states: readonly OwnerState[];
  /** Some exist that no cache has seen. Of these no deletion may ever be told, so it is well to look again. */
  readonly unseen: boolean;
}

/** The states of an object's owners. */
export type OwnerLookup = (context: CollectionContext) => Promise<OwnerView>;

/** As the cache has it; what it does not have counts as absent. */
export const ownersByCache: OwnerLookup = async (context) => ({ states: await eachOwner(context, () => Promise.resolve('absent')), unseen: false });

/**
 * As the cache has it, and what it does not have as the server says, unless it is known to be absent. An owner in the cache that is gone by now makes itself known by its deletion.
 *
 * @see kubernetes v1.36 pkg/controller/garbagecollector/garbagecollector.go (isDangling, attemptToDeleteWorker)
 */
export const ownersByServer: OwnerLookup = async (context) => {
  const { memory } = context.graph.table;
  let unseen = false;
  const states = await eachOwner(context, async ({ uid }, place) => {
    if (memory.isAbsent(place, uid)) return 'absent';
    const owner = await ignoreNotFound(context.client.get(place.kind, place.name));
    if (owner?.metadata.uid === uid) {
      unseen = true;
      return stateOf(owner);
    }
    memory.addAbsent(place, uid);
    return 'absent';
  });
  return { states, unseen };
};

function eachOwner(
  { graph, item }: CollectionContext,
  otherwise: (reference: OwnerReference, place: Place) => Promise<OwnerState>,
): Promise<readonly OwnerState[]> {
  const references = item.object.metadata.ownerReferences ?? [];
  return Promise.all(
    references.map((reference) => {
      const place = locateOwner(graph.table, item, reference);
      if (place === undefined) return 'unknown';
      const owner = ownerOf(graph, item, reference);
      return owner === undefined ? otherwise(reference, place) : stateOf(owner.object);
    }),
  );
}

const stateOf = (owner: KubernetesObject): OwnerState => (isWaiting(owner) ? 'waiting' : 'solid');

/**
 * Carries out a plan for `item`, which is as the server has it.
 *
 * @throws {ApiError} `Conflict` when the object changed since, `NotFound` when it is gone
 */
export async function applyCollection(plan: CollectionPlan, context: CollectionContext): Promise<void> {
  switch (plan.type) {
    case 'none':
      return;
    case 'dropReferences':
      await changeReferences(context, (references) => references.filter((reference) => !plan.uids.includes(reference.uid)));
      return;
    case 'delete':
      await remove(plan, context);
      return;
    case 'removeFinalizer':
      await removeFinalizer(plan.finalizer, context);
      return;
    case 'orphanDependents':
      await orphanDependents(context);
      await removeFinalizer(ORPHAN, context);
  }
}

async function remove(plan: Extract<CollectionPlan, { type: 'delete' }>, context: CollectionContext): Promise<void> {
  const { client, item } = context;
  const unblock = (reference: OwnerReference): OwnerReference => ({ ...reference, blockOwnerDeletion: false });
  const object = plan.unblock ? await changeReferences(context, (references) => references.map(unblock)) : item.object;
  const { uid, resourceVersion } = object.metadata;
  const preconditions = { ...(uid === undefined ? {} : { uid }), ...(resourceVersion === undefined ? {} : { resourceVersion }) };
  await client.delete(item.kind, object, { propagationPolicy: plan.propagationPolicy, preconditions });
}

function changeReferences(
  { client, item }: Pick<CollectionContext, 'client' | 'item'>,
  change: (references: readonly OwnerReference[]) => readonly OwnerReference[],
): Promise<KubernetesObject> {
  return client.mutate(item.kind, item.object, (draft) => {
    if (draft.metadata.uid !== item.object.metadata.uid) return;
    const references = change((draft.metadata.ownerReferences ?? []) as readonly OwnerReference[]);
    if (references.length === 0) delete draft.metadata.ownerReferences;
    else draft.metadata.ownerReferences = references.map((reference) => ({ ...reference }));
  });
}

async function removeFinalizer(finalizer: string, { client, item }: CollectionContext): Promise<void> {
  await client.mutate(item.kind, item.object, (draft) => {
    if (draft.metadata.uid === item.object.metadata.uid) draft.metadata.finalizers = (draft.metadata.finalizers ?? []).filter((each) => each !== finalizer);
  });
}

async function orphanDependents(context: CollectionContext): Promise<void> {
  const { item, dependents } = context;
  const forget = (references: readonly OwnerReference[]): readonly OwnerReference[] =>
    references.filter((reference) => reference.uid !== item.object.metadata.uid);
  await Promise.all(dependents.map((dependent) => ignoreNotFound(changeReferences({ ...context, item: dependent }, forget))));
}

/**
 * The dependents of an object as the server has them, of every kind that is looked after. Differs from Kubernetes, which goes by its caches: there a
 * cache that is behind makes orphaning delete what was to stay.
 */
export async function dependentsByServer({ graph, item, client }: CollectionContext): Promise<readonly Item[]> {
  const { uid, namespace } = item.object.metadata;
  const isDependent = ({ metadata }: KubernetesObject): boolean => (metadata.ownerReferences ?? []).some((reference) => reference.uid === uid);
  const lists = [...graph.table.watched]
    .filter(({ scope }) => namespace === undefined || scope === 'Namespaced')
    .map(async (kind) => {
      // A kind that is served no longer has no objects.
      const list = await ignoreNotFound(client.list(metadataOnly(kind), namespace === undefined ? {} : { namespace }));
      return (list?.items ?? []).filter(isDependent).map((object): Item => ({ kind, object }));
    });
  return (await Promise.all(lists)).flat();
}
