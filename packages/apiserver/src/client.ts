import {
  createMutations,
  toNamespacedName,
  type Client,
  type Clock,
  type Kind,
  type KubernetesObject,
  type ObjectList,
  type ObjectMeta,
  type WatchEvent,
  type WriteOptions,
} from '@kybern/core';
import { Observable } from './internal/rx.ts';
import type { ApiRequest, ApiResponse, RequestOptions, UserInfo, Verb } from './request.ts';

type Execute = (request: ApiRequest) => Promise<ApiResponse>;

/** The in-process door: calls become requests, answers become values. No copy is made on the way out. */
export function createInProcessClient(execute: Execute, options: { user: UserInfo; clock: Clock }): Client {
  const { user, clock } = options;
  const base: Omit<Client, 'mutate' | 'mutateStatus'> = {
    async get<T extends KubernetesObject>(kind: Kind<T>, key: Parameters<Client['get']>[1], callOptions?: Parameters<Client['get']>[2]): Promise<T> {
      const { namespace, name } = toNamespacedName(kind, key);
      return objectOf(await execute({ verb: 'get', kind, user, namespace, name, subresource: callOptions?.subresource, options: callOptions })) as T;
    },
    async list<T extends KubernetesObject>(kind: Kind<T>, callOptions?: Parameters<Client['list']>[1]): Promise<ObjectList<T>> {
      return listOf(
        await execute({ verb: 'list', kind, user, namespace: namespaceOf(kind, callOptions), options: callOptions as RequestOptions | undefined }),
      ) as ObjectList<T>;
    },
    watch<T extends KubernetesObject>(kind: Kind<T>, callOptions?: Parameters<Client['watch']>[1]): Observable<WatchEvent<T>> {
      const request: ApiRequest = { verb: 'watch', kind, user, namespace: namespaceOf(kind, callOptions), options: callOptions as RequestOptions | undefined };
      return openLater(() => execute(request)) as Observable<WatchEvent<T>>;
    },
    async create(kind, object, callOptions) {
      return objectOf(await execute(bodyRequest('create', { kind, body: object, user, options: callOptions }))) as never;
    },
    async update(kind, object, callOptions) {
      return objectOf(await execute(bodyRequest('update', { kind, body: object, user, options: callOptions }))) as never;
    },
    async patch(kind, key, patch, callOptions) {
      const { namespace, name } = toNamespacedName(kind, key);
      const request: ApiRequest = {
        verb: 'patch',
        kind,
        user,
        namespace,
        name,
        subresource: callOptions?.subresource,
        body: patch.patch,
        patchType: patch.type,
        options: callOptions,
      };
      return objectOf(await execute(request)) as never;
    },
    async apply(kind, object, callOptions) {
      return objectOf(await execute({ ...bodyRequest('patch', { kind, body: object, user, options: callOptions }), patchType: 'apply' })) as never;
    },
    async delete(kind, key, callOptions) {
      const { namespace, name } = toNamespacedName(kind, key);
      return objectOf(await execute({ verb: 'delete', kind, user, namespace, name, options: callOptions as RequestOptions | undefined })) as never;
    },
    async deleteCollection<T extends KubernetesObject>(kind: Kind<T>, callOptions?: Parameters<Client['deleteCollection']>[1]): Promise<ObjectList<T>> {
      return listOf(
        await execute({ verb: 'deletecollection', kind, user, namespace: namespaceOf(kind, callOptions), options: callOptions as RequestOptions | undefined }),
      ) as ObjectList<T>;
    },

    async createSubresource(kind, key, subresource, body, callOptions) {
      const { namespace, name } = toNamespacedName(kind, key);
      return objectOf(await execute({ verb: 'create', kind, user, namespace, name, subresource, body, options: callOptions }));
    },
  };
  return { ...base, ...createMutations(base, clock) };
}

/** A list or watch of a kind of Cluster scope has no namespace, whatever was asked for. */
function namespaceOf(kind: Kind, options: { readonly namespace?: string } | undefined): string | undefined {
  const namespace = options?.namespace;
  return kind.scope === 'Cluster' || namespace === '' ? undefined : namespace;
}

interface BodyCall {
  readonly kind: Kind;
  readonly body: object;
  readonly user: UserInfo;
  readonly options: WriteOptions | undefined;
}

/** A request that is about the object that it carries. */
function bodyRequest(verb: Verb, { kind, body, user, options }: BodyCall): ApiRequest {
  const { namespace = 'default', name } = (body as { metadata?: ObjectMeta }).metadata ?? {};
  return { verb, kind, user, namespace: kind.scope === 'Cluster' ? undefined : namespace, name, subresource: options?.subresource, body, options };
}

function objectOf(response: ApiResponse): KubernetesObject {
  if (response.type !== 'object') throw new TypeError(`expected an object, not a ${response.type}`);
  return response.object;
}

function listOf(response: ApiResponse): ObjectList<KubernetesObject> {
  if (response.type !== 'list') throw new TypeError(`expected a list, not a ${response.type}`);
  return response.list;
}

/** A cold stream that asks for its source when it is subscribed to. */
function openLater(open: () => Promise<ApiResponse>): Observable<WatchEvent<KubernetesObject>> {
  return new Observable((subscriber) => {
    open().then(
      (response) => {
        if (response.type === 'watch') subscriber.add(response.events.subscribe(subscriber));
        else subscriber.error(new TypeError(`expected a watch, not a ${response.type}`));
      },
      (error: unknown) => subscriber.error(error),
    );
  });
}
