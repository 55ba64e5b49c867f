import { ApiError, type Clock } from '@kybern/core';
import { isHealthPath } from '../authentication/identify.ts';
import type { ServiceAccountTokens } from '../authentication/service-account-tokens.ts';
import type { KindRegistry } from '../registry.ts';
import { accepts, notAcceptable, parseAccept } from './accept.ts';
import { AGGREGATED_TYPE, aggregatedDiscovery } from './aggregated-discovery.ts';
import { sendBytes, type Transport, type WireResponse } from './body-writer.ts';
import { discoveryDocument, VERSION } from './discovery.ts';
import { METRICS_TYPE } from './metrics/exposition.ts';
import type { OpenApi, OpenApiDocument } from './openapi/openapi.ts';
import type { WireRequest } from './request-body.ts';
import type { RequestTarget } from './request-url.ts';
import { sendObject, type Wanted } from './respond.ts';
import { issuerDocument } from './issuer-discovery.ts';
import { rootOf } from './openapi/types.ts';

/** What answers are made of that are about no object. */
export interface OtherPathsTarget {
  readonly kinds: KindRegistry;
  readonly tokens: ServiceAccountTokens;
  readonly openApi: OpenApi;
  readonly clock: Clock;
  /** What `/metrics` tells. */
  metrics(): Promise<string>;
}

/** A request for something that is no object: discovery, health, version, OpenAPI. */
export interface OtherExchange {
  readonly request: WireRequest;
  readonly response: WireResponse;
  readonly url: RequestTarget;
  readonly wanted: Omit<Wanted, 'includeObject'>;
}

/** Answers a request for one of the paths that are about no object. @throws {ApiError} `NotFound`, `MethodNotAllowed`, `NotAcceptable` */
export async function answerOther(target: OtherPathsTarget, exchange: OtherExchange): Promise<void> {
  const { request, response, url, wanted } = exchange;
  const path = url.pathname.replace(/(.)\/+$/, '$1');
  if (request.method !== 'GET' && request.method !== 'HEAD')
    throw new ApiError('MethodNotAllowed', 'the server does not allow this method on the requested resource');
  if (isHealthPath(path)) return sendText(response, healthText(path, url.searchParams.has('verbose')), wanted);
  if (path === '/metrics') return sendText(response, await target.metrics(), wanted, METRICS_TYPE);
  if (path.startsWith('/openapi/')) return answerOpenApi(target.openApi, path, exchange);
  const issued = await issuerDocument(target.tokens, path, originOf(request));
  if (issued !== undefined)
    return sendBytes(response, Buffer.from(JSON.stringify(issued.body)), { body: { code: 200, contentType: issued.contentType }, transport: wanted });
  if (path === '/api' || path === '/apis') {
    const { accept } = request.headers;
    if (wantsAggregated(accept)) return sendAggregated(target.kinds, path === '/api', exchange);
  }
  const document = path === '/version' ? VERSION : path === '/' ? rootPaths(target.kinds) : discoveryDocument(target.kinds, path);
  if (document === undefined) throw new ApiError('NotFound', 'the server could not find the requested resource');
  await sendObject(response, { code: 200, object: document, wanted });
}

/** Where the client reached the server. */
function originOf({ headers }: WireRequest): string {
  return `https://${headers.host ?? (headers[':authority'] as string | undefined) ?? 'kubernetes.default.svc'}`;
}

function healthText(path: string, verbose: boolean): string {
  return verbose ? `[+]ping ok\n${path.slice(1).split('/')[0] ?? ''} check passed\n` : 'ok';
}

function sendText(response: WireResponse, text: string, transport: Transport, contentType = 'text/plain; charset=utf-8'): void | Promise<void> {
  return sendBytes(response, Buffer.from(text), { body: { code: 200, contentType }, transport });
}

/** The aggregated form is wanted when it comes before plain JSON. */
function wantsAggregated(accept: string | undefined): boolean {
  for (const { mediaType, parameters } of parseAccept(accept)) {
    if (mediaType !== 'application/json' && !mediaType.endsWith('*')) continue;
    if (parameters['as'] === undefined) return false;
    if (parameters['as'] === 'APIGroupDiscoveryList' && parameters['g'] === 'apidiscovery.k8s.io' && parameters['v'] === 'v2') return true;
  }
  return false;
}

function sendAggregated(kinds: KindRegistry, core: boolean, { response, wanted }: OtherExchange): void | Promise<void> {
  const bytes = Buffer.from(JSON.stringify(aggregatedDiscovery(kinds, core)));
  return sendBytes(response, bytes, { body: { code: 200, contentType: AGGREGATED_TYPE, headers: { vary: 'Accept' } }, transport: wanted });
}

function rootPaths(kinds: KindRegistry): object {
  const roots = [...new Set(kinds.list().flatMap((kind) => (kind.group === '' ? [`/${rootOf(kind)}`] : [`/apis/${kind.group}`, `/${rootOf(kind)}`])))].sort();
  return { paths: ['/api', '/apis', ...roots, '/healthz', '/livez', '/metrics', '/openapi/v2', '/openapi/v3', '/readyz', '/version'] };
}

const PROTOBUF_V2 = ['application/com.github.proto-openapi.spec.v2@v1.0+protobuf', 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf'];
const YEAR_SECONDS = 31_536_000;

async function answerOpenApi(openApi: OpenApi, path: string, exchange: OtherExchange): Promise<void> {
  const { request, url } = exchange;
  const { accept } = request.headers;
  if (path === '/openapi/v2') {
    const protobuf = PROTOBUF_V2.some((type) => accepts(accept, type));
    if (!protobuf && !acceptsJson(accept)) throw notAcceptable(['application/json', ...PROTOBUF_V2]);
    return sendDocument(await openApi.swagger(protobuf ? 'protobuf' : 'json'), exchange);
  }
  if (!acceptsJson(accept)) throw notAcceptable(['application/json']);
  if (path === '/openapi/v3') return sendDocument(await openApi.index(), exchange);
  const name = path.startsWith('/openapi/v3/') ? path.slice('/openapi/v3/'.length) : '';
  const document = await openApi.groupVersion(name);
  if (document === undefined) throw new ApiError('NotFound', 'the server could not find the requested resource');
  const hash = url.searchParams.get('hash');
  // A document under its hash never changes: it may be kept for ever, and another hash leads to the present one.
  if (hash !== null && hash !== document.hash) return redirect(`${url.pathname}?hash=${document.hash}`, exchange);
  return sendDocument(document, exchange, hash === null ? {} : { 'cache-control': `public, immutable, max-age=${String(YEAR_SECONDS)}` });
}

function acceptsJson(accept: string | undefined): boolean {
  return parseAccept(accept).some(({ mediaType }) => mediaType === 'application/json' || mediaType === '*/*' || mediaType === 'application/*');
}

async function redirect(location: string, { response, wanted }: OtherExchange): Promise<void> {
  await sendBytes(response, Buffer.alloc(0), { body: { code: 301, contentType: 'text/plain; charset=utf-8', headers: { location } }, transport: wanted });
}

async function sendDocument(
  { bytes, contentType, hash }: OpenApiDocument,
  { request, response, wanted }: OtherExchange,
  cache: Readonly<Record<string, string>> = {},
): Promise<void> {
  const headers = { etag: `"${hash}"`, 'cache-control': 'no-cache, private', vary: 'Accept', ...cache };
  if (request.headers['if-none-match']?.includes(`"${hash}"`) === true) {
    response.writeHead(304, headers);
    response.end();
    return;
  }
  await sendBytes(response, bytes, { body: { code: 200, contentType, headers }, transport: wanted });
}
