import { webcrypto } from 'node:crypto';
// The certificate library resolves its parts by decorators, which need this first.
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';

/** PEM texts of a certificate and its private key. */
export interface CertifiedKey {
  readonly certificate: string;
  readonly key: string;
}

/** A certificate authority of our own. */
export interface CertificateAuthority {
  /** PEM of its certificate, for clients. */
  readonly certificate: string;
  /** PEM of its private key. */
  readonly key: string;
  /** A certificate for a server that is reached under `hosts` (names or IP addresses). */
  issueServer(hosts: readonly string[]): Promise<CertifiedKey>;
  /** A certificate that proves a user: the common name is the user's, organizations are the groups. */
  issueClient(user: { readonly name: string; readonly groups: readonly string[] }): Promise<CertifiedKey>;
  /** A certificate (PEM) for the key of a request, of the subject that the request has; nothing else of the request counts. @param hosts under which a server is reached */
  sign(request: SigningRequest, use: { readonly client: true } | { readonly hosts: readonly string[] }): Promise<string>;
}

/** What somebody asks a certificate for; the request is signed by the key that it is for. */
export interface SigningRequest {
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly publicKey: x509.PublicKey;
}

/** Reads a PKCS#10 request in PEM. @returns undefined when it is none, or not signed by its own key */
export async function readSigningRequest(pem: string): Promise<SigningRequest | undefined> {
  try {
    const request = new x509.Pkcs10CertificateRequest(pem);
    if (!(await request.verify())) return undefined;
    const [commonName = ''] = request.subjectName.getField('CN');
    return { commonName, organizations: request.subjectName.getField('O'), publicKey: request.publicKey };
  } catch {
    return undefined; // no such request
  }
}

/** Makes a key, and a request to certify it, both PEM. */
export async function createSigningRequest(user: {
  readonly name: string;
  readonly groups: readonly string[];
}): Promise<{ readonly request: string; readonly key: string }> {
  const keys = await generateKeys();
  const request = await x509.Pkcs10CertificateRequestGenerator.create({ name: subjectText(user), keys, signingAlgorithm: ALGORITHM });
  return { request: request.toString('pem'), key: await privatePem(keys.privateKey) };
}

const ALGORITHM: EcKeyGenParams & EcdsaParams = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const DAY_MS = 86_400_000;
const CA_DAYS = 3650;
const LEAF_DAYS = 365;
/** Certificates count from a little earlier, for peers whose clock is behind. */
const SKEW_MS = 3_600_000;

type EcKeyGenParams = { readonly name: string; readonly namedCurve: string };
type EcdsaParams = { readonly hash: string };

/**
 * Mints a certificate authority with an EC P-256 key.
 *
 * @param nowMs wall time in ms: the beginning of its validity of ten years; what it issues is valid for one year
 */
export async function createCertificateAuthority(nowMs: number): Promise<CertificateAuthority> {
  const keys = await generateKeys();
  return authorityOf(await selfSigned(keys, nowMs), keys, nowMs);
}

/**
 * A certificate authority that was minted before.
 *
 * @throws when the texts are not those of one
 */
export async function openCertificateAuthority({ certificate, key }: CertifiedKey, nowMs: number): Promise<CertificateAuthority> {
  const ca = new x509.X509Certificate(certificate);
  const pkcs8 = Buffer.from(key.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64');
  const privateKey = await webcrypto.subtle.importKey('pkcs8', pkcs8, ALGORITHM, true, ['sign']);
  const publicKey = await webcrypto.subtle.importKey('spki', ca.publicKey.rawData, ALGORITHM, true, ['verify']);
  return authorityOf(ca, { privateKey, publicKey }, nowMs);
}

async function selfSigned(keys: CryptoKeyPair, nowMs: number): Promise<x509.X509Certificate> {
  return x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: 'CN=kybern-ca',
    notBefore: new Date(nowMs - SKEW_MS),
    notAfter: new Date(nowMs + CA_DAYS * DAY_MS),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.digitalSignature, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
}

async function authorityOf(ca: x509.X509Certificate, keys: CryptoKeyPair, nowMs: number): Promise<CertificateAuthority> {
  const notBefore = new Date(nowMs - SKEW_MS);
  const certify = async (subject: string, publicKey: x509.PublicKeyType, extensions: readonly x509.Extension[]): Promise<string> => {
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: serialNumber(),
      subject,
      issuer: ca.subject,
      notBefore,
      notAfter: new Date(nowMs + LEAF_DAYS * DAY_MS),
      signingAlgorithm: ALGORITHM,
      publicKey,
      signingKey: keys.privateKey,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        await x509.AuthorityKeyIdentifierExtension.create(keys.publicKey),
        ...extensions,
      ],
    });
    return certificate.toString('pem');
  };
  const issue = async (subject: string, extensions: readonly x509.Extension[]): Promise<CertifiedKey> => {
    const leaf = await generateKeys();
    return { certificate: await certify(subject, leaf.publicKey, extensions), key: await privatePem(leaf.privateKey) };
  };
  return {
    certificate: ca.toString('pem'),
    key: await privatePem(keys.privateKey),
    issueServer: (hosts) => issue('CN=kybern-apiserver', serverExtensions(hosts)),
    issueClient: (user) => issue(subjectText(user), clientExtensions()),
    sign: ({ commonName, organizations, publicKey }, use) =>
      certify(subjectText({ name: commonName, groups: organizations }), publicKey, 'client' in use ? clientExtensions() : serverExtensions(use.hosts)),
  };
}

function clientExtensions(): readonly x509.Extension[] {
  return [new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth])];
}

function serverExtensions(hosts: readonly string[]): readonly x509.Extension[] {
  return [
    new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
    new x509.SubjectAlternativeNameExtension(hosts.map((host) => ({ type: isAddress(host) ? 'ip' : 'dns', value: host }))),
  ];
}

function subjectText({ name, groups }: { readonly name: string; readonly groups: readonly string[] }): string {
  return [...groups.map((group) => `O=${escapeName(group)}`), `CN=${escapeName(name)}`].join(', ');
}

function generateKeys(): Promise<CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']) as Promise<CryptoKeyPair>;
}

type CryptoKeyPair = webcrypto.CryptoKeyPair;

async function privatePem(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key));
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN PRIVATE KEY-----\n${lines.join('\n')}\n-----END PRIVATE KEY-----\n`;
}

/** 127 random bits, positive. */
function serialNumber(): string {
  const bytes = webcrypto.getRandomValues(new Uint8Array(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x01;
  return Buffer.from(bytes).toString('hex');
}

function isAddress(host: string): boolean {
  return /^[\d.]+$/.test(host) || host.includes(':');
}

/** Characters that mean something in a distinguished name are escaped. */
function escapeName(text: string): string {
  return text.replaceAll(/[,+"\\<>;=#]/g, (char) => `\\${char}`);
}
