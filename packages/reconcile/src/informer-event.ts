import type { KubernetesObject } from '@kybern/core';

/** One change of an informer's objects. */
export type InformerEvent<T extends KubernetesObject> =
  | {
      readonly type: 'added';
      readonly object: T;
      /** It was there when the informer started. */
      readonly isInInitialList: boolean;
    }
  | { readonly type: 'updated'; readonly old: T; readonly object: T }
  | {
      readonly type: 'deleted';
      /** Its last state that is known. */
      readonly object: T;
      /** The deletion itself was not seen, only that the object is gone; it may have changed before. */
      readonly finalStateUnknown: boolean;
    };

/** Is told of an informer's changes, synchronously and in order; the cache is at least as new as what it is told. `key` is the object's `namespace/name`. */
export interface InformerHandler<T extends KubernetesObject> {
  added(object: T, isInInitialList: boolean, key: string): void;
  updated(old: T, object: T, key: string): void;
  deleted(object: T, finalStateUnknown: boolean, key: string): void;
}
