import { createServer, type IncomingHttpHeaders, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import { once } from 'node:events';
import { GRPC_CODES, isRuntimeError, RuntimeError } from '../errors.ts';
import { criMethods, criSchema } from '../generated/cri-schema.ts';
import type { ContainerRuntime } from '../runtime.ts';
import { grpcFrame, GrpcFrameReader } from '../grpc-kit/grpc-frames.ts';
import { createProtoCodec, type ProtoCodec } from '../grpc-kit/proto-codec.ts';
import type { MethodSchema } from '../grpc-kit/schema.ts';

/** Options of {@link serveCri}. */
export interface CriServerOptions {
  /** Where to listen: the path of a socket that is not there yet. */
  readonly path: string;
}

/** A CRI server; disposing it ends its connections. */
export interface CriServer extends AsyncDisposable {
  /** Such as `unix:///tmp/cri.sock`. */
  readonly endpoint: string;
}

/** How many events may wait for a client that does not read. */
const MAX_WAITING_EVENTS = 1_000;

/**
 * Serves a runtime over gRPC, as containerd does, to kubelets and tools such as crictl.
 *
 * Exec, Attach and PortForward are answered with UNIMPLEMENTED: they need a streaming server beside it.
 *
 * @throws {Error} when it cannot listen there
 * @example
 * await using server = await serveCri(createSimulatedRuntime(), { path: '/tmp/cri.sock' });
 */
export async function serveCri(runtime: ContainerRuntime, { path }: CriServerOptions): Promise<CriServer> {
  const service = new CriService(runtime);
  const sessions = new Set<ServerHttp2Session>();
  const server = createServer();
  server.on('session', (session) => {
    sessions.add(session);
    session.on('error', () => undefined); // 'close' follows
    session.on('close', () => sessions.delete(session));
  });
  server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => service.serve(stream, String(headers[':path'] ?? '')));
  server.listen(path);
  await once(server, 'listening');
  return {
    endpoint: `unix://${path}`,
    async [Symbol.asyncDispose]() {
      for (const session of sessions) session.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

class CriService {
  readonly #runtime: ContainerRuntime;
  readonly #codec: ProtoCodec = createProtoCodec(criSchema);
  readonly #methods: ReadonlyMap<string, readonly [string, MethodSchema]>;

  constructor(runtime: ContainerRuntime) {
    this.#runtime = runtime;
    this.#methods = new Map(Object.entries(criMethods).map(([key, method]) => [method.path, [key, method]]));
  }

  serve(stream: ServerHttp2Stream, path: string): void {
    const gone = new AbortController();
    const frames = new GrpcFrameReader();
    stream.on('error', () => undefined); // 'close' follows
    stream.on('close', () => gone.abort(new RuntimeError('CANCELLED', 'the client went away')));
    stream.on('data', (chunk: Buffer) => {
      try {
        frames.push(chunk, (message) => void this.#answer(stream, { path, message, signal: gone.signal }));
      } catch (error) {
        end(stream, error);
      }
    });
  }

  async #answer(stream: ServerHttp2Stream, { path, message, signal }: { path: string; message: Buffer; signal: AbortSignal }): Promise<void> {
    try {
      const [key, method] = this.#methods.get(path) ?? [];
      if (key === undefined || method === undefined) throw new RuntimeError('UNIMPLEMENTED', `unknown method ${path}`);
      if (method.stream === true) return this.#events(stream, method, signal);
      const answer = await this.#call(key, this.#codec.decode(method.request, message), signal);
      respond(stream);
      stream.write(grpcFrame(this.#codec.encode(method.response, answer)));
      end(stream);
    } catch (error) {
      end(stream, error);
    }
  }

  async #call(key: string, request: object, signal: AbortSignal): Promise<object> {
    if (key === 'exec' || key === 'attach' || key === 'portForward') throw new RuntimeError('UNIMPLEMENTED', 'there is no streaming server');
    const method = (this.#runtime as unknown as Record<string, (request: object, options: { signal: AbortSignal }) => Promise<object>>)[key];
    if (method === undefined) throw new RuntimeError('UNIMPLEMENTED', `the runtime has no ${key}`);
    return method.call(this.#runtime, request, { signal });
  }

  #events(stream: ServerHttp2Stream, { response }: MethodSchema, signal: AbortSignal): void {
    respond(stream);
    let waiting = 0;
    const subscription = this.#runtime.events$.subscribe({
      next: (event) => {
        if (waiting >= MAX_WAITING_EVENTS) return end(stream, new RuntimeError('RESOURCE_EXHAUSTED', 'the client does not read its events'));
        waiting += 1;
        stream.write(grpcFrame(this.#codec.encode(response, event)), () => (waiting -= 1));
      },
      complete: () => end(stream),
    });
    signal.addEventListener('abort', () => subscription.unsubscribe(), { once: true });
    if (signal.aborted) subscription.unsubscribe();
  }
}

function respond(stream: ServerHttp2Stream): void {
  if (!stream.headersSent && !stream.destroyed) stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
}

/** Ends a call with its status. */
function end(stream: ServerHttp2Stream, error?: unknown): void {
  if (stream.destroyed || stream.writableEnded) return;
  const code = error === undefined ? 0 : isRuntimeError(error) ? GRPC_CODES[error.code] : GRPC_CODES.UNKNOWN;
  const message = error === undefined ? '' : error instanceof Error ? error.message : 'unknown error';
  respond(stream);
  stream.once('wantTrailers', () =>
    stream.sendTrailers({ 'grpc-status': String(code), ...(message === '' ? {} : { 'grpc-message': encodeURIComponent(message) }) }),
  );
  stream.end();
}
