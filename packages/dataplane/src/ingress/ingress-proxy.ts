import { Agent, createServer, type IncomingMessage, type Server } from 'node:http';
import { createSecureServer, type Http2SecureServer, type Http2ServerRequest } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex, Readable } from 'node:stream';
import type { SecureContext } from 'node:tls';
import { noopLogger, systemClock, type Clock, type Logger } from '@kybern/core';
import { createRoutingTable, type Route, type RouteBackend, type RouteCertificate, type RoutingTable } from '@kybern/netmodel';
import { noopMetrics, type Metrics } from '@kybern/reconcile';
import { ForwardError, type Answer } from './attempt.ts';
import { createEndpointBook, type Endpoint, type EndpointBook } from './endpoint-book.ts';
import { forward } from './forward.ts';
import { createHttp2Sessions } from './http2-sessions.ts';
import { answer, breakOff, pass, refuse, responseHead, type Response } from './responses.ts';
import { changeHeaders, endToEnd, readTarget, rewritePath, type Target } from './request-target.ts';

/** Where a proxy listens. */
export interface IngressListener {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** TLS, with HTTP/2 for whoever asks for it. Default: HTTP/1.1 in clear. */
  readonly tls?: boolean;
  /** The port of Gateways' listeners that it stands for. Default: its own. */
  readonly listenerPort?: number;
}

/** One request, when it is over. */
export interface AccessEntry {
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly status: number;
  /** Where it was answered; undefined: by the proxy itself. */
  readonly endpoint: Endpoint | undefined;
  /** The object and the place in it whose route it took. */
  readonly route: string | undefined;
  readonly client: string;
  readonly durationMs: number;
}

/** Options of {@link createIngressProxy}. */
export interface IngressProxyOptions {
  readonly listeners: readonly IngressListener[];
  /** Told of every request. Default: nobody. */
  readonly onAccess?: (entry: AccessEntry) => void;
  /** An endpoint is given this long to accept a connection, in ms, before the next is tried. Default 5000. */
  readonly connectTimeoutMs?: number;
  /** And this long to begin its answer, in ms; a route may say otherwise. Default 60,000. */
  readonly answerTimeoutMs?: number;
  /** Connections of clients to each listener at a time; more are closed at once. Default 10,000. */
  readonly maxConnections?: number;
  /** At the end requests that are under way may take this long yet, in ms. Default 5000. */
  readonly drainMs?: number;
  readonly clock?: Clock;
  readonly logger?: Logger;
  /** Counts requests: `kybern_ingress_requests_total` by `status`. */
  readonly metrics?: Metrics;
}

/** A proxy in front of Services. */
export interface IngressProxy {
  /** Where it listens, in the order of the options. Rejects when it cannot. */
  readonly addresses: Promise<readonly { readonly host: string; readonly port: number }[]>;
  /** Who answers for which Service. */
  readonly endpoints: EndpointBook;
  /** Replaces the routes. Requests that are under way are not touched. */
  readonly setRoutes: (table: RoutingTable) => void;
  /** Replaces the certificates: what a route's certificate comes to, or undefined when there is none. Connections that are open keep theirs. */
  readonly setCertificates: (find: (certificate: RouteCertificate) => SecureContext | undefined) => void;
  /** Serves until `signal` aborts; resolves when every socket is closed. @throws {Error} when it cannot listen, or ran already */
  readonly run: (signal: AbortSignal) => Promise<void>;
}

type Request = Http2ServerRequest | IncomingMessage;

/**
 * Makes a proxy for HTTP/1.1, HTTP/2 and WebSockets that knows no routes yet: everything is answered with 404. Endpoints are spoken to in HTTP/1.1, or in HTTP/2
 * where their Service says so, which is what gRPC needs.
 *
 * Requests go round among the endpoints of a Service; one that cannot be connected to is passed over. Headers that are for one connection stay behind, and
 * `X-Forwarded-For`, `-Host`, `-Proto` and `-Port` say what the client did, whatever it said itself.
 */
export function createIngressProxy(options: IngressProxyOptions): IngressProxy {
  return new HttpProxy(options);
}

const LEFT_OUT: ReadonlySet<string> = new Set(['x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-forwarded-port', 'x-real-ip', 'host', 'expect']);
const IDLE_SOCKETS = 256;

class HttpProxy implements IngressProxy {
  readonly addresses: Promise<readonly { host: string; port: number }[]>;
  readonly endpoints: EndpointBook;
  readonly #options: IngressProxyOptions;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #metrics: Metrics;
  readonly #agent = new Agent({ keepAlive: true, maxFreeSockets: IDLE_SOCKETS });
  readonly #http2 = createHttp2Sessions();
  readonly #listening = Promise.withResolvers<readonly { host: string; port: number }[]>();
  /** Of other protocols than HTTP: nobody else ends them. */
  readonly #tunnels = new Set<Duplex>();
  #table: RoutingTable = createRoutingTable();
  #certificate: (certificate: RouteCertificate) => SecureContext | undefined = () => undefined;
  #ran = false;
  /** Which of several backends of a route is next. */
  #turn = 0;

  constructor(options: IngressProxyOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock();
    this.#logger = options.logger ?? noopLogger;
    this.#metrics = options.metrics ?? noopMetrics;
    this.endpoints = createEndpointBook((endpoint) => this.#forget(endpoint));
    this.addresses = this.#listening.promise;
    this.addresses.catch(() => undefined);
  }

  setRoutes(table: RoutingTable): void {
    this.#table = table;
  }

  setCertificates(find: (certificate: RouteCertificate) => SecureContext | undefined): void {
    this.#certificate = find;
  }

  async run(signal: AbortSignal): Promise<void> {
    if (this.#ran) throw new Error('the proxy runs or ran already');
    this.#ran = true;
    const servers = this.#options.listeners.map((listener) => this.#createServer(listener));
    const sockets = new Set<Socket>();
    for (const server of servers)
      server.on('connection', (socket: Socket) => {
        sockets.add(socket);
        socket.on('close', () => sockets.delete(socket));
      });
    try {
      signal.throwIfAborted();
      this.#listening.resolve(await Promise.all(servers.map((server, i) => listen(server, this.#options.listeners[i] as IngressListener))));
      if (!signal.aborted) await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
      await this.#drain(servers, sockets);
    } catch (error) {
      this.#listening.reject(error);
      throw error;
    } finally {
      for (const server of servers) server.close();
      for (const socket of [...sockets, ...this.#tunnels]) socket.destroy();
      this.#agent.destroy();
      this.#http2.close();
    }
  }

  /** Takes no more connections, and gives those that work a while. */
  async #drain(servers: readonly (Http2SecureServer | Server)[], sockets: ReadonlySet<Socket>): Promise<void> {
    const closed = Promise.all(servers.map((server) => new Promise<void>((resolve) => void server.close(() => resolve()))));
    for (const server of servers) if ('closeIdleConnections' in server) server.closeIdleConnections();
    for (const tunnel of this.#tunnels) tunnel.destroy();
    const end = this.#clock.after(this.#options.drainMs ?? 5000, () => sockets.forEach((socket) => void socket.destroy()), { background: true });
    await closed;
    end();
  }

  #createServer(listener: IngressListener): Http2SecureServer | Server {
    const handle = (request: Request, response: Response): void => {
      this.#serve(request, response, listener).catch((error: unknown) => {
        this.#logger.error('a request could not be answered', { error });
        response.destroy();
      });
    };
    const server =
      listener.tls === true
        ? createSecureServer({ allowHTTP1: true, SNICallback: (name, done) => this.#findContext(name, listener, done) }, handle)
        : createServer({ keepAliveTimeout: 65_000 }, handle);
    // How large they are together is limited; none is left out.
    if ('maxHeadersCount' in server) server.maxHeadersCount = 0;
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => void this.#upgrade(request, { socket, head, listener }));
    server.on('tlsClientError', () => undefined); // a client that does not speak TLS, or does not like the certificate
    server.on(
      'clientError',
      (_error: Error, socket: Duplex) => void (socket.writable ? socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n') : socket.destroy()),
    );
    if (server instanceof Object && 'maxConnections' in server) server.maxConnections = this.#options.maxConnections ?? 10_000;
    return server;
  }

  #findContext(name: string, { listenerPort }: IngressListener, done: (error: Error | null, context?: SecureContext) => void): void {
    const certificate = this.#table.certificate(name, listenerPort);
    done(null, certificate && this.#certificate(certificate));
  }

  async #serve(request: Request, response: Response, listener: IngressListener): Promise<void> {
    const startMs = this.#clock.monotonicMs();
    const method = request.method ?? 'GET';
    const host = hostOf(request);
    const target = readTarget(request.url ?? '');
    const route = target && this.#match(request, { method, host, target, listener });
    let endpoint: Endpoint | undefined;
    const over = new AbortController();
    response.on('close', () => {
      if (!response.writableFinished) over.abort(); // the client is gone
      this.#tell(request, { host, target, route, endpoint, status: response.statusCode, startMs });
    });
    if (target === undefined) return answer(response, 400);
    if (route === undefined) return answer(response, 404);
    const redirect = redirectOf(route, { host, target, secure: isSecure(request) });
    if (redirect !== undefined) return answer(response, redirect.status, ['Location', redirect.location]);
    try {
      const found = await this.#ask(request, { route, target, host, signal: over.signal });
      endpoint = found.endpoint;
      if (found.type === 'upgrade') throw new ForwardError(502, 'the endpoint changed the protocol unasked');
      await pass(found.response, response, responseHeaders(route, found.response.rawHeaders));
    } catch (error) {
      if (over.signal.aborted) return;
      if (response.headersSent) return breakOff(response);
      answer(response, error instanceof ForwardError ? error.status : 502);
    }
  }

  /** Counts a request and writes it down, once it is over. */
  #tell(request: Request, { host, target, route, endpoint, status, startMs }: Served): void {
    this.#metrics.counter('kybern_ingress_requests_total', { status: String(status) }).add(1);
    this.#options.onAccess?.({
      method: request.method ?? 'GET',
      host,
      path: target?.path ?? '',
      status,
      endpoint,
      route: route && `${route.source.kind} ${route.source.namespace}/${route.source.name} ${route.source.path}`,
      client: clientOf(request),
      durationMs: this.#clock.monotonicMs() - startMs,
    });
  }

  #match(request: Request, { method, host, target, listener }: { method: string; host: string; target: Target; listener: IngressListener }): Route | undefined {
    const { headers } = request;
    const listenerPort = listener.listenerPort ?? request.socket.localPort;
    const query = target.search === '' ? undefined : new URLSearchParams(target.search);
    return this.#table.match({ host, path: target.path, method, headers, ...(query && { query }), ...(listenerPort !== undefined && { listenerPort }) });
  }

  /** Sends a request to an endpoint of its route. @throws {ForwardError} */
  async #ask(request: Request, { route, target, host, signal }: Asked, upgrade?: string): Promise<Answer> {
    const backend = choose(route.backends, this.#turn++);
    if (backend === undefined) throw new ForwardError(503, 'the route leads nowhere');
    const { path, host: newHost } = rewritten(route, target.path, host);
    const forwarded = forwardedHeaders(request, host);
    let headers = [...endToEnd(request.rawHeaders, LEFT_OUT), 'Host', newHost, ...forwarded];
    for (const filter of route.filters) if (filter.type === 'RequestHeaders') headers = changeHeaders(headers, filter.headers);
    if (upgrade !== undefined) headers.push('Connection', 'Upgrade', 'Upgrade', upgrade);
    const body = hasBody(request) ? (request as Readable) : undefined;
    // What the endpoint takes for the end of the request has to be said, also when the client's own word for it was taken out on the way.
    if (body !== undefined && !hasHeader(headers, 'content-length')) headers.push('Transfer-Encoding', 'chunked');
    return await forward({ method: request.method ?? 'GET', target: path + target.search, headers, body }, this.endpoints.pick(backend), {
      agent: this.#agent,
      http2: this.#http2,
      clock: this.#clock,
      connectMs: this.#options.connectTimeoutMs ?? 5000,
      answerMs: route.timeouts?.backendMs ?? route.timeouts?.requestMs ?? this.#options.answerTimeoutMs ?? 60_000,
      signal,
    });
  }

  /** WebSockets and other protocols that begin as HTTP/1.1: once both sides agree, what they say is none of our business. */
  async #upgrade(request: IncomingMessage, { socket, head, listener }: { socket: Duplex; head: Buffer; listener: IngressListener }): Promise<void> {
    socket.on('error', () => socket.destroy());
    const startMs = this.#clock.monotonicMs();
    const [host, target] = [hostOf(request), readTarget(request.url ?? '')];
    const route = target && this.#match(request, { method: request.method ?? 'GET', host, target, listener });
    let [status, endpoint]: [number, Endpoint | undefined] = [target === undefined ? 400 : 404, undefined];
    const over = new AbortController();
    socket.on('close', () => {
      over.abort();
      this.#tell(request, { host, target, route, endpoint, status, startMs });
    });
    if (target === undefined || route === undefined) return refuse(socket, status);
    try {
      const found = await this.#ask(request, { route, target, host, signal: over.signal }, request.headers.upgrade ?? 'websocket');
      endpoint = found.endpoint;
      status = found.response.statusCode ?? 502;
      if (found.type === 'upgrade') return this.#join(socket, found, head);
      // It keeps to HTTP: the answer ends with the connection.
      socket.write(responseHead(status, ['Connection', 'close', ...responseHeaders(route, found.response.rawHeaders)]));
      found.response.body.on('error', () => socket.destroy()).pipe(socket);
    } catch (error) {
      status = error instanceof ForwardError ? error.status : 502;
      refuse(socket, status);
    }
  }

  #join(client: Duplex, { response, socket, head: first }: Extract<Answer, { type: 'upgrade' }>, head: Buffer): void {
    client.write(responseHead(101, ['Connection', 'Upgrade', 'Upgrade', response.headers.upgrade ?? '', ...endToEnd(response.rawHeaders)]));
    if (first.length > 0) client.write(first);
    if (head.length > 0) socket.write(head);
    for (const [end, other] of [
      [client, socket],
      [socket, client],
    ] as const) {
      this.#tunnels.add(end);
      end.on('error', () => other.destroy());
      end.on('close', () => {
        this.#tunnels.delete(end);
        other.destroy();
      });
      end.pipe(other);
    }
  }

  /** An endpoint that ends closes the connections that wait for a next request: none may take one then. */
  #forget(endpoint: Endpoint): void {
    this.#http2.forget(endpoint);
    const { ip, port } = endpoint;
    for (const [name, sockets] of Object.entries(this.#agent.freeSockets))
      if (name.startsWith(`${ip}:${String(port)}:`)) for (const socket of sockets ?? []) socket.destroy();
  }
}

/** What there is to tell of a request. */
interface Served {
  readonly host: string;
  readonly target: Target | undefined;
  readonly route: Route | undefined;
  readonly endpoint: Endpoint | undefined;
  readonly status: number;
  readonly startMs: number;
}

interface Asked {
  readonly route: Route;
  readonly target: Target;
  readonly host: string;
  readonly signal: AbortSignal;
}

async function listen(server: Http2SecureServer | Server, { host, port }: IngressListener): Promise<{ host: string; port: number }> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  return { host, port: (server.address() as AddressInfo).port };
}

const hostOf = ({ headers }: Request): string => (headers[':authority'] as string | undefined) ?? headers.host ?? '';
const isSecure = ({ socket }: Request): boolean => 'encrypted' in socket;
const clientOf = ({ socket }: Request): string => socket.remoteAddress ?? '';

function hasBody(request: Request): boolean {
  if ('stream' in request) return !request.stream.endAfterHeaders;
  return request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0;
}

const hasHeader = (headers: readonly string[], wanted: string): boolean => headers.some((name, i) => i % 2 === 0 && name.toLowerCase() === wanted);

function forwardedHeaders(request: Request, host: string): readonly string[] {
  const [client, secure] = [clientOf(request), isSecure(request)];
  const port = String(request.socket.localPort ?? (secure ? 443 : 80));
  return ['X-Forwarded-For', client, 'X-Real-IP', client, 'X-Forwarded-Host', host, 'X-Forwarded-Proto', secure ? 'https' : 'http', 'X-Forwarded-Port', port];
}

const responseHeaders = (route: Route, raw: readonly string[]): readonly string[] =>
  route.filters.reduce<readonly string[]>(
    (headers, filter) => (filter.type === 'ResponseHeaders' ? changeHeaders(headers, filter.headers) : headers),
    endToEnd(raw),
  );

/** By weight, in turn. Undefined: the route has no backend that gets requests. @throws {ForwardError} it is the turn of one that cannot be used */
function choose(backends: readonly RouteBackend[], turn: number): RouteBackend | undefined {
  const [only] = backends;
  const total = backends.reduce((sum, { weight }) => sum + weight, 0);
  let at = backends.length === 1 ? 0 : turn % Math.max(1, total);
  const chosen = backends.length === 1 ? only : backends.find(({ weight }) => (at -= weight) < 0);
  if (chosen?.broken !== undefined) throw new ForwardError(500, chosen.broken);
  return total === 0 ? undefined : chosen;
}

function rewritten(route: Route, path: string, host: string): { readonly path: string; readonly host: string } {
  const rewrite = route.filters.find((filter) => filter.type === 'Rewrite');
  return { path: rewrite?.path === undefined ? path : rewritePath(path, rewrite.path, route), host: rewrite?.host ?? host };
}

function redirectOf(
  route: Route,
  { host, target, secure }: { readonly host: string; readonly target: Target; readonly secure: boolean },
): { readonly status: number; readonly location: string } | undefined {
  const filter = route.filters.find((each) => each.type === 'Redirect');
  if (filter === undefined) return route.backends.length === 0 && route.status !== undefined ? { status: route.status, location: '' } : undefined;
  const scheme = filter.scheme ?? (secure ? 'https' : 'http');
  const path = filter.path === undefined ? target.path : rewritePath(target.path, filter.path, route);
  const usual = (scheme === 'https' ? 443 : 80) === filter.port || filter.port === undefined;
  const name = filter.host ?? host.replace(/:\d+$/, '');
  return { status: filter.status, location: `${scheme}://${name}${usual ? '' : `:${String(filter.port)}`}${path}${target.search}` };
}
