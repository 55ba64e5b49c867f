import { controllerOf, groupResource, type Kind, type KubernetesObject, type ObjectKey } from '@kybern/core';
import type { Cache } from '../cache.ts';
import { UncachedKindError } from '../errors.ts';
import { CachingInformer, type InformerOptions } from '../informer.ts';
import type { ListSelector } from './selection.ts';

/** What all informers of a manager have in common. */
export type SharedInformerOptions = Omit<InformerOptions<KubernetesObject>, 'kind' | 'indexes'>;

/** The index of {@link Cache.ownedBy}; made for a kind when it is first asked. */
const BY_CONTROLLER = '#controller';

/** A manager's caches: one informer per kind, all running between the call of {@link CacheSet.run} and the end of its signal. */
export class CacheSet implements Cache {
  readonly #options: SharedInformerOptions;
  readonly #informers = new Map<string, CachingInformer<KubernetesObject>>();
  /** The same by the kind's identity, which spares making the name. */
  readonly #byIdentity = new Map<Kind, CachingInformer<KubernetesObject>>();
  /** What {@link CacheSet.shownBy} answered; forgotten when an informer is made. */
  readonly #shownBy = new Map<Kind, readonly CachingInformer<KubernetesObject>[]>();
  readonly #running = new Set<Promise<void>>();
  #signal: AbortSignal | undefined;

  constructor(options: SharedInformerOptions) {
    this.#options = options;
  }

  get<T extends KubernetesObject>(kind: Kind<T>, key: ObjectKey): T | undefined {
    return this.#cached(kind).get(key);
  }

  list<T extends KubernetesObject>(kind: Kind<T>, selector?: ListSelector): readonly T[] {
    return this.#cached(kind).list(selector);
  }

  by<T extends KubernetesObject>(kind: Kind<T>, index: string, value: string): readonly T[] {
    return this.#cached(kind).by(index, value);
  }

  ownedBy<T extends KubernetesObject>(kind: Kind<T>, owner: KubernetesObject): readonly T[] {
    const informer = this.#cached(kind);
    if (!informer.hasIndex(BY_CONTROLLER)) informer.addIndex(BY_CONTROLLER, controllerUid);
    return informer.by(BY_CONTROLLER, owner.metadata.uid ?? '');
  }

  informer<T extends KubernetesObject>(kind: Kind<T>): CachingInformer<T> {
    const known = this.find(kind);
    if (known !== undefined) return known;
    const informer = new CachingInformer<T>({ ...(this.#options as unknown as Omit<InformerOptions<T>, 'kind'>), kind });
    this.#informers.set(nameOf(kind), informer as unknown as CachingInformer<KubernetesObject>);
    this.#shownBy.clear();
    if (this.#signal !== undefined) this.#start(informer, this.#signal);
    return informer;
  }

  /** The informer of a kind, if there is one. */
  find<T extends KubernetesObject>(kind: Kind<T>): CachingInformer<T> | undefined {
    const known = this.#byIdentity.get(kind);
    if (known !== undefined) return known as unknown as CachingInformer<T>;
    const informer = this.#informers.get(nameOf(kind));
    if (informer !== undefined) this.#byIdentity.set(kind, informer);
    return informer as unknown as CachingInformer<T> | undefined;
  }

  /** The informers that show what is written as `kind`: its own, those of its other versions, and that of its metadata. */
  shownBy(kind: Kind): readonly CachingInformer<KubernetesObject>[] {
    const known = this.#shownBy.get(kind);
    if (known !== undefined) return known;
    const resource = groupResource(kind);
    const informers = [...this.#informers.values()].filter((informer) => groupResource(informer.kind) === resource);
    this.#shownBy.set(kind, informers);
    return informers;
  }

  /** The kinds whose informers have not synced yet. */
  unsynced(): readonly Kind[] {
    return [...this.#informers.values()].filter(({ hasSynced }) => !hasSynced).map(({ kind }) => kind);
  }

  /** Resolves when every informer that there is by now has synced. */
  async synced(): Promise<void> {
    await Promise.all([...this.#informers.values()].map((informer) => informer.synced));
  }

  /** Runs the informers, those that are made later included; resolves when the signal aborts and all have ended. */
  async run(signal: AbortSignal): Promise<void> {
    this.#signal = signal;
    for (const informer of this.#informers.values()) this.#start(informer, signal);
    await aborted(signal);
    await Promise.all(this.#running);
  }

  #start(informer: { run(signal: AbortSignal): Promise<void> }, signal: AbortSignal): void {
    const run = informer.run(signal);
    this.#running.add(run);
    void run.finally(() => this.#running.delete(run));
  }

  #cached<T extends KubernetesObject>(kind: Kind<T>): CachingInformer<T> {
    const informer = this.find(kind);
    if (informer === undefined) throw new UncachedKindError(kind.kind);
    return informer;
  }
}

function nameOf(kind: Kind): string {
  return `${groupResource(kind)}/${kind.version}${kind.view === undefined ? '' : `/${kind.view}`}`;
}

function controllerUid(object: KubernetesObject): readonly string[] {
  const reference = controllerOf(object);
  return reference === undefined ? [] : [reference.uid];
}

/** Resolves when `signal` aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
