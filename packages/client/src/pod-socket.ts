import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { ApiError, isApiError, type Status } from '@kybern/core';
import { WebSocket } from 'ws';
import type { Credentials, CredentialSource } from './credentials.ts';
import type { ClusterAccess } from './kubeconfig.ts';
import { openTunnel } from './proxy-tunnel.ts';
import { impersonation, tlsOptions, toApiError } from './transport.ts';

/** What a socket is opened for. */
export interface SocketRequest {
  /** With its query. */
  readonly path: string;
  readonly protocols: readonly string[];
  readonly signal?: AbortSignal | undefined;
}

/** Opens WebSockets of an access. @throws {ApiError} what the server answered, or `ServiceUnavailable` when it cannot be reached */
export type SocketOpener = (request: SocketRequest) => Promise<WebSocket>;

/** What of an answer that refuses is read. */
const MAX_ERROR_BYTES = 65_536;
const BUFFERED_BYTES = 262_144;

const UNAUTHORIZED = 401;

/**
 * Makes a {@link SocketOpener}. Its sockets go the way of the other requests of the access: with the same credentials, asked for anew when the server does not
 * know them, and through its proxy. The signal also ends a socket that is open.
 */
export function createSocketOpener(access: ClusterAccess, credentials: CredentialSource): SocketOpener {
  return async (request) => {
    const { signal } = request;
    signal?.throwIfAborted();
    const current = async (): Promise<Credentials> => {
      try {
        return await credentials.current(signal);
      } catch (error) {
        throw toApiError(error, access.server, signal);
      }
    };
    const used = await current();
    try {
      return await openAs(access, used, request);
    } catch (error) {
      if (!isApiError(error) || error.code !== UNAUTHORIZED || !credentials.refused(used)) throw error;
      return await openAs(access, await current(), request);
    }
  };
}

async function openAs(access: ClusterAccess, used: Credentials, { path, protocols, signal }: SocketRequest): Promise<WebSocket> {
  const { authorization } = used;
  const tls = tlsOptions(access, used);
  const { proxyUrl, server } = access;
  const tunnel = proxyUrl === undefined ? undefined : await openTunnel({ proxyUrl, server, tls, signal });
  const socket = new WebSocket(`${server.replace(/^http/, 'ws')}${path}`, [...protocols], {
    perMessageDeflate: false,
    skipUTF8Validation: true,
    headers: { 'user-agent': 'kybern', ...impersonation(access), ...(authorization === undefined ? {} : { authorization }) },
    ...tls,
    ...(tunnel === undefined ? {} : { createConnection: () => tunnel as Socket }),
  });
  const onAbort = (): void => socket.terminate();
  signal?.addEventListener('abort', onAbort, { once: true });
  socket.once('close', () => {
    signal?.removeEventListener('abort', onAbort);
    tunnel?.destroy();
  });
  return opened(socket, server, signal);
}

function opened(socket: WebSocket, server: string, signal: AbortSignal | undefined): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    socket.once('open', () => {
      // What comes before somebody listens must not be lost.
      socket.pause();
      resolve(socket);
    });
    socket.on('unexpected-response', (_request, answer: IncomingMessage) => void refusal(answer).then(reject, reject));
    socket.on('error', (error) => {
      reject(
        signal?.aborted === true
          ? (signal.reason as Error)
          : new ApiError('ServiceUnavailable', `${server} cannot be reached: ${error.message}`, { cause: error }),
      );
    });
  });
}

async function refusal(answer: IncomingMessage): Promise<ApiError> {
  let text = '';
  for await (const chunk of answer) {
    text += String(chunk);
    if (text.length > MAX_ERROR_BYTES) break;
  }
  try {
    const status = JSON.parse(text) as Status;
    if (status.kind === 'Status') return ApiError.fromStatus(status);
  } catch {
    // no Status: the code has to do
  }
  return ApiError.fromStatus({ code: answer.statusCode ?? 500, message: text.trim() || `the server answered ${String(answer.statusCode)}`, reason: 'Unknown' });
}

/** Sends a message of a channel. Resolves when there is room for another. */
export function sendOn(socket: WebSocket, channel: number, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    const room = socket.bufferedAmount < BUFFERED_BYTES;
    socket.send(Buffer.concat([Buffer.from([channel]), bytes]), (error) => {
      if (error === undefined || error === null) resolve();
      else reject(error);
    });
    if (room) resolve();
  });
}

/** The streams of what comes in on some channels. While one of them is full, the socket is not read. */
export function receiveFrom(
  socket: WebSocket,
  channels: readonly number[],
): { readonly streams: ReadonlyMap<number, ReadableStream<Uint8Array>>; end(error?: Error): void } {
  const controllers = new Map<number, ReadableStreamDefaultController<Uint8Array>>();
  const full = new Set<number>();
  const setFull = (channel: number, isFull: boolean): void => {
    if (isFull) full.add(channel);
    else full.delete(channel);
    if (full.size > 0) socket.pause();
    else socket.resume();
  };
  const streams = new Map(
    channels.map((channel) => [
      channel,
      new ReadableStream<Uint8Array>(
        {
          start: (controller) => void controllers.set(channel, controller),
          pull: () => setFull(channel, false),
          cancel: () => {
            controllers.delete(channel);
            setFull(channel, false);
          },
        },
        { highWaterMark: BUFFERED_BYTES, size: (chunk) => chunk.byteLength },
      ),
    ]),
  );
  socket.on('message', (data) => {
    const message = Buffer.isBuffer(data) ? data : Buffer.concat([data].flat() as Uint8Array[]);
    const channel = message[0] ?? -1;
    const controller = controllers.get(channel);
    if (controller === undefined || message.length < 2) return;
    controller.enqueue(message.subarray(1));
    if ((controller.desiredSize ?? 1) <= 0) setFull(channel, true);
  });
  return {
    streams,
    end(error) {
      for (const controller of controllers.values()) {
        if (error === undefined) controller.close();
        else controller.error(error);
      }
      controllers.clear();
    },
  };
}
