import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import type { Readable, Writable } from 'node:stream';

/** A request as the door sees it, of either protocol: what is used here of Node's `IncomingMessage`, which is one. */
export interface WireRequest {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly httpVersionMajor: number;
  /** All of its body has come. */
  readonly complete: boolean;
}

/** An answer on its way out, of either protocol: what is used here of Node's `ServerResponse`, which is one. */
export interface WireResponse {
  readonly headersSent: boolean;
  readonly writableEnded: boolean;
  /** Bytes that the client has not taken yet. */
  readonly writableLength: number;
  readonly destroyed: boolean;
  writeHead(code: number, headers?: OutgoingHttpHeaders): unknown;
  appendHeader(name: string, value: string): unknown;
  flushHeaders(): void;
  write(chunk: Uint8Array | string): boolean;
  end(chunk?: Uint8Array | string): unknown;
  destroy(): unknown;
  once(event: 'close', listener: () => void): unknown;
}

/** Where the body of a request comes from. */
export function bodyOf(request: WireRequest): Readable {
  return 'body' in request ? (request.body as Readable) : (request as unknown as Readable);
}

/** What an answer is written to. */
export function sinkOf(response: WireResponse): Writable {
  return 'sink' in response ? (response.sink as Writable) : (response as unknown as Writable);
}
