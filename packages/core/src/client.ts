import type { Draft } from 'immer';
import type { Observable } from 'rxjs';
import type { Kind } from './kind.ts';
import type { Json, JsonObject, KubernetesObject, ListMeta, ObjectInput, ObjectKey, ObjectMeta } from './object.ts';

/** Options of every call. */
export interface CallOptions {
  /** Ends the call; it then rejects with the signal's reason. A write may have happened all the same. */
  readonly signal?: AbortSignal;
  /**
   * Have `metadata.managedFields` in what comes back. Default: over HTTP they are always there; in process, where to find them out costs more than all the
   * rest, only in what an apply returns.
   */
  readonly managedFields?: boolean;
}

/** Options of {@link Client.get}. */
export interface GetOptions extends CallOptions {
  /** The state may not be older than this. Unset: the newest. */
  readonly resourceVersion?: string;
  /** Reads a subresource, such as `scale`. */
  readonly subresource?: string;
}

/** What a list or a watch is about. */
export interface SelectionOptions {
  /** Unset: all namespaces. */
  readonly namespace?: string;
  /** Equality on labels. Combined with `labelSelector` by AND. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Kubernetes' selector syntax: `app in (a, b),tier!=front`. */
  readonly labelSelector?: string;
  /** Such as `spec.nodeName=node-1,status.phase!=Failed`; `metadata.name` and `metadata.namespace` work for every kind. */
  readonly fieldSelector?: string;
}

/** Options of {@link Client.list}. */
export interface ListOptions extends CallOptions, SelectionOptions {
  /** At most so many objects; the rest follows with `continue`, from the same revision. */
  readonly limit?: number;
  readonly continue?: string;
  readonly resourceVersion?: string;
  readonly resourceVersionMatch?: 'Exact' | 'NotOlderThan';
}

/** Options of {@link Client.watch}. */
export interface WatchOptions extends CallOptions, SelectionOptions {
  /** Begin after this revision. Unset: begin with an ADDED for every object that exists. */
  readonly resourceVersion?: string;
  readonly allowWatchBookmarks?: boolean;
  /** WatchList: send what exists as ADDED, then a bookmark with the annotation `k8s.io/initial-events-end: "true"`. */
  readonly sendInitialEvents?: boolean;
  readonly resourceVersionMatch?: 'NotOlderThan';
  /** The server ends the watch after about so long. */
  readonly timeoutSeconds?: number;
}

/** One change. An ERROR event of the wire arrives as the stream's `ApiError`. */
export type WatchEvent<T extends KubernetesObject> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: T }
  | { readonly type: 'BOOKMARK'; readonly object: { readonly metadata: ObjectMeta } };

/** Options of every write. */
export interface WriteOptions extends CallOptions {
  /** Do everything but store the result. */
  readonly dryRun?: boolean;
  /** Who writes, for `managedFields`. */
  readonly fieldManager?: string;
  /** What to do with fields that the schema does not know. Default `Warn`: drop them, as Kubernetes does. */
  readonly fieldValidation?: 'Strict' | 'Warn' | 'Ignore';
  readonly subresource?: string;
}

/** Options of {@link Client.apply}. */
export interface ApplyOptions extends WriteOptions {
  readonly fieldManager: string;
  /** Take over fields that another manager owns. Default false: 409 with the conflicts as causes. */
  readonly force?: boolean;
}

/** Options of {@link Client.delete}. */
export interface DeleteOptions extends CallOptions {
  readonly dryRun?: boolean;
  /** Seconds until it is gone at the latest; 0 is at once. Default: the kind's own (Pods: `spec.terminationGracePeriodSeconds`). */
  readonly gracePeriodSeconds?: number;
  /** What happens to dependents: default `Background`. */
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
}

/** A patch document in one of Kubernetes' formats (server-side apply has {@link Client.apply}). */
export type Patch =
  | { readonly type: 'json'; readonly patch: readonly JsonPatchOperation[] }
  | { readonly type: 'merge'; readonly patch: JsonObject }
  | { readonly type: 'strategic'; readonly patch: JsonObject };

/** One operation of RFC 6902. */
export type JsonPatchOperation =
  | { readonly op: 'add' | 'replace' | 'test'; readonly path: string; readonly value: Json }
  | { readonly op: 'remove'; readonly path: string }
  | { readonly op: 'move' | 'copy'; readonly from: string; readonly path: string };

/** A list of objects; iterable, so `const [first] = await client.list(Pod)` works. */
export interface ObjectList<T extends KubernetesObject> extends Iterable<T> {
  readonly apiVersion: string;
  /** The kind's list kind, such as `PodList`. */
  readonly kind: string;
  readonly metadata: ListMeta;
  readonly items: readonly T[];
}

/** A draft for {@link Client.mutateStatus}: `status` is there to be written, empty if the object had none. */
export type StatusDraft<T> = T extends { readonly status?: infer S } ? Draft<Omit<T, 'status'> & { readonly status: NonNullable<S> }> : Draft<T>;

/**
 * The one way to read and write objects. In-process, HTTP and fault-injecting implementations pass one conformance suite
 * (`@kybern/core/conformance`).
 *
 * What comes back is deeply frozen and shared: never change it, make a new one. Every promise rejects with an {@link ApiError} (or the signal's reason).
 */
export interface Client {
  /** @throws {ApiError} `NotFound` */
  get<T extends KubernetesObject>(kind: Kind<T>, key: ObjectKey, options?: GetOptions): Promise<T>;
  /** A consistent picture of one revision (`metadata.resourceVersion`), in the order of namespace and name. */
  list<T extends KubernetesObject>(kind: Kind<T>, options?: ListOptions): Promise<ObjectList<T>>;
  /** Cold. Every change after `resourceVersion`, in order, without gap or repeat. Ends in an `ApiError` (`Expired`: list again), or completes when the server ends it. */
  watch<T extends KubernetesObject>(kind: Kind<T>, options?: WatchOptions): Observable<WatchEvent<T>>;
  /** @throws {ApiError} `AlreadyExists`, `Invalid`, `Forbidden` */
  create<T extends KubernetesObject>(kind: Kind<T>, object: ObjectInput<T>, options?: WriteOptions): Promise<T>;
  /** Replaces the object. With `metadata.resourceVersion` set it must be the stored one. @throws {ApiError} `Conflict`, `NotFound`, `Invalid` */
  update<T extends KubernetesObject>(kind: Kind<T>, object: ObjectInput<T>, options?: WriteOptions): Promise<T>;
  patch<T extends KubernetesObject>(kind: Kind<T>, key: ObjectKey, patch: Patch, options?: WriteOptions): Promise<T>;
  /** Server-side apply of the fields in `object`. @throws {ApiError} `Conflict` with one cause per field that another manager owns */
  apply<T extends KubernetesObject>(kind: Kind<T>, object: DeepPartial<ObjectInput<T>>, options: ApplyOptions): Promise<T>;
  /** Resolves with the object as it is after the request: gone, or with a `deletionTimestamp` while finalizers or the grace period hold it. */
  delete<T extends KubernetesObject>(kind: Kind<T>, key: ObjectKey, options?: DeleteOptions): Promise<T>;
  deleteCollection<T extends KubernetesObject>(kind: Kind<T>, options?: DeleteOptions & SelectionOptions): Promise<ObjectList<T>>;
  /** Creates a subresource's body: `binding`, `eviction`, `token`. Resolves with the answer's body. */
  createSubresource<T extends KubernetesObject>(kind: Kind<T>, key: ObjectKey, subresource: string, body: object, options?: WriteOptions): Promise<unknown>;
  /**
   * Reads the object, lets `recipe` change a draft of it, and writes what changed, guarded by the resourceVersion; begins again on conflict.
   * A recipe that changes nothing writes nothing. Conditions whose status changed get their `lastTransitionTime` here.
   */
  mutate<T extends KubernetesObject>(kind: Kind<T>, key: ObjectKey, recipe: (draft: Draft<T>) => void, options?: WriteOptions): Promise<T>;
  /** {@link Client.mutate} on the status subresource. */
  mutateStatus<T extends KubernetesObject>(kind: Kind<T>, key: ObjectKey, recipe: (draft: StatusDraft<T>) => void, options?: WriteOptions): Promise<T>;
}

/** Every field optional, at every depth. */
export type DeepPartial<T> = T extends readonly (infer I)[]
  ? readonly DeepPartial<I>[]
  : T extends object
    ? { readonly [K in keyof T]?: DeepPartial<T[K]> }
    : T;
