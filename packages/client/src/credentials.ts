import { readFile } from 'node:fs/promises';
import type { Clock } from '@kybern/core';
import { runExecPlugin, type ExecCredential } from './exec-credentials.ts';
import type { ClusterAccess } from './kubeconfig.ts';

/** How one request proves who asks. */
export interface Credentials {
  /** The `authorization` header. */
  readonly authorization?: string;
  /** PEM, for the connection; both or neither. */
  readonly clientCertificate?: string;
  readonly clientKey?: string;
}

/** Where the credentials of requests come from. */
export interface CredentialSource {
  current(signal?: AbortSignal): Promise<Credentials>;
  /** The server did not know `used`. @returns whether {@link current} may now give others, so that asking again makes sense */
  refused(used: Credentials): boolean;
}

/** How long a token read from a file is used before the file is read again. */
const TOKEN_FILE_TTL_MS = 60_000;

/** The source of an access's credentials. */
export function createCredentials(access: ClusterAccess, clock: Clock): CredentialSource {
  const { clientCertificate, clientKey } = access;
  const certificate = clientCertificate === undefined || clientKey === undefined ? {} : { clientCertificate, clientKey };
  if (access.exec !== undefined) return execSource(access, clock);
  if (access.tokenFile !== undefined) return fileSource(access.tokenFile, { clock, certificate });
  const { token, basicAuth } = access;
  const authorization =
    token !== undefined
      ? `Bearer ${token}`
      : basicAuth === undefined
        ? undefined
        : `Basic ${Buffer.from(`${basicAuth.username}:${basicAuth.password}`).toString('base64')}`;
  const fixed: Credentials = { ...certificate, ...(authorization === undefined ? {} : { authorization }) };
  return { current: async () => fixed, refused: () => false };
}

function fileSource(file: string, { clock, certificate }: { readonly clock: Clock; readonly certificate: Credentials }): CredentialSource {
  let read: { readonly credentials: Credentials; readonly atMs: number } | undefined;
  return {
    async current() {
      if (read === undefined || clock.monotonicMs() - read.atMs > TOKEN_FILE_TTL_MS) {
        const token = (await readFile(file, 'utf8')).trim();
        read = { credentials: { ...certificate, authorization: `Bearer ${token}` }, atMs: clock.monotonicMs() };
      }
      return read.credentials;
    },
    // Who rotates tokens writes the new one before the old one ends; so the file may hold another by now.
    refused(used) {
      if (read?.credentials !== used) return read !== undefined;
      if (read.atMs === clock.monotonicMs()) return false;
      read = undefined;
      return true;
    },
  };
}

/** Runs the plugin once for however many requests, and again when what it gave has ended or is refused. */
function execSource(access: ClusterAccess, clock: Clock): CredentialSource {
  const { exec, clientCertificate, clientKey } = access;
  let known: { readonly credentials: Credentials; readonly expiresAtMs: number } | undefined;
  let running: Promise<Credentials> | undefined;
  const run = async (): Promise<Credentials> => {
    try {
      const given: ExecCredential = await runExecPlugin(exec as NonNullable<typeof exec>);
      const certificate = given.clientCertificate ?? clientCertificate;
      const key = given.clientKey ?? clientKey;
      const credentials: Credentials = {
        ...(given.token === undefined ? {} : { authorization: `Bearer ${given.token}` }),
        ...(certificate === undefined || key === undefined ? {} : { clientCertificate: certificate, clientKey: key }),
      };
      known = { credentials, expiresAtMs: given.expiresAtMs ?? Infinity };
      return credentials;
    } finally {
      running = undefined;
    }
  };
  return {
    async current() {
      if (known !== undefined && clock.now() < known.expiresAtMs) return known.credentials;
      return (running ??= run());
    },
    refused(used) {
      if (known?.credentials === used) known = undefined;
      return true;
    },
  };
}
