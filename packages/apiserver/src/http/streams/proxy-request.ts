import { request as httpRequest, type ClientRequest, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import { connect as connectTcp } from 'node:net';
import { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { ApiError } from '@kybern/core';
import type { ProxyConnection } from '../../subresources/proxy.ts';
import type { WireRequest } from '../request-body.ts';
import { bodyOf, sinkOf } from '../wire.ts';
import type { ParsedExchange } from './answer.ts';

/** A connection that requests can be sent through. */
export type Proxied = Exclude<ProxyConnection, { type: 'node' }>;

/** Headers that are between two neighbours only, and those that say who asks: the server behind the proxy is not to know a client's token. */
const OWN_HEADERS: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'te',
  'trailer',
  'upgrade',
  'host',
  'authorization',
  'http2-settings',
]);

/** Passes a request on, and its answer back. @throws {ApiError} `ServiceUnavailable` when the server does not answer */
export async function proxyRequest(connection: Proxied, exchange: ParsedExchange): Promise<void> {
  const { request, response, url, signal } = exchange;
  if (needsSlash(url)) {
    response.writeHead(301, { location: `${url.pathname}/${url.search}` });
    response.end();
    return;
  }
  const sent = await startRequest(connection, { request, url, signal, headers: {} });
  bodyOf(request).pipe(sent);
  const answer = await answerOf(sent);
  response.writeHead(answer.statusCode ?? 502, answerHeaders(answer, url));
  await new Promise<void>((resolve) => {
    response.once('close', () => {
      answer.destroy();
      resolve();
    });
    answer.once('error', () => response.destroy());
    answer.pipe(sinkOf(response));
  });
}

/** Without a slash at the end relative links would lead astray. @see kubernetes v1.36 staging/src/k8s.io/apimachinery/pkg/util/proxy/upgradeaware.go (ServeHTTP) */
function needsSlash(url: URL): boolean {
  return url.pathname.endsWith('/proxy');
}

/** What {@link startRequest} sends. */
export interface ProxiedRequest {
  readonly request: WireRequest;
  readonly url: URL;
  readonly signal: AbortSignal;
  /** Beside those of the request. */
  readonly headers: OutgoingHttpHeaders;
}

/** Connects, and sends the head of a request. */
export async function startRequest(connection: Proxied, { request, url, signal, headers }: ProxiedRequest): Promise<ClientRequest> {
  const socket = await openSocket(connection, signal);
  const authority = connection.type === 'proxy' ? connection.authority : `${connection.host}:${String(connection.port)}`;
  return httpRequest({
    createConnection: () => socket,
    method: request.method ?? 'GET',
    path: (/\/proxy(\/.*)$/.exec(proxyTail(url.pathname))?.[1] ?? '/') + url.search,
    headers: { ...passedHeaders(request), host: authority, 'x-forwarded-uri': url.pathname, 'x-forwarded-proto': 'https', ...headers },
    signal,
  });
}

/** From the first `/proxy` that follows the object's name: a path behind it may have one of its own. */
function proxyTail(pathname: string): string {
  const found = /^\/api\/[^/]+\/(?:namespaces\/[^/]+\/)?[^/]+\/[^/]+(\/proxy\/.*)$/.exec(pathname);
  return found?.[1] === undefined ? '' : `/proxy${found[1].slice('/proxy'.length)}`;
}

async function openSocket(connection: Proxied, signal: AbortSignal): Promise<Duplex> {
  const plain =
    connection.type === 'proxy' ? Duplex.fromWeb(await connection.connect({ signal })) : connectTcp({ host: connection.host, port: connection.port, signal });
  // As upstream: the certificates of what runs in the cluster are nobody's to check.
  return connection.scheme === 'http' ? plain : connectTls({ socket: plain, rejectUnauthorized: false });
}

function passedHeaders({ headers }: WireRequest): OutgoingHttpHeaders {
  return Object.fromEntries(
    Object.entries(headers).filter(
      ([name, value]) => value !== undefined && !name.startsWith(':') && !name.startsWith('impersonate-') && !OWN_HEADERS.has(name),
    ),
  );
}

function answerHeaders(answer: IncomingMessage, url: URL): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(answer.headers)) if (value !== undefined && !OWN_HEADERS.has(name)) headers[name] = value;
  const { location } = answer.headers;
  // A redirect within the server is one within the proxy.
  if (location?.startsWith('/') === true && !location.startsWith('//'))
    headers['location'] = url.pathname.slice(0, url.pathname.length - proxyTail(url.pathname).length) + `/proxy${location}`;
  return headers;
}

/** The answer's head. */
export function answerOf(sent: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    sent.once('response', resolve);
    sent.once('error', (error) => reject(new ApiError('ServiceUnavailable', `error trying to reach service: ${error.message}`, { cause: error })));
  });
}
