import type { CallOptions, Client, Kind, KubernetesObject } from '@kybern/core';
import type { OwnWrites } from './own-writes.ts';

/** What {@link createReconcileClient} works with. */
export interface ReconcileClientOptions {
  readonly client: Client;
  /** The key that is being reconciled. */
  readonly key: string;
  readonly signal: AbortSignal;
  readonly writes: OwnWrites;
  /** Throws when another replica may lead by now; then no call begins. */
  readonly assertLeading: (() => void) | undefined;
}

/**
 * The client of one reconcile: every call ends with the reconcile's signal, none begins after it, and what was written is remembered for the key.
 * Bodies of subresources created with `createSubresource` say nothing about the object, so these writes are not remembered.
 */
export function createReconcileClient({ client, key, signal, writes, assertLeading }: ReconcileClientOptions): Client {
  const during = <O extends CallOptions>(options: O | undefined): O => {
    signal.throwIfAborted();
    assertLeading?.();
    return { ...(options as O), signal: options?.signal === undefined ? signal : AbortSignal.any([options.signal, signal]) };
  };
  const written = <T extends KubernetesObject>(kind: Kind<T>, object: T, options: { readonly dryRun?: boolean } | undefined): T => {
    if (options?.dryRun !== true) writes.recordWrite(key, kind, object);
    return object;
  };
  const deleted = <T extends KubernetesObject>(kind: Kind<T>, objects: Iterable<T>, options: { readonly dryRun?: boolean } | undefined): void => {
    if (options?.dryRun !== true) for (const object of objects) writes.recordDeletion(key, kind, object);
  };
  return {
    get: async (kind, target, options) => await client.get(kind, target, during(options)),
    list: async (kind, options) => await client.list(kind, during(options)),
    watch: (kind, options) => client.watch(kind, during(options)),
    create: async (kind, object, options) => written(kind, await client.create(kind, object, during(options)), options),
    update: async (kind, object, options) => written(kind, await client.update(kind, object, during(options)), options),
    patch: async (kind, target, patch, options) => written(kind, await client.patch(kind, target, patch, during(options)), options),
    apply: async (kind, object, options) => written(kind, await client.apply(kind, object, during(options)), options),
    mutate: async (kind, target, recipe, options) => written(kind, await client.mutate(kind, target, recipe, during(options)), options),
    mutateStatus: async (kind, target, recipe, options) => written(kind, await client.mutateStatus(kind, target, recipe, during(options)), options),
    async delete(kind, target, options) {
      const object = await client.delete(kind, target, during(options));
      deleted(kind, [object], options);
      return object;
    },
    async deleteCollection(kind, options) {
      const list = await client.deleteCollection(kind, during(options));
      deleted(kind, list, options);
      return list;
    },
    createSubresource: async (kind, target, subresource, body, options) => await client.createSubresource(kind, target, subresource, body, during(options)),
  };
}
