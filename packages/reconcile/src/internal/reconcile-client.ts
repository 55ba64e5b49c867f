import type {
  ApplyOptions,
  CallOptions,
  Client,
  DeepPartial,
  DeleteOptions,
  GetOptions,
  Kind,
  KubernetesObject,
  ListOptions,
  ObjectInput,
  ObjectKey,
  ObjectList,
  Patch,
  SelectionOptions,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from '@kybern/core';
import type { Observable } from 'rxjs';
import type { OwnWrites } from './own-writes.ts';

/** What {@link ReconcileClient} works with; the same for all reconciles of a controller's term. */
export interface ReconcileClientDeps {
  readonly client: Client;
  readonly writes: OwnWrites;
  /** Throws when another replica may lead by now; then no call begins. */
  readonly assertLeading: () => void;
}

declare const _port: Client;
type Recipe<T extends KubernetesObject> = Parameters<typeof _port.mutate<T>>[2];
type StatusRecipe<T extends KubernetesObject> = Parameters<typeof _port.mutateStatus<T>>[2];

/**
 * The client of one reconcile: every call ends with the reconcile's signal, none begins after it, and what was written is remembered for the key.
 * Bodies of subresources made with `createSubresource` say nothing about the object, so these writes are not remembered.
 *
 * A class, because one is made for every reconcile: methods on the prototype cost nothing then.
 */
export class ReconcileClient implements Client {
  readonly #deps: ReconcileClientDeps;
  readonly #key: string;
  readonly #signal: AbortSignal;

  constructor(deps: ReconcileClientDeps, key: string, signal: AbortSignal) {
    this.#deps = deps;
    this.#key = key;
    this.#signal = signal;
  }

  async get<T extends KubernetesObject>(kind: Kind<T>, key: ObjectKey, options?: GetOptions): Promise<T> {
    return await this.#deps.client.get(kind, key, this.#during(options));
  }

  async list<T extends KubernetesObject>(kind: Kind<T>, options?: ListOptions): Promise<ObjectList<T>> {
    return await this.#deps.client.list(kind, this.#during(options));
  }

  watch<T extends KubernetesObject>(kind: Kind<T>, options?: WatchOptions): Observable<WatchEvent<T>> {
    return this.#deps.client.watch(kind, this.#withSignal(options));
  }

  async create<T extends KubernetesObject>(kind: Kind<T>, object: ObjectInput<T>, options?: WriteOptions): Promise<T> {
    return this.#written(kind, await this.#deps.client.create(kind, object, this.#during(options)), options);
  }

  async update<T extends KubernetesObject>(kind: Kind<T>, object: ObjectInput<T>, options?: WriteOptions): Promise<T> {
    return this.#written(kind, await this.#deps.client.update(kind, object, this.#during(options)), options);
  }

  async patch<T extends KubernetesObject>(kind: Kind<T>, key: ObjectKey, patch: Patch, options?: WriteOptions): Promise<T> {
    return this.#written(kind, await this.#deps.client.patch(kind, key, patch, this.#during(options)), options);
  }

  async apply<T extends KubernetesObject>(kind: Kind<T>, object: DeepPartial<ObjectInput<T>>, options: ApplyOptions): Promise<T> {
    return this.#written(kind, await this.#deps.client.apply(kind, object, this.#during(options)), options);
  }

  async mutate<T extends KubernetesObject>(kind: Kind<T>, key: ObjectKey, recipe: Recipe<T>, options?: WriteOptions): Promise<T> {
    return this.#written(kind, await this.#deps.client.mutate(kind, key, recipe, this.#during(options)), options);
  }

  async mutateStatus<T extends KubernetesObject>(kind: Kind<T>, key: ObjectKey, recipe: StatusRecipe<T>, options?: WriteOptions): Promise<T> {
    return this.#written(kind, await this.#deps.client.mutateStatus(kind, key, recipe, this.#during(options)), options);
  }

  async delete<T extends KubernetesObject>(kind: Kind<T>, key: ObjectKey, options?: DeleteOptions): Promise<T> {
    const object = await this.#deps.client.delete(kind, key, this.#during(options));
    if (options?.dryRun !== true) this.#deps.writes.recordDeletion(this.#key, kind, object);
    return object;
  }

  async deleteCollection<T extends KubernetesObject>(kind: Kind<T>, options?: DeleteOptions & SelectionOptions): Promise<ObjectList<T>> {
    const list = await this.#deps.client.deleteCollection(kind, this.#during(options));
    if (options?.dryRun !== true) for (const object of list) this.#deps.writes.recordDeletion(this.#key, kind, object);
    return list;
  }

  async createSubresource<T extends KubernetesObject>(
    kind: Kind<T>,
    key: ObjectKey,
    subresource: string,
    body: object,
    options?: WriteOptions,
  ): Promise<unknown> {
    return await this.#deps.client.createSubresource(kind, key, subresource, body, this.#during(options));
  }

  /** The call's options with the reconcile's signal. @throws its reason once it is aborted, so that no call begins */
  #during<O extends CallOptions>(options: O | undefined): O {
    this.#signal.throwIfAborted();
    this.#deps.assertLeading();
    return this.#withSignal(options);
  }

  #withSignal<O extends CallOptions>(options: O | undefined): O {
    const signal = options?.signal === undefined ? this.#signal : AbortSignal.any([options.signal, this.#signal]);
    return { ...(options as O), signal };
  }

  #written<T extends KubernetesObject>(kind: Kind<T>, object: T, options: WriteOptions | undefined): T {
    if (options?.dryRun !== true) this.#deps.writes.recordWrite(this.#key, kind, object);
    return object;
  }
}
