import type { Http2Session } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import type { CertificateSubject } from '../authentication/authenticator.ts';
import { Http2Request } from './http2-exchange.ts';
import type { WireRequest } from './wire.ts';

/** What the certificate of a connection says, read once per connection: taking a certificate apart costs more than answering many a request. */
export type CertificateReader = (request: WireRequest) => CertificateSubject | undefined;

/** Makes a {@link CertificateReader}. */
export function createCertificateReader(): CertificateReader {
  const known = new WeakMap<object, { readonly subject: CertificateSubject | undefined }>();
  return (request) => {
    const connection = connectionOf(request);
    if (connection === undefined) return undefined;
    let found = known.get(connection);
    if (found === undefined) known.set(connection, (found = { subject: subjectOf(socketOf(connection)) }));
    return found.subject;
  };
}

type Connection = Http2Session | TLSSocket;

/** Undefined when the client is gone. */
function connectionOf(request: WireRequest): Connection | undefined {
  return request instanceof Http2Request ? request.stream.session : (request as unknown as { readonly socket: TLSSocket }).socket;
}

/** The socket of an HTTP/2 session is a proxy with the properties of the real one. */
function socketOf(connection: Connection): TLSSocket {
  return 'socket' in connection ? (connection.socket as TLSSocket) : connection;
}

/** The subject of a client certificate that our authority signed; otherwise undefined. */
function subjectOf(socket: TLSSocket): CertificateSubject | undefined {
  if (!socket.authorized) return undefined;
  const { subject, fingerprint256 } = socket.getPeerCertificate();
  const [commonName] = textsOf(subject?.CN);
  return commonName === undefined ? undefined : { commonName, organizations: textsOf(subject?.O), fingerprint: fingerprint256 };
}

/** A name that occurs several times is a list. */
function textsOf(value: unknown): readonly string[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? (value as string[]) : [String(value)];
}
