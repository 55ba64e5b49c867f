import { constants, type ClientHttp2Session, type ClientHttp2Stream, type IncomingHttpHeaders } from 'node:http2';
import type { Endpoint } from './endpoint-book.ts';
import { ForwardError, isIdempotent, type Answer, type AttemptParts, type ForwardParts, type Outgoing } from './forward.ts';

/** One request to one endpoint that speaks HTTP/2, such as a gRPC server. */
export class Http2Attempt implements AttemptParts {
  readonly answer: Promise<Answer>;
  timedOut = false;
  #connected = false;
  readonly #outgoing: Outgoing;

  constructor(outgoing: Outgoing, endpoint: Endpoint, parts: ForwardParts) {
    this.#outgoing = outgoing;
    this.answer = this.#ask(endpoint, parts);
  }

  get mayBeRepeated(): boolean {
    return !this.#connected || (this.#outgoing.body === undefined && isIdempotent(this.#outgoing.method));
  }

  async #ask(endpoint: Endpoint, parts: ForwardParts): Promise<Answer> {
    const session = await this.#connect(endpoint, parts);
    parts.signal.throwIfAborted();
    this.#connected = true;
    const { body } = this.#outgoing;
    const stream = session.request(this.#headers(), { endStream: body === undefined });
    const onAbort = (): void => stream.close(constants.NGHTTP2_CANCEL);
    parts.signal.addEventListener('abort', onAbort, { once: true });
    stream.on('close', () => parts.signal.removeEventListener('abort', onAbort));
    body?.on('error', onAbort).pipe(stream);
    return await this.#response(stream, endpoint, parts);
  }

  #connect(endpoint: Endpoint, { clock, connectMs, http2 }: ForwardParts): Promise<ClientHttp2Session> {
    return new Promise((resolve, reject) => {
      const late = (): void => {
        http2.forget(endpoint);
        reject(new ForwardError(504, `${endpoint.ip} does not accept connections`));
      };
      const cancel = clock.after(connectMs, late, { background: true });
      http2
        .get(endpoint)
        .then(resolve, reject)
        .finally(() => cancel());
    });
  }

  #headers(): Record<string, string | string[]> {
    const { method, target, headers } = this.#outgoing;
    const sent: Record<string, string | string[]> = { ':method': method, ':path': target, ':scheme': 'http' };
    for (let i = 0; i + 1 < headers.length; i += 2) {
      const [name, value] = [(headers[i] ?? '').toLowerCase(), headers[i + 1] ?? ''];
      if (name === 'host') sent[':authority'] = value;
      else if (name !== 'transfer-encoding') sent[name] = name in sent ? [...[sent[name] ?? []].flat(), value] : value;
    }
    // Stays behind as a header of one connection; servers of gRPC ask for it.
    if (String(sent['content-type'] ?? '').startsWith('application/grpc')) sent['te'] = 'trailers';
    return sent;
  }

  #response(stream: ClientHttp2Stream, endpoint: Endpoint, { clock, answerMs }: ForwardParts): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const cancel = clock.after(
        answerMs,
        () => {
          this.timedOut = true;
          stream.close(constants.NGHTTP2_CANCEL);
          reject(new ForwardError(504, `${endpoint.ip} does not answer`));
        },
        { background: true },
      );
      let trailers: IncomingHttpHeaders = {};
      stream.on('trailers', (headers) => (trailers = headers));
      stream.on('response', (headers, _flags, rawHeaders?: readonly string[]) => {
        cancel();
        const response = { statusCode: headers[':status'], rawHeaders: rawHeaders ?? [], trailers: () => trailers, body: stream };
        resolve({ type: 'response', response, endpoint });
      });
      stream.on('error', (error) => (cancel(), reject(error)));
      stream.on('close', () => (cancel(), reject(new Error(`${endpoint.ip} closed the stream before it answered`))));
    });
  }
}
