import type { ApiRequest, ApiResponse } from '@kybern/apiserver';
import type { Kind, KubernetesObject, ObjectKey, WatchEvent } from '@kybern/core';
import type { ObservedReconcile } from '@kybern/reconcile';
import type { Call, CallObserver } from '@kybern/reconcile/testing';

/** One reconcile of a run. */
export interface TracedReconcile {
  /** Unique in its cluster, from 1. */
  readonly id: number;
  readonly process: string;
  readonly controller: string;
  readonly key: string;
  /** Virtual ms since the start. */
  readonly atMs: number;
  /** Undefined while it is under way, and when its process crashed. */
  endedMs: number | undefined;
  result: string | undefined;
  /** The revisions whose events put its key into the queue; empty when it was a timer (a retry, a requeue, a resync). */
  readonly because: readonly number[];
  /** The newest revision when it began. */
  readonly revision: number;
}

/** Who made a revision. */
export interface Author {
  readonly process: string;
  /** {@link TracedReconcile.id} */
  readonly reconcile: number | undefined;
}

/** Something that went wrong, or was made to. */
export interface TracedFault {
  readonly atMs: number;
  /** The newest revision at that moment. */
  readonly revision: number;
  readonly text: string;
}

/** What {@link Trace} keeps at most; then the older half goes. */
const MAX_RECONCILES = 100_000;
const MAX_CAUSES = 8;

/** Who wrote what, and what woke whom: kept while a cluster runs, made into a timeline when somebody asks. */
export class Trace {
  readonly faults: TracedFault[] = [];
  /** What was written until the cluster was up is of little interest. */
  startRevision = 0;
  readonly #nowMs: () => number;
  readonly #revision: () => number;
  readonly #authors = new Map<number, Author>();
  /**
   * Per key, who was answered at which revision, where the answer does not say which revision it made: subresources, and writes that take away the last
   * finalizer.
   */
  readonly #claims = new Map<string, { readonly revision: number; readonly author: Author }[]>();
  #reconciles: TracedReconcile[] = [];
  #lastId = 0;
  #requests = 0;
  /** The revision whose event is being delivered at this moment. */
  #delivering: number | undefined;
  /** On whose behalf the call is made that is being made at this moment. */
  #onBehalf: TracedReconcile | undefined;
  /** Per process, controller and key: what has put it into the queue since its last reconcile. */
  readonly #causes = new Map<string, number[]>();

  constructor(nowMs: () => number, revision: () => number) {
    this.#nowMs = nowMs;
    this.#revision = revision;
  }

  get reconciles(): readonly TracedReconcile[] {
    return this.#reconciles;
  }

  /** How many requests reached the server. */
  get requests(): number {
    return this.#requests;
  }

  /** Who made a revision of what is kept under `key`. */
  author(revision: number, key: string): Author | undefined {
    return this.#authors.get(revision) ?? this.#claims.get(key)?.find((claim) => claim.revision >= revision)?.author;
  }

  fault(text: string): void {
    this.faults.push({ atMs: this.#nowMs(), revision: this.#revision(), text });
  }

  /** What to tell of the calls and watches of one process. */
  observer(process: string): CallObserver {
    return {
      delivering: (_call: Call, event: WatchEvent<KubernetesObject>) => {
        this.#delivering = event.type === 'BOOKMARK' ? undefined : Number(event.object.metadata.resourceVersion);
      },
      delivered: () => {
        this.#delivering = undefined;
      },
      answered: (call, answer) => this.#answered(process, call, answer),
    };
  }

  enqueued(process: string, controller: string, key: string): void {
    if (this.#delivering === undefined) return;
    const id = `${process} ${controller} ${key}`;
    const causes = this.#causes.get(id);
    if (causes === undefined) this.#causes.set(id, [this.#delivering]);
    else if (causes.length < MAX_CAUSES && causes.at(-1) !== this.#delivering) causes.push(this.#delivering);
  }

  began(process: string, { controller, key }: ObservedReconcile): TracedReconcile {
    const id = `${process} ${controller} ${key}`;
    const because = this.#causes.get(id) ?? [];
    this.#causes.delete(id);
    const traced: TracedReconcile = {
      id: ++this.#lastId,
      process,
      controller,
      key,
      atMs: this.#nowMs(),
      endedMs: undefined,
      result: undefined,
      because,
      revision: this.#revision(),
    };
    this.#reconciles.push(traced);
    if (this.#reconciles.length > MAX_RECONCILES) this.#reconciles = this.#reconciles.slice(MAX_RECONCILES / 2);
    return traced;
  }

  ended(traced: TracedReconcile, result: string): void {
    traced.endedMs = this.#nowMs();
    traced.result = result;
  }

  /** Runs `call`, which is made on behalf of a reconcile. */
  onBehalf<R>(traced: TracedReconcile, call: () => R): R {
    const before = this.#onBehalf;
    this.#onBehalf = traced;
    try {
      return call();
    } finally {
      this.#onBehalf = before;
    }
  }

  /** The reconcile on whose behalf a call is being made at this moment. */
  readonly current = (): TracedReconcile | undefined => this.#onBehalf;

  /** A request that came over HTTP was answered. @param actor who asked */
  answeredOutside(actor: string, { verb, kind, namespace, name }: ApiRequest, response: ApiResponse): void {
    this.#requests += 1;
    if (verb === 'get' || verb === 'list' || verb === 'watch') return;
    const author: Author = { process: actor, reconcile: undefined };
    if (response.type === 'list') for (const { metadata } of response.list.items) this.#wrote(Number(metadata.resourceVersion), author);
    if (response.type !== 'object') return;
    const { metadata } = response.object;
    if (metadata?.resourceVersion !== undefined) this.#wrote(Number(metadata.resourceVersion), author);
    if (name !== undefined && (response.deleted || metadata?.resourceVersion === undefined)) this.#claim(storageKey(kind, { namespace, name }), author);
  }

  #answered(process: string, { verb, kind, key, context }: Call, answer: unknown): void {
    this.#requests += 1;
    if (verb === 'get' || verb === 'list' || verb === 'watch') return;
    const author: Author = { process, reconcile: (context as TracedReconcile | undefined)?.id };
    if (verb === 'createSubresource') this.#claim(storageKey(kind, key ?? ''), author);
    else if (verb === 'deleteCollection')
      for (const { metadata } of answer as Iterable<KubernetesObject>) this.#wrote(Number(metadata.resourceVersion), author);
    else {
      const { metadata } = answer as KubernetesObject;
      this.#wrote(Number(metadata.resourceVersion), author);
      if (metadata.deletionTimestamp !== undefined) this.#claim(storageKey(kind, { namespace: metadata.namespace, name: String(metadata.name) }), author);
    }
  }

  #claim(key: string, author: Author): void {
    const claims = this.#claims.get(key);
    const claim = { revision: this.#revision(), author };
    if (claims === undefined) this.#claims.set(key, [claim]);
    else claims.push(claim);
  }

  /** A write that changed nothing answers with a revision that has its author. */
  #wrote(revision: number, author: Author): void {
    if (!this.#authors.has(revision)) this.#authors.set(revision, author);
  }
}

/** `pods default/web-0`, as points of choice and reports name what a call is about. */
export function describeCall({ verb, kind, key, options }: Pick<Call, 'verb' | 'kind' | 'key' | 'options'>): string {
  const subresource = options['subresource'];
  const resource = `${kind.plural}${typeof subresource === 'string' ? `/${subresource}` : ''}`;
  return `${verb} ${resource}${key === undefined ? '' : ` ${describeKey(kind, key)}`}`;
}

function describeKey(kind: Kind, key: ObjectKey): string {
  if (typeof key === 'string') return key;
  const { namespace, name } = 'metadata' in key ? key.metadata : key;
  return kind.scope === 'Cluster' || namespace === undefined ? String(name) : `${namespace}/${String(name)}`;
}

/** Where the objects of a kind are kept: `/registry/core/pods/`. */
export function storagePrefix({ group, plural }: Kind): string {
  return `/registry/${group === '' ? 'core' : group}/${plural}/`;
}

/** Where an object is kept: `/registry/core/pods/default/web-0`. */
export function storageKey(kind: Kind, key: ObjectKey): string {
  const text = describeKey(kind, key);
  return `${storagePrefix(kind)}${kind.scope === 'Cluster' || text.includes('/') ? text : `default/${text}`}`;
}
