import { ApiError, isApiError, type Clock, type Kind, type Logger } from '@kybern/core';
import type { Authenticator } from '../authentication/authenticator.ts';
import { identify, isHealthPath } from '../authentication/identify.ts';
import type { ServiceAccountTokens } from '../authentication/service-account-tokens.ts';
import { checkPathAccess, type Authorizer } from '../authorization.ts';
import type { Books } from '../managed-fields/books.ts';
import type { KindRegistry } from '../registry.ts';
import type { ApiRequest, ApiResponse, RequestOptions, UserInfo, Verb } from '../request.ts';
import type { Connection, ConnectRequest } from '../subresources/connect.ts';
import { chooseRepresentation, mentionsProtobuf, parseAccept, type Representation } from './accept.ts';
import type { CertificateReader } from './authenticate.ts';
import { createCaller, type Caller } from './caller.ts';
import type { FrameCache } from './frames.ts';
import type { RequestMetrics } from './metrics/request-metrics.ts';
import type { OpenApi } from './openapi/openapi.ts';
import { answerOther } from './other-paths.ts';
import type { ProtobufAnswers } from './protobuf/answers.ts';
import type { ProtobufReader } from './protobuf/body.ts';
import { patchTypeOf, readBody } from './request-body.ts';
import { deleteOptions, queryOptions } from './request-options.ts';
import { NO_QUERY, parsePath, parseTarget, type RequestTarget, type Route } from './request-url.ts';
import { respond, sendError, type Wanted } from './respond.ts';
import { includeObjectOf } from './shapes.ts';
import { isConnectRoute } from './streams/connect-route.ts';
import type { WireRequest, WireResponse } from './wire.ts';

/** The server behind the door, and what the door keeps between requests. */
export interface HandleTarget {
  execute(request: ApiRequest): Promise<ApiResponse>;
  /** Lets a request in that is for a connection: a log, a command, a port, a proxy. */
  connect(request: ConnectRequest): Promise<Connection>;
  readonly kinds: KindRegistry;
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  readonly tokens: ServiceAccountTokens;
  readonly certificateOf: CertificateReader;
  readonly openApi: OpenApi;
  readonly frames: FrameCache;
  readonly books: Pick<Books, 'withManagedFields' | 'json'>;
  readonly protobuf: ProtobufReader;
  readonly protobufAnswers: ProtobufAnswers;
  readonly requests: RequestMetrics;
  /** What `/metrics` tells. */
  metrics(): Promise<string>;
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

/** Answers one request. Never rejects: what goes wrong is the answer. */
export async function handle(target: HandleTarget, { request, response, closing }: Exchange): Promise<void> {
  const caller = createCaller(response, closing);
  try {
    await answer(target, { request, response, caller });
  } catch (error) {
    if (!caller.gone) sendError(response, error, { logger: target.logger, headers: request.complete ? {} : closeAfter(request) });
  }
}

/** A body that nobody wants to read any more ends with its connection, on HTTP/1.1; on HTTP/2 with its stream. */
function closeAfter(request: WireRequest): Readonly<Record<string, string>> {
  return request.httpVersionMajor === 1 ? { connection: 'close' } : {};
}

interface Answering {
  readonly request: WireRequest;
  readonly response: WireResponse;
  readonly caller: Caller;
}

async function answer(target: HandleTarget, { request, response, caller }: Answering): Promise<void> {
  const url = parseTarget(request.url ?? '/');
  const route = parsePath(url.pathname);
  if (isConnectRoute(route)) {
    const { answerConnection } = await import('./streams/answer.ts');
    return answerConnection(target, { request, response, signal: caller.signal });
  }
  const identified = identify(target, { headers: request.headers, certificate: target.certificateOf(request), path: url.pathname });
  const user = identified instanceof Promise ? await identified : identified;
  const transport = transportOf(target, { request, url, caller });
  if (route.type === 'other') {
    const verb = (request.method ?? 'GET').toLowerCase();
    if (!isHealthPath(url.pathname)) await checkPathAccess(target.authorizer, { user, verb, path: url.pathname });
    await answerOther(target, { request, response, url, wanted: { ...transport, representation: plainRepresentation(request) } });
    return;
  }
  const incoming = toApiRequest(target, { request, route, query: url.searchParams, user, caller });
  const apiRequest = incoming instanceof Promise ? await incoming : incoming;
  const measured = target.requests.begin(apiRequest);
  let code = 0;
  try {
    code = await execute(target, { request, response, caller }, { apiRequest, url, transport });
  } catch (error) {
    code = caller.gone ? 0 : isApiError(error) ? error.code : 500;
    throw error;
  } finally {
    measured.done(code);
  }
}

interface Executing {
  readonly apiRequest: ApiRequest;
  readonly url: RequestTarget;
  readonly transport: Omit<Wanted, 'representation' | 'includeObject'>;
}

/** @returns the code of the answer */
async function execute(target: HandleTarget, { request, response }: Answering, { apiRequest, url, transport }: Executing): Promise<number> {
  const { kind, verb } = apiRequest;
  const representation = representationOf(target, request.headers.accept, { kind, verb });
  const wanted: Wanted = {
    ...transport,
    representation: representation instanceof Promise ? await representation : representation,
    includeObject: url.searchParams === NO_QUERY ? 'Metadata' : includeObjectOf(url.searchParams),
  };
  const result = await target.execute(apiRequest);
  await respond(response, result, { target, kind, verb, wanted });
  return result.code;
}

/** @returns a promise only when it has to be found out whether there are protocol buffers */
function representationOf(
  { protobufAnswers }: HandleTarget,
  header: string | undefined,
  { kind, verb }: Pick<ApiRequest, 'kind' | 'verb'>,
): Representation | Promise<Representation> {
  const stream = verb === 'watch';
  if (!mentionsProtobuf(header)) return chooseRepresentation(header, { stream, protobuf: false });
  return protobufAnswers.prepare(kind).then((protobuf) => chooseRepresentation(header, { stream, protobuf }));
}

function transportOf(
  target: HandleTarget,
  { request, url, caller }: { request: WireRequest; url: RequestTarget; caller: Caller },
): Omit<Wanted, 'representation' | 'includeObject'> {
  return {
    head: request.method === 'HEAD',
    gzip: takesGzip(request.headers['accept-encoding']),
    pretty: isPretty(url.searchParams, request.headers['user-agent'] ?? ''),
    clock: target.clock,
    caller,
  };
}

function takesGzip(header: string | readonly string[] | undefined): boolean {
  if (typeof header !== 'string' || !header.includes('gzip')) return false;
  if (header === 'gzip') return true;
  return parseAccept(header).some(({ mediaType }) => mediaType === 'gzip');
}

/** People with a browser or curl get indented JSON. @see kubernetes v1.36 staging/src/k8s.io/apiserver/pkg/endpoints/handlers/negotiation/negotiate.go (isPrettyPrint) */
function isPretty(query: URLSearchParams, userAgent: string): boolean {
  const asked = query === NO_QUERY ? null : query.get('pretty');
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
  readonly caller: Caller;
}

/** @returns a promise only of a request with a body */
function toApiRequest(target: HandleTarget, incoming: Incoming): ApiRequest | Promise<ApiRequest> {
  const { request, route, query, user, caller } = incoming;
  const kind = kindOf(target.kinds, route);
  const verb = verbOf(request.method ?? 'GET', route, query);
  const base = { verb, kind, namespace: route.namespace, name: route.name, subresource: route.subresource, user };
  // What takes long ends with its caller. All else is over before it could be stopped.
  const signal = verb === 'watch' || verb === 'deletecollection' || route.subresource !== undefined ? caller.signal : undefined;
  if (verb !== 'get' && verb !== 'list' && verb !== 'watch') return withBody(target, incoming, { base, signal });
  return { ...base, options: query === NO_QUERY && signal === undefined ? NO_OPTIONS : queryOptions(query, signal, verb) };
}

const NO_OPTIONS: RequestOptions = Object.freeze({});

interface Begun {
  readonly base: Omit<ApiRequest, 'options' | 'body'>;
  readonly signal: AbortSignal | undefined;
}

async function withBody(target: HandleTarget, { request, query }: Incoming, { base, signal }: Begun): Promise<ApiRequest> {
  const { verb } = base;
  const patchType = verb === 'patch' ? patchTypeOf(request) : undefined;
  const { value: body, duplicates } = await readBody(request, { clock: target.clock, patchType, protobuf: target.protobuf });
  if (verb === 'delete' || verb === 'deletecollection') return { ...base, options: deleteOptions(query, body, signal) };
  const options = queryOptions(query, signal, verb);
  const fieldManager = options.fieldManager ?? (patchType === 'apply' ? undefined : userAgentManager(request.headers['user-agent']));
  const parsed = { ...base, body, patchType, options: { ...options, fieldManager } };
  return duplicates.length === 0 ? parsed : { ...parsed, duplicates };
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
