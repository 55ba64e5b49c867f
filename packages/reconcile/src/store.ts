import type { KubernetesObject } from '@kybern/core';

/** Gives the values under which an index finds an object. Pure. */
export type IndexFunction<T> = (object: T) => readonly string[];

const NONE: readonly never[] = Object.freeze([]);

/** The objects of one value of an index. */
interface Bucket<T> {
  readonly objects: Map<string, T>;
  /** The same as a list, made when it is asked for and dropped at a change. */
  list: readonly T[] | undefined;
}

/** Invariant: `buckets` holds, for every object of the store, its key in the bucket of each of its values; no bucket is empty. */
interface Index<T> {
  readonly by: IndexFunction<T>;
  readonly buckets: Map<string, Bucket<T>>;
}

/** Objects by key, with secondary indexes. Knows nothing of where they come from. */
export class Store<T extends KubernetesObject> {
  readonly #objects = new Map<string, T>();
  readonly #indexes = new Map<string, Index<T>>();
  #all: readonly T[] | undefined;

  get size(): number {
    return this.#objects.size;
  }

  get(key: string): T | undefined {
    return this.#objects.get(key);
  }

  entries(): Iterable<[string, T]> {
    return this.#objects.entries();
  }

  list(): readonly T[] {
    return (this.#all ??= Object.freeze([...this.#objects.values()]));
  }

  hasIndex(name: string): boolean {
    return this.#indexes.has(name);
  }

  /** Adds an index; what the store holds already is found by it. */
  addIndex(name: string, by: IndexFunction<T>): void {
    const index: Index<T> = { by, buckets: new Map() };
    this.#indexes.set(name, index);
    for (const [key, object] of this.#objects) for (const value of by(object)) putIn(index.buckets, value, { key, object });
  }

  /** What is under `value` in the index `name`. @throws {RangeError} when there is no such index */
  by(name: string, value: string): readonly T[] {
    const index = this.#indexes.get(name);
    if (index === undefined) throw new RangeError(`there is no index "${name}"`);
    const bucket = index.buckets.get(value);
    if (bucket === undefined) return NONE;
    return (bucket.list ??= Object.freeze([...bucket.objects.values()]));
  }

  /**
   * Fills an empty store, with one look-up per object where `put` takes several.
   *
   * @returns false when two objects have one key; the store is empty again then
   */
  fill(entries: readonly { readonly key: string; readonly object: T | undefined }[]): boolean {
    this.#all = undefined;
    let count = 0;
    for (const { key, object } of entries) {
      if (object === undefined) continue;
      this.#objects.set(key, object);
      count += 1;
      if (this.#objects.size === count) continue;
      this.#objects.clear();
      for (const index of this.#indexes.values()) index.buckets.clear();
      return false;
    }
    for (const { by, buckets } of this.#indexes.values())
      for (const [key, object] of this.#objects) for (const value of by(object)) putIn(buckets, value, { key, object });
    return true;
  }

  /** Sets or, with undefined, removes one object. Returns what was there. */
  put(key: string, object: T | undefined): T | undefined {
    const old = this.#objects.get(key);
    if (old === object) return old;
    this.#all = undefined;
    if (object === undefined) this.#objects.delete(key);
    else this.#objects.set(key, object);
    if (this.#indexes.size === 0) return old;
    const change = { old, object };
    for (const index of this.#indexes.values()) move(index, key, change);
    return old;
  }
}

function move<T>(index: Index<T>, key: string, change: { readonly old: T | undefined; readonly object: T | undefined }): void {
  const before = change.old === undefined ? NONE : index.by(change.old);
  const after = change.object === undefined ? NONE : index.by(change.object);
  // Most changes leave an object where it is: in one place, or in none.
  if (before.length === 0 && after.length === 0) return;
  if (change.object !== undefined && before.length === 1 && after.length === 1 && before[0] === after[0]) {
    putIn(index.buckets, after[0] as string, { key, object: change.object });
    return;
  }
  for (const value of before) if (!after.includes(value)) removeFrom(index, value, key);
  if (change.object === undefined) return;
  for (const value of after) putIn(index.buckets, value, { key, object: change.object });
}

function removeFrom<T>(index: Index<T>, value: string, key: string): void {
  const bucket = index.buckets.get(value);
  if (bucket === undefined) return;
  bucket.list = undefined;
  bucket.objects.delete(key);
  if (bucket.objects.size === 0) index.buckets.delete(value);
}

function putIn<T>(buckets: Index<T>['buckets'], value: string, { key, object }: { readonly key: string; readonly object: T }): void {
  const bucket = buckets.get(value);
  if (bucket === undefined) {
    buckets.set(value, { objects: new Map([[key, object]]), list: undefined });
    return;
  }
  bucket.list = undefined;
  bucket.objects.set(key, object);
}
