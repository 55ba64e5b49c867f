import type { Kind, KubernetesObject } from '@kybern/core';
import { ConfigMap } from '@kybern/core/kinds';
import { defineController, done, requeueAfter, type ControllerDefinition, type Watch } from '@kybern/reconcile';
import type { KindSource } from '../kind-source.ts';
import { collect } from './collect.ts';
import { foreignOwnerEvents } from './foreign-owners.ts';
import { affectedKeys, BY_OWNER, concernsGraph, createKindTable, parseCollectionKey, type KindTable } from './owner-graph.ts';

/**
 * Deletes objects whose owners are gone, and carries out foreground and orphaning deletion.
 *
 * One queue serves all kinds: its keys name kind and object (`pods|default/web`), and are never the key of a ConfigMap, which stands as `for` only
 * because a controller must have one. Nothing is deleted on the word of a cache: the absence of an owner is confirmed by the server, and a deletion
 * is bound to the uid and resourceVersion that were looked at. An owner that exists although no cache has seen it may go without anybody being told, so
 * its dependents are looked at again, less and less often, until it was seen.
 *
 * @see kubernetes v1.36 pkg/controller/garbagecollector
 */
export function garbageCollectorController(source: KindSource): ControllerDefinition {
  const table = createKindTable(source);
  const looks = new Map<string, number>();
  return defineController({
    name: 'garbage-collector-controller',
    for: ConfigMap,
    predicates: [() => false],
    laterWatches(begin) {
      const watch = (kind: Kind): void => begin(watchKind(table, kind), [{ kind, name: BY_OWNER, by: ownerUids }]);
      const meet = (kind: Kind): void => {
        if (table.watch(kind)) watch(kind);
      };
      // A later run of the same manager, after a time without leadership, finds the kinds of the former.
      for (const kind of table.watched) watch(kind);
      for (const kind of source.inUse()) meet(kind);
      return source.onInUse(meet);
    },
    concurrency: 20,
    reconcile: () => Promise.resolve(done()),
    async onAbsent({ key, cache, client, recorder }) {
      const place = parseCollectionKey(table, key);
      const object = place && cache.get(place.kind, place.name);
      const item = place && object && { kind: place.kind, object };
      if (item !== undefined) for (const event of foreignOwnerEvents({ table, cache }, item)) recorder.event(item.object, event);
      if (item === undefined || !(await collect({ table, cache }, item, client))) {
        looks.delete(key);
        return done();
      }
      const look = looks.get(key) ?? 0;
      looks.set(key, look + 1);
      return requeueAfter(Math.min(FIRST_LOOK_MS * 2 ** look, LONGEST_LOOK_MS), { background: true });
    },
  });
}

/** @see kubernetes v1.36 staging/src/k8s.io/client-go/util/workqueue/default_rate_limiters.go (DefaultTypedControllerRateLimiter) */
const FIRST_LOOK_MS = 1_000;
const LONGEST_LOOK_MS = 1_000_000;

const ownerUids = (object: KubernetesObject): readonly string[] => (object.metadata.ownerReferences ?? []).map((reference) => reference.uid);

function watchKind(table: KindTable, kind: Kind): Watch {
  return {
    kind,
    predicate: (event) => event.type !== 'updated' || concernsGraph(event.old, event.object),
    map: (object, _old, cache) => affectedKeys({ table, cache }, { kind, object }, cache.get(kind, object)?.metadata.uid !== object.metadata.uid),
  };
}
