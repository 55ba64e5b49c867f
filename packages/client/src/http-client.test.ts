import { createApiServer, type ApiServer, type Listener } from '@kybern/apiserver';
import { isConflict, isNotFound, type Client, type WatchEvent } from '@kybern/core';
import { describeClientConformance } from '@kybern/core/conformance';
import { ConfigMap, Pod } from '@kybern/core/kinds';
import { firstValueFrom, take, toArray } from 'rxjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHttpClient, type HttpClient } from './http-client.ts';

function connect({ url, certificateAuthority, admin }: Listener): HttpClient {
  return createHttpClient({ server: url, certificateAuthority, clientCertificate: admin.certificate, clientKey: admin.key, namespace: 'default' });
}

async function serve(): Promise<{ client: Client; api: ApiServer; listener: Listener; [Symbol.asyncDispose](): Promise<void> }> {
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
