import { createHash, X509Certificate } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect, type DetailedPeerCertificate } from 'node:tls';
import { createSigningRequest, type CertifiedKey } from '@kybern/apiserver';
import { createHttpClient, type ClusterAccess, type HttpClient } from '@kybern/client';
import { isApiError, sleep, systemIds, type Clock } from '@kybern/core';
import { CertificateSigningRequest } from '@kybern/core/kinds';
import { CliError } from '../cli/errors.ts';
import { writePrivately } from '../cli/kubeconfig-file.ts';
import { CLIENT_SIGNER, nodeSubject, SERVING_SIGNER } from './signing-verdict.ts';

/** By what a node knows the server of its cluster. */
export type Trust = { readonly hash: string } | { readonly certificateAuthority: string };

/** What {@link joinCluster} needs. */
export interface JoinOptions {
  readonly name: string;
  /** `https://host:port`. */
  readonly server: string;
  /** Undefined: there must be credentials of an earlier time. */
  readonly token: string | undefined;
  readonly trust: Trust | undefined;
  /** Where the node keeps its credentials. */
  readonly directory: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** A node that has joined. */
export interface Membership {
  readonly access: ClusterAccess;
  readonly certificateAuthority: string;
  /** Of the kubelet port. */
  readonly serving: CertifiedKey;
  /** Whether it was one before. */
  readonly known: boolean;
}

const CONNECT_MS = 10_000;
const SIGN_MS = 30_000;
const TOKEN = /^[a-z0-9]{6}\.[a-z0-9]{16}$/;
const HASH = /^sha256:[0-9a-f]{64}$/;

/** The hash of an authority's public key, in kubeadm's form. @throws {Error} when the text is no certificate */
export function hashOf(certificate: string | Buffer): string {
  const spki = new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'der' });
  return `sha256:${createHash('sha256').update(spki).digest('hex')}`;
}

/**
 * Makes this machine a node: makes sure of the server, has a client certificate signed by means of the token, then, as the node, a serving certificate. Credentials of
 * an earlier time are used again, as long as they are good.
 *
 * @throws {CliError} that says what to do
 */
export async function joinCluster(options: JoinOptions): Promise<Membership> {
  const { name, server, directory, signal } = options;
  const file = join(directory, 'kubelet.json');
  await mkdir(directory, { recursive: true, mode: 0o711 });
  const kept = await readKept(file, options);
  const certificateAuthority = kept?.certificateAuthority ?? (await learnAuthority(options));
  const identity = kept?.identity ?? (await bootstrap(options, certificateAuthority));
  const access: ClusterAccess = {
    server,
    certificateAuthority,
    clientCertificate: identity.certificate,
    clientKey: identity.key,
    namespace: 'default',
  };
  await using client = createHttpClient(access);
  const serving = await explained(options, () => certify(client, { name, signer: SERVING_SIGNER, clock: options.clock, signal }));
  await writePrivately(file, JSON.stringify({ server, certificateAuthority, identity }));
  return { access, certificateAuthority, serving, known: kept !== undefined };
}

interface Kept {
  readonly certificateAuthority: string;
  readonly identity: CertifiedKey;
}

/** @returns undefined when there are none, or they are another server's or have expired */
async function readKept(file: string, { server, clock }: JoinOptions): Promise<Kept | undefined> {
  try {
    const kept = JSON.parse(await readFile(file, 'utf8')) as Kept & { readonly server: string };
    const { validToDate } = new X509Certificate(kept.identity.certificate);
    return kept.server === server && validToDate.getTime() > clock.now() ? kept : undefined;
  } catch {
    return undefined; // no file, or none of ours: the token is needed then
  }
}

/** @throws {CliError} */
async function learnAuthority({ server, trust, token, signal }: JoinOptions): Promise<string> {
  if (token === undefined) throw new CliError('--token is needed: "kybern token create" prints the whole command');
  if (!TOKEN.test(token)) throw new CliError('--token must be of the form abcdef.0123456789abcdef');
  if (trust === undefined)
    throw new CliError('say by what the server is known: --ca-cert-hash sha256:… or --ca-file FILE ("kybern token create" prints the whole command)');
  if ('certificateAuthority' in trust) return trust.certificateAuthority;
  if (!HASH.test(trust.hash)) throw new CliError('--ca-cert-hash must be sha256: and 64 hexadecimal digits');
  const shown = await authorityShown(server, signal);
  const hash = hashOf(shown);
  if (hash !== trust.hash) throw new CliError(`${server} is not the server that is meant: its authority has the hash ${hash}`);
  return new X509Certificate(shown).toString();
}

/** The authority that the server shows in its handshake; nothing is told to the server. */
function authorityShown(server: string, signal: AbortSignal): Promise<Buffer> {
  const { hostname, port } = new URL(server);
  return new Promise((resolve, reject) => {
    const host = hostname.replace(/^\[|\]$/g, '');
    // Who the server is, is what is being found out; the hash decides.
    const socket = connect({ host, port: Number(port === '' ? 443 : port), rejectUnauthorized: false });
    const onAbort = (): void => void socket.destroy(new Error('interrupted'));
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('close', () => signal.removeEventListener('abort', onAbort));
    socket.setTimeout(CONNECT_MS, () => socket.destroy(new Error('it does not answer')));
    socket.once('error', (error) => reject(new CliError(`--server ${server} cannot be reached: ${error.message}`, { cause: error })));
    socket.once('secureConnect', () => {
      let certificate: DetailedPeerCertificate = socket.getPeerCertificate(true);
      while (certificate.issuerCertificate !== undefined && certificate.issuerCertificate !== certificate) certificate = certificate.issuerCertificate;
      socket.destroy();
      resolve(certificate.raw);
    });
  });
}

async function bootstrap(options: JoinOptions, certificateAuthority: string): Promise<CertifiedKey> {
  const { name, server, token, clock, signal } = options;
  if (token === undefined) throw new CliError('--token is needed: "kybern token create" prints the whole command');
  await using client = createHttpClient({ server, certificateAuthority, token, namespace: 'default' });
  return explained(options, () => certify(client, { name, signer: CLIENT_SIGNER, clock, signal }));
}

interface Certifying {
  readonly name: string;
  readonly signer: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Asks for a certificate, and waits for it. @throws {CliError} it was denied, or nobody signs */
async function certify(client: HttpClient, { name, signer, clock, signal }: Certifying): Promise<CertifiedKey> {
  const { request, key } = await createSigningRequest(nodeSubject(name));
  const made = await client.create(
    CertificateSigningRequest,
    {
      metadata: { name: `node-csr-${systemIds().uid()}` },
      spec: { request: btoa(request), signerName: signer, usages: ['digital signature', signer === CLIENT_SIGNER ? 'client auth' : 'server auth'] },
    },
    { signal },
  );
  const deadlineMs = clock.monotonicMs() + SIGN_MS;
  for (;;) {
    const { status } = await client.get(CertificateSigningRequest, made.metadata.name, { signal });
    if (status?.certificate !== undefined) return { certificate: atob(status.certificate), key };
    const denied = status?.conditions?.find(({ type }) => type === 'Denied' || type === 'Failed');
    if (denied !== undefined) throw new CliError(`the cluster denies node ${JSON.stringify(name)} a certificate: ${denied.message ?? ''}`);
    if (clock.monotonicMs() > deadlineMs) throw new CliError(`nobody signs the certificate of node ${JSON.stringify(name)} (request ${made.metadata.name})`);
    await sleep(clock, 50, { signal });
  }
}

/** In the words of a person at a terminal. */
async function explained<T>({ server, directory }: JoinOptions, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (isApiError(error) && error.reason === 'Unauthorized')
      throw new CliError(
        `${server} does not know this node: the token is wrong or has expired ("kybern token create" makes one), or ${directory} is another cluster's`,
        {
          cause: error,
        },
      );
    throw error;
  }
}
