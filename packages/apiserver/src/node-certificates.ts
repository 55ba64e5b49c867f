import type { CertificateAuthority } from './http/certificates.ts';
import type { NodeDoor, NodeDoorOptions } from './http/node-door.ts';

/** Makes a key and a PKCS#10 request to certify it, both PEM. */
export async function createSigningRequest(user: {
  readonly name: string;
  readonly groups: readonly string[];
}): Promise<{ readonly request: string; readonly key: string }> {
  return (await import('./http/certificates.ts')).createSigningRequest(user);
}

/** What an authority is asked to sign. */
export interface SigningQuestion {
  /** PEM of a PKCS#10 request. */
  readonly request: string;
  readonly authority: Pick<CertificateAuthority, 'sign'>;
}

/** What a request says, and a way to sign it. */
export interface Signable {
  readonly commonName: string;
  readonly organizations: readonly string[];
  /** PEM of a certificate: for a client, or for a server that is reached under the names. */
  sign(use: { readonly client: true } | { readonly hosts: readonly string[] }): Promise<string>;
}

/** Reads a request for a certificate. @returns undefined when it is none, or not signed by the key that it is for */
export async function readSigningRequest({ request, authority }: SigningQuestion): Promise<Signable | undefined> {
  const read = await (await import('./http/certificates.ts')).readSigningRequest(request);
  return read === undefined ? undefined : { commonName: read.commonName, organizations: read.organizations, sign: (use) => authority.sign(read, use) };
}

/** {@inheritDoc openNodeDoor} */
export async function listenForNode(options: NodeDoorOptions): Promise<NodeDoor> {
  return (await import('./http/node-door.ts')).openNodeDoor(options);
}
