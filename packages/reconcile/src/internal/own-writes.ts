import { keyOf, type Kind, type KubernetesObject } from '@kybern/core';
import type { CachingInformer } from '../informer.ts';
import type { CacheSet } from './cache-set.ts';
import { isAtLeast } from './resource-version.ts';

/** One thing that was written and that a cache has to show. */
interface PendingWrite {
  readonly informer: CachingInformer<KubernetesObject>;
  readonly namespace: string | undefined;
  /** The cache must have seen this revision. Of a deletion: unused, for servers do not tell at which revision an object went. */
  revision: string;
  /** Set for a deletion: this object must be gone from the cache, or be shown as being deleted. */
  readonly deleted: KubernetesObject | undefined;
}

/** The map is swept when it grew to twice what the last sweep left, but not below this. */
const SWEEP_AT = 1024;

/**
 * What the reconciles of each key wrote and the caches have not shown yet. It answers the question whether a cache is as new as the key's own writes,
 * which is all that a reconcile needs in order not to do its work twice.
 */
export class OwnWrites {
  readonly #cache: CacheSet;
  readonly #byKey = new Map<string, PendingWrite[]>();
  #sweepAt = SWEEP_AT;

  constructor(cache: CacheSet) {
    this.#cache = cache;
  }

  recordWrite<T extends KubernetesObject>(key: string, kind: Kind<T>, written: T): void {
    const { resourceVersion: revision, namespace } = written.metadata;
    if (revision === undefined) return;
    for (const informer of this.#cache.shownBy(kind))
      if (!informer.hasSeen(revision, namespace)) this.#add(key, { informer, namespace, revision, deleted: undefined });
  }

  recordDeletion<T extends KubernetesObject>(key: string, kind: Kind<T>, deleted: T): void {
    for (const informer of this.#cache.shownBy(kind)) this.#add(key, { informer, namespace: deleted.metadata.namespace, revision: '', deleted });
  }

  /** Whether the caches show everything that reconciles of `key` wrote. */
  isCaughtUp(key: string): boolean {
    if (this.#byKey.size === 0) return true;
    const writes = this.#byKey.get(key);
    if (writes === undefined) return true;
    if (!writes.every(isSeen)) return false;
    this.#byKey.delete(key);
    return true;
  }

  /** The informers that have not shown everything yet. */
  behind(key: string): readonly CachingInformer<KubernetesObject>[] {
    return (this.#byKey.get(key) ?? []).filter((write) => !isSeen(write)).map(({ informer }) => informer);
  }

  /** Gives up waiting for what `key` wrote. Returns the kinds that are behind. */
  giveUp(key: string): readonly string[] {
    const behind = this.behind(key);
    this.#byKey.delete(key);
    return [...new Set(behind.map((informer) => informer.kind.kind))];
  }

  #add(key: string, write: PendingWrite): void {
    const writes = this.#byKey.get(key);
    if (writes === undefined) {
      if (this.#byKey.size >= this.#sweepAt) this.#sweep();
      this.#byKey.set(key, [write]);
      return;
    }
    const earlier = writes.find((each) => each.deleted === undefined && each.informer === write.informer && each.namespace === write.namespace);
    if (earlier === undefined || write.deleted !== undefined) writes.push(write);
    else if (isAtLeast(write.revision, earlier.revision)) earlier.revision = write.revision;
  }

  #sweep(): void {
    for (const [key, writes] of this.#byKey) if (writes.every(isSeen)) this.#byKey.delete(key);
    this.#sweepAt = Math.max(SWEEP_AT, this.#byKey.size * 2);
  }
}

function isSeen({ informer, namespace, revision, deleted }: PendingWrite): boolean {
  if (deleted === undefined) return informer.hasSeen(revision, namespace);
  const shown = informer.get(keyOf(deleted));
  return shown === undefined || shown.metadata.uid !== deleted.metadata.uid || shown.metadata.deletionTimestamp !== undefined;
}
