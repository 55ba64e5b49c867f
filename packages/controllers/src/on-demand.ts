import { controllerOf, groupResource, keyOf, parseApiVersion, type Kind, type KubernetesObject } from '@kybern/core';
import { Pod } from '@kybern/core/kinds';
import { done, defineController, type AbsentRequest, type ControllerDefinition, type InformerEvent, type ReconcileResult, type Watch } from '@kybern/reconcile';
import type { KindSource } from './kind-source.ts';

/**
 * A controller that watches nothing before objects of its kind come into use, so that a cluster without such objects does not pay for it.
 *
 * Its keys name the kind (`statefulsets.apps|default/db`), and are never those of Pods, which stand as `for` only because a controller must have one that is
 * cached anyway. A reconcile waits until all kinds that the controller reads have been listed.
 */
export function onDemand<T extends KubernetesObject>(source: KindSource, definition: ControllerDefinition<T>): ControllerDefinition {
  const prefix = `${groupResource(definition.for)}|`;
  const watches = watchesOf(definition as unknown as ControllerDefinition, prefix);
  const kinds = [...new Set([...watches.map(({ kind }) => kind), ...(definition.indexes ?? []).map(({ kind }) => kind)])];
  return defineController({
    name: definition.name,
    for: Pod,
    predicates: [() => false],
    concurrency: definition.concurrency,
    laterWatches(begin) {
      let begun = false;
      const start = (): void => {
        if (begun) return;
        begun = true;
        // First all that the maps of the others may look up.
        for (const kind of kinds) begin(unheard(kind), definition.indexes?.filter((index) => index.kind === kind) ?? []);
        for (const watch of watches) begin(watch);
      };
      if (source.inUse().includes(definition.for as unknown as Kind)) start();
      return source.onInUse((kind) => {
        if (groupResource(kind) === groupResource(definition.for)) start();
      });
    },
    reconcile: () => Promise.resolve(done()),
    async onAbsent(request) {
      await Promise.all(kinds.map((kind) => request.cache.informer(kind).synced));
      return await reconcileAs(definition, request, request.key.slice(prefix.length));
    },
  });
}

/** All that the controller watches or reads, as watches whose keys name its kind. */
function watchesOf({ for: kind, predicates = [], owns = [], watches = [], reads = [] }: ControllerDefinition, prefix: string): readonly Watch[] {
  const prefixed = (keys: readonly string[]): readonly string[] => keys.map((key) => prefix + key);
  const holds = (event: InformerEvent<KubernetesObject>): boolean => predicates.every((predicate) => predicate(event));
  return [
    ...reads.map(unheard),
    ...watches.map((watch): Watch => ({ ...watch, map: (object, old, cache) => prefixed(watch.map(object, old, cache)) })),
    ...owns.map((owned): Watch => ({ kind: owned, map: (object) => prefixed(ownerKeys(object, kind)) })),
    { kind, predicate: holds, map: (object) => prefixed([keyOf(object)]) },
  ];
}

/** A kind whose changes wake nobody. */
const unheard = (kind: Kind): Watch => ({ kind, predicate: () => false, map: () => [] });

function ownerKeys(object: KubernetesObject, kind: Kind): readonly string[] {
  const owner = controllerOf(object);
  if (owner === undefined || owner.kind !== kind.kind || parseApiVersion(owner.apiVersion).group !== kind.group) return [];
  return [kind.scope === 'Cluster' ? owner.name : `${object.metadata.namespace ?? ''}/${owner.name}`];
}

async function reconcileAs<T extends KubernetesObject>(definition: ControllerDefinition<T>, request: AbsentRequest, key: string): Promise<ReconcileResult> {
  const object = request.cache.get(definition.for, key);
  // A request's parts may be getters of one object: they are named one by one.
  const { client, cache, signal, clock, random, logger, recorder } = request;
  const parts = { key, client, cache, signal, clock, random, logger, recorder };
  if (object !== undefined) return await definition.reconcile({ ...parts, object });
  return (await definition.onAbsent?.(parts)) ?? done();
}
