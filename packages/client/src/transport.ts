import { ApiError, isApiError, type Status } from '@kybern/core';
import { Agent, ProxyAgent, type Dispatcher } from 'undici';
import type { Credentials, CredentialSource } from './credentials.ts';
import { ExecPluginError } from './exec-credentials.ts';
import type { ClusterAccess } from './kubeconfig.ts';

/** One HTTP exchange with the API server. */
export interface WireRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly body?: unknown;
  readonly contentType?: string;
  /** Default: plain JSON. */
  readonly accept?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Sends requests of one {@link ClusterAccess}; keeps connections open between them. */
export interface Transport {
  /** The parsed JSON body. @throws {ApiError} what the server answered, or `ServiceUnavailable` when it cannot be reached */
  json(request: WireRequest): Promise<unknown>;
  /** The body as it arrives, after a 2xx answer. */
  stream(request: WireRequest): Promise<AsyncIterable<Uint8Array>>;
  /** The same, with what the answer's head says. */
  open(request: WireRequest): Promise<OpenAnswer>;
  close(): Promise<void>;
}

/** An answer whose body comes later. */
export interface OpenAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: AsyncIterable<Uint8Array>;
}

/** An error answer is read up to here; a Status is far smaller. */
const MAX_ERROR_BODY_BYTES = 1_048_576;

/** Makes the {@link Transport} of an access. Opens no connection before the first request. */
export function createTransport(access: ClusterAccess, credentials: CredentialSource): Transport {
  const connections = createConnections(access);
  const who = impersonation(access);

  const sendAs = (used: Credentials, request: WireRequest): Promise<Dispatcher.ResponseData> =>
    connections.of(used).request({
      origin: access.server,
      path: request.path + queryText(request.query),
      method: request.method,
      headers: {
        accept: request.accept ?? 'application/json',
        'user-agent': 'kybern',
        ...who,
        ...(used.authorization === undefined ? {} : { authorization: used.authorization }),
        ...(request.body === undefined ? {} : { 'content-type': request.contentType ?? 'application/json' }),
      },
      ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
      ...(request.signal === undefined ? {} : { signal: request.signal }),
    });

  const send = async (request: WireRequest): Promise<Dispatcher.ResponseData> => {
    request.signal?.throwIfAborted();
    try {
      const used = await credentials.current(request.signal);
      let response = await sendAs(used, request);
      if (response.statusCode === UNAUTHORIZED && credentials.refused(used)) {
        await response.body.dump();
        response = await sendAs(await credentials.current(request.signal), request);
      }
      if (response.statusCode >= 400) throw await errorOf(response);
      return response;
    } catch (error) {
      throw toApiError(error, access.server, request.signal);
    }
  };
  return {
    async json(request) {
      const response = await send(request);
      try {
        return await response.body.json();
      } catch (error) {
        throw toApiError(error, access.server, request.signal);
      }
    },
    async stream(request) {
      const response = await send(request);
      return response.body;
    },
    async open(request) {
      const { statusCode, headers, body } = await send(request);
      return { status: statusCode, contentType: String(headers['content-type'] ?? 'application/octet-stream'), body };
    },
    close: () => connections.close(),
  };
}

const UNAUTHORIZED = 401;

/** The headers of a request on behalf of somebody else. @see kubernetes v1.36 staging/src/k8s.io/client-go/transport/round_trippers.go (impersonatingRoundTripper) */
export function impersonation({ impersonate }: ClusterAccess): Readonly<Record<string, string | string[]>> {
  if (impersonate === undefined) return {};
  const { username, uid, groups, extra } = impersonate;
  const headers: Record<string, string | string[]> = { 'impersonate-user': username };
  if (uid !== undefined) headers['impersonate-uid'] = uid;
  if (groups !== undefined && groups.length > 0) headers['impersonate-group'] = [...groups];
  for (const [key, values] of Object.entries(extra ?? {})) headers[`impersonate-extra-${encodeURIComponent(key.toLowerCase())}`] = [...values];
  return headers;
}

/** Open connections; another client certificate needs others. */
interface Connections {
  of(credentials: Credentials): Dispatcher;
  close(): Promise<void>;
}

function createConnections(access: ClusterAccess): Connections {
  let open: { readonly dispatcher: Dispatcher; readonly certificate: string | undefined } | undefined;
  return {
    of({ clientCertificate, clientKey }) {
      if (open !== undefined && open.certificate === clientCertificate) return open.dispatcher;
      // Requests under way end on the old connections.
      void open?.dispatcher.close().catch(() => undefined);
      open = { dispatcher: createDispatcher(access, { clientCertificate, clientKey }), certificate: clientCertificate };
      return open.dispatcher;
    },
    close: async () => open?.dispatcher.destroy(),
  };
}

function createDispatcher(
  access: ClusterAccess,
  { clientCertificate, clientKey }: { readonly clientCertificate: string | undefined; readonly clientKey: string | undefined },
): Dispatcher {
  const tls = tlsOptions(access, { ...(clientCertificate === undefined ? {} : { clientCertificate }), ...(clientKey === undefined ? {} : { clientKey }) });
  const limits = { connections: 64, headersTimeout: 0, bodyTimeout: 0 };
  return access.proxyUrl === undefined ? new Agent({ ...limits, connect: tls }) : new ProxyAgent({ ...limits, uri: access.proxyUrl, requestTls: tls });
}

/** How a connection of an access is secured. */
export function tlsOptions(access: ClusterAccess, { clientCertificate, clientKey }: Credentials): TlsOptions {
  return {
    ...(access.certificateAuthority === undefined ? {} : { ca: access.certificateAuthority }),
    ...(clientCertificate === undefined ? {} : { cert: clientCertificate }),
    ...(clientKey === undefined ? {} : { key: clientKey }),
    ...(access.tlsServerName === undefined ? {} : { servername: access.tlsServerName }),
    rejectUnauthorized: access.insecureSkipTlsVerify !== true,
  };
}

interface TlsOptions {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly servername?: string;
  readonly rejectUnauthorized: boolean;
}

function queryText(query: WireRequest['query']): string {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(query ?? {})) if (value !== undefined) params.set(key, value);
  const text = params.toString();
  return text === '' ? '' : `?${text}`;
}

/** The error that an answer carries: its Status, or what the code alone says. */
async function errorOf(response: Dispatcher.ResponseData): Promise<ApiError> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > MAX_ERROR_BODY_BYTES) break;
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString('utf8');
  const retryAfter = Number(response.headers['retry-after']);
  const status = parseStatus(text);
  if (status === undefined)
    return ApiError.fromStatus({
      code: response.statusCode,
      message: text.trim() || `the server answered ${String(response.statusCode)}`,
      reason: REASONS[response.statusCode] ?? 'Unknown',
    });
  if (!Number.isFinite(retryAfter) || status.details?.retryAfterSeconds !== undefined) return ApiError.fromStatus(status);
  return ApiError.fromStatus({ ...status, details: { ...status.details, retryAfterSeconds: retryAfter } });
}

const REASONS: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  409: 'Conflict',
  410: 'Expired',
  413: 'RequestEntityTooLarge',
  429: 'TooManyRequests',
  503: 'ServiceUnavailable',
};

function parseStatus(text: string): Status | undefined {
  try {
    const body = JSON.parse(text) as Partial<Status> | null;
    return body?.kind === 'Status' ? (body as Status) : undefined;
  } catch {
    return undefined; // a proxy's or a crashed server's page: the caller falls back to the code
  }
}

/** The abort reason when aborted; an {@link ApiError} as it is; anything else means that the server could not be reached or broke off. */
export function toApiError(error: unknown, server: string, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted === true) return signal.reason;
  if (isApiError(error)) return error;
  if (error instanceof ExecPluginError) return new ApiError('Unauthorized', `getting credentials: ${error.message}`, { cause: error });
  const why = error instanceof Error ? ((error as NodeJS.ErrnoException).code ?? error.message) : String(error);
  return new ApiError('ServiceUnavailable', `${server} cannot be reached: ${why}`, { cause: error });
}
