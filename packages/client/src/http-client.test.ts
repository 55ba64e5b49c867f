import { createApiServer, type ApiServer, type Listener } from '@kybern/apiserver';
import { isConflict, isNotFound, metadataOnly, type WatchEvent } from '@kybern/core';
import { describeClientConformance } from '@kybern/core/conformance';
import { ConfigMap, Pod } from '@kybern/core/kinds';
import { firstValueFrom, take, toArray } from 'rxjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHttpClient, type HttpClient } from './http-client.ts';

function connect({ url, certificateAuthority, admin }: Listener): HttpClient {
  return createHttpClient({ server: url, certificateAuthority, clientCertificate: admin.certificate, clientKey: admin.key, namespace: 'default' });
}

async function serve(): Promise<{ client: HttpClient; api: ApiServer; listener: Listener; [Symbol.asyncDispose](): Promise<void> }> {
  const api = await createApiServer();
  const listener = await api.listen();
  const client = connect(listener);
  return {
    client,
    api,
    listener,
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]();
      await api[Symbol.asyncDispose]();
    },
  };
}

describeClientConformance('HTTP client against our API server', serve);

describe('createHttpClient', () => {
  let server: Awaited<ReturnType<typeof serve>>;
  beforeAll(async () => {
    server = await serve();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  it('rejects with the reason of the signal when a call is aborted', async () => {
    const reason = new Error('enough');
    await expect(server.client.get(Pod, 'default/a', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  it('finds out what the server serves, as kinds to work with', async () => {
    const kinds = await server.client.discover();
    const deployments = kinds.find(({ group, kind }) => group === 'apps' && kind === 'Deployment');
    expect(deployments).toMatchObject({ version: 'v1', plural: 'deployments', scope: 'Namespaced', shortNames: ['deploy'] });
    expect(deployments?.subresources.map(({ name }) => name)).toContain('scale');
    const nodes = kinds.find(({ kind }) => kind === 'Node');
    if (nodes === undefined) throw new Error('there are no nodes');
    expect((await server.client.list(nodes)).items).toEqual([]);
  });

  it('asks for metadata alone, in gets, lists and watches', async () => {
    const partial = metadataOnly(ConfigMap);
    const created = await server.client.create(ConfigMap, { metadata: { name: 'large' }, data: { a: 'b' } });
    const expected = { apiVersion: 'v1', kind: 'ConfigMap', metadata: created.metadata };
    expect(await server.client.get(partial, 'large')).toEqual(expected);
    const list = await server.client.list(partial, { namespace: 'default' });
    expect(list.items.find(({ metadata }) => metadata.name === 'large')).toEqual(expected);
    const watched = await firstValueFrom(
      server.client.watch(partial, {
        namespace: 'default',
        fieldSelector: 'metadata.name=large',
        sendInitialEvents: true,
        resourceVersionMatch: 'NotOlderThan',
        allowWatchBookmarks: true,
      }),
    );
    expect(watched).toEqual({ type: 'ADDED', object: expected });
  });

  it('is told of everything that exists at the beginning of a watch, however much it is', async () => {
    const data = { text: 'x'.repeat(900_000) };
    for (let i = 0; i < 14; i++) await server.api.client.create(ConfigMap, { metadata: { name: `big-${i}`, namespace: 'kube-public' }, data });
    const options = { namespace: 'kube-public', sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan', allowWatchBookmarks: true } as const;
    const events = await firstValueFrom(server.client.watch(ConfigMap, options).pipe(take(15), toArray()));
    expect(events.map(({ type }) => type)).toEqual([...Array.from({ length: 14 }, () => 'ADDED'), 'BOOKMARK']);
  });

  it('tells that a server cannot be reached', async () => {
    await using client = createHttpClient({ server: 'https://127.0.0.1:1', namespace: 'default' });
    await expect(client.list(Pod)).rejects.toMatchObject({
      name: 'ApiError',
      reason: 'ServiceUnavailable',
      message: expect.stringContaining('https://127.0.0.1:1') as string,
    });
  });

  it('is nobody without a certificate, and may do nothing', async () => {
    const { url, certificateAuthority } = server.listener;
    await using client = createHttpClient({ server: url, certificateAuthority, namespace: 'default' });
    await expect(client.list(Pod)).rejects.toMatchObject({ reason: 'Unauthorized', code: 401 });
  });

  it('does not talk to a server whose certificate it does not trust', async () => {
    await using client = createHttpClient({ server: server.listener.url, namespace: 'default' });
    await expect(client.list(Pod)).rejects.toMatchObject({ reason: 'ServiceUnavailable' });
  });

  it('carries reasons and details of errors over the wire', async () => {
    const error: unknown = await server.client.get(ConfigMap, 'default/none').catch((reason: unknown) => reason);
    expect(isNotFound(error)).toBe(true);
    expect(error).toMatchObject({ code: 404, details: { name: 'none', kind: 'configmaps' }, message: 'configmaps "none" not found' });
    const created = await server.client.create(ConfigMap, { metadata: { name: 'stale', namespace: 'default' }, data: { a: '1' } });
    await server.client.update(ConfigMap, { ...created, data: { a: '2' } });
    expect(isConflict(await server.client.update(ConfigMap, { ...created, data: { a: '3' } }).catch((reason: unknown) => reason))).toBe(true);
  });

  it('ends a watch when its subscriber goes', async () => {
    const events: Promise<WatchEvent<ConfigMap>[]> = firstValueFrom(
      server.client.watch(ConfigMap, { namespace: 'default', fieldSelector: 'metadata.name=seen' }).pipe(take(2), toArray()),
    );
    await server.client.create(ConfigMap, { metadata: { name: 'seen', namespace: 'default' } });
    await server.client.delete(ConfigMap, 'default/seen');
    expect((await events).map((event) => event.type)).toEqual(['ADDED', 'DELETED']);
  });
});
