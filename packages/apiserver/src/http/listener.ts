import type { IncomingMessage } from 'node:http';
import { createSecureServer, type Http2SecureServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { Clock, Logger } from '@kybern/core';
import type { Authenticator } from '../authentication/authenticator.ts';
import type { ServiceAccountTokens } from '../authentication/service-account-tokens.ts';
import type { Authorizer } from '../authorization.ts';
import type { Books } from '../managed-fields/books.ts';
import type { ApiRequest, ApiResponse } from '../request.ts';
import type { Connection, ConnectRequest } from '../subresources/connect.ts';
import { createCertificateReader } from './authenticate.ts';
import { loadCertificateAuthority, type AuthorityStore } from './certificate-store.ts';
import { createCertificateAuthority, type CertificateAuthority, type CertifiedKey } from './certificates.ts';
import { SERVER_LIMITS, trackConnections } from './connections.ts';
import { VERSION } from './discovery.ts';
import { observeExecute, type DoorObserver } from './door-observer.ts';
import { createFrameCache } from './frames.ts';
import { handle, type HandleTarget } from './handle.ts';
import { createRequestMetrics } from './metrics/request-metrics.ts';
import { metricsText, type MetricsSource } from './metrics/server-metrics.ts';
import { createOpenApi } from './openapi/openapi.ts';
import { createProtobufAnswers } from './protobuf/answers.ts';
import { createProtobufReader } from './protobuf/body.ts';
import { Http2Request, Http2Response } from './http2-exchange.ts';
import type { UpgradeExchange } from './streams/upgrade.ts';
import type { WireRequest, WireResponse } from './wire.ts';

/** Where to listen. */
export interface ListenOptions {
  /** Default 127.0.0.1: only this machine can connect. */
  readonly host?: string;
  /** Default 0: any free port. */
  readonly port?: number;
  /**
   * The door leaves no trace in the state, and lives by another clock than the server: its certificate authority is its own and valid by this clock, and
   * where it is is told nobody. For a server in virtual time, whose clients are not. Default: the authority is kept in the state, the address is published.
   */
  readonly apart?: { readonly clock: Pick<Clock, 'now'> };
  /** Is told of all that comes in. Default: nobody. */
  readonly observer?: DoorObserver;
}

/** The HTTP door while it is open. */
export interface Listener extends AsyncDisposable {
  /** `https://host:port`. */
  readonly url: string;
  /** PEM of the authority that signed the server's certificate. It is kept in the state, so that it is the same as long as the state lives. */
  readonly certificateAuthority: string;
  /** A client certificate of the group system:masters. */
  readonly admin: CertifiedKey;
  /** The authority itself, for those who certify nodes. */
  readonly authority: Pick<CertificateAuthority, 'issueClient' | 'sign'>;
}

/** The server behind the door. */
export interface ListenTarget extends AuthorityStore, Omit<MetricsSource, 'requests'> {
  execute(request: ApiRequest): Promise<ApiResponse>;
  connect(request: ConnectRequest): Promise<Connection>;
  readonly books: Pick<Books, 'withManagedFields' | 'json'>;
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  readonly tokens: ServiceAccountTokens;
  readonly logger: Logger;
}

const ADMIN = { name: 'kubernetes-admin', groups: ['system:masters'] };

/**
 * Opens the HTTPS door (HTTP/1.1 and HTTP/2) of an API server. Who asks is told by the client certificate.
 *
 * @throws what the system says (`EADDRINUSE`, `EACCES`) when it cannot listen there
 */
export async function listen(target: ListenTarget, options: ListenOptions = {}): Promise<Listener> {
  const host = options.host ?? '127.0.0.1';
  const ca = options.apart === undefined ? await loadCertificateAuthority(target) : await createCertificateAuthority(options.apart.clock.now());
  const [own, admin] = await Promise.all([ca.issueServer(serverHosts(host)), ca.issueClient(ADMIN)]);
  const requests = createRequestMetrics(() => target.clock.monotonicMs());
  const { server, close } = openServer(
    {
      ...target,
      ...(options.observer === undefined ? {} : { execute: observeExecute(target.execute, options.observer) }),
      certificateOf: createCertificateReader(),
      openApi: createOpenApi(target.kinds, VERSION['gitVersion'] ?? ''),
      frames: createFrameCache((object) => target.books.json(object)),
      protobuf: createProtobufReader(target.kinds),
      protobufAnswers: createProtobufAnswers(target.kinds, target.books),
      requests,
      metrics: () => metricsText({ ...target, requests }),
    },
    { ca, own, observer: options.observer },
  );
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const { port } = server.address() as AddressInfo;
  const name = host.includes(':') ? `[${host}]` : host;
  return { url: `https://${name}:${String(port)}`, certificateAuthority: ca.certificate, admin, authority: ca, [Symbol.asyncDispose]: close };
}

function serverHosts(host: string): string[] {
  return [...new Set([host, '127.0.0.1', '::1', 'localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc'])].filter(
    (name) => name !== '0.0.0.0' && name !== '::',
  );
}

interface Door {
  readonly ca: CertificateAuthority;
  readonly own: CertifiedKey;
  readonly observer: DoorObserver | undefined;
}

function openServer(target: HandleTarget, { ca, own, observer }: Door): { server: Http2SecureServer; close: () => Promise<void> } {
  const closing = new AbortController();
  const server = createSecureServer({
    ...SERVER_LIMITS,
    allowHTTP1: true,
    // With the authority's, so that a node that was told its hash alone can know it.
    cert: `${own.certificate}\n${ca.certificate}`,
    key: own.key,
    ca: ca.certificate,
    requestCert: true,
    rejectUnauthorized: false,
  });
  const connections = trackConnections(server, target.logger);
  const answer = (request: WireRequest, response: WireResponse): Promise<void> => {
    if (observer !== undefined) response.once('close', observer.opened());
    return handle(target, { request, response, closing: closing.signal });
  };
  server.on('request', (request, response) => {
    void answer(request as unknown as WireRequest, response as unknown as WireResponse);
  });
  server.on('upgrade', (request: IncomingMessage, socket: UpgradeExchange['socket'], head: Buffer) => {
    if (observer !== undefined) socket.once('close', observer.opened());
    void import('./streams/upgrade.ts').then(({ handleUpgrade }) => handleUpgrade(target, { request, socket, head, closing: closing.signal }));
  });
  // With that Node would make requests of its own of HTTP/2 streams, too, which costs as much as answering them.
  server.removeAllListeners('stream');
  server.on('stream', (stream, headers) => {
    stream.on('error', ignore);
    if (headers.expect === '100-continue') stream.additionalHeaders({ ':status': 100 });
    const { session } = stream;
    connections.began(session);
    void answer(new Http2Request(stream, headers), new Http2Response(stream)).then(() => connections.ended(session));
  });
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing.abort();
    return (closed ??= new Promise((resolve) => {
      server.close(() => resolve());
      connections.destroy();
    }));
  };
  return { server, close };
}

/** What a client does to its own requests. */
function ignore(): void {}
