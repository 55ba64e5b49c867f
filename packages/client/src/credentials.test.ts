import { createServer } from 'node:http';
import { connect } from 'node:net';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApiServer, tokenFileAuthenticator, type ApiServer } from '@kybern/apiserver';
import { SelfSubjectReview } from '@kybern/core/kinds';
import type { Kind } from '@kybern/core';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { createHttpClient, loadKubeconfig } from './index.ts';

/** A program that counts how often it ran, and gives the token that lies in a file beside it. */
const PLUGIN = `#!/bin/sh
cd "$(dirname "$0")"
echo run >> runs
printf '%s' "$KUBERNETES_EXEC_INFO" > info
echo "{\\"apiVersion\\":\\"client.authentication.k8s.io/v1\\",\\"kind\\":\\"ExecCredential\\",\\"status\\":{\\"token\\":\\"$(cat token)\\"$EXPIRY}}"
`;

describe('credentials', () => {
  let api: ApiServer;
  let folder: string;
  let server: { url: string; certificateAuthority: string };
  beforeAll(async () => {
    api = await createApiServer({ authenticators: [tokenFileAuthenticator('good,anna,7,"system:masters"\nnext,berta,8,"system:masters"\n')] });
    server = await api.listen();
    folder = await mkdtemp(join(tmpdir(), 'credentials-'));
    await writeFile(join(folder, 'plugin.sh'), PLUGIN);
    await chmod(join(folder, 'plugin.sh'), 0o755);
    return async () => {
      await api[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    };
  });

  const kubeconfig = async (user: object, cluster: object = {}): Promise<string> => {
    const file = join(folder, 'config');
    await writeFile(
      file,
      JSON.stringify({
        'current-context': 'c',
        clusters: [
          { name: 'c', cluster: { server: server.url, 'certificate-authority-data': Buffer.from(server.certificateAuthority).toString('base64'), ...cluster } },
        ],
        users: [{ name: 'c', user }],
        contexts: [{ name: 'c', context: { cluster: 'c', user: 'c' } }],
      }),
    );
    return file;
  };
  /** Asks for a command in a Pod that there is not, over a WebSocket: who may ask that is told so. */
  const openSockets = async (user: object, cluster?: object): Promise<() => Promise<unknown>> => {
    const client = createHttpClient(await loadKubeconfig({ file: await kubeconfig(user, cluster) }));
    onTestFinished(() => client[Symbol.asyncDispose]());
    return () => client.podStreams.exec({ namespace: 'default', name: 'none' }, { command: ['true'] });
  };
  /** A proxy, with the targets that it was asked for, each with the credentials that came with it. */
  const openProxy = async (): Promise<{ readonly host: string; readonly seen: string[] }> => {
    const seen: string[] = [];
    const proxy = createServer().on('connect', (request, socket, head) => {
      seen.push([request.url, request.headers['proxy-authorization']].filter((text) => text !== undefined).join(' '));
      if (request.headers['proxy-authorization'] === 'Basic bm86') {
        socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
        return;
      }
      const [host = '', port = ''] = (request.url ?? '').split(':');
      const upstream = connect(Number(port), host, () => {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
        upstream.write(head);
        upstream.pipe(socket).pipe(upstream);
      });
      for (const end of [socket, upstream]) end.on('error', () => undefined);
    });
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    onTestFinished(() => void proxy.close());
    return { host: `127.0.0.1:${String((proxy.address() as { port: number }).port)}`, seen };
  };
  const open = async (user: object, cluster?: object): Promise<() => Promise<{ username?: string; uid?: string; groups?: string[]; extra?: object }>> => {
    const client = createHttpClient(await loadKubeconfig({ file: await kubeconfig(user, cluster) }));
    onTestFinished(() => client[Symbol.asyncDispose]());
    return async () => {
      const { status } = (await client.create(SelfSubjectReview as unknown as Kind, {} as never)) as { status?: { userInfo?: object } };
      return status?.userInfo ?? {};
    };
  };
  const runs = async (): Promise<number> => (await readFile(join(folder, 'runs'), 'utf8').catch(() => '')).split('\n').length - 1;
  const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: './plugin.sh', provideClusterInfo: true, interactiveMode: 'Never' };

  it('come from a program, which runs once for many requests, and again when the server refuses what it gave', async () => {
    await writeFile(join(folder, 'token'), 'good');
    const who = await open({ exec });
    const before = await runs();
    expect((await Promise.all([who(), who(), who()])).map(({ username }) => username)).toEqual(['anna', 'anna', 'anna']);
    expect(await runs()).toBe(before + 1);
    const info = JSON.parse(await readFile(join(folder, 'info'), 'utf8')) as { spec: { interactive: boolean; cluster: { server: string } } };
    expect(info).toMatchObject({ kind: 'ExecCredential', spec: { interactive: false, cluster: { server: server.url } } });
    // A token that is refused is not asked for for ever.
    await writeFile(join(folder, 'token'), 'bad');
    const other = await open({ exec });
    await expect(other()).rejects.toMatchObject({ reason: 'Unauthorized' });
    await writeFile(join(folder, 'token'), 'next');
    expect(await other()).toMatchObject({ username: 'berta' });
  });

  it('from a program end when it says so', async () => {
    await writeFile(join(folder, 'token'), 'good');
    const who = await open({ exec: { ...exec, env: [{ name: 'EXPIRY', value: ',"expirationTimestamp":"2020-01-01T00:00:00Z"' }] } });
    const before = await runs();
    await who();
    await who();
    expect(await runs()).toBe(before + 2);
  });

  it.each([
    {
      name: 'that is not there',
      change: { command: 'no-such-program-here', installHint: 'Install it.' },
      message: /executable no-such-program-here not found\s+Install it\./,
    },
    { name: 'that fails', change: { command: 'false' }, message: /executable false failed with exit code 1/ },
    { name: 'that says something else', change: { command: 'echo', args: ['{"kind":"Other"}'] }, message: /did not say an ExecCredential/ },
    { name: 'of another version', change: { apiVersion: 'client.authentication.k8s.io/v9' }, message: /invalid apiVersion/ },
  ])('from a program $name are an error that says why', async ({ change, message }) => {
    const who = await open({ exec: { ...exec, ...change } });
    await expect(who()).rejects.toThrow(message);
    await expect(who()).rejects.toMatchObject({ name: 'ApiError', reason: 'Unauthorized' });
  });

  it('from a token file are read again when the server refuses them', async () => {
    await writeFile(join(folder, 'jwt'), 'over\n');
    const who = await open({ tokenFile: 'jwt' });
    await expect(who()).rejects.toMatchObject({ reason: 'Unauthorized' });
    await writeFile(join(folder, 'jwt'), 'next\n');
    expect(await who()).toMatchObject({ username: 'berta' });
  });

  it('may be those of somebody else', async () => {
    const who = await open({ token: 'good', as: 'carla', 'as-uid': '9', 'as-groups': ['a', 'b'], 'as-user-extra': { 'example.com/team': ['x', 'y'] } });
    expect(await who()).toEqual({ username: 'carla', uid: '9', groups: ['a', 'b', 'system:authenticated'], extra: { 'example.com/team': ['x', 'y'] } });
  });

  it('go through a proxy', async () => {
    const { host, seen } = await openProxy();
    const who = await open({ token: 'good' }, { 'proxy-url': `http://${host}` });
    expect(await who()).toMatchObject({ username: 'anna' });
    expect(seen).toEqual([new URL(server.url).host]);
  });

  it('of sockets come from the same program, which runs again when the server refuses what it gave', async () => {
    await writeFile(join(folder, 'token'), 'bad');
    const exec_ = await openSockets({ exec });
    await expect(exec_()).rejects.toMatchObject({ reason: 'Unauthorized', code: 401 });
    const before = await runs();
    await writeFile(join(folder, 'token'), 'good');
    await expect(exec_()).rejects.toMatchObject({ reason: 'NotFound' });
    await expect(exec_()).rejects.toMatchObject({ reason: 'NotFound' });
    expect(await runs()).toBe(before + 1);
    const broken = await openSockets({ exec: { ...exec, command: 'false' } });
    await expect(broken()).rejects.toMatchObject({ name: 'ApiError', reason: 'Unauthorized' });
  });

  it('of sockets are read again from a file when the server refuses them', async () => {
    await writeFile(join(folder, 'jwt'), 'over\n');
    const who = await openSockets({ tokenFile: 'jwt' });
    await expect(who()).rejects.toMatchObject({ reason: 'Unauthorized' });
    await writeFile(join(folder, 'jwt'), 'next\n');
    await expect(who()).rejects.toMatchObject({ reason: 'NotFound' });
  });

  it('of sockets go through a proxy, with what it asks for', async () => {
    const { host, seen } = await openProxy();
    const target = new URL(server.url).host;
    await expect((await openSockets({ token: 'good' }, { 'proxy-url': `http://me:secret@${host}` }))()).rejects.toMatchObject({ reason: 'NotFound' });
    expect(seen).toEqual([`${target} Basic ${btoa('me:secret')}`]);
    await expect((await openSockets({ token: 'good' }, { 'proxy-url': `http://no@${host}` }))()).rejects.toMatchObject({
      reason: 'ServiceUnavailable',
      message: `the proxy ${host} does not connect to ${target}: 407 Proxy Authentication Required`,
    });
    await expect((await openSockets({ token: 'good' }, { 'proxy-url': 'http://127.0.0.1:1' }))()).rejects.toMatchObject({ reason: 'ServiceUnavailable' });
  });
});
