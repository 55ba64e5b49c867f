import { constants, type ClientHttp2Session, type ClientHttp2Stream, type IncomingHttpHeaders } from 'node:http2';
import { ForwardError, type Answer, type Attempt, type ForwardParts, type Outgoing } from './attempt.ts';
import type { Endpoint } from './endpoint-book.ts';

/** Asks an endpoint that speaks HTTP/2, such as a gRPC server. */
export async function askHttp2(outgoing: Outgoing, endpoint: Endpoint, parts: ForwardParts, attempt: Attempt): Promise<Answer> {
  const session = await connected(endpoint, parts);
  parts.signal.throwIfAborted();
  attempt.connected = true;
  const { body } = outgoing;
  const stream = session.request(headersOf(outgoing), { endStream: body === undefined });
  const onAbort = (): void => stream.close(constants.NGHTTP2_CANCEL);
  parts.signal.addEventListener('abort', onAbort, { once: true });
  stream.on('close', () => parts.signal.removeEventListener('abort', onAbort));
  body?.on('error', onAbort).pipe(stream);
  return await answerOf(stream, endpoint, { parts, attempt });
}

function connected(endpoint: Endpoint, { clock, connectMs, http2 }: ForwardParts): Promise<ClientHttp2Session> {
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

function headersOf({ method, target, headers }: Outgoing): Record<string, string | string[]> {
  // Names are what clients choose: `constructor` must not be found in what every object inherits.
  const sent = Object.assign(Object.create(null) as Record<string, string | string[]>, { ':method': method, ':path': target, ':scheme': 'http' });
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const [name, value] = [(headers[i] ?? '').toLowerCase(), headers[i + 1] ?? ''];
    if (name === 'host') sent[':authority'] = value;
    else if (name !== 'transfer-encoding') sent[name] = name in sent ? [...[sent[name] ?? []].flat(), value] : value;
  }
  // Stays behind as a header of one connection; servers of gRPC ask for it.
  if (String(sent['content-type'] ?? '').startsWith('application/grpc')) sent['te'] = 'trailers';
  return sent;
}

interface Asked {
  readonly parts: ForwardParts;
  readonly attempt: Attempt;
}

function answerOf(stream: ClientHttp2Stream, endpoint: Endpoint, { parts: { clock, answerMs }, attempt }: Asked): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => {
      attempt.timedOut = true;
      stream.close(constants.NGHTTP2_CANCEL);
      reject(new ForwardError(504, `${endpoint.ip} does not answer`));
    };
    let [isAnswered, cancel] = [false, (): void => undefined];
    stream.once('finish', () => {
      if (!isAnswered) cancel = clock.after(answerMs, giveUp, { background: true });
    });
    const answered = (): void => {
      isAnswered = true;
      cancel();
    };
    let trailers: IncomingHttpHeaders = {};
    stream.on('trailers', (headers) => (trailers = headers));
    stream.on('response', (headers, _flags, rawHeaders?: readonly string[]) => {
      answered();
      const isWhole = (): boolean => !stream.aborted && stream.rstCode === constants.NGHTTP2_NO_ERROR;
      const response = { statusCode: headers[':status'], rawHeaders: rawHeaders ?? [], trailers: () => trailers, body: stream, isWhole };
      resolve({ type: 'response', response, endpoint });
    });
    stream.on('error', (error) => (answered(), reject(error)));
    stream.on('close', () => (answered(), reject(new Error(`${endpoint.ip} closed the stream before it answered`))));
  });
}
