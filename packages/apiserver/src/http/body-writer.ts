import type { ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { createGzip, gzip, type Gzip } from 'node:zlib';
import type { Clock } from '@kybern/core';

/** A response of either protocol: HTTP/2's compatibility API has all of `ServerResponse` that is used here. */
export type WireResponse = ServerResponse;

/** Smaller answers are not worth compressing. @see kubernetes v1.36 staging/src/k8s.io/apiserver/pkg/endpoints/handlers/responsewriters/writers.go (defaultGzipThresholdBytes) */
export const GZIP_FROM_BYTES: number = 128 * 1024;
/** Speed counts for more than size here. */
const GZIP_LEVEL = 1;
/** A client that takes nothing for so long is cut off. */
const STALLED_MS = 60_000;

/** A body and how to send it. */
export interface Body {
  readonly code: number;
  readonly contentType: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a body's transport depends on. */
export interface Transport {
  /** A HEAD request gets no body. */
  readonly head: boolean;
  /** The client takes gzip. */
  readonly gzip: boolean;
  readonly clock: Clock;
  /** Aborts when the client went away or the server stops. */
  readonly signal: AbortSignal;
}

const compress = promisify(gzip);

/** Sends a body that is there as a whole. Resolves when it is handed over, not when it has arrived. */
export async function sendBytes(response: WireResponse, bytes: Buffer, { body, transport }: { body: Body; transport: Transport }): Promise<void> {
  const zip = transport.gzip && bytes.length >= GZIP_FROM_BYTES && !transport.head;
  const content = zip ? await compress(bytes, { level: GZIP_LEVEL }) : bytes;
  if (transport.signal.aborted) return;
  response.writeHead(body.code, {
    'content-type': body.contentType,
    'content-length': content.length,
    ...(zip ? { 'content-encoding': 'gzip', vary: 'Accept-Encoding' } : {}),
    ...body.headers,
  });
  if (transport.head) response.end();
  else response.end(content);
}

/**
 * Sends a body in pieces, which are made only as fast as the client takes them.
 *
 * @throws the reason of `transport.signal`, or an error when the client takes nothing any more
 */
export async function sendPieces(response: WireResponse, pieces: Iterable<string>, { body, transport }: { body: Body; transport: Transport }): Promise<void> {
  response.writeHead(body.code, {
    'content-type': body.contentType,
    ...(transport.gzip ? { 'content-encoding': 'gzip', vary: 'Accept-Encoding' } : {}),
    ...body.headers,
  });
  if (transport.head) {
    response.end();
    return;
  }
  const target: WireResponse | Gzip = transport.gzip ? createGzip({ level: GZIP_LEVEL }) : response;
  if (target !== response) (target as Gzip).pipe(response);
  for (const piece of pieces) {
    transport.signal.throwIfAborted();
    if (!target.write(piece)) await drained(target, transport);
  }
  target.end();
}

function drained(target: WireResponse | Gzip, { clock, signal }: Transport): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(STALLED_MS, () => settle(() => reject(new Error('the client does not read'))), { background: true });
    const onDrain = (): void => settle(resolve);
    const onAbort = (): void => settle(() => reject(signal.reason as Error));
    const settle = (then: () => void): void => {
      cancel();
      target.off('drain', onDrain);
      signal.removeEventListener('abort', onAbort);
      then();
    };
    target.on('drain', onDrain);
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
