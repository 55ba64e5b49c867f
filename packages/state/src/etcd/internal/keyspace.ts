const ROOT = '/registry/';

/** Where the keys of a store are in etcd. */
export interface Keyspace {
  /** All that the store watches: from here ... */
  readonly start: Buffer;
  /** ... to before here. */
  readonly end: Buffer;
  /** The key that the API servers of a cluster compact through. */
  readonly compaction: Buffer;
  /** A key that is written only so that something is. */
  readonly tick: Buffer;
  /** The key in etcd of a key of the store. @throws {TypeError} it is not one */
  encode(key: string): Buffer;
  /** The key of the store; undefined when it is one of the store's own. */
  decode(key: Uint8Array): string | undefined;
}

/**
 * Maps `/registry/...` to `<prefix>/...`.
 *
 * @param prefix such as `/registry`, which is what `kube-apiserver --etcd-prefix` is
 */
export function createKeyspace(prefix: string): Keyspace {
  if (!/^\/.*[^/]$/.test(prefix)) throw new TypeError(`prefix: "${prefix}" must begin with "/" and must not end with it`);
  const start = Buffer.from(`${prefix}/`);
  const end = Buffer.from(`${prefix}0`); // '0' comes after '/'
  const own = `${prefix}/.kybern/`;
  return {
    start,
    end,
    compaction: Buffer.from(`${own}compaction`),
    tick: Buffer.from(`${own}tick`),
    encode(key) {
      if (!key.startsWith(ROOT) || key.startsWith(`${ROOT}.kybern/`)) throw new TypeError(`the key "${key}" does not begin with ${ROOT}`);
      return Buffer.from(prefix + key.slice(ROOT.length - 1));
    },
    decode(key) {
      const text = (key as Buffer).toString('utf8');
      return text.startsWith(own) ? undefined : ROOT + text.slice(prefix.length + 1);
    },
  };
}
