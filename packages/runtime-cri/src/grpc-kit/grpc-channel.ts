import { connect as connectHttp2, constants, type ClientHttp2Session, type ClientHttp2Stream, type IncomingHttpHeaders } from 'node:http2';
import { connect as connectSocket } from 'node:net';
import type { Clock } from '@kybern/core';
import { RuntimeError } from '../errors.ts';
import { runtimeErrorOf } from './grpc-status.ts';
import { grpcFrame, GrpcFrameReader } from './grpc-frames.ts';

/** How one call is made. */
export interface GrpcCall {
  /** `/package.Service/Method`. */
  readonly path: string;
  readonly body: Uint8Array;
  /** After so long it fails with `DEADLINE_EXCEEDED`. Infinity: never. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Who is told of what comes on a stream. */
export interface GrpcStreamHandlers {
  /** The server has taken the call: what happens from now on is told. */
  onOpen?(): void;
  onMessage(message: Buffer): void;
  /** The stream is over; called once. */
  onEnd(error: RuntimeError): void;
}

/** A connection to a gRPC server that is made anew when it is lost and needed again. */
export interface GrpcChannel {
  /** @throws {RuntimeError} of the code that the server answers; `UNAVAILABLE` when it does not. The signal's reason when that aborts */
  call(call: GrpcCall): Promise<Buffer>;
  /** Opens a stream of answers. @returns ends it; `onEnd` is not called then. Idempotent */
  stream(call: Pick<GrpcCall, 'path' | 'body'>, handlers: GrpcStreamHandlers): () => void;
  /** Fails what is under way. Idempotent. */
  close(): void;
}

const STREAM_WINDOW_BYTES = 4 * 1024 * 1024;
const HEADERS = { ':method': 'POST', ':scheme': 'http', ':authority': 'localhost', 'content-type': 'application/grpc', te: 'trailers' } as const;

/**
 * Makes a {@link GrpcChannel}. Nothing is connected before the first call.
 *
 * @param endpoint `unix:///run/containerd/containerd.sock`, a path, or `tcp://host:port`
 * @throws {RuntimeError} `INVALID_ARGUMENT` when it is none of these
 */
export function createGrpcChannel(endpoint: string, clock: Clock): GrpcChannel {
  return new Http2Channel(targetOf(endpoint), clock);
}

type Target = { readonly path: string } | { readonly host: string; readonly port: number };

function targetOf(endpoint: string): Target {
  if (endpoint.startsWith('/')) return { path: endpoint };
  const unix = /^unix:(?:\/\/)?(\/.+)$/.exec(endpoint);
  if (unix?.[1] !== undefined) return { path: unix[1] };
  const tcp = /^tcp:\/\/(\[[0-9a-fA-F:]+\]|[^:/]+):(\d+)$/.exec(endpoint);
  if (tcp?.[1] !== undefined) return { host: tcp[1].replace(/^\[|\]$/g, ''), port: Number(tcp[2]) };
  throw new RuntimeError('INVALID_ARGUMENT', `"${endpoint}" is no endpoint, such as unix:///run/containerd/containerd.sock`);
}

class Http2Channel implements GrpcChannel {
  readonly #target: Target;
  readonly #clock: Clock;
  #session: ClientHttp2Session | undefined;
  #closed = false;

  constructor(target: Target, clock: Clock) {
    this.#target = target;
    this.#clock = clock;
  }

  call({ path, body, timeoutMs, signal }: GrpcCall): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(signal.reason as Error);
      let answer: Buffer | undefined;
      const stream = this.#request(path, body);
      const give = (settle: () => void) => (): void => {
        cancel?.();
        signal?.removeEventListener('abort', onAbort);
        settle();
      };
      const onAbort = give(() => {
        reject(signal?.reason as Error);
        stream.close(constants.NGHTTP2_CANCEL);
      });
      const onTimeout = give(() => {
        reject(new RuntimeError('DEADLINE_EXCEEDED', `there was no answer within ${String(timeoutMs)} ms`));
        stream.close(constants.NGHTTP2_CANCEL);
      });
      const cancel = timeoutMs === Infinity ? undefined : this.#clock.after(timeoutMs, onTimeout);
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#receive(stream, {
        onMessage: (message) => (answer = message),
        onEnd: (error) =>
          give(() => {
            if (error !== undefined) reject(error);
            else resolve(answer ?? Buffer.alloc(0));
          })(),
      });
    });
  }

  stream({ path, body }: Pick<GrpcCall, 'path' | 'body'>, handlers: GrpcStreamHandlers): () => void {
    const stream = this.#request(path, body);
    let over = false;
    this.#receive(stream, {
      onOpen: () => void (!over && handlers.onOpen?.()),
      onMessage: (message) => void (!over && handlers.onMessage(message)),
      onEnd: (error) => {
        if (!over) handlers.onEnd(error ?? new RuntimeError('UNAVAILABLE', 'the server ended the stream'));
        over = true;
      },
    });
    return () => {
      over = true;
      stream.close(constants.NGHTTP2_CANCEL);
    };
  }

  close(): void {
    this.#closed = true;
    this.#session?.destroy();
    this.#session = undefined;
  }

  #request(path: string, body: Uint8Array): ClientHttp2Stream {
    const stream = this.#connect().request({ ...HEADERS, ':path': path });
    stream.end(grpcFrame(body));
    return stream;
  }

  #connect(): ClientHttp2Session {
    if (this.#closed) throw new RuntimeError('CANCELLED', 'the connection was closed');
    const before = this.#session;
    if (before !== undefined && !before.closed && !before.destroyed) return before;
    const socket = connectSocket(this.#target);
    const session = connectHttp2('http://localhost', {
      createConnection: () => socket,
      settings: { initialWindowSize: STREAM_WINDOW_BYTES, enablePush: false },
    });
    session.on('connect', () => session.setLocalWindowSize(STREAM_WINDOW_BYTES));
    const drop = (): void => {
      if (this.#session === session) this.#session = undefined;
    };
    session.on('error', drop);
    session.on('goaway', drop);
    session.on('close', drop);
    this.#session = session;
    return session;
  }

  #receive(
    stream: ClientHttp2Stream,
    { onOpen, onMessage, onEnd }: { onOpen?: () => void; onMessage: (message: Buffer) => void; onEnd: (error: RuntimeError | undefined) => void },
  ): void {
    const frames = new GrpcFrameReader();
    let status: RuntimeError | undefined | 'none' = 'none';
    let cause: unknown;
    const onHeaders = (headers: IncomingHttpHeaders): void => {
      if (headers['grpc-status'] !== undefined) status = runtimeErrorOf(headers);
      else if (String(headers[':status']) === '200') onOpen?.();
      else if (headers[':status'] !== undefined)
        status = new RuntimeError('INTERNAL', `the server answered with HTTP status ${String(headers[':status'])}: it speaks no gRPC`);
    };
    stream.on('response', onHeaders);
    stream.on('trailers', onHeaders);
    stream.on('data', (chunk: Buffer) => {
      try {
        frames.push(chunk, onMessage);
      } catch (error) {
        status = new RuntimeError('INTERNAL', `the answer cannot be read: ${describe(error)}`, { cause: error });
        stream.destroy();
      }
    });
    stream.on('error', (error) => (cause = error)); // 'close' follows, and tells
    stream.on('close', () => {
      if (status !== 'none') onEnd(status);
      else onEnd(new RuntimeError('UNAVAILABLE', cause === undefined ? `the stream was reset (${String(stream.rstCode)})` : describe(cause), { cause }));
    });
  }
}

const describe = (error: unknown): string => (error instanceof Error ? error.message : String(error));
