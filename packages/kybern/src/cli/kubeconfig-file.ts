import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Listener } from '@kybern/apiserver';
import { createHttpClient, loadKubeconfig, type HttpClient } from '@kybern/client';
import { stringify } from 'yaml';
import type { CliIo } from './io.ts';

/** Where `kybern up` writes the kubeconfig and the other commands look for it. */
export function defaultKubeconfig(io: Pick<CliIo, 'homeDir'>): string {
  return join(io.homeDir, '.kybern', 'kubeconfig');
}

/** A kubeconfig for the administrator of a cluster that listens. */
export function kubeconfigText(listener: Pick<Listener, 'url' | 'certificateAuthority' | 'admin'>): string {
  const encode = (pem: string): string => Buffer.from(pem).toString('base64');
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'kybern', cluster: { server: listener.url, 'certificate-authority-data': encode(listener.certificateAuthority) } }],
    users: [{ name: 'kybern-admin', user: { 'client-certificate-data': encode(listener.admin.certificate), 'client-key-data': encode(listener.admin.key) } }],
    contexts: [{ name: 'kybern', context: { cluster: 'kybern', user: 'kybern-admin' } }],
    'current-context': 'kybern',
  });
}

/** Writes a file that only its owner can read, whole or not at all. Makes its folder. */
export async function writePrivately(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const temporary = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    await writeFile(temporary, text, { mode: 0o600, flag: 'wx' });
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Removes a file if it still holds what we wrote: another cluster may have taken its place. */
export async function removeIfOurs(file: string, text: string): Promise<void> {
  // A file that cannot be read is not, or no longer, the one that we wrote: it is left alone.
  const content = await readFile(file, 'utf8').catch(() => undefined);
  if (content === text) await rm(file, { force: true });
}

/** A client of the cluster that the person means: `--kubeconfig`, else `$KUBECONFIG`, else the one that `kybern up` wrote. */
export async function connect(io: CliIo, kubeconfig: string | undefined): Promise<HttpClient> {
  const file = kubeconfig ?? (io.env.KUBECONFIG === undefined || io.env.KUBECONFIG === '' ? defaultKubeconfig(io) : undefined);
  return createHttpClient(await loadKubeconfig({ env: io.env, ...(file === undefined ? {} : { file }) }));
}
