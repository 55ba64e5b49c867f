import { controllerOf, groupResource, parseApiVersion, type Kind, type KubernetesObject } from '@kybern/core';
import type { Cache } from '../cache.ts';
import type { Predicate, Watch } from '../controller.ts';
import type { InformerEvent, InformerHandler } from '../informer-event.ts';
import type { AddOptions, WorkQueue } from '../work-queue.ts';

/** Where keys go. */
export type KeySink = Pick<WorkQueue<string>, 'add'>;

const LOW: AddOptions = Object.freeze({ priority: 'low' });

/** Events of one kind are one source of keys. */
const from = (kind: Kind): AddOptions => Object.freeze({ source: groupResource(kind) });

/** Enqueues the objects themselves. */
export function enqueueObject<T extends KubernetesObject>(queue: KeySink, predicates: readonly Predicate<T>[]): InformerHandler<T> {
  const concerns = (event: InformerEvent<T>): boolean => predicates.every((predicate) => predicate(event));
  const all = predicates.length === 0;
  return {
    added(object, isInInitialList, key) {
      if (all || concerns({ type: 'added', object, isInInitialList })) queue.add(key, isInInitialList ? LOW : undefined);
    },
    updated(old, object, key) {
      if (all || concerns({ type: 'updated', old, object })) queue.add(key);
    },
    deleted(object, finalStateUnknown, key) {
      if (all || concerns({ type: 'deleted', object, finalStateUnknown })) queue.add(key);
    },
  };
}

/** Enqueues the controllers of the objects: those that the `owner` kind's objects own. An update concerns the old and the new one. */
export function enqueueOwner(queue: KeySink, { owner, owned }: { readonly owner: Kind; readonly owned: Kind }): InformerHandler<KubernetesObject> {
  const source = from(owned);
  const enqueue = (object: KubernetesObject, options: AddOptions = source): void => {
    const reference = controllerOf(object);
    if (reference?.kind !== owner.kind || parseApiVersion(reference.apiVersion).group !== owner.group) return;
    queue.add(owner.scope === 'Cluster' ? reference.name : `${object.metadata.namespace ?? ''}/${reference.name}`, options);
  };
  return {
    added: (object, isInInitialList) => enqueue(object, isInInitialList ? LOW : undefined),
    updated(old, object) {
      if (old.metadata.ownerReferences !== object.metadata.ownerReferences) enqueue(old);
      enqueue(object);
    },
    deleted: (object) => enqueue(object),
  };
}

/** Enqueues the keys that the user's map gives. An update concerns those of the old and of the new object. */
export function enqueueMapped<T extends KubernetesObject>(queue: KeySink, watch: Watch<T>, cache: Cache): InformerHandler<T> {
  const concerns = (event: InformerEvent<T>): boolean => watch.predicate === undefined || watch.predicate(event);
  const source = from(watch.kind);
  const enqueue = (keys: readonly string[], options: AddOptions = source): void => {
    for (const key of keys) queue.add(key, options);
  };
  return {
    added(object, isInInitialList) {
      if (concerns({ type: 'added', object, isInInitialList })) enqueue(watch.map(object, undefined, cache), isInInitialList ? LOW : undefined);
    },
    updated(old, object) {
      if (!concerns({ type: 'updated', old, object })) return;
      enqueue(watch.map(old, undefined, cache));
      enqueue(watch.map(object, old, cache));
    },
    deleted(object, finalStateUnknown) {
      if (concerns({ type: 'deleted', object, finalStateUnknown })) enqueue(watch.map(object, undefined, cache));
    },
  };
}
