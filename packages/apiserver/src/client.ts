import { createMutations, toNamespacedName, type Client, type Clock, type Kind, type KubernetesObject, type ObjectList, type WatchEvent } from '@kybern/core';
import { Observable } from 'rxjs';
import type { ApiRequest, ApiResponse, RequestOptions, UserInfo, Verb } from './request.ts';

type Execute = (request: ApiRequest) => Promise<ApiResponse>;

/** The in-process door: calls become requests, answers become values. No copy is made on the way out. */
export function createInProcessClient(execute: Execute, options: { user: UserInfo; clock: Clock }): Client {
  const { user, clock } = options;
  const one = async (verb: Verb, kind: Kind, rest: Omit<ApiRequest, 'verb' | 'kind' | 'user'>): Promise<KubernetesObject> =>
    objectOf(await execute({ verb, kind, user, ...rest }));
  const base: Omit<Client, 'mutate' | 'mutateStatus'> = {
    async get<T extends KubernetesObject>(kind: Kind<T>, key: Parameters<Client['get']>[1], callOptions?: Parameters<Client['get']>[2]): Promise<T> {
      const { namespace, name } = toNamespacedName(kind, key);
      return objectOf(await execute({ verb: 'get', kind, user, namespace, name, subresource: callOptions?.subresource, options: callOptions })) as T;
    },
    async list<T extends KubernetesObject>(kind: Kind<T>, callOptions?: Parameters<Client['list']>[1]): Promise<ObjectList<T>> {
      return listOf(await execute({ verb: 'list', kind, user, namespace: namespaceOf(kind, callOptions), options: callOptions as RequestOptions | undefined })) as ObjectList<T>;
    },
    watch<T extends KubernetesObject>(kind: Kind<T>, callOptions?: Parameters<Client['watch']>[1]): Observable<WatchEvent<T>> {
      const request: ApiRequest = { verb: 'watch', kind, user, namespace: namespaceOf(kind, callOptions), options: callOptions as RequestOptions | undefined };
      return openLater(() => execute(request)) as Observable<WatchEvent<T>>;
    },
    async create(kind, object, callOptions) {
      return one('create', kind, { namespace: writeNamespace(kind, object.metadata), name: object.metadata.name, subresource: callOptions?.subresource, body: object, options: callOptions }) as never;
    },
    async update(kind, object, callOptions) {
      return one('update', kind, { namespace: writeNamespace(kind, object.metadata), name: object.metadata.name, subresource: callOptions?.subresource, body: object, options: callOptions }) as never;
    },
    async patch(kind, key, patch, callOptions) {
      return one('patch', kind, { ...toNamespacedName(kind, key), subresource: callOptions?.subresource, body: patch.patch, patchType: patch.type, options: callOptions }) as never;
    },
    async apply(kind, object, callOptions) {
      const metadata = (object as { metadata?: { name?: string; namespace?: string } }).metadata ?? {};
      return one('patch', kind, {
        namespace: writeNamespace(kind, metadata),
        name: metadata.name,
        subresource: callOptions.subresource,
        body: object,
        patchType: 'apply',
        options: callOptions,
      }) as never;
    },
    async delete(kind, key, callOptions) {
      return one('delete', kind, { ...toNamespacedName(kind, key), options: callOptions as RequestOptions | undefined }) as never;
    },
    async deleteCollection<T extends KubernetesObject>(kind: Kind<T>, callOptions?: Parameters<Client['deleteCollection']>[1]): Promise<ObjectList<T>> {
      return listOf(await execute({ verb: 'deletecollection', kind, user, namespace: namespaceOf(kind, callOptions), options: callOptions as RequestOptions | undefined })) as ObjectList<T>;
    },
    // eslint-disable-next-line max-params -- the port's signature
    async createSubresource(kind, key, subresource, body, callOptions) {
      return one('create', kind, { ...toNamespacedName(kind, key), subresource, body, options: callOptions });
    },
  };
  return { ...base, ...createMutations(base, clock) };
}

/** A list or watch of a kind of Cluster scope has no namespace, whatever was asked for. */
function namespaceOf(kind: Kind, options: { readonly namespace?: string } | undefined): string | undefined {
  const namespace = options?.namespace;
  return kind.scope === 'Cluster' || namespace === '' ? undefined : namespace;
}

function writeNamespace(kind: Kind, metadata: { readonly namespace?: string | undefined }): string | undefined {
  return kind.scope === 'Cluster' ? undefined : (metadata.namespace ?? 'default');
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
