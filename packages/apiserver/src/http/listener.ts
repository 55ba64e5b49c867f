import { createSecureServer, type Http2SecureServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { Clock, Logger } from '@kybern/core';
import type { Authenticator } from '../authentication/authenticator.ts';
import type { ServiceAccountTokens } from '../authentication/service-account-tokens.ts';
import type { Authorizer } from '../authorization.ts';
import type { Books } from '../managed-fields/books.ts';
import type { KindRegistry } from '../registry.ts';
import type { ApiRequest, ApiResponse } from '../request.ts';
import { createCertificateReader } from './authenticate.ts';
import type { WireResponse } from './body-writer.ts';
import { createCertificateAuthority, type CertificateAuthority, type CertifiedKey } from './certificates.ts';
import { SERVER_LIMITS, trackConnections } from './connections.ts';
import { VERSION } from './discovery.ts';
import { createFrameCache } from './frames.ts';
import { handle, type HandleTarget } from './handle.ts';
import { createOpenApi } from './openapi/openapi.ts';
import { createProtobufReader } from './protobuf/body.ts';
import type { WireRequest } from './request-body.ts';

/** Where to listen. */
export interface ListenOptions {
  /** Default 127.0.0.1: only this machine can connect. */
  readonly host?: string;
  /** Default 0: any free port. */
  readonly port?: number;
}

/** The HTTP door while it is open. */
export interface Listener extends AsyncDisposable {
  /** `https://host:port`. */
  readonly url: string;
  /** PEM of the authority that signed the server's certificate; minted when the door opened. */
  readonly certificateAuthority: string;
  /** A client certificate of the group system:masters. */
  readonly admin: CertifiedKey;
}

/** The server behind the door. */
export interface ListenTarget {
  execute(request: ApiRequest): Promise<ApiResponse>;
  readonly books: Pick<Books, 'withManagedFields'>;
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  readonly tokens: ServiceAccountTokens;
  readonly kinds: KindRegistry;
  readonly clock: Clock;
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
  const ca = await createCertificateAuthority(target.clock.now());
  const [own, admin] = await Promise.all([ca.issueServer(serverHosts(host)), ca.issueClient(ADMIN)]);
  const { server, close } = openServer(
    {
      ...target,
      certificateOf: createCertificateReader(),
      openApi: createOpenApi(target.kinds, VERSION['gitVersion'] ?? ''),
      frames: createFrameCache((object) => target.books.withManagedFields(object)),
      protobuf: createProtobufReader(target.kinds),
    },
    ca,
    own,
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
  return { url: `https://${name}:${String(port)}`, certificateAuthority: ca.certificate, admin, [Symbol.asyncDispose]: close };
}

function serverHosts(host: string): string[] {
  return [...new Set([host, '127.0.0.1', '::1', 'localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc'])].filter(
    (name) => name !== '0.0.0.0' && name !== '::',
  );
}

function openServer(target: HandleTarget, ca: CertificateAuthority, own: CertifiedKey): { server: Http2SecureServer; close: () => Promise<void> } {
  const closing = new AbortController();
  const server = createSecureServer({
    ...SERVER_LIMITS,
    allowHTTP1: true,
    cert: own.certificate,
    key: own.key,
    ca: ca.certificate,
    requestCert: true,
    rejectUnauthorized: false,
  });
  const connections = trackConnections(server, target.logger);
  server.on('request', (request, response) => {
    void handle(target, { request: request as unknown as WireRequest, response: response as unknown as WireResponse, closing: closing.signal });
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
