import {
  ApiError,
  apiVersionOf,
  createMutations,
  deepFreeze,
  formatLabelSelector,
  systemClock,
  toNamespacedName,
  toObjectList,
  type Client,
  type Clock,
  type DeleteOptions,
  type DynamicObject,
  type Kind,
  type KubernetesObject,
  type ListMeta,
  type ListOptions,
  type ObjectInput,
  type ObjectKey,
  type ObjectList,
  type Patch,
  type PodStreams,
  type SelectionOptions,
  type Status,
  type WatchEvent,
  type WatchOptions,
  type WriteOptions,
} from '@kybern/core';
import { Observable } from 'rxjs';
import { createCredentials } from './credentials.ts';
import { discoverKinds } from './discovery.ts';
import type { ClusterAccess } from './kubeconfig.ts';
import { resourcePath } from './resource-path.ts';
import { createTransport, toApiError, type Transport, type WireRequest } from './transport.ts';
import { jsonLines } from './watch-stream.ts';

/** Options of {@link createHttpClient}. */
export interface HttpClientOptions {
  /** For token files, and for the `lastTransitionTime` of conditions. Default: the system's. */
  readonly clock?: Clock;
}

/** A {@link Client} over HTTP; dispose it to close its connections. */
export interface HttpClient extends Client, AsyncDisposable {
  /** Logs, commands and ports of Pods. */
  readonly podStreams: PodStreams;
  /**
   * Everything that the server serves, as kinds to work with: built-in ones, and those of CustomResourceDefinitions and aggregated servers.
   *
   * @throws {ApiError} what the server answered
   */
  discover(options?: { readonly signal?: AbortSignal }): Promise<readonly Kind<DynamicObject>[]>;
}

/** Most clients never look into a Pod: WebSockets are loaded with the first call. */
function createLazyPodStreams(load: () => Promise<PodStreams>): PodStreams {
  return {
    logs: async (pod, options) => (await load()).logs(pod, options),
    exec: async (pod, options) => (await load()).exec(pod, options),
    attach: async (pod, options) => (await load()).attach(pod, options),
    connect: async (pod, port, options) => (await load()).connect(pod, port, options),
  };
}

/** A base: everything but what core's mutations add. */
type Base = Omit<Client, 'mutate' | 'mutateStatus'>;

const PATCH_TYPES: Readonly<Record<Patch['type'], string>> = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
};

/**
 * A client of any Kubernetes API server, ours or a real one.
 *
 * @example
 * const client = createHttpClient(await loadKubeconfig());
 * const pods = await client.list(Pod, { namespace: 'default' });
 */
export function createHttpClient(access: ClusterAccess, options: HttpClientOptions = {}): HttpClient {
  const clock = options.clock ?? systemClock();
  const credentials = createCredentials(access, clock);
  const transport = createTransport(access, credentials);
  const base: Base = { ...reads(transport, access), ...writes(transport) };
  return {
    ...base,
    ...createMutations(base, clock),
    podStreams: createLazyPodStreams(async () => (await import('./pod-streams.ts')).createPodStreams(access, { transport, credentials })),
    discover: ({ signal } = {}) => discoverKinds(transport, signal),
    [Symbol.asyncDispose]: () => transport.close(),
  };
}

function reads(transport: Transport, access: ClusterAccess): Pick<Client, 'get' | 'list' | 'watch'> {
  return {
    async get<T extends KubernetesObject>(kind: Kind<T>, key: ObjectKey, options: Parameters<Client['get']>[2] = {}) {
      const target = { ...toNamespacedName(kind, key), subresource: options.subresource };
      return object(
        kind,
        await transport.json({
          method: 'GET',
          path: resourcePath(kind, target),
          query: { resourceVersion: options.resourceVersion },
          accept: acceptOf(kind),
          signal: options.signal,
        }),
      );
    },
    async list<T extends KubernetesObject>(kind: Kind<T>, options: ListOptions = {}) {
      const query = {
        ...selection(options),
        limit: options.limit?.toString(),
        continue: options.continue,
        resourceVersion: options.resourceVersion,
        resourceVersionMatch: options.resourceVersionMatch,
      };
      return objectList(
        kind,
        await transport.json({
          method: 'GET',
          path: resourcePath(kind, { namespace: options.namespace }),
          query,
          accept: acceptOf(kind, 'List'),
          signal: options.signal,
        }),
      );
    },
    watch: <T extends KubernetesObject>(kind: Kind<T>, options: WatchOptions = {}) => watch(transport, access, { kind, options }),
  };
}

function writes(transport: Transport): Omit<Base, 'get' | 'list' | 'watch'> {
  const send = async <T extends KubernetesObject>(kind: Kind<T>, options: WriteOptions, request: Omit<WireRequest, 'query' | 'signal'>): Promise<T> =>
    object(kind, await transport.json({ ...request, query: writeQuery(options), signal: options.signal }));
  return {
    create: (kind, body, options = {}) =>
      send(kind, options, { method: 'POST', path: resourcePath(kind, { namespace: namespaceOf(kind, body) }), body: withType(kind, body) }),
    update: (kind, body, options = {}) =>
      send(kind, options, {
        method: 'PUT',
        path: resourcePath(kind, { namespace: namespaceOf(kind, body), name: body.metadata.name ?? '', subresource: options.subresource }),
        body: withType(kind, body),
      }),
    patch: (kind, key, patch, options = {}) =>
      send(kind, options, {
        method: 'PATCH',
        path: resourcePath(kind, { ...toNamespacedName(kind, key), subresource: options.subresource }),
        body: patch.patch,
        contentType: PATCH_TYPES[patch.type],
      }),
    async apply<T extends KubernetesObject>(kind: Kind<T>, body: object, options: Parameters<Client['apply']>[2]) {
      const { metadata } = body as { metadata?: { name?: string; namespace?: string } };
      if (metadata?.name === undefined) throw new ApiError('BadRequest', 'apply needs metadata.name');
      const target = { ...toNamespacedName(kind, { name: metadata.name, namespace: metadata.namespace }), subresource: options.subresource };
      return object(
        kind,
        await transport.json({
          method: 'PATCH',
          path: resourcePath(kind, target),
          query: { ...writeQuery(options), force: options.force === true ? 'true' : undefined },
          body: withType(kind, body),
          contentType: 'application/apply-patch+yaml',
          signal: options.signal,
        }),
      );
    },
    async delete<T extends KubernetesObject>(kind: Kind<T>, key: ObjectKey, options: DeleteOptions = {}) {
      const name = toNamespacedName(kind, key);
      const answer = await transport.json({ method: 'DELETE', path: resourcePath(kind, name), body: deleteBody(options), signal: options.signal });
      return isStatus(answer) ? deleted(kind, name, answer) : object(kind, answer);
    },
    async deleteCollection<T extends KubernetesObject>(kind: Kind<T>, options: DeleteOptions & SelectionOptions = {}) {
      const path = resourcePath(kind, { namespace: options.namespace });
      return objectList(kind, await transport.json({ method: 'DELETE', path, query: selection(options), body: deleteBody(options), signal: options.signal }));
    },
    createSubresource: (kind, key, subresource, body, options = {}) =>
      transport.json({
        method: 'POST',
        path: resourcePath(kind, { ...toNamespacedName(kind, key), subresource }),
        query: writeQuery(options),
        body,
        signal: options.signal,
      }),
  };
}

function watch<T extends KubernetesObject>(
  transport: Transport,
  access: ClusterAccess,
  { kind, options }: { readonly kind: Kind<T>; readonly options: WatchOptions },
): Observable<WatchEvent<T>> {
  return new Observable((subscriber) => {
    const stop = new AbortController();
    const signal = options.signal === undefined ? stop.signal : AbortSignal.any([stop.signal, options.signal]);
    const query = {
      ...selection(options),
      watch: 'true',
      resourceVersion: options.resourceVersion,
      resourceVersionMatch: options.resourceVersionMatch,
      allowWatchBookmarks: options.allowWatchBookmarks === true ? 'true' : undefined,
      sendInitialEvents: options.sendInitialEvents === true ? 'true' : undefined,
      timeoutSeconds: options.timeoutSeconds?.toString(),
    };
    const follow = async (): Promise<void> => {
      const body = await transport.stream({
        method: 'GET',
        path: resourcePath(kind, { namespace: options.namespace }),
        query,
        accept: acceptOf(kind),
        signal,
      });
      for await (const line of jsonLines(body)) subscriber.next(watchEvent(kind, line));
    };
    follow().then(
      () => subscriber.complete(),
      (error: unknown) => {
        if (!stop.signal.aborted) subscriber.error(toApiError(error, access.server, options.signal));
      },
    );
    return () => stop.abort();
  });
}

function watchEvent<T extends KubernetesObject>(kind: Kind<T>, line: unknown): WatchEvent<T> {
  const { type, object: body } = line as { type: string; object: unknown };
  if (type === 'ERROR') throw ApiError.fromStatus(body as Status);
  if (type === 'BOOKMARK') return { type, object: deepFreeze(body) as { metadata: object } };
  return { type: type as 'ADDED' | 'MODIFIED' | 'DELETED', object: object(kind, body) };
}

/** Lists leave kind and apiVersion out of their items; every object that a client hands out has them. */
function object<T extends KubernetesObject>(kind: Kind<T>, body: unknown): T {
  if (typeof body !== 'object' || body === null) throw new ApiError('InternalError', `the server answered with something that is not a ${kind.kind}`);
  const type = { apiVersion: apiVersionOf(kind), kind: kind.kind };
  return deepFreeze(kind.view === undefined ? { ...type, ...body } : { ...body, ...type }) as unknown as T;
}

/** How to ask for the part of the objects that the kind is about; undefined: for all of them. A server that cannot do it sends whole ones. */
function acceptOf(kind: Kind, list: 'List' | '' = ''): string | undefined {
  return kind.view === 'metadata' ? `application/json;as=PartialObjectMetadata${list};g=meta.k8s.io;v=v1,application/json` : undefined;
}

function objectList<T extends KubernetesObject>(kind: Kind<T>, body: unknown): ObjectList<T> {
  const { items, metadata } = body as { items?: readonly unknown[] | null; metadata?: ListMeta };
  return toObjectList(
    kind,
    (items ?? []).map((item) => object(kind, item)),
    metadata ?? {},
  );
}

function withType(kind: Kind, body: object): object {
  return { ...body, apiVersion: apiVersionOf(kind), kind: kind.kind };
}

function namespaceOf(kind: Kind, body: Pick<ObjectInput<KubernetesObject>, 'metadata'>): string | undefined {
  return kind.scope === 'Namespaced' ? (body.metadata.namespace ?? 'default') : undefined;
}

function selection(options: SelectionOptions): Record<string, string | undefined> {
  const labels = options.labels === undefined ? undefined : formatLabelSelector({ matchLabels: options.labels });
  const parts = [labels, options.labelSelector].filter((part) => part !== undefined && part !== '');
  return { labelSelector: parts.length === 0 ? undefined : parts.join(','), fieldSelector: options.fieldSelector };
}

function writeQuery(options: WriteOptions): Record<string, string | undefined> {
  return { dryRun: options.dryRun === true ? 'All' : undefined, fieldManager: options.fieldManager, fieldValidation: options.fieldValidation };
}

function deleteBody(options: DeleteOptions): object {
  const { dryRun, gracePeriodSeconds, propagationPolicy, preconditions } = options;
  return {
    kind: 'DeleteOptions',
    apiVersion: 'v1',
    ...(dryRun === true ? { dryRun: ['All'] } : {}),
    ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
    ...(propagationPolicy === undefined ? {} : { propagationPolicy }),
    ...(preconditions === undefined ? {} : { preconditions }),
  };
}

function isStatus(body: unknown): body is Status {
  return typeof body === 'object' && body !== null && 'kind' in body && body.kind === 'Status';
}

/** A server that deleted the object at once answers with a Status that only names it. */
function deleted<T extends KubernetesObject>(kind: Kind<T>, { namespace, name }: ReturnType<typeof toNamespacedName>, status: Status): T {
  const uid = status.details?.uid;
  return object(kind, { metadata: { name, ...(namespace === undefined ? {} : { namespace }), ...(uid === undefined ? {} : { uid }) } });
}
