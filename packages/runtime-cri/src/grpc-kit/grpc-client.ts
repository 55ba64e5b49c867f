import type { Clock } from '@kybern/core';
import type { RuntimeError } from '../errors.ts';
import { createGrpcChannel } from './grpc-channel.ts';
import { createProtoCodec } from './proto-codec.ts';
import type { ProtoTable } from './proto-table.ts';
import type { MethodSchema } from './schema.ts';

/** Options of {@link createGrpcClient}. */
export interface GrpcClientOptions {
  /** `unix:///csi/csi.sock`, a path, or `tcp://host:port`. */
  readonly endpoint: string;
  readonly protocol: ProtoTable;
  readonly clock: Clock;
}

/** How one call is made. */
export interface GrpcClientCall {
  /** Default: 120,000. Infinity: never. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/** Who is told of a stream of answers. */
export interface GrpcAnswers<T> {
  /** The server has taken the call. */
  onOpen?(): void;
  onMessage(message: T): void;
  /** The stream is over; called once, and not after it was ended from here. */
  onEnd(error: RuntimeError): void;
}

/** The methods of a server, by `Service/Method`. Nothing is connected before the first call; a connection that is lost is made anew. */
export interface GrpcClient extends Disposable {
  /**
   * @throws {RuntimeError} of the code that the server answers; `UNAVAILABLE` when it does not, `DEADLINE_EXCEEDED` when not in time. The signal's reason when that aborts
   * @throws {TypeError} when the protocol has no such method
   */
  call<T = Readonly<Record<string, unknown>>>(method: string, request: object, options?: GrpcClientCall): Promise<T>;
  /** @returns ends the stream. Idempotent */
  stream<T = Readonly<Record<string, unknown>>>(method: string, request: object, answers: GrpcAnswers<T>): () => void;
  /** Fails what is under way. Idempotent. */
  [Symbol.dispose](): void;
}

const TIMEOUT_MS = 120_000;

/**
 * Makes a client of any gRPC server from the table of its protocol: plugins of devices and volumes, for example.
 *
 * @throws {RuntimeError} `INVALID_ARGUMENT` when the endpoint is none
 * @example
 * using plugin = createGrpcClient({ endpoint: '/run/plugin.sock', protocol: parseProtoTable(table, { package: 'v1beta1' }), clock });
 * const { preStartRequired } = await plugin.call<{ preStartRequired: boolean }>('DevicePlugin/GetDevicePluginOptions', {});
 */
export function createGrpcClient({ endpoint, protocol, clock }: GrpcClientOptions): GrpcClient {
  const channel = createGrpcChannel(endpoint, clock);
  const codec = createProtoCodec(protocol.schema);
  const methodOf = (name: string): MethodSchema => {
    const method = protocol.methods[name];
    if (method === undefined) throw new TypeError(`the protocol has no method ${name}`);
    return method;
  };
  return {
    async call<T>(name: string, request: object, { timeoutMs = TIMEOUT_MS, signal }: GrpcClientCall = {}) {
      signal?.throwIfAborted();
      const method = methodOf(name);
      const body = codec.encode(method.request, request);
      return codec.decode(method.response, await channel.call({ path: method.path, body, timeoutMs, signal })) as T;
    },
    stream<T>(name: string, request: object, answers: GrpcAnswers<T>) {
      const method = methodOf(name);
      return channel.stream(
        { path: method.path, body: codec.encode(method.request, request) },
        {
          onOpen: () => answers.onOpen?.(),
          onMessage: (message) => answers.onMessage(codec.decode(method.response, message) as T),
          onEnd: (error) => answers.onEnd(error),
        },
      );
    },
    [Symbol.dispose]: () => channel.close(),
  };
}
