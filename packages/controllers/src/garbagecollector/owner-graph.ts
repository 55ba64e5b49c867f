import { deepEqual, groupResource, keyOf, parseApiVersion, type Kind, type KubernetesObject, type OwnerReference } from '@kybern/core';
import type { Cache } from '@kybern/reconcile';
import type { KindSource } from '../kind-source.ts';
import { isOrphaning, isWaiting } from './compute.ts';
import { createOwnerMemory, type OwnerMemory } from './owner-memory.ts';

/** The index by the uids of an object's owners, for every kind that the garbage collector looks after. */
export const BY_OWNER = 'garbagecollector/owner';

/** An object with its kind. */
export interface Item {
  readonly kind: Kind;
  readonly object: KubernetesObject;
}

/** An object that need not exist. */
export interface Place {
  readonly kind: Kind;
  /** `namespace/name`, or only `name` for objects of Cluster scope. */
  readonly name: string;
}

/** The kinds that the garbage collector looks after. */
export interface KindTable {
  /** Kinds whose objects are in the caches; it grows. */
  readonly watched: ReadonlySet<Kind>;
  /** By the name of the resource, those that are watched. */
  readonly byResource: ReadonlyMap<string, Kind>;
  /** Owners that are not there. */
  readonly memory: OwnerMemory;
  /** Any kind that an owner reference may name, watched or not. */
  byGroupKind(group: string, kind: string): Kind | undefined;
  /** Begins to look after a kind; false when it, or another version of it, is looked after already, or need not be. */
  watch(kind: Kind): boolean;
}

/**
 * Who owns whom, read from the caches of all kinds: the references are the edges, the index {@link BY_OWNER} is their other direction. So the graph
 * is never behind the caches, and costs no more memory than the index.
 */
export interface OwnerGraph {
  readonly table: KindTable;
  readonly cache: Pick<Cache, 'get' | 'by' | 'list'>;
}

/** Makes a {@link KindTable} that watches nothing yet. */
export function createKindTable(source: KindSource): KindTable {
  const watched = new Set<Kind>();
  const byResource = new Map<string, Kind>();
  const byName = new Map<string, Kind>();
  return {
    watched,
    byResource,
    memory: createOwnerMemory(),
    byGroupKind(group, kind) {
      const name = `${kind}.${group}`;
      const known = byName.get(name) ?? source.all().find((candidate) => candidate.kind === kind && candidate.group === group);
      if (known !== undefined) byName.set(name, known);
      return known;
    },
    watch(kind) {
      const resource = groupResource(kind);
      if (byResource.has(resource) || NEVER_OWNED.has(resource) || !NEEDED_VERBS.every((verb) => kind.verbs.includes(verb))) return false;
      watched.add(kind);
      byResource.set(resource, kind);
      byName.set(`${kind.kind}.${kind.group}`, kind);
      return true;
    },
  };
}

/** Kinds that are many and that nobody owns. @see kubernetes v1.36 pkg/controller/garbagecollector/graph_builder.go (ignoredResources) */
const NEVER_OWNED: ReadonlySet<string> = new Set(['events', 'events.events.k8s.io']);
const NEEDED_VERBS = ['list', 'watch', 'delete'];

/** The key under which an object is collected: `deployments.apps|default/web`, `nodes|/node-1`. */
export function collectionKey({ kind, object }: Item): string {
  return `${groupResource(kind)}|${object.metadata.namespace ?? ''}/${object.metadata.name}`;
}

/** Where the object of a {@link collectionKey} is; undefined when the kind is not known. */
export function parseCollectionKey(table: KindTable, key: string): Place | undefined {
  const [resource = '', name = ''] = key.split('|');
  const kind = table.byResource.get(resource);
  return kind === undefined ? undefined : { kind, name: kind.scope === 'Cluster' ? name.slice(1) : name };
}

/** Objects of all kinds that name `owner`, by its uid. */
export function dependentsOf({ table, cache }: OwnerGraph, owner: KubernetesObject): readonly Item[] {
  const { uid } = owner.metadata;
  const items: Item[] = [];
  if (uid === undefined) return items;
  for (const kind of table.watched) for (const object of cache.by(kind, BY_OWNER, uid)) items.push({ kind, object });
  return items;
}

/**
 * Where the owner that `reference` names is, if it exists: in the dependent's namespace, or cluster-wide. Undefined when it cannot be said, because its
 * kind is not known here, or an object without a namespace names an owner in one.
 */
export function locateOwner(table: KindTable, { kind, object }: Item, reference: OwnerReference): Place | undefined {
  const ownerKind = table.byGroupKind(parseApiVersion(reference.apiVersion).group, reference.kind);
  if (ownerKind === undefined || (kind.scope === 'Cluster' && ownerKind.scope === 'Namespaced')) return undefined;
  const { namespace } = object.metadata;
  return { kind: ownerKind, name: ownerKind.scope === 'Cluster' ? reference.name : keyOf({ metadata: { namespace, name: reference.name } }) };
}

/** The owner that `reference` names, when it is in the cache. */
export function ownerOf(graph: OwnerGraph, item: Item, reference: OwnerReference): Item | undefined {
  const place = locateOwner(graph.table, item, reference);
  const object = place && graph.table.watched.has(place.kind) ? graph.cache.get(place.kind, place.name) : undefined;
  return place === undefined || object?.metadata.uid !== reference.uid ? undefined : { kind: place.kind, object };
}

/**
 * Which objects to look at after a change of one: dependents of an owner that went or waits for them, owners that wait for this one, and the object
 * itself when an owner of it is not there, or when its own deletion waits for something.
 *
 * @param isGone whether the object was deleted
 * @see kubernetes v1.36 pkg/controller/garbagecollector/graph_builder.go (processGraphChanges)
 */
export function affectedKeys(graph: OwnerGraph, item: Item, isGone: boolean): readonly string[] {
  const { object } = item;
  const waiting = waitingOwners(graph, item);
  if (isGone) return [...bereaved(graph, item), ...waiting].map(collectionKey);
  if (isOrphaning(object)) return [collectionKey(item)];
  if (isWaiting(object)) return [item, ...dependentsOf(graph, object), ...waiting].map(collectionKey);
  if (waiting.length > 0) return [item, ...waiting].map(collectionKey);
  const references = object.metadata.ownerReferences ?? [];
  return references.every((reference) => ownerOf(graph, item, reference) !== undefined) ? [] : [collectionKey(item)];
}

/** Those whose owner went. That it did need not be asked of the server again. */
function bereaved(graph: OwnerGraph, { kind, object }: Item): readonly Item[] {
  const dependents = dependentsOf(graph, object);
  if (dependents.length > 0) graph.table.memory.addAbsent({ kind, name: keyOf(object) }, object.metadata.uid ?? '');
  return dependents;
}

function waitingOwners(graph: OwnerGraph, item: Item): readonly Item[] {
  const waiting: Item[] = [];
  for (const reference of item.object.metadata.ownerReferences ?? []) {
    const owner = ownerOf(graph, item, reference);
    if (owner !== undefined && isWaiting(owner.object)) waiting.push(owner);
  }
  return waiting;
}

/** Whether an update can matter to the garbage collector: owners, finalizers and deletion are all that it reads. */
export function concernsGraph(old: KubernetesObject, object: KubernetesObject): boolean {
  const [before, after] = [old.metadata, object.metadata];
  if (before.deletionTimestamp !== after.deletionTimestamp || before.finalizers?.join() !== after.finalizers?.join()) return true;
  return before.ownerReferences !== after.ownerReferences && !deepEqual(before.ownerReferences, after.ownerReferences);
}
