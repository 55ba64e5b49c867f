import type { KubernetesObject } from '@kybern/core';
import type { StateStore } from '@kybern/state';
import { followStore } from './follow-store.ts';

/**
 * The objects of one resource by namespace, always as they are in the store now, read without a promise: for what every write has to look at and of
 * which there are few. While there are none it costs as good as nothing.
 */
export interface ObjectTable<T extends KubernetesObject> {
  /** `namespace` is `""` for kinds of Cluster scope. */
  get(namespace: string, name: string): T | undefined;
  /** In the order in which they came. */
  list(namespace: string): readonly T[];
  /** Whether there are none at all. */
  isEmpty(): boolean;
  close(): void;
}

const NONE: readonly never[] = Object.freeze([]);

/** Follows the resource stored under `prefix`, from the first question on. */
export function createObjectTable<T extends KubernetesObject>(state: StateStore, prefix: string): ObjectTable<T> {
  const byNamespace = new Map<string, Map<string, T>>();
  const lists = new Map<string, readonly T[]>();
  const followed = followStore(state, prefix, {
    reset() {
      byNamespace.clear();
      lists.clear();
    },
    apply(key, value) {
      const slash = key.indexOf('/', prefix.length);
      const namespace = slash < 0 ? '' : key.slice(prefix.length, slash);
      const name = slash < 0 ? key.slice(prefix.length) : key.slice(slash + 1);
      lists.delete(namespace);
      let objects = byNamespace.get(namespace);
      if (value !== undefined) {
        if (objects === undefined) byNamespace.set(namespace, (objects = new Map()));
        objects.set(name, value as T);
      } else if (objects?.delete(name) === true && objects.size === 0) byNamespace.delete(namespace);
    },
  });
  return {
    get(namespace, name) {
      followed.catchUp();
      return byNamespace.get(namespace)?.get(name);
    },
    list(namespace) {
      followed.catchUp();
      const objects = byNamespace.get(namespace);
      if (objects === undefined) return NONE;
      let list = lists.get(namespace);
      if (list === undefined) lists.set(namespace, (list = [...objects.values()]));
      return list;
    },
    isEmpty() {
      followed.catchUp();
      return byNamespace.size === 0;
    },
    close: () => followed.close(),
  };
}
