import { groupResource, keyOf, noopLogger, systemClock, toNamespacedName } from '@kybern/core';
import type { Client, Clock, Kind, KubernetesObject, Logger, ObjectKey, Random, SelectionOptions } from '@kybern/core';
import type { Observable } from 'rxjs';
import { createErrorSink, type ErrorSink } from './error-sink.ts';
import { toError } from './errors.ts';
import type { InformerEvent, InformerHandler } from './informer-event.ts';
import { Delivery, type ObjectChange } from './internal/delivery.ts';
import { Hot } from './internal/guarded-observable.ts';
import { createInformerFigures, type InformerFigures } from './internal/informer-figures.ts';
import { isAtLeast } from './internal/resource-version.ts';
import { compileLabels, type ListSelector } from './internal/selection.ts';
import { noopMetrics, type Metrics } from './metrics.ts';
import { runReflector, type ReflectorSink, type ReflectorStatus, type ReflectorTuning } from './reflector.ts';
import { Store, type IndexFunction } from './store.ts';

/** Options of {@link createInformer}. */
export interface InformerOptions<T extends KubernetesObject> extends Omit<SelectionOptions, 'namespace'> {
  readonly client: Client;
  /** With `metadataOnly` of `@kybern/core` the cache holds, and the server sends, metadata alone. */
  readonly kind: Kind<T>;
  /** One namespace or several, each watched by itself. Unset: all. */
  readonly namespace?: string | readonly string[];
  /** Makes objects findable with {@link Informer.by}. */
  readonly indexes?: Readonly<Record<string, IndexFunction<T>>>;
  /** Replaces each object before it is kept, to save memory: see {@link dropManagedFields}. Must keep name, namespace, uid and resourceVersion. */
  readonly transform?: (object: T) => T;
  /** How lists and watches are made. */
  readonly tuning?: ReflectorTuning;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly logger?: Logger;
  readonly metrics?: Metrics;
  /** Is told what subscribers, handlers, indexes and the transform throw. */
  readonly onError?: ErrorSink;
}

/** What an informer is doing: its reflectors' statuses, and `synced` once, when everything that existed is in the cache and was told of. */
export type InformerStatus = (ReflectorStatus & { readonly namespace?: string }) | { readonly type: 'synced'; readonly objects: number };

/**
 * A cache of the objects of one kind that keeps itself up to date, and tells of every change.
 *
 * Nothing that a network or a server can do ends it or makes it miss a change; faults are items of {@link Informer.status$}.
 */
export interface Informer<T extends KubernetesObject> {
  readonly kind: Kind<T>;
  /**
   * Hot. Every change, in order, from the moment of subscribing; the cache is at least as new as the event. After a fault that lost history it tells
   * exactly what differs. Never errors and never completes. What a subscriber throws goes to `onError`.
   */
  readonly events$: Observable<InformerEvent<T>>;
  /** Hot. Never errors and never completes. */
  readonly status$: Observable<InformerStatus>;
  /** Resolves when the cache holds everything that existed. Rejects with the signal's reason when {@link Informer.run} ends before. */
  readonly synced: Promise<void>;
  readonly hasSynced: boolean;
  /**
   * Lists and watches until `signal` aborts, and keeps the process alive so long; resolves after the teardown. The cache can still be read then.
   *
   * @throws {Error} when it runs or ran already
   */
  run(signal: AbortSignal): Promise<void>;
  /**
   * {@link Informer.events$} without the stream: the handler is told first of what the cache holds, as additions of the initial list, then of every
   * change. Returns the way to take it off again.
   */
  addHandler(handler: InformerHandler<T>): () => void;
  /** Adds an index at any time. The same function again under the same name changes nothing. @throws {RangeError} when the name is taken by another */
  addIndex(name: string, by: IndexFunction<T>): void;
  get(key: ObjectKey): T | undefined;
  /** Frozen; the same array until something changes, when nothing is selected by labels. */
  list(selector?: ListSelector): readonly T[];
  /** What the index `name` has under `value`. Frozen. @throws {RangeError} when there is no such index */
  by(name: string, value: string): readonly T[];
}

/** Makes an {@link Informer}; it does nothing before {@link Informer.run}. */
export function createInformer<T extends KubernetesObject>(options: InformerOptions<T>): Informer<T> {
  return new CachingInformer(options);
}

/** A transform that drops `metadata.managedFields`, which is often the larger half of an object. */
export function dropManagedFields<T extends KubernetesObject>(object: T): T {
  if (object.metadata.managedFields === undefined) return object;
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}

/** So many faults in a row are told to the error sink: something is wrong that does not pass, such as a missing right or kind. */
const PERSISTENT_FAULT = 5;

/** Index names of the informer's own; made when they are first needed. */
const BY_NAMESPACE = '#namespace';

/** One reflector's part of the selection. */
interface Source {
  readonly namespace: string | undefined;
  /** The last revision that it has seen; undefined until the first list. */
  revision: string | undefined;
}

/** The informer with what the manager needs of it besides. */
export class CachingInformer<T extends KubernetesObject> implements Informer<T> {
  readonly kind: Kind<T>;
  readonly synced: Promise<void>;
  readonly #options: InformerOptions<T>;
  readonly #clock: Clock;
  readonly #report: ErrorSink;
  readonly #store = new Store<T>();
  readonly #delivery: Delivery<T>;
  readonly #events: Hot<InformerEvent<T>>;
  readonly #status: Hot<InformerStatus>;
  readonly #sources: readonly Source[];
  readonly #figures: InformerFigures | undefined;
  /** The user's functions, as they were given, by the names of their indexes. */
  readonly #indexes = new Map<string, IndexFunction<T>>();
  /** Told after each step of progress; empty unless somebody waits for a revision. */
  readonly #waiting = new Set<() => void>();
  #settleSynced: { resolve: () => void; reject: (reason: unknown) => void } | undefined;
  #hasRun = false;
  #hasSynced = false;

  constructor(options: InformerOptions<T>) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock();
    this.kind = options.kind;
    this.#report = createErrorSink(options.logger ?? noopLogger, options.onError);
    this.#delivery = new Delivery<T>((error, key) => this.#threw('a handler', error, key));
    this.#events = new Hot((error) => this.#threw('a subscriber of events$', error));
    this.#status = new Hot((error) => this.#threw('a subscriber of status$', error));
    this.#sources = namespacesOf(options).map((namespace) => ({ namespace, revision: undefined }));
    this.synced = new Promise((resolve, reject) => {
      this.#settleSynced = { resolve, reject };
    });
    this.synced.catch(() => undefined);
    this.#figures = createInformerFigures(options.metrics ?? noopMetrics, options.kind);
    this.#delivery.add(eventsTo(this.#events));
    for (const [name, by] of Object.entries(options.indexes ?? {})) this.addIndex(name, by);
  }

  get events$(): Observable<InformerEvent<T>> {
    return this.#events.observable;
  }

  get status$(): Observable<InformerStatus> {
    return this.#status.observable;
  }

  get hasSynced(): boolean {
    return this.#hasSynced;
  }

  async run(signal: AbortSignal): Promise<void> {
    if (this.#hasRun) throw new Error(`the informer of ${groupResource(this.kind)} was run before`);
    this.#hasRun = true;
    const release = this.#clock.hold?.();
    await Promise.all(this.#sources.map((source) => this.#reflect(source, signal)));
    release?.();
    if (!this.#hasSynced) this.#settleSynced?.reject(signal.reason);
  }

  addHandler(handler: InformerHandler<T>): () => void {
    this.#delivery.replay(handler, this.#store.entries());
    return this.#delivery.add(handler);
  }

  addIndex(name: string, by: IndexFunction<T>): void {
    if (this.#indexes.get(name) === by) return;
    if (this.#store.hasIndex(name)) throw new RangeError(`${this.kind.kind} has an index "${name}" already`);
    this.#indexes.set(name, by);
    this.#store.addIndex(name, (object) => {
      try {
        return by(object);
      } catch (error) {
        this.#threw(`the index "${name}"`, error, keyOf(object));
        return [];
      }
    });
  }

  hasIndex(name: string): boolean {
    return this.#store.hasIndex(name);
  }

  get(key: ObjectKey): T | undefined {
    if (typeof key === 'string' && (key.includes('/') || this.kind.scope === 'Cluster')) return this.#store.get(key);
    const { namespace, name } = toNamespacedName(this.kind, key);
    return this.#store.get(namespace === undefined ? name : `${namespace}/${name}`);
  }

  /** {@link Informer.get} for a key exactly as the cache has it. */
  getExact(key: string): T | undefined {
    return this.#store.get(key);
  }

  list(selector: ListSelector = {}): readonly T[] {
    const objects = selector.namespace === undefined ? this.#store.list() : this.#inNamespace(selector.namespace);
    const matches = compileLabels(selector);
    return matches === undefined ? objects : Object.freeze(objects.filter(matches));
  }

  by(name: string, value: string): readonly T[] {
    return this.#store.by(name, value);
  }

  /** Whether everything up to `revision` was seen in `namespace`. What the informer does not select counts as seen. */
  hasSeen(revision: string, namespace: string | undefined): boolean {
    for (const source of this.#sources) {
      if (source.namespace !== undefined && namespace !== undefined && source.namespace !== namespace) continue;
      if (source.revision === undefined || !isAtLeast(source.revision, revision)) return false;
    }
    return true;
  }

  /** `listener` is called after every step of progress, until it is taken off. */
  onProgress(listener: () => void): () => void {
    this.#waiting.add(listener);
    return () => this.#waiting.delete(listener);
  }

  #inNamespace(namespace: string): readonly T[] {
    if (!this.#store.hasIndex(BY_NAMESPACE)) this.#store.addIndex(BY_NAMESPACE, ({ metadata }) => [metadata.namespace ?? '']);
    return this.#store.by(BY_NAMESPACE, namespace);
  }

  async #reflect(source: Source, signal: AbortSignal): Promise<void> {
    const { client, kind, random, tuning, labels, labelSelector, fieldSelector } = this.#options;
    const { namespace } = source;
    await runReflector<T>(
      {
        client,
        kind,
        selection: definedOnly({ namespace, labels, labelSelector, fieldSelector }),
        sink: this.#sink(source),
        onStatus: (status) => this.#tell(namespace === undefined ? status : { ...status, namespace }),
        clock: this.#clock,
        ...definedOnly({ random, tuning }),
      },
      signal,
    );
  }

  #sink(source: Source): ReflectorSink<T> {
    return {
      replace: (objects, resourceVersion) => this.#replace(source, objects, resourceVersion),
      apply: (type, object) => this.#apply(source, type === 'DELETED', object),
      advance: (resourceVersion) => {
        source.revision = resourceVersion;
        this.#progressed();
      },
    };
  }

  #apply(source: Source, isDeletion: boolean, object: T): void {
    source.revision = object.metadata.resourceVersion ?? source.revision;
    const changes = isDeletion ? this.#remove(object) : this.#set(object, false);
    if (changes.length > 0) this.#delivery.send(changes);
    this.#progressed();
  }

  /** All at once: the first handler that is told sees the whole new state. */
  #replace(source: Source, objects: readonly T[], resourceVersion: string): void {
    const isFirst = source.revision === undefined;
    source.revision = resourceVersion;
    const changes = (isFirst ? this.#fill(objects) : undefined) ?? this.#difference(source, objects, isFirst);
    if (!isFirst) {
      this.#figures?.relists.add(1);
      this.#figures?.missed.add(changes.length);
    }
    this.#delivery.send(changes);
    this.#progressed();
    if (!this.#hasSynced && this.#sources.every(({ revision }) => revision !== undefined)) this.#syncedNow();
  }

  /** The quick way for the first list. Undefined when it cannot be gone: there are objects already, or one is there twice. */
  #fill(objects: readonly T[]): readonly ObjectChange<T>[] | undefined {
    if (this.#store.size > 0) return undefined;
    const changes = objects.map((received): ObjectChange<T> => ({ key: keyOf(received), old: undefined, object: this.#transform(received), flag: true }));
    return this.#store.fill(changes) ? changes : undefined;
  }

  #difference(source: Source, objects: readonly T[], isFirst: boolean): readonly ObjectChange<T>[] {
    const changes = isFirst ? [] : this.#removeAllBut(source, new Set(objects.map(keyOf)));
    for (const object of objects) for (const change of this.#set(object, isFirst)) changes.push(change);
    return changes;
  }

  #removeAllBut(source: Source, keys: ReadonlySet<string>): ObjectChange<T>[] {
    const changes: ObjectChange<T>[] = [];
    for (const [key, old] of this.#store.entries()) {
      if (keys.has(key) || (source.namespace !== undefined && old.metadata.namespace !== source.namespace)) continue;
      changes.push({ key, old, object: undefined, flag: true });
    }
    for (const { key } of changes) this.#store.put(key, undefined);
    return changes;
  }

  /** An object that was replaced by another of the same name is told of as deleted and added; one that is the same is not told of. */
  #set(received: T, isInInitialList: boolean): readonly ObjectChange<T>[] {
    const key = keyOf(received);
    const old = this.#store.get(key);
    if (old === undefined) {
      const object = this.#transform(received);
      this.#store.put(key, object);
      return [{ key, old: undefined, object, flag: isInInitialList }];
    }
    const isSameObject = old.metadata.uid === received.metadata.uid;
    if (isSameObject && isSameRevision(old, received)) return NO_CHANGES;
    const object = this.#transform(received);
    this.#store.put(key, object);
    if (isSameObject) return [{ key, old, object, flag: false }];
    return [
      { key, old, object: undefined, flag: true },
      { key, old: undefined, object, flag: false },
    ];
  }

  #remove(received: T): readonly ObjectChange<T>[] {
    const key = keyOf(received);
    const old = this.#store.get(key);
    if (old === undefined || old.metadata.uid !== received.metadata.uid) return NO_CHANGES;
    this.#store.put(key, undefined);
    return [{ key, old: this.#transform(received), object: undefined, flag: false }];
  }

  #transform(received: T): T {
    const { transform } = this.#options;
    const object = this.kind.view === 'metadata' ? onlyMetadata(received) : received;
    if (transform === undefined) return object;
    try {
      return transform(object);
    } catch (error) {
      this.#threw('the transform', error, keyOf(object));
      return object;
    }
  }

  #syncedNow(): void {
    this.#hasSynced = true;
    this.#settleSynced?.resolve();
    this.#tell({ type: 'synced', objects: this.#store.size });
  }

  #tell(status: InformerStatus): void {
    if (status.type === 'fault') {
      this.#figures?.faults.add(1);
      const { error, recovery, retryInMs, attempt } = status;
      this.#options.logger?.info('an informer met a fault and recovers', { kind: this.kind.kind, error, recovery, retryInMs, attempt });
      if (attempt === PERSISTENT_FAULT) this.#report(error, { source: 'background', what: `watching ${groupResource(this.kind)}, ${attempt} times in a row` });
    }
    this.#status.next(status);
  }

  #progressed(): void {
    if (this.#figures !== undefined) {
      this.#figures.objects.set(this.#store.size);
      this.#figures.progress.set(this.#clock.now() / 1000);
    }
    if (this.#waiting.size > 0) for (const listener of [...this.#waiting]) listener();
  }

  #threw(what: string, error: unknown, key?: string): void {
    this.#report(toError(error), { source: 'callback', what, kind: this.kind.kind, ...(key === undefined ? {} : { key }) });
  }
}

/** Clients in this process hand out whole objects, whatever the kind asks for. */
function onlyMetadata<T extends KubernetesObject>(object: T): T {
  const { apiVersion, kind, metadata } = object;
  return Object.freeze({ apiVersion, kind, metadata }) as T;
}

const NO_CHANGES: readonly never[] = Object.freeze([]);

function isSameRevision(a: KubernetesObject, b: KubernetesObject): boolean {
  return a.metadata.resourceVersion !== undefined && a.metadata.resourceVersion === b.metadata.resourceVersion;
}

function eventsTo<T extends KubernetesObject>(hot: Hot<InformerEvent<T>>): InformerHandler<T> {
  return {
    added: (object, isInInitialList) => hot.isObserved && hot.next({ type: 'added', object, isInInitialList }),
    updated: (old, object) => hot.isObserved && hot.next({ type: 'updated', old, object }),
    deleted: (object, finalStateUnknown) => hot.isObserved && hot.next({ type: 'deleted', object, finalStateUnknown }),
  };
}

function namespacesOf(options: { readonly kind: Kind; readonly namespace?: string | readonly string[] }): readonly (string | undefined)[] {
  const { kind, namespace } = options;
  if (namespace === undefined || kind.scope === 'Cluster') return [undefined];
  return typeof namespace === 'string' ? [namespace] : [...new Set(namespace)];
}

/** Without the fields that are undefined, which `exactOptionalPropertyTypes` tells apart from absent ones. */
function definedOnly<T extends object>(options: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
