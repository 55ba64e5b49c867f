import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net';
import { createFakeClock } from '@kybern/core/testing';
import { expect, it } from 'vitest';
import { createNetworkProber } from './network-prober.ts';

/** Listens on a free port of the loopback interface for as long as `use` runs. */
async function listening<T>(server: Server, use: (port: number) => Promise<T>): Promise<T> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    return await use((server.address() as AddressInfo).port);
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}

const clock = createFakeClock();
const prober = createNetworkProber(clock);
const target = { host: '127.0.0.1', timeoutMs: 1000 } as const;

it.each([
  { status: 200, ok: true },
  { status: 302, ok: true },
  { status: 404, ok: false },
  { status: 503, ok: false },
])('HTTP $status is ok: $ok', async ({ status, ok }) => {
  const seen: string[] = [];
  const server = createHttpServer((request, response) => {
    seen.push(`${request.method ?? ''} ${request.url ?? ''} ${String(request.headers['x-probe'])}`);
    response.writeHead(status).end('body');
  });
  const answer = await listening(server, (port) =>
    prober.probe({ ...target, type: 'http', scheme: 'HTTP', port, path: '/ready?x=1', headers: [{ name: 'X-Probe', value: 'yes' }] }),
  );
  expect(answer.ok).toBe(ok);
  expect(seen).toEqual(['GET /ready?x=1 yes']);
});

it('a TCP port that accepts is ok, one that refuses is not', async () => {
  const port = await listening(createTcpServer(), async (open) => {
    expect(await prober.probe({ ...target, type: 'tcp', port: open })).toMatchObject({ ok: true });
    return open;
  });
  expect(await prober.probe({ ...target, type: 'tcp', port })).toMatchObject({ ok: false, output: expect.stringContaining('ECONNREFUSED') });
});

it.each([
  { name: 'SERVING', body: [0x08, 1], ok: true },
  { name: 'NOT_SERVING', body: [0x08, 2], ok: false },
  { name: 'UNKNOWN', body: [], ok: false },
])('gRPC $name is ok: $ok', async ({ body, ok }) => {
  let asked = Buffer.alloc(0);
  const server = createHttp2Server();
  server.on('stream', (stream, headers) => {
    expect(headers[':path']).toBe('/grpc.health.v1.Health/Check');
    stream.on('data', (chunk: Buffer) => (asked = Buffer.concat([asked, chunk])));
    stream.on('end', () => {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.end(Buffer.from([0, 0, 0, 0, body.length, ...body]));
    });
  });
  const answer = await listening(server, (port) => prober.probe({ ...target, type: 'grpc', port, service: 'db' }));
  expect(answer.ok).toBe(ok);
  expect(asked.subarray(5)).toEqual(Buffer.from([0x0a, 2, ...Buffer.from('db')]));
});

it('a server that does not answer in time is not ok', async () => {
  const silent = createTcpServer();
  const answer = await listening(silent, async (port) => {
    const connected = new Promise<void>((resolve) =>
      silent.once('connection', (socket) => {
        socket.on('error', () => undefined);
        socket.resume();
        resolve();
      }),
    );
    const probe = prober.probe({ ...target, type: 'http', scheme: 'HTTP', port, path: '/' });
    await connected;
    await clock.advance(1000);
    return probe;
  });
  expect(answer).toEqual({ ok: false, output: 'timed out after 1s' });
});

it('a probe that is called off rejects with the reason', async () => {
  const reason = new Error('enough');
  await expect(prober.probe({ ...target, type: 'tcp', port: 1 }, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
});
