import type { OutgoingHttpHeaders } from 'node:http';
import type { Writable } from 'node:stream';
import { promisify } from 'node:util';
import { createGzip, gzip, type Gzip } from 'node:zlib';
import type { Clock } from '@kybern/core';
import type { Caller } from './caller.ts';
import { sinkOf, type WireResponse } from './wire.ts';

export type { WireResponse } from './wire.ts';

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
  readonly caller: Caller;
}

const compress = promisify(gzip);

/** Sends a body that is there as a whole, as bytes or as text. What it returns is over when it is handed over, not when it has arrived; a promise only when it has to be compressed. */
export function sendBytes(response: WireResponse, bytes: Buffer | string, { body, transport }: { body: Body; transport: Transport }): void | Promise<void> {
  if (transport.gzip && bytes.length >= GZIP_FROM_BYTES && !transport.head)
    return compress(bytes, { level: GZIP_LEVEL }).then((content) => writeWhole(response, content, { body, transport, headers: GZIPPED }));
  writeWhole(response, bytes, { body, transport, headers: undefined });
}

const GZIPPED: OutgoingHttpHeaders = Object.freeze({ 'content-encoding': 'gzip', vary: 'Accept-Encoding' });

interface Whole {
  readonly body: Body;
  readonly transport: Transport;
  readonly headers: OutgoingHttpHeaders | undefined;
}

function writeWhole(response: WireResponse, content: Buffer | string, { body, transport, headers }: Whole): void {
  if (transport.caller.gone) return;
  const own = { 'content-type': body.contentType, 'content-length': typeof content === 'string' ? Buffer.byteLength(content) : content.length };
  response.writeHead(body.code, headers === undefined && body.headers === undefined ? own : { ...own, ...headers, ...body.headers });
  if (transport.head) response.end();
  else response.end(content);
}

/**
 * Sends a body in pieces, which are made only as fast as the client takes them.
 *
 * @throws the reason of the caller's signal, or an error when the client takes nothing any more
 */
export async function sendPieces(
  response: WireResponse,
  pieces: Iterable<string | Buffer>,
  { body, transport }: { body: Body; transport: Transport },
): Promise<void> {
  response.writeHead(body.code, {
    'content-type': body.contentType,
    ...(transport.gzip ? { 'content-encoding': 'gzip', vary: 'Accept-Encoding' } : {}),
    ...body.headers,
  });
  if (transport.head) {
    response.end();
    return;
  }
  const sink = sinkOf(response);
  const target: Writable | Gzip = transport.gzip ? createGzip({ level: GZIP_LEVEL }) : sink;
  if (target !== sink) target.pipe(sink);
  const { signal } = transport.caller;
  for (const piece of pieces) {
    signal.throwIfAborted();
    if (!target.write(piece)) await drained(target, { clock: transport.clock, signal });
  }
  target.end();
}

function drained(target: Writable, { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal }): Promise<void> {
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
