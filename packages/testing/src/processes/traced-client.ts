import { createMutations, type Client, type Clock } from '@kybern/core';
import type { Trace, TracedReconcile } from '../trace.ts';

type Parameter<M extends keyof Client, N extends number> = Parameters<Client[M]>[N];

/** The client of one reconcile: each call says on whose behalf it is made. */
export class TracedClient implements Client {
  readonly #client: Client;
  readonly #trace: Trace;
  readonly #reconcile: TracedReconcile;
  readonly #clock: Clock;

  constructor(client: Client, { trace, reconcile, clock }: { readonly trace: Trace; readonly reconcile: TracedReconcile; readonly clock: Clock }) {
    this.#client = client;
    this.#trace = trace;
    this.#reconcile = reconcile;
    this.#clock = clock;
  }

  get: Client['get'] = (kind, key, options) => this.#call(() => this.#client.get(kind, key, options));
  list: Client['list'] = (kind, options) => this.#call(() => this.#client.list(kind, options));
  watch: Client['watch'] = (kind, options) => this.#client.watch(kind, options);
  create: Client['create'] = (kind, object, options) => this.#call(() => this.#client.create(kind, object, options));
  update: Client['update'] = (kind, object, options) => this.#call(() => this.#client.update(kind, object, options));
  patch: Client['patch'] = (kind, key, patch, options) => this.#call(() => this.#client.patch(kind, key, patch, options));
  apply: Client['apply'] = (kind, object, options) => this.#call(() => this.#client.apply(kind, object, options));
  delete: Client['delete'] = (kind, key, options) => this.#call(() => this.#client.delete(kind, key, options));
  deleteCollection: Client['deleteCollection'] = (kind, options) => this.#call(() => this.#client.deleteCollection(kind, options));
  createSubresource: Client['createSubresource'] = (kind, key, name, body: Parameter<'createSubresource', 3>, options) =>
    this.#call(() => this.#client.createSubresource(kind, key, name, body, options));
  mutate: Client['mutate'] = (kind, key, recipe, options) => createMutations(this, this.#clock).mutate(kind, key, recipe, options);
  mutateStatus: Client['mutateStatus'] = (kind, key, recipe, options) => createMutations(this, this.#clock).mutateStatus(kind, key, recipe, options);

  #call<R>(call: () => R): R {
    return this.#trace.onBehalf(this.#reconcile, call);
  }
}
