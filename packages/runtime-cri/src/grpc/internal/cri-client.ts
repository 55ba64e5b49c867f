import type { CallOptions } from '@kybern/core';
import type { ImageService, RuntimeService } from '../../generated/cri.ts';
import { criMethods, criSchema } from '../../generated/cri-schema.ts';
import type { GrpcChannel } from '../../grpc-kit/grpc-channel.ts';
import { createProtoCodec } from '../../grpc-kit/proto-codec.ts';

/** Both services of the CRI as the wire has them, but for the stream of events. */
export type CriClient = Omit<RuntimeService, 'getContainerEvents'> & ImageService;

/** What most calls may take. @see kubernetes v1.36 pkg/kubelet/apis/config/v1beta1/defaults.go (RuntimeRequestTimeout) */
const TIMEOUT_MS = 120_000;
/** Calls that take as long as they take, or as long as they are told beside {@link TIMEOUT_MS}. */
const ENDLESS: ReadonlySet<string> = new Set(['pullImage', 'checkpointContainer']);
const TIMED: ReadonlySet<string> = new Set(['execSync', 'stopContainer']);

/** Makes the client of a channel: one function per method, of the name that the port gives it. */
export function createCriClient(channel: GrpcChannel): CriClient {
  const codec = createProtoCodec(criSchema);
  const client: Record<string, (request: object, options?: CallOptions) => Promise<unknown>> = {};
  for (const [key, method] of Object.entries(criMethods)) {
    if (method.stream === true) continue;
    client[key] = async (request, options) => {
      options?.signal?.throwIfAborted();
      const body = codec.encode(method.request, request);
      const answer = await channel.call({ path: method.path, body, timeoutMs: timeoutOf(key, request), signal: options?.signal });
      return codec.decode(method.response, answer);
    };
  }
  return client as unknown as CriClient;
}

function timeoutOf(key: string, request: { readonly timeout?: number }): number {
  if (ENDLESS.has(key)) return Infinity;
  if (!TIMED.has(key)) return TIMEOUT_MS;
  // A command without a timeout runs until it ends.
  const seconds = request.timeout ?? 0;
  return key === 'execSync' && seconds <= 0 ? Infinity : TIMEOUT_MS + seconds * 1000;
}
