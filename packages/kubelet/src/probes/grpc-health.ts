import { connect } from 'node:http2';
import type { ProbeAnswer, ProbeRequest } from '@kybern/runtime-cri';

/** `grpc.health.v1.HealthCheckResponse.ServingStatus`. */
const SERVING = 1;

/**
 * Asks a server for its health by gRPC's own protocol, in clear text: one request with one field, one answer with one field, too little to need a library.
 *
 * @throws {Error} when the server could not be asked
 * @see grpc/health/v1/health.proto
 */
export function checkGrpcHealth({ host, port, ...request }: ProbeRequest, signal: AbortSignal): Promise<ProbeAnswer> {
  const service = request.type === 'grpc' ? (request.service ?? '') : '';
  return new Promise((resolve, reject) => {
    const session = connect(`http://${host.includes(':') ? `[${host}]` : host}:${port}`);
    session.on('error', reject);
    signal.addEventListener('abort', () => session.destroy(new Error('aborted')), { once: true });
    const stream = session.request({
      ':method': 'POST',
      ':path': '/grpc.health.v1.Health/Check',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    const chunks: Buffer[] = [];
    let grpcStatus = '';
    const note = (headers: Readonly<Record<string, unknown>>): void => void (grpcStatus = String(headers['grpc-status'] ?? grpcStatus));
    stream.on('response', note);
    stream.on('trailers', note);
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('error', reject);
    stream.on('end', () => {
      session.close();
      resolve(readAnswer(grpcStatus, Buffer.concat(chunks)));
    });
    stream.end(frame(Buffer.from(service, 'utf8')));
  });
}

/** Field 1, a string, in a message that is not compressed. */
function frame(service: Buffer): Buffer {
  if (service.length > 127) throw new RangeError('the name of a gRPC service to probe is longer than 127 bytes');
  const message = service.length === 0 ? Buffer.alloc(0) : Buffer.concat([Buffer.from([0x0a, service.length]), service]);
  const header = Buffer.alloc(5);
  header.writeUInt32BE(message.length, 1);
  return Buffer.concat([header, message]);
}

/** Field 1, an enum; 0 (UNKNOWN) when it is missing. */
function readAnswer(grpcStatus: string, body: Buffer): ProbeAnswer {
  if (grpcStatus !== '0') return { ok: false, output: `error: health rpc failed with grpc-status ${grpcStatus === '' ? 'missing' : grpcStatus}` };
  const status = body[5] === 0x08 ? (body[6] ?? 0) : 0;
  const names = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'];
  return { ok: status === SERVING, output: status === SERVING ? 'service healthy' : `service unhealthy (responded with "${names[status] ?? status}")` };
}
