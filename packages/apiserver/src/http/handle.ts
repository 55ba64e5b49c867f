import { ApiError, type Clock, type Kind, type Logger } from '@kybern/core';
import type { Authenticator } from '../authentication/authenticator.ts';
import { identify, isHealthPath } from '../authentication/identify.ts';
import type { ServiceAccountTokens } from '../authentication/service-account-tokens.ts';
import { checkPathAccess, type Authorizer } from '../authorization.ts';
import type { Books } from '../managed-fields/books.ts';
import type { KindRegistry } from '../registry.ts';
import type { ApiRequest, ApiResponse, UserInfo, Verb } from '../request.ts';
import { chooseRepresentation, parseAccept } from './accept.ts';
import type { CertificateReader } from './authenticate.ts';
import type { WireResponse } from './body-writer.ts';
import type { FrameCache } from './frames.ts';
import type { OpenApi } from './openapi/openapi.ts';
import { answerOther } from './other-paths.ts';
import type { ProtobufReader } from './protobuf/body.ts';
import { patchTypeOf, readBody, type WireRequest } from './request-body.ts';
import { deleteOptions, queryOptions } from './request-options.ts';
import { parsePath, type Route } from './request-url.ts';
import { respond, sendError, type Wanted } from './respond.ts';
import { includeObjectOf } from './shapes.ts';

/** The server behind the door, and what the door keeps between requests. */
export interface HandleTarget {
  execute(request: ApiRequest): Promise<ApiResponse>;
  readonly kinds: KindRegistry;
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  readonly tokens: ServiceAccountTokens;
  readonly certificateOf: CertificateReader;
  readonly openApi: OpenApi;
  readonly frames: FrameCache;
  readonly books: Pick<Books, 'withManagedFields'>;
  readonly protobuf: ProtobufReader;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** One request and its answer. */
export interface Exchange {
  readonly request: WireRequest;
  readonly response: WireResponse;
  /** Aborts when the server stops. */
  readonly closing: AbortSignal;
}

/** Why a request is over before its answer: made once, because every request ends by being aborted. */
const GONE: Error = new Error('the client went away');

/** Answers one request. Never rejects: what goes wrong is the answer. */
export async function handle(target: HandleTarget, { request, response, closing }: Exchange): Promise<void> {
  const gone = new AbortController();
  const onClosing = (): void => gone.abort(GONE);
  response.once('close', () => {
    closing.removeEventListener('abort', onClosing);
    // What was answered needs no abort, which is dear.
    if (!response.writableEnded) gone.abort(GONE);
  });
  response.on('error', () => gone.abort(GONE));
  closing.addEventListener('abort', onClosing, { once: true });
  try {
    await answer(target, { request, response, signal: gone.signal });
  } catch (error) {
    if (!gone.signal.aborted) sendError(response, error, { logger: target.logger, headers: request.complete ? {} : closeAfter(request) });
  }
}

/** A body that nobody wants to read any more ends with its connection, on HTTP/1.1; on HTTP/2 with its stream. */
function closeAfter(request: WireRequest): Readonly<Record<string, string>> {
  return request.httpVersionMajor === 1 ? { connection: 'close' } : {};
}

interface Answering {
  readonly request: WireRequest;
  readonly response: WireResponse;
  readonly signal: AbortSignal;
}

async function answer(target: HandleTarget, { request, response, signal }: Answering): Promise<void> {
  const url = parseUrl(request.url ?? '/');
  const route = parsePath(url.pathname);
  const user = await identify(target, { headers: request.headers, certificate: target.certificateOf(request), path: url.pathname });
  const wanted = { ...transportOf(target, { request, url, signal }) };
  if (route.type === 'other') {
    const verb = (request.method ?? 'GET').toLowerCase();
    if (!isHealthPath(url.pathname)) await checkPathAccess(target.authorizer, { user, verb, path: url.pathname });
    await answerOther(target, { request, response, url, wanted: { ...wanted, representation: plainRepresentation(request) } });
    return;
  }
  const apiRequest = await toApiRequest(target, { request, route, query: url.searchParams, user, signal });
  const { kind, verb } = apiRequest;
  const representation = chooseRepresentation(request.headers.accept, verb === 'watch');
  const includeObject = includeObjectOf(url.searchParams);
  const result = await target.execute(apiRequest);
  await respond(response, result, { ...target, kind, verb, wanted: { ...wanted, representation, includeObject } });
}

function parseUrl(text: string): URL {
  // Several slashes at the beginning would otherwise name a host.
  const url = URL.parse(`https://localhost${text.startsWith('/') ? '' : '/'}${text}`);
  if (url === null) throw new ApiError('BadRequest', 'the URL of the request is malformed');
  return url;
}

function transportOf(
  target: HandleTarget,
  { request, url, signal }: { request: WireRequest; url: URL; signal: AbortSignal },
): Omit<Wanted, 'representation' | 'includeObject'> {
  return {
    head: request.method === 'HEAD',
    gzip: takesGzip(request.headers['accept-encoding']),
    pretty: isPretty(url.searchParams, request.headers['user-agent'] ?? ''),
    clock: target.clock,
    signal,
  };
}

function takesGzip(header: string | readonly string[] | undefined): boolean {
  if (typeof header !== 'string' || !header.includes('gzip')) return false;
  return parseAccept(header).some(({ mediaType }) => mediaType === 'gzip');
}

/** People with a browser or curl get indented JSON. @see kubernetes v1.36 staging/src/k8s.io/apiserver/pkg/endpoints/handlers/negotiation/negotiate.go (isPrettyPrint) */
function isPretty(query: URLSearchParams, userAgent: string): boolean {
  const asked = query.get('pretty');
  if (asked !== null && asked !== '') return !['false', '0'].includes(asked.toLowerCase());
  return /^(curl|Wget|Mozilla\/5\.0)/.test(userAgent);
}

/** Documents are plain objects: whoever asks for another shape of them gets them as they are. */
function plainRepresentation(request: WireRequest): Wanted['representation'] {
  const first = parseAccept(request.headers.accept).find(({ mediaType }) =>
    ['application/json', 'application/yaml', '*/*', 'application/*'].includes(mediaType),
  );
  return { encoding: first?.mediaType === 'application/yaml' ? 'yaml' : 'json' };
}

interface Incoming {
  readonly request: WireRequest;
  readonly route: Extract<Route, { type: 'resource' }>;
  readonly query: URLSearchParams;
  readonly user: UserInfo;
  readonly signal: AbortSignal;
}

async function toApiRequest(target: HandleTarget, incoming: Incoming): Promise<ApiRequest> {
  const { request, route, query, user, signal } = incoming;
  const kind = kindOf(target.kinds, route);
  const verb = verbOf(request.method ?? 'GET', route, query);
  const base = { verb, kind, namespace: route.namespace, name: route.name, subresource: route.subresource, user };
  if (verb === 'get' || verb === 'list' || verb === 'watch') return { ...base, options: queryOptions(query, signal) };
  const patchType = verb === 'patch' ? patchTypeOf(request) : undefined;
  const body = await readBody(request, { clock: target.clock, patchType, protobuf: target.protobuf });
  if (verb === 'delete' || verb === 'deletecollection') return { ...base, options: deleteOptions(query, body, signal) };
  const options = queryOptions(query, signal);
  const fieldManager = options.fieldManager ?? (patchType === 'apply' ? undefined : userAgentManager(request.headers['user-agent']));
  return { ...base, body, patchType, options: { ...options, fieldManager } };
}

function kindOf(kinds: KindRegistry, { group, version, plural, namespace }: Incoming['route']): Kind {
  const kind = kinds.byResource(group, version, plural);
  if (kind === undefined || (namespace !== undefined && kind.scope === 'Cluster'))
    throw new ApiError('NotFound', 'the server could not find the requested resource');
  return kind;
}

/** Who writes is told by the name of the program. @see kubernetes v1.36 staging/src/k8s.io/apiserver/pkg/endpoints/handlers/create.go (managerOrUserAgent) */
function userAgentManager(userAgent: string | undefined): string | undefined {
  const name =
    (userAgent ?? '')
      .split('/', 1)[0]
      ?.replaceAll(/[^\x20-\x7E]/g, '')
      .slice(0, 128) ?? '';
  return name === '' ? undefined : name;
}

function verbOf(method: string, route: Incoming['route'], query: URLSearchParams): Verb {
  const one = route.name !== undefined;
  switch (method) {
    case 'GET':
    case 'HEAD':
      if (one) return 'get';
      return isTrue(query.get('watch')) ? 'watch' : 'list';
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

/** A parameter without a value is true. */
function isTrue(value: string | null): boolean {
  return value !== null && !['false', '0'].includes(value.toLowerCase());
}
