import type { Clock, IdSource, Kind, KubernetesObject, Logger, Random } from '@kybern/core';
import type { Namespace, PriorityClass } from '@kybern/core/kinds';
import type { StateStore } from '@kybern/state';
import type { Access } from './access.ts';
import type { AdmissionPlugin } from './admission/admission.ts';
import type { AdmissionTables } from './admission-tables.ts';
import type { Definitions } from './customresources/definitions.ts';
import type { Books } from './managed-fields/books.ts';
import type { KindRegistry } from './registry.ts';
import type { Memory, Remembered } from './remembered.ts';
import type { Resource } from './resource.ts';
import type { ServiceAllocators } from './resources/service-allocators.ts';
import type { Siblings } from './siblings.ts';
import type { EventDispatcher } from './watch/event-dispatcher.ts';

/** What every stage of the pipeline works with: the server's parts, made once by `createApiServer`. */
export interface Environment extends Access {
  readonly state: StateStore;
  readonly clock: Clock;
  /** `formatTime` of `@kybern/core` that remembers the last second: most writes share theirs with the one before. */
  readonly formatTime: (epochMs: number) => string;
  readonly ids: IdSource;
  readonly random: Random;
  readonly logger: Logger;
  readonly kinds: KindRegistry;
  /** The CustomResourceDefinitions, which make kinds come and go. */
  readonly definitions: Definitions;
  readonly admission: readonly AdmissionPlugin[];
  readonly tables: AdmissionTables;
  readonly allocators: ServiceAllocators;
  /** Who owns which fields. */
  readonly books: Books;
  /** What new objects have in common with earlier ones. */
  readonly siblings: Siblings;
  readonly dispatcher: EventDispatcher;
  readonly memory: Memory;
  /** A namespace by its name. */
  readonly namespaces: Remembered<Namespace | undefined>;
  /** The PriorityClass with `globalDefault`, whatever the key. */
  readonly defaultPriorityClass: Remembered<PriorityClass | undefined>;
  /** Told of every real asynchronous load. */
  readonly pending: <T>(promise: Promise<T>) => Promise<T>;
  /** The compiled pipeline of a kind. @throws {ApiError} `NotFound` when the server does not serve it */
  resource(kind: Kind): Resource;
  /** What is stored, without authorization; undefined when there is none. For admission and strategies. */
  lookup(kind: Kind, namespace: string | undefined, name: string): Promise<KubernetesObject | undefined>;
}
