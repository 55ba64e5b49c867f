import { once } from 'node:events';
import { connect as connectHttp2, type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { createApiServer, type ApiServer, type ApiServerOptions, type Listener } from '@kybern/apiserver';

/** What came back. */
export interface Answer {
  readonly code: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
  readonly text: string;
  /** The body, parsed. */
  json(): Record<string, never> & { readonly [key: string]: unknown };
}

/** A request. */
export interface Ask {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** A server with an open door. */
export interface Door extends AsyncDisposable {
  readonly api: ApiServer;
  readonly listener: Listener;
  /** Over HTTP/1.1. */
  http1(path: string, ask?: Ask): Promise<Answer>;
  /** Over HTTP/2, on one connection. */
  http2(path: string, ask?: Ask): Promise<Answer>;
  readonly session: ClientHttp2Session;
  /** A TLS connection as the administrator, for what no client would send. */
  socket(): Promise<TLSSocket>;
}

/** Opens a server's door for tests. */
export async function openDoor(options: ApiServerOptions = {}): Promise<Door> {
  const api = await createApiServer(options);
  const listener = await api.listen();
  const tls = { ca: listener.certificateAuthority, cert: listener.admin.certificate, key: listener.admin.key };
  const session = connectHttp2(listener.url, tls);
  session.on('error', () => undefined); // a test may have it cut off
  const url = new URL(listener.url);
  return {
    api,
    listener,
    session,
    http1: (path, ask = {}) => overHttp1({ ...tls, host: url.hostname, port: url.port, path }, ask),
    http2: (path, ask = {}) => overHttp2(session, path, ask),
    async socket() {
      const socket = connectTls({ ...tls, host: url.hostname, port: Number(url.port), ALPNProtocols: ['http/1.1'] });
      socket.on('error', () => undefined);
      await once(socket, 'secureConnect');
      return socket;
    },
    async [Symbol.asyncDispose]() {
      session.destroy();
      await api[Symbol.asyncDispose]();
    },
  };
}

async function overHttp1(options: RequestOptions, { method = 'GET', headers = {}, body }: Ask): Promise<Answer> {
  const request = httpsRequest({ ...options, method, headers });
  const response = new Promise<Answer>((resolve, reject) => {
    request.on('error', reject);
    request.on('response', (message) => {
      const chunks: Buffer[] = [];
      message.on('data', (chunk: Buffer) => chunks.push(chunk));
      message.on('end', () => resolve(toAnswer(message.statusCode ?? 0, message.headers, chunks)));
      message.on('error', reject);
    });
  });
  request.end(body);
  return response;
}

async function overHttp2(session: ClientHttp2Session, path: string, { method = 'GET', headers = {}, body }: Ask): Promise<Answer> {
  const stream = session.request({ ':path': path, ':method': method, ...headers }, { endStream: body === undefined });
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  const done = new Promise<void>((resolve, reject) => {
    stream.on('end', resolve);
    stream.on('error', reject);
  });
  done.catch(() => undefined); // it is awaited below, unless there is no answer at all
  if (body !== undefined) stream.end(body);
  const [answered] = (await once(stream, 'response')) as [IncomingHttpHeaders & { ':status'?: number }];
  await done;
  return toAnswer(answered[':status'] ?? 0, answered, chunks);
}

function toAnswer(code: number, headers: IncomingHttpHeaders, chunks: readonly Buffer[]): Answer {
  const bytes = Buffer.concat(chunks);
  return { code, headers, bytes, text: bytes.toString(), json: () => JSON.parse(bytes.toString()) as never };
}
