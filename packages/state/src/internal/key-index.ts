const SHARDS = 64;

/**
 * A map from strings to values, sharded, because one large `Map` stalls for tens of milliseconds each time that it grows. Shards are made when they
 * are first needed.
 */
export class KeyIndex<V> {
  readonly #shards: (Map<string, V> | undefined)[] = new Array<undefined>(SHARDS).fill(undefined);

  get(key: string): V | undefined {
    return this.#shards[shardOf(key)]?.get(key);
  }

  set(key: string, value: V): void {
    const shard = shardOf(key);
    (this.#shards[shard] ??= new Map()).set(key, value);
  }

  delete(key: string): void {
    this.#shards[shardOf(key)]?.delete(key);
  }
}

/** Samples the key instead of reading all of it: the end (generated names), the middle (namespaces) and the length spread well enough. */
function shardOf(key: string): number {
  const end = key.length - 1;
  let hash = end;
  hash = Math.imul(hash, 31) + key.charCodeAt(end);
  hash = Math.imul(hash, 31) + key.charCodeAt(end - 1);
  hash = Math.imul(hash, 31) + key.charCodeAt(end - 2);
  hash = Math.imul(hash, 31) + key.charCodeAt((end >> 1) + (end >> 2));
  return (hash ^ (hash >>> 8) ^ (hash >>> 16)) & (SHARDS - 1);
}
