import { readText, type ContainerOnNode, type NodeConnections, type ProcessStreams } from '@kybern/core';
import { Namespace, Pod, Role, RoleBinding } from '@kybern/core/kinds';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { createApiServer, type ApiServer, type Listener } from '../src/index.ts';

const closed = (): ReadableStream<Uint8Array> => new Blob([]).stream();

/** Nodes that answer with what they were asked, and count what goes on. */
function createNodes(): NodeConnections & { readonly asked: unknown[]; written: number; aborted: number } {
  const nodes = {
    asked: [] as unknown[],
    written: 0,
    aborted: 0,
    logs: async (container: ContainerOnNode, options: object) => {
      nodes.asked.push({ container: container.container, ...options, signal: undefined });
      return new Blob(['a line\n']).stream();
    },
    exec: async (_container: ContainerOnNode, { command, signal }: { command: readonly string[]; signal?: AbortSignal }): Promise<ProcessStreams> => {
      signal?.addEventListener('abort', () => (nodes.aborted += 1));
      if (command[0] === 'flood') {
        const stdout = new ReadableStream<Uint8Array>({
          pull(controller) {
            nodes.written += 65_536;
            controller.enqueue(new Uint8Array(65_536));
          },
        });
        return { stdout, exitCode: new Promise(() => undefined), resize: async () => undefined };
      }
      return { stdout: new Blob([command.join(' ')]).stream(), exitCode: Promise.resolve(0), resize: async () => undefined };
    },
    attach: async () => ({ stdout: closed(), exitCode: Promise.resolve(0), resize: async () => undefined }),
    connect: async () => {
      const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
      return { readable, writable };
    },
    request: async () => ({ status: 200, contentType: 'text/plain', body: 'ok' }),
    usage: async () => ({ timeMs: 0, windowMs: 0, cpuNanoCores: 0, memoryBytes: 0, pods: [] }),
  };
  return nodes;
}

describe('subresources that are connections', () => {
  const nodes = createNodes();
  let api: ApiServer;
  let door: Listener;
  beforeAll(async () => {
    api = await createApiServer({ nodes });
    const pod = (name: string, containers: readonly string[], nodeName: string | undefined): Promise<Pod> =>
      api.client.create(Pod, {
        metadata: { namespace: 'default', name },
        spec: { ...(nodeName === undefined ? {} : { nodeName }), containers: containers.map((each) => ({ name: each, image: 'a' })) },
      });
    await Promise.all([pod('web', ['main'], 'node-1'), pod('two', ['a', 'b'], 'node-1'), pod('waiting', ['main'], undefined)]);
    door = await api.listen();
  }, 60_000);
  afterAll(() => api[Symbol.asyncDispose]());

  it('choose the container, and pass the options on', async () => {
    expect(await readText(await api.podStreams.logs({ name: 'web' }, { tailLines: 5, follow: true, timestamps: true }))).toBe('a line\n');
    expect(nodes.asked.at(-1)).toMatchObject({ container: 'main', tailLines: 5, follow: true, timestamps: true, previous: false, stream: 'All' });
    expect(await readText(await api.podStreams.logs({ name: 'waiting' }))).toBe('');
  });

  it.each([
    { name: 'no such Pod', pod: 'none', options: {}, reason: 'NotFound', message: 'pods "none" not found' },
    {
      name: 'several containers',
      pod: 'two',
      options: {},
      reason: 'BadRequest',
      message: 'a container name must be specified for pod two, choose one of: [a b]',
    },
    { name: 'no such container', pod: 'two', options: { container: 'c' }, reason: 'BadRequest', message: 'container c is not valid for pod two' },
    {
      name: 'a negative number of lines',
      pod: 'web',
      options: { tailLines: -1 },
      reason: 'Invalid',
      message: /tailLines: Invalid value: -1: must be greater than or equal to 0/,
    },
    { name: 'no bytes', pod: 'web', options: { limitBytes: 0 }, reason: 'Invalid', message: /limitBytes: Invalid value: 0: must be greater than 0/ },
    { name: 'a half number', pod: 'web', options: { tailLines: 1.5 }, reason: 'BadRequest', message: /parsing "1.5": invalid syntax/ },
    {
      name: 'two beginnings',
      pod: 'web',
      options: { sinceSeconds: 1, sinceTime: '2026-01-01T00:00:00Z' },
      reason: 'Invalid',
      message: /at most one of `sinceTime` or `sinceSeconds`/,
    },
    { name: 'no time', pod: 'web', options: { sinceTime: 'yesterday' }, reason: 'BadRequest', message: /cannot parse "yesterday"/ },
  ])('refuse logs of $name', async ({ pod, options, reason, message }) => {
    await expect(api.podStreams.logs({ name: pod }, options)).rejects.toMatchObject({
      reason,
      message: typeof message === 'string' ? message : (expect.stringMatching(message) as string),
    });
  });

  it('refuse commands that cannot be', async () => {
    await expect(api.podStreams.exec({ name: 'web' }, { command: [] })).rejects.toMatchObject({
      message: 'you must specify at least 1 command for the container',
    });
    await expect(api.podStreams.exec({ name: 'web' }, { command: ['a'], stdout: false, stderr: false })).rejects.toMatchObject({
      message: 'you must specify at least 1 of stdin, stdout, stderr',
    });
    await expect(api.podStreams.exec({ name: 'waiting' }, { command: ['a'] })).rejects.toMatchObject({
      reason: 'BadRequest',
      message: 'pod waiting does not have a host assigned',
    });
  });

  it('need a right to create, even where a GET begins them', async () => {
    await api.client.create(Namespace, { metadata: { name: 'own' } });
    const rule = (resources: string[], verbs: string[]): object => ({ apiGroups: [''], resources, verbs });
    await api.client.create(Role, { metadata: { namespace: 'default', name: 'r' }, rules: [rule(['pods/log', 'pods/exec'], ['get'])] as never });
    await api.client.create(RoleBinding, {
      metadata: { namespace: 'default', name: 'r' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'r' },
      subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'ann' }],
    });
    const ann = api.podStreamsFor({ username: 'ann' });
    await expect.poll(() => ann.logs({ name: 'web' }).then(readText, String)).toBe('a line\n');
    await expect(ann.exec({ name: 'web' }, { command: ['a'] })).rejects.toMatchObject({
      reason: 'Forbidden',
      message: expect.stringMatching(/cannot create resource "pods\/exec"/) as string,
    });
    await expect(ann.connect({ name: 'web' }, 80)).rejects.toMatchObject({ reason: 'Forbidden' });
  });

  const socketTo = (path: string, protocols: readonly string[]): WebSocket =>
    new WebSocket(`${door.url.replace('https', 'wss')}${path}`, [...protocols], {
      ca: door.certificateAuthority,
      cert: door.admin.certificate,
      key: door.admin.key,
    });
  const EXEC = '/api/v1/namespaces/default/pods/web/exec?stdout=true&command=';

  it('speak the best protocol that a client names', async () => {
    for (const [offered, chosen] of [
      [['v5.channel.k8s.io', 'v4.channel.k8s.io'], 'v5.channel.k8s.io'],
      [['nonsense', 'v4.channel.k8s.io'], 'v4.channel.k8s.io'],
      [['base64.channel.k8s.io'], 'base64.channel.k8s.io'],
    ] as const) {
      const socket = socketTo(`${EXEC}hello`, offered);
      let text = '';
      socket.on('message', (data: Buffer, binary: boolean) => (text += binary ? data.toString('latin1') : `${data.toString()};`));
      await new Promise((resolve) => socket.once('close', resolve));
      expect(socket.protocol).toBe(chosen);
      if (chosen.startsWith('base64')) expect(text).toBe('1;1aGVsbG8=;');
      else expect(text).toBe('\u0001\u0001hello\u0003{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Success"}');
    }
  });

  it('answer without an upgrade what is refused', async () => {
    const codeOf = (socket: WebSocket): Promise<number | undefined> =>
      new Promise((resolve) => {
        socket.on('unexpected-response', (_request, response: { statusCode?: number; destroy(): void }) => {
          resolve(response.statusCode);
          response.destroy();
        });
        socket.on('error', () => undefined);
      });
    expect(await codeOf(socketTo('/api/v1/namespaces/default/pods/none/exec?stdout=true&command=a', ['v4.channel.k8s.io']))).toBe(404);
    expect(await codeOf(socketTo(`${EXEC}a`, ['v9.channel.k8s.io']))).toBe(400);
    expect(await codeOf(socketTo('/api/v1/namespaces/default/pods', ['v4.channel.k8s.io']))).toBe(200);
  });

  it('hold back a process whose client does not read, and end it with the client', async () => {
    nodes.written = 0;
    const before = nodes.aborted;
    const socket = socketTo(`${EXEC}flood`, ['v5.channel.k8s.io']);
    await new Promise((resolve) => socket.once('open', resolve));
    socket.pause();
    let last = -1;
    for (let still = 0; still < 5; ) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      still = nodes.written === last ? still + 1 : 0;
      last = nodes.written;
    }
    expect(nodes.written).toBeLessThan(64 * 2 ** 20);
    socket.terminate();
    await expect.poll(() => nodes.aborted, { timeout: 20_000 }).toBe(before + 1);
  }, 60_000);

  it('survive clients that speak nonsense after the upgrade', async () => {
    const upgrade = (path: string, headers: string, then: Buffer): Promise<string> =>
      new Promise((resolve, reject) => {
        const url = new URL(door.url);
        const socket = connectTls({
          host: url.hostname,
          port: Number(url.port),
          ca: door.certificateAuthority,
          cert: door.admin.certificate,
          key: door.admin.key,
          ALPNProtocols: ['http/1.1'],
        });
        let text = '';
        socket.on('error', reject);
        socket.on('data', (data: Buffer) => {
          if (text === '') socket.write(then);
          text += data.toString('latin1');
        });
        socket.on('close', () => resolve(text));
        socket.write(`POST ${path} HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\n${headers}\r\n\r\n`);
      });
    const noise = Buffer.from(Array.from({ length: 2000 }, (_, i) => (i * 7919) % 256));
    const forward = '/api/v1/namespaces/default/pods/web/portforward';
    expect(
      await upgrade(forward, 'Upgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: portforward.k8s.io', Buffer.concat([Buffer.from([0x80, 9, 0, 1]), noise])),
    ).toMatch(/^HTTP\/1\.1 101 /);
    expect(
      await upgrade(`${EXEC}a`, 'Upgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: v4.channel.k8s.io', Buffer.from([0x80, 3, 0, 1, 0, 0xff, 0xff, 0xff])),
    ).toMatch(/^HTTP\/1\.1 101 /);
    expect(await upgrade(forward, 'Upgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: other', noise)).toMatch(/^HTTP\/1\.1 400 /);
    expect(await upgrade(forward, 'Upgrade: h2c', noise)).toMatch(/^HTTP\/1\.1 400 /);
    expect(await readText(await api.podStreams.logs({ name: 'web' }))).toBe('a line\n');
  }, 60_000);
});
