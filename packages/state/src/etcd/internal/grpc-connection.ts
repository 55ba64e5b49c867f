import { connect, constants, type ClientHttp2Session, type ClientHttp2Stream, type IncomingHttpHeaders, type SecureClientSessionOptions } from 'node:http2';
import type { Clock } from '@kybern/core';
import { EtcdError, GRPC } from '../errors.ts';
import type { EtcdMethod } from '../generated/etcd.ts';
import { ProtoReader } from './proto-reader.ts';
import { ProtoWriter } from './proto-writer.ts';

/** TLS material, as `node:tls` takes it. */
export interface EtcdTls {
  /** The certificates of the authorities that are trusted, PEM. Default: the system's. */
  readonly ca?: string | Buffer | undefined;
  /** The certificate to show, PEM, and its key. */
  readonly cert?: string | Buffer | undefined;
  readonly key?: string | Buffer | undefined;
  /** The name that the server's certificate must have. Default: the host of the endpoint. */
  readonly serverName?: string | undefined;
}

/** Options of {@link openConnection}. */
export interface ConnectionOptions {
  readonly endpoint: URL;
  readonly tls: EtcdTls;
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Options of one call. */
export interface CallOptions {
  readonly timeoutMs: number;
  readonly token?: string | undefined;
}

/** Who is told of what comes on a stream. */
export interface StreamHandlers<Response> {
  onMessage(message: Response): void;
  /** The stream is over; called once. */
  onEnd(error: EtcdError): void;
}

/** A stream of messages in both directions. */
export interface GrpcStream<Request> {
  send(request: Request): void;
  /** Ends it; `onEnd` is not called. Idempotent. */
  close(): void;
}

/** One HTTP/2 connection to one etcd member. */
export interface GrpcConnection {
  readonly endpoint: URL;
  /** Aborts when the connection is gone; the reason says why. */
  readonly gone: AbortSignal;
  call<Request, Response>(method: EtcdMethod<Request, Response>, request: Request, options: CallOptions): Promise<Response>;
  stream<Request, Response>(method: EtcdMethod<Request, Response>, handlers: StreamHandlers<Response>, token?: string): GrpcStream<Request>;
  /** Closes it, and fails what is under way. Idempotent. */
  close(reason: string): void;
}

/** etcd takes a client that asks more often than every 5 s for a nuisance. */
const KEEP_ALIVE_MS = 5_500;
const PING_TIMEOUT_MS = 2_000;
/** Frames of other streams go on while a large one comes in. */
const STREAM_WINDOW_BYTES = 4 * 1024 * 1024;
const SESSION_WINDOW_BYTES = 16 * 1024 * 1024;

/**
 * Connects to an etcd member and waits until it speaks HTTP/2: a process that is stopped accepts connections, and says nothing.
 *
 * @throws {EtcdError} `unavailable`, with the reason
 */
export async function openConnection(options: ConnectionOptions): Promise<GrpcConnection> {
  const { endpoint, tls, clock, timeoutMs, signal } = options;
  signal.throwIfAborted();
  const secure: SecureClientSessionOptions =
    endpoint.protocol === 'https:'
      ? {
          ...(tls.ca === undefined ? {} : { ca: tls.ca }),
          ...(tls.cert === undefined ? {} : { cert: tls.cert }),
          ...(tls.key === undefined ? {} : { key: tls.key }),
          ...(tls.serverName === undefined ? {} : { servername: tls.serverName }),
        }
      : {};
  const session = connect(endpoint, { ...secure, settings: { initialWindowSize: STREAM_WINDOW_BYTES, enablePush: false } });
  session.once('connect', (_, socket) => void socket.setNoDelay(true));
  const connection = new Http2Connection(endpoint, session, clock);
  await new Promise<void>((resolve, reject) => {
    const cancel = clock.after(timeoutMs, () => connection.close(`no answer within ${timeoutMs} ms`));
    const onAbort = (): void => connection.close('given up');
    signal.addEventListener('abort', onAbort, { once: true });
    const settle = (then: () => void) => (): void => {
      cancel();
      signal.removeEventListener('abort', onAbort);
      then();
    };
    session.once('remoteSettings', settle(resolve));
    connection.gone.addEventListener(
      'abort',
      settle(() => reject(connection.gone.reason as Error)),
      { once: true },
    );
  });
  session.setLocalWindowSize(SESSION_WINDOW_BYTES);
  connection.keepAlive();
  return connection;
}

class Http2Connection implements GrpcConnection {
  readonly endpoint: URL;
  readonly #session: ClientHttp2Session;
  readonly #clock: Clock;
  readonly #gone = new AbortController();
  readonly #writer = new ProtoWriter();
  readonly #headers: Readonly<Record<string, string>>;

  constructor(endpoint: URL, session: ClientHttp2Session, clock: Clock) {
    this.endpoint = endpoint;
    this.#session = session;
    this.#clock = clock;
    this.#headers = { ':method': 'POST', ':scheme': endpoint.protocol.slice(0, -1), 'content-type': 'application/grpc', te: 'trailers', hasleader: 'true' };
    session.on('error', (error: Error) => this.#lose(describe(error), error));
    session.on('close', () => this.#lose('the connection was closed'));
    session.on('goaway', (code: number) => this.#lose(`the server went away (${code})`));
  }

  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  call<Request, Response>(method: EtcdMethod<Request, Response>, request: Request, { timeoutMs, token }: CallOptions): Promise<Response> {
    if (this.gone.aborted) return Promise.reject(this.gone.reason as EtcdError);
    method.encode(this.#writer, request);
    const stream = this.#session.request(this.#headersOf(method.path, token));
    stream.end(this.#writer.takeFrame());
    return new Promise((resolve, reject) => {
      let answer: Response | undefined;
      const cancel = this.#clock.after(timeoutMs, () => {
        settle(new EtcdError(`no answer within ${timeoutMs} ms`, { code: GRPC.deadlineExceeded, outcome: 'unknown' }));
        stream.close(constants.NGHTTP2_CANCEL);
        this.#ping();
      });
      const settle = (error: EtcdError | undefined): void => {
        cancel();
        if (error === undefined && answer !== undefined) resolve(answer);
        else reject(error ?? new EtcdError('the answer is empty', { code: GRPC.internal, outcome: 'unknown' }));
      };
      this.#receive(stream, { onFrame: (reader, end) => (answer = method.decode(reader, end)), onEnd: settle });
    });
  }

  stream<Request, Response>(method: EtcdMethod<Request, Response>, handlers: StreamHandlers<Response>, token?: string): GrpcStream<Request> {
    this.gone.throwIfAborted();
    const stream = this.#session.request(this.#headersOf(method.path, token));
    let closed = false;
    this.#receive(stream, {
      onFrame(reader, end) {
        const message = method.decode(reader, end);
        if (!closed) handlers.onMessage(message);
      },
      onEnd(error) {
        if (!closed) handlers.onEnd(error ?? new EtcdError('the server ended the stream', { code: GRPC.unavailable, outcome: 'unknown' }));
        closed = true;
      },
    });
    return {
      send: (request) => {
        if (closed || stream.destroyed) return;
        method.encode(this.#writer, request);
        stream.write(this.#writer.takeFrame());
      },
      close: () => {
        closed = true;
        stream.close(constants.NGHTTP2_CANCEL);
      },
    };
  }

  close(reason: string): void {
    this.#lose(reason);
  }

  /** Asks every few seconds whether the server is there. Ends with the connection. */
  keepAlive(): void {
    const cancel = this.#clock.after(KEEP_ALIVE_MS, () => this.#ping(() => this.keepAlive()), { background: true });
    this.gone.addEventListener('abort', cancel, { once: true });
  }

  #ping(onAnswer?: () => void): void {
    if (this.gone.aborted) return;
    const cancel = this.#clock.after(PING_TIMEOUT_MS, () => this.#lose('the server does not answer'), { background: true });
    this.gone.addEventListener('abort', cancel, { once: true });
    const asked = this.#session.ping((error: Error | null) => {
      cancel();
      if (error === null) onAnswer?.();
    });
    if (!asked) cancel();
  }

  #headersOf(path: string, token: string | undefined): Record<string, string> {
    const headers: Record<string, string> = { ...this.#headers, ':path': path };
    if (token !== undefined) headers.token = token;
    return headers;
  }

  #receive(
    stream: ClientHttp2Stream,
    { onFrame, onEnd }: { onFrame: (reader: ProtoReader, end: number) => void; onEnd: (error: EtcdError | undefined) => void },
  ): void {
    const frames = new FrameReader();
    let status: EtcdError | undefined | 'none' = 'none';
    const onHeaders = (headers: IncomingHttpHeaders): void => {
      if (headers['grpc-status'] !== undefined) status = statusOf(headers);
      else if (headers[':status'] !== undefined && String(headers[':status']) !== '200')
        status = new EtcdError(`the server answered with HTTP status ${String(headers[':status'])}: it is no etcd`, {
          code: GRPC.internal,
          outcome: 'not done',
        });
    };
    stream.on('response', onHeaders);
    stream.on('trailers', onHeaders);
    stream.on('data', (chunk: Buffer) => {
      try {
        frames.push(chunk, onFrame);
      } catch (error) {
        status = new EtcdError(`the answer cannot be read: ${describe(error)}`, { code: GRPC.internal, outcome: 'unknown', cause: error });
        stream.destroy();
      }
    });
    stream.on('error', () => undefined); // 'close' follows, and tells
    stream.on('close', () => onEnd(status === 'none' ? this.#lost(stream) : status));
  }

  /** Why a stream ended without a status. */
  #lost(stream: ClientHttp2Stream): EtcdError {
    const outcome = stream.rstCode === constants.NGHTTP2_REFUSED_STREAM ? 'not done' : 'unknown';
    const why = this.gone.aborted ? (this.gone.reason as EtcdError).message : `the stream was reset (${String(stream.rstCode)})`;
    return new EtcdError(why, { code: GRPC.unavailable, outcome });
  }

  #lose(why: string, cause?: unknown): void {
    if (this.gone.aborted) return;
    this.#gone.abort(new EtcdError(`${this.endpoint.origin}: ${why}`, { code: GRPC.unavailable, outcome: 'not done', cause }));
    this.#session.destroy();
  }
}

const describe = (error: unknown): string => {
  if (error instanceof AggregateError && error.errors.length > 0) return describe(error.errors[0]);
  return error instanceof Error ? error.message : String(error);
};

/** Answers of etcd that are given before a request has any effect. */
const REJECTED =
  /no leader|too many requests|auth token|permission denied|auth store is old|user name is empty|space exceeded|is too large|larger than max|too many operations|duplicate key|lease not found|has been compacted|future revision|password/;

function statusOf(headers: IncomingHttpHeaders): EtcdError | undefined {
  const code = Number(headers['grpc-status']);
  if (code === GRPC.ok) return undefined;
  const message = decodeURIComponent(String(headers['grpc-message'] ?? 'the server gave no reason'));
  return new EtcdError(message, { code, outcome: REJECTED.test(message) ? 'not done' : 'unknown' });
}

const HEAD_BYTES = 5;

/** Takes a stream of bytes apart into gRPC messages. */
class FrameReader {
  /** Invariant: less than one whole message, or empty. */
  #parts: Buffer[] = [];
  #bytes = 0;

  push(chunk: Buffer, onFrame: (reader: ProtoReader, end: number) => void): void {
    this.#parts.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes < this.#needed()) return;
    const all = this.#parts.length === 1 ? chunk : Buffer.concat(this.#parts, this.#bytes);
    let at = 0;
    while (all.length - at >= HEAD_BYTES) {
      const end = at + HEAD_BYTES + all.readUInt32BE(at + 1);
      if (end > all.length) break;
      if (all[at] !== 0) throw new RangeError('the message is compressed');
      onFrame(new ProtoReader(all, at + HEAD_BYTES), end);
      at = end;
    }
    this.#parts = at === all.length ? [] : [all.subarray(at)];
    this.#bytes = all.length - at;
  }

  /** How many bytes the first message takes, as far as is known; large ones are put together once. */
  #needed(): number {
    const first = this.#parts[0] as Buffer;
    return first.length < HEAD_BYTES ? HEAD_BYTES : HEAD_BYTES + first.readUInt32BE(1);
  }
}
