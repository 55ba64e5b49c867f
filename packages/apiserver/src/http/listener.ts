import { createSecureServer, type Http2SecureServer, type Http2Session } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { ApiError, type Clock, type Logger } from '@kybern/core';
import type { KindRegistry } from '../registry.ts';
import type { ApiRequest, ApiResponse, UserInfo, Verb } from '../request.ts';
import { createCertificateAuthority, type CertificateAuthority, type CertifiedKey } from './certificates.ts';
import { discoveryDocument, VERSION } from './discovery.ts';
import { patchTypeOf, readBody, type WireRequest } from './request-body.ts';
import { deleteOptions, queryOptions } from './request-options.ts';
import { parsePath, type Route } from './request-url.ts';
import { respond, sendError, sendJson, type WireResponse } from './respond.ts';

/** Where to listen. */
export interface ListenOptions {
  /** Default 127.0.0.1: only this machine can connect. */
  readonly host?: string;
  /** Default 0: any free port. */
  readonly port?: number;
}

/** The HTTP door while it is open. */
export interface Listener extends AsyncDisposable {
  /** `https://host:port`. */
  readonly url: string;
  /** PEM of the authority that signed the server's certificate; minted when the door opened. */
  readonly certificateAuthority: string;
  /** A client certificate of the group system:masters. */
  readonly admin: CertifiedKey;
}

/** The server behind the door. */
export interface ListenTarget {
  execute(request: ApiRequest): Promise<ApiResponse>;
  readonly kinds: KindRegistry;
  readonly clock: Clock;
  readonly logger: Logger;
}

const ADMIN = { name: 'kubernetes-admin', groups: ['system:masters'] };
/** How long a client may take to send its headers. */
const HEADERS_TIMEOUT_MS = 30_000;

/**
 * Opens the HTTPS door (HTTP/1.1 and HTTP/2) of an API server. Who asks is told by the client certificate.
 *
 * @throws what the system says (`EADDRINUSE`, `EACCES`) when it cannot listen there
 */
export async function listen(target: ListenTarget, options: ListenOptions = {}): Promise<Listener> {
  const host = options.host ?? '127.0.0.1';
  const ca = await createCertificateAuthority(target.clock.now());
  const [own, admin] = await Promise.all([ca.issueServer(serverHosts(host)), ca.issueClient(ADMIN)]);
  const { server, close } = openServer(target, ca, own);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const { port } = server.address() as AddressInfo;
  const name = host.includes(':') ? `[${host}]` : host;
  return { url: `https://${name}:${String(port)}`, certificateAuthority: ca.certificate, admin, [Symbol.asyncDispose]: close };
}

function serverHosts(host: string): string[] {
  return [...new Set([host, '127.0.0.1', '::1', 'localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc'])].filter((name) => name !== '0.0.0.0' && name !== '::');
}

function openServer(target: ListenTarget, ca: CertificateAuthority, own: CertifiedKey): { server: Http2SecureServer; close: () => Promise<void> } {
  const closing = new AbortController();
  const server = createSecureServer({ allowHTTP1: true, cert: own.certificate, key: own.key, ca: ca.certificate, requestCert: true, rejectUnauthorized: false });
  const sockets = new Set<Socket>();
  const sessions = new Set<Http2Session>();
  track(server, sockets, sessions);
  server.on('request', (request, response) => {
    void handle(target, { request: request as unknown as WireRequest, response: response as unknown as WireResponse, closing: closing.signal });
  });
  server.on('sessionError', (error: Error) => target.logger.debug('an HTTP/2 session failed', { error }));
  server.on('tlsClientError', (error: Error) => target.logger.debug('a TLS handshake failed', { error }));
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing.abort();
    return (closed ??= new Promise((resolve) => {
      server.close(() => resolve());
      for (const session of sessions) session.destroy();
      for (const socket of sockets) socket.destroy();
    }));
  };
  return { server, close };
}

function track(server: Http2SecureServer, sockets: Set<Socket>, sessions: Set<Http2Session>): void {
  server.setTimeout(0);
  (server as unknown as { headersTimeout?: number }).headersTimeout = HEADERS_TIMEOUT_MS; // the HTTP/1.1 side's property, which the types leave out
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('session', (session) => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
  });
}

interface Exchange {
  readonly request: WireRequest;
  readonly response: WireResponse;
  readonly closing: AbortSignal;
}

/** Answers one request. Never rejects: what goes wrong is the answer. */
async function handle(target: ListenTarget, { request, response, closing }: Exchange): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  response.once('error', () => gone.abort());
  const signal = AbortSignal.any([gone.signal, closing]);
  try {
    const url = new URL(request.url ?? '/', 'https://localhost');
    const route = parsePath(url.pathname);
    const user = authenticate(request);
    if (route.type === 'other') {
      answerOther(target, { request, response, path: url.pathname, user });
      return;
    }
    const apiRequest = await toApiRequest(target, { request, route, query: url.searchParams, user, signal });
    const answer = await target.execute(apiRequest);
    const { kind, verb } = apiRequest;
    await respond(response, answer, { kind, verb, signal, clock: target.clock, logger: target.logger, table: wantsTable(request) });
  } catch (error) {
    if (!gone.signal.aborted) sendError(response, error, target.logger);
  }
}

const ANONYMOUS: UserInfo = { username: 'system:anonymous', groups: ['system:unauthenticated'] };

/** The user that a client certificate of our authority names; otherwise nobody. */
function authenticate(request: WireRequest): UserInfo {
  const socket = request.socket as TLSSocket; // of HTTP/2 a proxy of the session's socket, with the same properties
  if (!socket.authorized) return ANONYMOUS;
  const { subject } = socket.getPeerCertificate();
  const groups = subject?.O as string | readonly string[] | undefined;
  const common = subject?.CN as string | readonly string[] | undefined;
  const username = typeof common === 'string' ? common : common?.[0];
  if (username === undefined) return ANONYMOUS;
  return { username, groups: [...(typeof groups === 'string' ? [groups] : (groups ?? [])), 'system:authenticated'] };
}

const HEALTH = new Set(['/healthz', '/livez', '/readyz']);

function answerOther(target: ListenTarget, { request, response, path, user }: { request: WireRequest; response: WireResponse; path: string; user: UserInfo }): void {
  if (HEALTH.has(path)) {
    response.writeHead(200, { 'content-type': 'text/plain' });
    response.end('ok');
    return;
  }
  if (user === ANONYMOUS) throw new ApiError('Unauthorized', 'Unauthorized');
  if (request.method !== 'GET') throw new ApiError('MethodNotAllowed', 'the server does not allow this method on the requested resource');
  const document = path === '/version' ? VERSION : discoveryDocument(target.kinds, path);
  if (document === undefined) throw new ApiError('NotFound', 'the server could not find the requested resource');
  sendJson(response, 200, document);
}

interface Incoming {
  readonly request: WireRequest;
  readonly route: Extract<Route, { type: 'resource' }>;
  readonly query: URLSearchParams;
  readonly user: UserInfo;
  readonly signal: AbortSignal;
}

async function toApiRequest(target: ListenTarget, { request, route, query, user, signal }: Incoming): Promise<ApiRequest> {
  if (user === ANONYMOUS) throw new ApiError('Unauthorized', 'Unauthorized');
  const kind = target.kinds.byResource(route.group, route.version, route.plural);
  if (kind === undefined) throw new ApiError('NotFound', 'the server could not find the requested resource');
  const verb = verbOf(request.method ?? 'GET', route, query);
  const base = { verb, kind, namespace: route.namespace, name: route.name, subresource: route.subresource, user };
  const body = verb === 'get' || verb === 'list' || verb === 'watch' ? undefined : await readBody(request);
  if (verb === 'delete' || verb === 'deletecollection') return { ...base, options: deleteOptions(query, body, signal) };
  return { ...base, body, patchType: verb === 'patch' ? patchTypeOf(request) : undefined, options: queryOptions(query, signal) };
}

function verbOf(method: string, route: Incoming['route'], query: URLSearchParams): Verb {
  const one = route.name !== undefined;
  switch (method) {
    case 'GET':
    case 'HEAD':
      if (one) return 'get';
      return query.get('watch') === 'true' || query.get('watch') === '1' ? 'watch' : 'list';
    case 'POST':
      return 'create';
    case 'PUT':
      return 'update';
    case 'PATCH':
      return 'patch';
    case 'DELETE':
      return one ? 'delete' : 'deletecollection';
    default:
      throw new ApiError('MethodNotAllowed', 'the server does not allow this method on the requested resource');
  }
}

function wantsTable(request: WireRequest): boolean {
  return (request.headers.accept ?? '').split(',').some((type) => type.includes('as=Table'));
}
