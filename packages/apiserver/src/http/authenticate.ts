import type { TLSSocket } from 'node:tls';
import type { CertificateSubject } from '../authentication/authenticator.ts';
import type { WireRequest } from './request-body.ts';

/** What the certificate of a connection says, read once per connection: taking a certificate apart costs more than answering many a request. */
export type CertificateReader = (request: WireRequest) => CertificateSubject | undefined;

/** Makes a {@link CertificateReader}. */
export function createCertificateReader(): CertificateReader {
  const known = new WeakMap<object, { readonly subject: CertificateSubject | undefined }>();
  return (request) => {
    // The socket of HTTP/2 is a proxy of its own for each stream, with the properties of the session's.
    const connection = (request as { stream?: { session?: object } }).stream?.session ?? request.socket;
    let found = known.get(connection);
    if (found === undefined) known.set(connection, (found = { subject: subjectOf(request.socket as TLSSocket) }));
    return found.subject;
  };
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
