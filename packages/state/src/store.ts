import type { KubernetesObject } from '@kybern/core';
import type { Observable } from 'rxjs';
import type { EncodedObject } from './encoded-object.ts';

/** Names one picture of the whole state. A positive integer, strictly increasing by commit; 0 is the empty state before the first commit. */
export type Revision = number;

/**
 * One object as one revision left it. Immutable and shared by all readers; it has two faces, each made at most once: the object (`value`) and its
 * bytes. A backend may keep only one of them and make the other on demand, so reading `value` or calling `bytes()` may cost a parse or a stringify.
 */
export interface StateRecord<T extends KubernetesObject = KubernetesObject> {
  readonly key: string;
  /** The object face: deeply frozen, `metadata.resourceVersion` is `String(modRevision)`. The same reference on every read. */
  readonly value: T;
  /** The revision that wrote this record. */
  readonly modRevision: Revision;
  /** The revision that created the key; it starts anew after a delete. */
  readonly createRevision: Revision;
  /** How many times the key was written since it was created: 1 for a new one. */
  readonly version: number;
  /** The byte face: `value` as JSON in UTF-8. Shared by all readers of the record: do not write into it. */
  bytes(): Uint8Array;
  /** Forgets the byte face, to save memory; the next `bytes()` makes it again. */
  dropBytes(): void;
}

/** One write of a commit. */
export interface Change {
  /** `/registry/<group or "core">/<plural>/<namespace>/<name>`, without the namespace for a cluster-scoped kind. Any non-empty string of whole characters will do. */
  readonly key: string;
  /**
   * The object to store, or undefined to delete the key. The store takes ownership: it stamps `metadata.resourceVersion` and freezes the object, in
   * place as far as it is not frozen yet. The identical (`===`) value that is stored already changes nothing, as does deleting what is not there.
   */
  readonly value: KubernetesObject | undefined;
  /** The `modRevision` that the key must have, 0 for "must not exist". Default: any. */
  readonly expect?: Revision | undefined;
}

/** One write of an object that is encoded already: it saves what making, freezing and encoding the object costs. It always makes a new revision. */
export interface EncodedChange extends Pick<Change, 'key' | 'expect'> {
  readonly value: EncodedObject;
}

/** What a commit did. */
export interface CommitResult {
  /** The revision that the commit made; the store's unchanged revision when nothing changed. */
  readonly revision: Revision;
  /** Per change, the record that its key has now; undefined where the change deleted it. */
  readonly records: readonly (StateRecord | undefined)[];
  /** What changed, as watchers will see it, in the order of the changes. Empty when nothing changed. */
  readonly events: readonly StateEvent[];
}

/** One change of one key. All events of a commit share its revision. */
export interface StateEvent<T extends KubernetesObject = KubernetesObject> {
  readonly type: 'put' | 'delete';
  readonly key: string;
  readonly revision: Revision;
  /** What was put; for a delete the last record, with value and `modRevision` stamped with the revision of the delete. */
  readonly record: StateRecord<T>;
  /** `record.value`. */
  readonly value: T;
  /** The record that this change replaced or deleted; undefined when the key is new. */
  readonly previous: StateRecord<T> | undefined;
}

/** Options of {@link StateStore.get}. */
export interface GetOptions {
  /** Read the state as this revision left it. Default: the current one. */
  readonly at?: Revision | undefined;
  /**
   * A state that is at least as new as this revision will do: a store that is shared need not find out whether there is a newer one. Default: the newest.
   * Of no meaning beside `at`.
   */
  readonly atLeast?: Revision | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What part of a prefix to read. */
export interface PageOptions {
  /** Only keys greater than this one. Default: from the first. */
  readonly after?: string | undefined;
  /** At most this many records, a positive integer. Default: all. */
  readonly limit?: number | undefined;
}

/** Options of {@link StateStore.range}. */
export interface RangeOptions extends PageOptions, GetOptions {}

/** A part of the state, in the order of the keys (by UTF-16 code units, which for ASCII is etcd's order). */
export interface RangeResult {
  /** The revision that was read. Pass it as `at`, and the last key as `after`, to read the next page of the same picture. */
  readonly revision: Revision;
  readonly records: readonly StateRecord[];
  /** Whether the limit cut the result short. */
  readonly more: boolean;
  /** How many records of the prefix follow after the last one returned. */
  readonly remaining: number;
}

/** Options of {@link StateStore.commit}. */
export interface CommitOptions {
  /** Gives up before the commit starts; what has been committed stays. */
  readonly signal?: AbortSignal | undefined;
}

/** One picture of the whole state, read synchronously. It stays readable for as long as it is held, whatever the store compacts or closes. */
export interface StateSnapshot {
  readonly revision: Revision;
  /** How many keys there are. */
  readonly size: number;
  get(key: string): StateRecord | undefined;
  range(prefix: string, options?: PageOptions): RangeResult;
}

/**
 * A watch that is read at the consumer's own pace: a position in the store's one history. It holds no buffer. A cursor that is not read until the
 * history has moved past it has expired.
 */
export interface StateCursor {
  /**
   * Everything up to and including this revision has been read (or did not concern the prefix): a watch that is opened `from` here misses nothing.
   * This is what a bookmark may promise.
   */
  readonly revision: Revision;
  /**
   * The next events, in order; empty when there are none yet. Everything that is committed can be read, also before subscribers are told of it.
   *
   * @param max at how many events to stop, default 1000. Commits are not split, so the last one may exceed it
   * @throws {ExpiredError} what comes next is no longer retained: list again
   * @throws {StoreClosedError} the store was disposed, or the cursor closed
   */
  read(max?: number): readonly StateEvent[];
  /**
   * Calls `fn` once, as soon as `read` has something to return or to throw. Never from within `ready` itself. At most one call is outstanding per
   * cursor: another `ready` replaces it.
   *
   * @returns takes the request back; idempotent
   */
  ready(fn: () => void): () => void;
  /** Ends the watch. Idempotent. */
  close(): void;
}

/**
 * The state of a cluster: a map from keys to objects, whose revisions are strictly increasing integers. A revision names one immutable picture of
 * everything. Every backend passes `describeStateConformance` of `@kybern/state/conformance`.
 */
export interface StateStore extends AsyncDisposable {
  /** The current revision. */
  readonly revision: Revision;
  /** The oldest revision that can still be read and watched from. */
  readonly compactedRevision: Revision;
  /** Whether other processes may write too, so that what must be done once needs an election. Default false. */
  readonly shared?: boolean;
  /** How many changes a commit may have at least; more may be refused. Default: any number. */
  readonly maxChanges?: number;
  /**
   * Reads one key.
   *
   * @throws {ExpiredError} `at` is older than what is retained
   * @throws {FutureRevisionError} `at` or `atLeast` is newer than the store
   */
  get(key: string, options?: GetOptions): Promise<StateRecord | undefined>;
  /**
   * Reads the keys that start with `prefix`, or a page of them.
   *
   * @throws {ExpiredError} `at` is older than what is retained
   * @throws {FutureRevisionError} `at` or `atLeast` is newer than the store
   */
  range(prefix: string, options?: RangeOptions): Promise<RangeResult>;
  /**
   * Applies all changes as one new revision, or none of them. A commit that changes nothing makes no revision. No two changes may have the same key.
   *
   * @throws {CompareFailedError} a key does not have the expected revision; it carries the record that is there
   */
  commit(changes: readonly (Change | EncodedChange)[], options?: CommitOptions): Promise<CommitResult>;
  /**
   * Cold. Emits every change of keys that start with `prefix` and with a revision greater than `from`, in order, without gap or repeat. Completes
   * when the store is disposed. Events come from one serial drain, so a subscriber may commit: what it writes is delivered after what is being
   * delivered. What a direct subscriber throws goes to the store's `onError`; behind operators it is RxJS that reports it.
   *
   * @param from a revision; one that is still to come is waited for
   * @throws {ExpiredError} (as the stream's error) `from` is older than what is retained, or became so before the events could be delivered
   */
  watch(prefix: string, from: Revision): Observable<StateEvent>;
  /**
   * The pull side of {@link watch}, for consumers with back-pressure.
   *
   * @throws {StoreClosedError} the store was disposed. An expired `from` is reported by the cursor's `read`.
   */
  cursor(prefix: string, from: Revision): StateCursor;
  /**
   * Gives up the history before a revision: from then on nothing older can be read or watched from. Never undone.
   *
   * @param before at most the current revision
   * @throws {FutureRevisionError} `before` is newer than the store
   */
  compact(before: Revision): Promise<void>;
  /** The current picture, in O(1). */
  snapshot(): StateSnapshot;
  /** An independent store that starts as this one is now, history included, in O(1): everything is shared until one side changes it. */
  fork(): StateStore;
}
