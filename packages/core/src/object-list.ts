import type { ObjectList } from './client.ts';
import { deepFreeze } from './json-data.ts';
import { apiVersionOf, type Kind } from './kind.ts';
import type { KubernetesObject, ListMeta } from './object.ts';

/** Iterating a list yields its items; on the prototype, so that the list's own fields are those of the JSON. */
const listPrototype = {
  [Symbol.iterator](this: { readonly items: readonly unknown[] }): Iterator<unknown> {
    return this.items[Symbol.iterator]();
  },
};

/**
 * A list as `Client.list` resolves with: deeply frozen, iterable, and without iterator in its JSON.
 *
 * @param items objects; frozen here unless they are already. The array is frozen, too
 */
export function toObjectList<T extends KubernetesObject>(kind: Kind<T>, items: readonly T[], metadata: ListMeta): ObjectList<T> {
  const list = Object.create(listPrototype) as { -readonly [K in keyof ObjectList<T>]: ObjectList<T>[K] };
  list.apiVersion = apiVersionOf(kind);
  list.kind = kind.listKind;
  list.metadata = metadata;
  list.items = items;
  return deepFreeze(list);
}
