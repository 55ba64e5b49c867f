import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, request, type IncomingMessage, type RequestListener, type RequestOptions, type Server } from 'node:http';
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2';
import { request as secureRequest } from 'node:https';
import { connect, createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls, createSecureContext, type TLSSocket } from 'node:tls';
import type { EndpointSlice, Ingress, Service } from '@kybern/core/kinds';
import { compileIngresses, createRoutingTable, type Route } from '@kybern/netmodel';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createIngressProxy, type AccessEntry, type IngressProxy, type IngressProxyOptions } from './ingress-proxy.ts';

const CANCEL = 8;
const closers: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A server behind the proxy. @returns its port */
async function backend(handler: RequestListener, prepare: (server: Server) => void = () => undefined): Promise<number> {
  const server = createServer(handler);
  prepare(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** A port at which nobody listens. */
async function closedPort(): Promise<number> {
  const server = createTcpServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Endpoints of one Service may have different ports here: one slice each. */
function serve(proxy: IngressProxy, name: string, ports: readonly number[], appProtocol?: string): void {
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'default' },
    spec: { ports: [{ port: 80, ...(appProtocol === undefined ? {} : { appProtocol }) }] },
  } as Service;
  const slices = ports.map(
    (port) =>
      ({
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: { name: String(port) },
        addressType: 'IPv4',
        ports: [{ port }],
        endpoints: [{ addresses: ['127.0.0.1'] }],
      }) as EndpointSlice,
  );
  proxy.endpoints.set(`default/${name}`, service, slices);
}

const ingress = (spec: Ingress['spec']): Ingress => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'Ingress',
  metadata: { name: 'web', namespace: 'default' },
  ...(spec && { spec }),
});
const pathTo = (service: string, path = '/'): object => ({ path, pathType: 'Prefix', backend: { service: { name: service, port: { number: 80 } } } });
const toWeb = ingress({ rules: [{ http: { paths: [pathTo('web')] } }] } as Ingress['spec']);

interface Started {
  readonly proxy: IngressProxy;
  readonly port: number;
  readonly log: AccessEntry[];
  readonly stop: () => Promise<void>;
}

async function start(objects: readonly Ingress[], options: Partial<IngressProxyOptions> = {}): Promise<Started> {
  const log: AccessEntry[] = [];
  const proxy = createIngressProxy({ listeners: [{ host: '127.0.0.1', port: 0 }], onAccess: (entry) => log.push(entry), ...options });
  proxy.setRoutes(createRoutingTable(compileIngresses(objects)));
  const controller = new AbortController();
  const running = proxy.run(controller.signal);
  const stop = async (): Promise<void> => {
    controller.abort();
    await running;
  };
  closers.push(stop);
  return { proxy, port: (await proxy.addresses)[0]?.port ?? 0, log, stop };
}

interface Got {
  readonly status: number;
  readonly body: string;
  readonly headers: IncomingMessage['headers'];
  readonly trailers: IncomingMessage['trailers'];
}

async function ask(port: number, options: RequestOptions & { readonly body?: string; readonly send?: typeof request } = {}): Promise<Got> {
  const { body, send = request, ...rest } = options;
  const outgoing = send({ host: '127.0.0.1', port, agent: false, ...rest });
  outgoing.end(body);
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  let text = '';
  for await (const piece of response.setEncoding('utf8')) text += String(piece);
  return { status: response.statusCode ?? 0, body: text, headers: response.headers, trailers: response.trailers };
}

describe('a request', () => {
  it('goes to an endpoint by host and path, and its answer comes back as it is', async () => {
    const port = await backend((incoming, response) => {
      response.writeHead(201, { 'set-cookie': ['a=1', 'b=2'], 'x-own': 'yes', trailer: 'x-sum' });
      incoming.setEncoding('utf8').on('data', (piece: string) => response.write(`${incoming.method ?? ''} ${incoming.url ?? ''} ${piece}`));
      incoming.on('end', () => {
        response.addTrailers({ 'x-sum': '7' });
        response.end();
      });
    });
    const rules = [{ host: 'shop.example', http: { paths: [pathTo('web', '/cart')] } }, { http: { paths: [pathTo('other')] } }];
    const { proxy, port: at, log } = await start([ingress({ rules } as Ingress['spec'])]);
    serve(proxy, 'web', [port]);
    const got = await ask(at, { method: 'POST', path: '/cart/7?a=b', headers: { host: 'shop.example' }, body: 'hello' });
    expect(got).toMatchObject({
      status: 201,
      body: 'POST /cart/7?a=b hello',
      headers: { 'set-cookie': ['a=1', 'b=2'], 'x-own': 'yes' },
      trailers: { 'x-sum': '7' },
    });
    expect((await ask(at, { path: '/cart', headers: { host: 'other.example' } })).status).toBe(503); // nobody answers for that Service
    expect((await ask(at, { path: '/elsewhere', headers: { host: 'shop.example' } })).status).toBe(404);
    expect(log.map(({ status, host, endpoint }) => [status, host, endpoint?.port])).toEqual([
      [201, 'shop.example', port],
      [503, 'other.example', undefined],
      [404, 'shop.example', undefined],
    ]);
    expect(log[0]?.route).toBe('Ingress default/web rules[0].http.paths[0]');
  });

  it('tells the endpoint of the client, and leaves behind what is for one connection', async () => {
    const port = await backend((incoming, response) => response.end(JSON.stringify(incoming.headers)));
    const { proxy, port: at } = await start([toWeb]);
    serve(proxy, 'web', [port]);
    const headers = { host: 'a.example:1', 'x-forwarded-for': '6.6.6.6', connection: 'close, x-secret', 'x-secret': '1', te: 'trailers', 'x-kept': '2' };
    const seen = JSON.parse((await ask(at, { headers })).body) as Record<string, string>;
    expect(seen).toMatchObject({
      host: 'a.example:1',
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-host': 'a.example:1',
      'x-forwarded-proto': 'http',
      'x-kept': '2',
    });
    expect(seen).not.toHaveProperty('x-secret');
    expect(seen).not.toHaveProperty('te');
  });

  it.each(['/a/../b', '/%2e%2e/b', '*'])('with the path %s is refused', async (path) => {
    const { port } = await start([toWeb]);
    expect((await ask(port, { path, method: 'OPTIONS' })).status).toBe(400);
  });

  it('of any kind passes over an endpoint that cannot be connected to', async () => {
    const [dead, alive] = [await closedPort(), await backend((incoming, response) => void incoming.pipe(response))];
    const { proxy, port } = await start([toWeb]);
    serve(proxy, 'web', [dead, alive]);
    for (let again = 0; again < 4; again++) expect(await ask(port, { method: 'POST', body: 'kept' })).toMatchObject({ status: 200, body: 'kept' });
    serve(proxy, 'web', [dead]);
    expect((await ask(port)).status).toBe(502);
  });

  it('is repeated elsewhere when the connection breaks before the answer, if it may be repeated and has no body', async () => {
    const broken = await backend((incoming) => incoming.socket.destroy());
    const alive = await backend((_, response) => response.end('alive'));
    const { proxy, port } = await start([toWeb]);
    serve(proxy, 'web', [broken, alive]);
    for (let again = 0; again < 4; again++) expect(await ask(port)).toMatchObject({ status: 200, body: 'alive' });
    const posted = await Promise.all([1, 2].map(() => ask(port, { method: 'POST', body: 'once' })));
    expect(posted.map(({ status }) => status).sort()).toEqual([200, 502]);
  });

  it('that is not answered in time gets 504, and is not sent again', async () => {
    let times = 0;
    const silent = await backend(() => (times += 1));
    const { proxy, port } = await start([toWeb], { answerTimeoutMs: 50 });
    serve(proxy, 'web', [silent, silent]);
    expect((await ask(port)).status).toBe(504);
    expect(times).toBe(1);
  });

  it('ends at the endpoint when its client is gone', async () => {
    let gone: () => void = () => undefined;
    const ended = new Promise<void>((resolve) => (gone = resolve));
    let come: () => void = () => undefined;
    const arrived = new Promise<void>((resolve) => (come = resolve));
    const port = await backend((_, response) => {
      response.on('close', gone);
      come();
    });
    const { proxy, port: at } = await start([toWeb]);
    serve(proxy, 'web', [port]);
    const outgoing = request({ host: '127.0.0.1', port: at, agent: false }).on('error', () => undefined);
    outgoing.end();
    await arrived;
    outgoing.destroy();
    await ended;
  });

  it('breaks off for the client when it breaks off at the endpoint', async () => {
    const port = await backend((_, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('half', () => response.destroy());
    });
    const { proxy, port: at } = await start([toWeb]);
    serve(proxy, 'web', [port]);
    await expect(ask(at)).rejects.toThrow(/aborted|ECONNRESET/);
  });

  it.each(['GET', 'HEAD', 'DELETE', 'OPTIONS'])('%s cannot hide a second one in its body, whatever it says of its length', async (method) => {
    const seen: string[] = [];
    const port = await backend((incoming, response) => {
      seen.push(`${incoming.method ?? ''} ${incoming.url ?? ''}`);
      incoming.resume().on('end', () => response.end('seen'));
    });
    const { proxy, port: at } = await start([toWeb]);
    serve(proxy, 'web', [port]);
    const hidden = 'GET /admin HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n';
    const client = connect(at, '127.0.0.1');
    client.write(`${method} /pub HTTP/1.1\r\nHost: a\r\nConnection: content-length, close\r\nContent-Length: ${String(hidden.length)}\r\n\r\n${hidden}`);
    client.resume();
    await once(client, 'close');
    expect((await ask(at, { path: '/next' })).status).toBe(200);
    expect(seen).toEqual([`${method} /pub`, 'GET /next']);
  });

  it('that takes long to come whole is not given up meanwhile', async () => {
    const port = await backend((incoming, response) => void incoming.resume().on('end', () => response.end('all')));
    const { proxy, port: at } = await start([toWeb], { answerTimeoutMs: 60 });
    serve(proxy, 'web', [port]);
    const outgoing = request({ host: '127.0.0.1', port: at, agent: false, method: 'POST', headers: { 'content-length': 3 } });
    const answered = once(outgoing, 'response') as Promise<[IncomingMessage]>;
    for (const piece of ['a', 'b', 'c']) {
      outgoing.write(piece);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    outgoing.end();
    const [response] = await answered;
    expect(response.resume().statusCode).toBe(200);
  });

  it('that asks for another protocol is answered in HTTP when the endpoint keeps to it', async () => {
    const port = await backend(
      (_, response) => void response.setHeader('x-own', 'yes').end('plain'),
      (server) => server.removeAllListeners('upgrade'),
    );
    const { proxy, port: at } = await start([toWeb]);
    serve(proxy, 'web', [port]);
    const client = connect(at, '127.0.0.1');
    client.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n\r\n');
    let text = '';
    client.setEncoding('utf8').on('data', (piece: string) => (text += piece));
    await once(client, 'close');
    expect(text).toMatch(/^HTTP\/1.1 200 OK\r\n/);
    expect(text).toMatch(/x-own: yes/i);
    expect(text.endsWith('\r\n\r\nplain')).toBe(true);
  });

  it('goes where its route’s filters say', async () => {
    const port = await backend((incoming, response) =>
      response.end(`${incoming.headers.host ?? ''}${incoming.url ?? ''} ${String(incoming.headers['x-new'])}`),
    );
    const { proxy, port: at } = await start([toWeb]);
    serve(proxy, 'web', [port]);
    const base = compileIngresses([toWeb]).routes[0] as Route;
    const set = (filters: Route['filters'], more: Partial<Route> = {}): void =>
      proxy.setRoutes(createRoutingTable({ routes: [{ ...base, path: { type: 'Prefix', value: '/a' }, filters, ...more }], certificates: [], problems: [] }));
    set([
      { type: 'Rewrite', host: 'inner', path: { type: 'ReplacePrefixMatch', value: '/b' } },
      { type: 'RequestHeaders', headers: { set: [{ name: 'X-New', value: '1' }], add: [], remove: [] } },
      { type: 'ResponseHeaders', headers: { set: [{ name: 'X-Out', value: '2' }], add: [], remove: [] } },
    ]);
    expect(await ask(at, { path: '/a/c?d' })).toMatchObject({ body: 'inner/b/c?d 1', headers: { 'x-out': '2' } });
    set([{ type: 'Redirect', scheme: 'https', port: 8443, status: 301 }]);
    expect(await ask(at, { path: '/a/c?d', headers: { host: 'x.example:80' } })).toMatchObject({
      status: 301,
      headers: { location: 'https://x.example:8443/a/c?d' },
    });
    set([], { backends: [{ namespace: 'default', service: 'web', port: 80, weight: 1, broken: 'no such thing' }] });
    expect((await ask(at, { path: '/a' })).status).toBe(500);
  });
});

it('a WebSocket goes through, both ways, until one side ends', async () => {
  const port = await backend(
    (_, response) => response.end(),
    (server) =>
      server.on('upgrade', (incoming: IncomingMessage, socket: Socket) => {
        socket.write(
          `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${String(incoming.headers['sec-websocket-key'])}\r\n\r\nready `,
        );
        socket.on('data', (data) => socket.write(`got ${String(data)}`));
        socket.on('end', () => socket.end());
      }),
  );
  const { proxy, port: at, log } = await start([toWeb]);
  serve(proxy, 'web', [port]);
  const client = connect(at, '127.0.0.1');
  client.write('GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: k\r\n\r\n');
  let text = '';
  client.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
    if (text.endsWith('ready ')) client.write('this');
    if (text.endsWith('got this')) client.end();
  });
  await once(client, 'close');
  expect(text).toMatch(/^HTTP\/1.1 101 Switching Protocols\r\n/);
  await vi.waitFor(() => expect(log).toMatchObject([{ status: 101, path: '/chat', endpoint: { port } }]));
  expect(text).toMatch(/\r\nSec-WebSocket-Accept: k\r\n(?:.*\r\n)*\r\nready got this$/);
});

it('requests that are under way are answered when the proxy ends, and no others are taken', async () => {
  let release: () => void = () => undefined;
  let come: () => void = () => undefined;
  const arrived = new Promise<void>((resolve) => (come = resolve));
  const port = await backend((_, response) => {
    release = () => response.end('late');
    come();
  });
  const { proxy, port: at, stop } = await start([toWeb]);
  serve(proxy, 'web', [port]);
  const asked = ask(at);
  await arrived;
  const stopping = stop();
  await expect(ask(at)).rejects.toThrow('ECONNREFUSED');
  release();
  expect(await asked).toMatchObject({ status: 200, body: 'late' });
  await stopping;
});

describe('TLS', () => {
  const directory = mkdtempSync(join(tmpdir(), 'kybern-ingress-'));
  closers.push(() => undefined);
  const certificate = (name: string): { cert: string; key: string } => {
    const [key, cert] = [join(directory, `${name}.key`), join(directory, `${name}.crt`)];
    const args = [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-days',
      '2',
      '-subj',
      `/CN=${name}`,
      '-keyout',
      key,
      '-out',
      cert,
    ];
    execFileSync('openssl', args, { stdio: 'ignore' });
    return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
  };
  const nameAt = async (port: number, servername: string): Promise<string> => {
    const socket: TLSSocket = connectTls({ host: '127.0.0.1', port, servername, rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    const { subject } = socket.getPeerCertificate();
    socket.destroy();
    return String(subject.CN);
  };

  it('ends here, by the name that the client asks for, with certificates that may change, for HTTP/1.1 and HTTP/2', async () => {
    const port = await backend((incoming, response) => {
      response.setHeader('x-proto', String(incoming.headers['x-forwarded-proto']));
      incoming.pipe(response);
    });
    const tls = [
      { hosts: ['a.example'], secretName: 'a' },
      { hosts: ['*.b.example'], secretName: 'b' },
    ];
    const { proxy, port: at } = await start([ingress({ tls, rules: [{ http: { paths: [pathTo('web'), pathTo('grpc', '/rpc')] } }] } as Ingress['spec'])], {
      listeners: [{ host: '127.0.0.1', port: 0, tls: true }],
    });
    serve(proxy, 'web', [port]);
    const contexts = new Map([
      ['a', createSecureContext(certificate('first'))],
      ['b', createSecureContext(certificate('wild'))],
    ]);
    proxy.setCertificates(({ secret }) => contexts.get(secret.name));
    expect([await nameAt(at, 'a.example'), await nameAt(at, 'x.b.example')]).toEqual(['first', 'wild']);
    contexts.set('a', createSecureContext(certificate('second')));
    expect(await nameAt(at, 'a.example')).toBe('second');
    await expect(nameAt(at, 'unknown.example')).rejects.toThrow();

    const send = ((options: RequestOptions) => secureRequest({ ...options, servername: 'a.example', rejectUnauthorized: false })) as typeof request;
    expect(await ask(at, { send, method: 'POST', headers: { host: 'a.example' }, body: 'one' })).toMatchObject({
      status: 200,
      body: 'one',
      headers: { 'x-proto': 'https' },
    });

    const grpc = createHttp2Server().on('stream', (stream, headers) => {
      stream.on('error', () => undefined);
      if (headers[':path'] === '/rpc/cut') {
        stream.respond({ ':status': 200 });
        stream.write('half', () => setTimeout(() => stream.session?.destroy(undefined, CANCEL), 20));
        return;
      }
      const own = Object.hasOwn(headers, 'constructor') ? { 'x-constructor': String(headers['constructor']) } : {};
      stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'x-te': String(headers.te), ...own }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.pipe(stream);
    });
    grpc.listen(0, '127.0.0.1');
    await once(grpc, 'listening');
    closers.push(() => void grpc.close());
    serve(proxy, 'grpc', [await closedPort(), (grpc.address() as AddressInfo).port], 'kubernetes.io/h2c');

    const session = connectHttp2(`https://a.example:${String(at)}`, {
      rejectUnauthorized: false,
      createConnection: () => connectTls({ host: '127.0.0.1', port: at, servername: 'a.example', ALPNProtocols: ['h2'], rejectUnauthorized: false }),
    });
    const stream = session.request({ ':method': 'POST', ':path': '/x' });
    stream.end('two');
    const [headers] = (await once(stream, 'response')) as [Record<string, string>];
    let body = '';
    for await (const piece of stream.setEncoding('utf8')) body += String(piece);
    expect([headers[':status'], headers['x-proto'], body]).toEqual([200, 'https', 'two']);
    for (let again = 0; again < 2; again++) {
      const call = session.request({ ':method': 'POST', ':path': '/rpc/shop.Cart/Add', 'content-type': 'application/grpc', te: 'trailers' });
      let trailers: Record<string, unknown> = {};
      call.on('trailers', (found: Record<string, unknown>) => (trailers = found));
      call.end('frames');
      const [answered] = (await once(call, 'response')) as [Record<string, string>];
      let frames = '';
      for await (const piece of call.setEncoding('utf8')) frames += String(piece);
      expect([answered['x-te'], frames, trailers['grpc-status']]).toEqual(['trailers', 'frames', '0']);
    }
    const odd = session.request({ ':path': '/rpc/headers', constructor: 'x' });
    const [oddly] = (await once(odd, 'response')) as [Record<string, string>];
    odd.resume();
    expect(oddly['x-constructor']).toBe('x');
    // What breaks off at the endpoint must not look whole to the client.
    const cut = session.request({ ':path': '/rpc/cut' });
    await expect(once(cut.resume(), 'end')).rejects.toThrow('NGHTTP2_INTERNAL_ERROR');
    session.close();
    await once(session, 'close');
    rmSync(directory, { recursive: true });
  });
});
