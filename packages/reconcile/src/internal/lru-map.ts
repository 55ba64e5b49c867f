/** A map that keeps only what was used last. */
export class LruMap<K, V> {
  readonly #limit: number;
  /** Invariant: the least recently used entry comes first. */
  readonly #entries = new Map<K, V>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The value of `key`, which thereby was used; made when there is none. */
  use(key: K, make: () => V): V {
    const value = this.#entries.get(key) ?? make();
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size > this.#limit) for (const oldest of this.#entries.keys()) return (this.#entries.delete(oldest), value);
    return value;
  }

  delete(key: K): void {
    this.#entries.delete(key);
  }
}
