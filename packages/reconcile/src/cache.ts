import type { Kind, KubernetesObject, ObjectKey } from '@kybern/core';
import type { Informer } from './informer.ts';
import type { ListSelector } from './internal/selection.ts';

/** The caches of a manager: one informer per kind, shared by its controllers. Reading costs no request. */
export interface Cache {
  /** @throws {UncachedKindError} as do all that read: the kind is not named by any controller, and {@link Cache.informer} was not called for it */
  get<T extends KubernetesObject>(kind: Kind<T>, key: ObjectKey): T | undefined;
  /** Frozen. */
  list<T extends KubernetesObject>(kind: Kind<T>, selector?: ListSelector): readonly T[];
  /** What the index has under `value`. Frozen. @throws {RangeError} when no controller defined the index */
  by<T extends KubernetesObject>(kind: Kind<T>, index: string, value: string): readonly T[];
  /** The objects whose controller is `owner`, by its uid. Frozen. */
  ownedBy<T extends KubernetesObject>(kind: Kind<T>, owner: KubernetesObject): readonly T[];
  /** The informer of a kind. It is made, and started with the manager, when there is none yet: await its `synced`. */
  informer<T extends KubernetesObject>(kind: Kind<T>): Informer<T>;
}
