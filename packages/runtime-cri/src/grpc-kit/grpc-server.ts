import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import { GRPC_CODES, isRuntimeError, RuntimeError } from '../errors.ts';
import { grpcFrame, GrpcFrameReader } from './grpc-frames.ts';
import { createProtoCodec } from './proto-codec.ts';
import type { ProtoTable } from './proto-table.ts';
import type { MethodSchema } from './schema.ts';

/** What a handler is told beside the request. */
export interface GrpcServerCall {
  /** Aborts when the client goes away, and when the server ends. */
  readonly signal: AbortSignal;
}

/**
 * Answers one method: with a message, or with the messages of a stream, of which the next one is asked for when the last one was taken. What it throws is the status of the call:
 * a RuntimeError with its code, anything else `UNKNOWN`. The codec has read the request; whether it makes sense is for the handler to say.
 */
// `any`, since each handler knows the message of its method.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type GrpcHandler = (request: any, call: GrpcServerCall) => Promise<object> | AsyncIterable<object>;

/** Options of {@link serveGrpc}. */
export interface GrpcServerOptions {
  /** Where to listen: the path of a socket that is not there yet. */
  readonly path: string;
  readonly protocol: ProtoTable;
  /** By `Service/Method`. Methods without one are answered with `UNIMPLEMENTED`. */
  readonly handlers: Readonly<Record<string, GrpcHandler>>;
}

/** A gRPC server; disposing it ends its connections. */
export interface GrpcServer extends AsyncDisposable {
  /** Such as `unix:///tmp/plugin.sock`. */
  readonly endpoint: string;
}

/**
 * Serves a protocol over a socket of the machine.
 *
 * @throws {Error} when it cannot listen there
 * @example
 * await using server = await serveGrpc({ path, protocol, handlers: { 'Registration/Register': async (request) => ({}) } });
 */
export async function serveGrpc({ path, protocol, handlers }: GrpcServerOptions): Promise<GrpcServer> {
  const codec = createProtoCodec(protocol.schema);
  const routes = new Map(Object.entries(protocol.methods).map(([name, method]): [string, Route] => [method.path, { method, codec, handler: handlers[name] }]));
  const sessions = new Set<ServerHttp2Session>();
  const server = createServer();
  server.on('session', (session) => {
    sessions.add(session);
    session.on('error', () => undefined); // 'close' follows
    session.on('close', () => sessions.delete(session));
  });
  server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => serve(stream, String(headers[':path']), routes));
  server.listen(path);
  await once(server, 'listening');
  return {
    endpoint: `unix://${path}`,
    async [Symbol.asyncDispose]() {
      if (!server.listening) return;
      for (const session of sessions) session.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

interface Route {
  readonly method: MethodSchema;
  readonly codec: ReturnType<typeof createProtoCodec>;
  readonly handler: GrpcHandler | undefined;
}

function serve(stream: ServerHttp2Stream, path: string, routes: ReadonlyMap<string, Route>): void {
  const gone = new AbortController();
  const frames = new GrpcFrameReader();
  stream.on('error', () => undefined); // 'close' follows
  stream.on('close', () => gone.abort(new RuntimeError('CANCELLED', 'the client went away')));
  stream.on('data', (chunk: Buffer) => {
    try {
      frames.push(chunk, (message) => void answer(stream, { route: routes.get(path), path, message, signal: gone.signal }));
    } catch (error) {
      endCall(stream, error);
    }
  });
}

interface Call {
  readonly route: Route | undefined;
  readonly path: string;
  readonly message: Buffer;
  readonly signal: AbortSignal;
}

/** Never rejects: what fails is the status of the call. */
async function answer(stream: ServerHttp2Stream, { route, path, message, signal }: Call): Promise<void> {
  try {
    if (route?.handler === undefined) throw new RuntimeError('UNIMPLEMENTED', `unknown method ${path}`);
    const { method, codec, handler } = route;
    const answers = handler(codec.decode(method.request, message), { signal });
    openCall(stream);
    if (Symbol.asyncIterator in answers) await writeAll(stream, answers, { write: (each) => grpcFrame(codec.encode(method.response, each)), signal });
    else stream.write(grpcFrame(codec.encode(method.response, await answers)));
    endCall(stream);
  } catch (error) {
    endCall(stream, error);
  }
}

async function writeAll(
  stream: ServerHttp2Stream,
  answers: AsyncIterable<object>,
  { write, signal }: { readonly write: (answer: object) => Buffer; readonly signal: AbortSignal },
): Promise<void> {
  for await (const each of answers) {
    if (stream.destroyed || signal.aborted) return;
    if (!stream.write(write(each))) await once(stream, 'drain', { signal });
  }
}

function openCall(stream: ServerHttp2Stream): void {
  if (!stream.headersSent && !stream.destroyed) stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
}

/** Ends a call with its status. */
function endCall(stream: ServerHttp2Stream, error?: unknown): void {
  if (stream.destroyed || stream.writableEnded) return;
  const code = error === undefined ? 0 : isRuntimeError(error) ? GRPC_CODES[error.code] : GRPC_CODES.UNKNOWN;
  const message = error === undefined ? '' : error instanceof Error ? error.message : 'unknown error';
  openCall(stream);
  stream.once('wantTrailers', () =>
    stream.sendTrailers({ 'grpc-status': String(code), ...(message === '' ? {} : { 'grpc-message': encodeURIComponent(message) }) }),
  );
  stream.end();
}
