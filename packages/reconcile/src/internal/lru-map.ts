/**
 * A map that forgets what was not used for long: it keeps at least the `limit` entries that were used last, and at most twice as many.
 *
 * Two generations and no order of use, so that a hit changes nothing: what is used is in the young one, and when that is full it becomes the old one.
 */
export class LruMap<K, V extends object> {
  readonly #limit: number;
  #young = new Map<K, V>();
  #old: ReadonlyMap<K, V> | undefined;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The value of `key`, which thereby was used. */
  get(key: K): V | undefined {
    const known = this.#young.get(key);
    if (known !== undefined || this.#old === undefined) return known;
    const value = this.#old.get(key);
    if (value !== undefined) this.set(key, value);
    return value;
  }

  /** The value of `key`, which thereby was used; made when there is none. */
  use(key: K, make: () => V): V {
    const known = this.get(key);
    if (known !== undefined) return known;
    const value = make();
    this.set(key, value);
    return value;
  }

  /** Sets the value of `key`, which thereby was used. */
  set(key: K, value: V): void {
    if (this.#young.size >= this.#limit && !this.#young.has(key)) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, value);
  }
}
