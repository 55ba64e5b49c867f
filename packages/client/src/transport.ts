import { readFile } from 'node:fs/promises';
import { ApiError, isApiError, type Clock, type Status } from '@kybern/core';
import { Agent, type Dispatcher } from 'undici';
import type { ClusterAccess } from './kubeconfig.ts';

/** One HTTP exchange with the API server. */
export interface WireRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly signal?: AbortSignal | undefined;
}

/** Sends requests of one {@link ClusterAccess}; keeps connections open between them. */
export interface Transport {
  /** The parsed JSON body. @throws {ApiError} what the server answered, or `ServiceUnavailable` when it cannot be reached */
  json(request: WireRequest): Promise<unknown>;
  /** The body as it arrives, after a 2xx answer. */
  stream(request: WireRequest): Promise<AsyncIterable<Uint8Array>>;
  close(): Promise<void>;
}

/** How long a token read from a file is used before the file is read again. */
const TOKEN_FILE_TTL_MS = 60_000;
/** An error answer is read up to here; a Status is far smaller. */
const MAX_ERROR_BODY_BYTES = 1_048_576;

/** Makes the {@link Transport} of an access. Opens no connection before the first request. */
export function createTransport(access: ClusterAccess, clock: Clock): Transport {
  const agent = new Agent({
    connections: 64,
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: {
      ...(access.certificateAuthority === undefined ? {} : { ca: access.certificateAuthority }),
      ...(access.clientCertificate === undefined ? {} : { cert: access.clientCertificate }),
      ...(access.clientKey === undefined ? {} : { key: access.clientKey }),
      ...(access.tlsServerName === undefined ? {} : { servername: access.tlsServerName }),
      rejectUnauthorized: access.insecureSkipTlsVerify !== true,
    },
  });
  const authorization = createAuthorization(access, clock);

  const send = async (request: WireRequest): Promise<Dispatcher.ResponseData> => {
    request.signal?.throwIfAborted();
    const header = await authorization();
    try {
      const response = await agent.request({
        origin: access.server,
        path: request.path + queryText(request.query),
        method: request.method,
        headers: {
          accept: 'application/json',
          'user-agent': 'kybern',
          ...(header === undefined ? {} : { authorization: header }),
          ...(request.body === undefined ? {} : { 'content-type': request.contentType ?? 'application/json' }),
        },
        ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
        ...(request.signal === undefined ? {} : { signal: request.signal }),
      });
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
    close: () => agent.destroy(),
  };
}

function createAuthorization(access: ClusterAccess, clock: Clock): () => Promise<string | undefined> {
  const { tokenFile } = access;
  if (tokenFile !== undefined) {
    let read: { readonly token: string; readonly atMs: number } | undefined;
    return async () => {
      if (read === undefined || clock.monotonicMs() - read.atMs > TOKEN_FILE_TTL_MS)
        read = { token: (await readFile(tokenFile, 'utf8')).trim(), atMs: clock.monotonicMs() };
      return `Bearer ${read.token}`;
    };
  }
  const { token, basicAuth } = access;
  if (token !== undefined) return async () => `Bearer ${token}`;
  if (basicAuth !== undefined) return async () => `Basic ${Buffer.from(`${basicAuth.username}:${basicAuth.password}`).toString('base64')}`;
  return async () => undefined;
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
  const why = error instanceof Error ? ((error as NodeJS.ErrnoException).code ?? error.message) : String(error);
  return new ApiError('ServiceUnavailable', `${server} cannot be reached: ${why}`, { cause: error });
}
