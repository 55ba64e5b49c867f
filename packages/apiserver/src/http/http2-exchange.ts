import { constants, type IncomingHttpHeaders, type OutgoingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { Readable, Writable } from 'node:stream';
import type { WireRequest, WireResponse } from './wire.ts';

// Node has both of these, too, but with much that nobody here needs: half of the time of a small answer goes into it.

/** A request of HTTP/2. */
export class Http2Request implements WireRequest {
  readonly headers: IncomingHttpHeaders;
  readonly httpVersionMajor = 2;
  readonly body: Readable;
  readonly stream: ServerHttp2Stream;

  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders) {
    this.stream = stream;
    this.body = stream;
    this.headers = headers;
  }

  get method(): string | undefined {
    return this.headers[constants.HTTP2_HEADER_METHOD] as string | undefined;
  }

  get url(): string | undefined {
    return this.headers[constants.HTTP2_HEADER_PATH] as string | undefined;
  }

  get complete(): boolean {
    return this.stream.readableEnded;
  }
}

/** The answer to a request of HTTP/2. Nothing fails when the client is gone: there is nobody to tell. */
export class Http2Response implements WireResponse {
  readonly sink: Writable;
  readonly #stream: ServerHttp2Stream;
  #appended: Record<string, string[]> | undefined;

  constructor(stream: ServerHttp2Stream) {
    this.#stream = stream;
    this.sink = stream;
  }

  get headersSent(): boolean {
    return this.#stream.headersSent;
  }

  get writableEnded(): boolean {
    return this.#stream.writableEnded;
  }

  get writableLength(): number {
    return this.#stream.writableLength;
  }

  get destroyed(): boolean {
    return this.#stream.destroyed;
  }

  writeHead(code: number, headers: OutgoingHttpHeaders = {}): void {
    const stream = this.#stream;
    if (stream.destroyed || stream.closed || stream.headersSent) return;
    const fields: OutgoingHttpHeaders = { ':status': code };
    for (const name in headers) fields[name] = headers[name];
    for (const name in this.#appended) fields[name] = this.#appended[name];
    stream.respond(fields);
  }

  appendHeader(name: string, value: string): void {
    ((this.#appended ??= {})[name] ??= []).push(value);
  }

  /** They have left already: this protocol does not wait for the body. */
  flushHeaders(): void {}

  write(chunk: Uint8Array | string): boolean {
    return this.#stream.destroyed || this.#stream.write(chunk);
  }

  end(chunk?: Uint8Array | string): void {
    const stream = this.#stream;
    if (stream.destroyed || stream.writableEnded) return;
    if (chunk === undefined) stream.end();
    else stream.end(chunk);
  }

  /** Cuts it off, so that the client does not take what it has for all. */
  destroy(): void {
    this.#stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    this.#stream.destroy();
  }

  once(event: 'close', listener: () => void): void {
    this.#stream.once(event, listener);
  }
}
