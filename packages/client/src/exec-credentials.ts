import { spawn } from 'node:child_process';
import { isRecord } from './json.ts';

/** A program that gives credentials, as a kubeconfig names it. */
export interface ExecPlugin {
  /** `client.authentication.k8s.io/v1` or `…/v1beta1`. */
  readonly apiVersion: string;
  readonly command: string;
  readonly args?: readonly string[];
  /** Besides those of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** Shown when the program is not there. */
  readonly installHint?: string;
  /** Whether the program is told where the cluster is. Default false. */
  readonly provideClusterInfo?: boolean;
  /** What {@link ExecPlugin.provideClusterInfo} tells, in the form of `ExecCredential.spec.cluster`. */
  readonly cluster?: Readonly<Record<string, unknown>>;
}

/** What such a program gave. */
export interface ExecCredential {
  readonly token?: string;
  /** PEM; both or neither. */
  readonly clientCertificate?: string;
  readonly clientKey?: string;
  /** Wall time in ms from which on it is no longer good; undefined: until the server refuses it. */
  readonly expiresAtMs?: number;
}

/** A program that cannot be run, or said something else than credentials. */
export class ExecPluginError extends Error {
  override readonly name = 'ExecPluginError';
}

/** More output than this is no credential. */
const MAX_OUTPUT_BYTES = 1_048_576;
const VERSIONS: readonly string[] = ['client.authentication.k8s.io/v1', 'client.authentication.k8s.io/v1beta1'];

/**
 * Runs the program and reads what it says.
 *
 * The program has no terminal: it cannot ask anybody anything.
 *
 * @throws {ExecPluginError} naming the program and what is wrong
 * @see kubernetes v1.36 staging/src/k8s.io/client-go/plugin/pkg/client/auth/exec/exec.go (refreshCredsLocked)
 */
export async function runExecPlugin(plugin: ExecPlugin, signal?: AbortSignal): Promise<ExecCredential> {
  const { apiVersion, command } = plugin;
  if (!VERSIONS.includes(apiVersion)) throw new ExecPluginError(`exec plugin: invalid apiVersion ${JSON.stringify(apiVersion)}`);
  const spec = { interactive: false, ...(plugin.provideClusterInfo === true && plugin.cluster !== undefined ? { cluster: plugin.cluster } : {}) };
  const info = JSON.stringify({ apiVersion, kind: 'ExecCredential', spec });
  const output = await outputOf(plugin, { ...process.env, ...plugin.env, KUBERNETES_EXEC_INFO: info }, signal);
  return credentialOf(output, { apiVersion, command });
}

function outputOf({ command, args = [], installHint }: ExecPlugin, env: NodeJS.ProcessEnv, signal: AbortSignal | undefined): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'], ...(signal === undefined ? {} : { signal }) });
    const out = collect(child.stdout);
    const err = collect(child.stderr);
    child.once('error', (cause: NodeJS.ErrnoException) => {
      const hint = installHint === undefined || cause.code !== 'ENOENT' ? '' : `\n\n${installHint}`;
      reject(new ExecPluginError(`exec: executable ${command} ${cause.code === 'ENOENT' ? 'not found' : `failed: ${cause.message}`}${hint}`, { cause }));
    });
    child.once('close', (code) => {
      if (code === 0) resolve(out());
      else reject(new ExecPluginError(`exec: executable ${command} failed with exit code ${String(code)}: ${err().trim()}`));
    });
  });
}

function collect(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = [];
  let size = 0;
  stream.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size <= MAX_OUTPUT_BYTES) chunks.push(chunk);
  });
  return () => Buffer.concat(chunks).toString('utf8');
}

function credentialOf(output: string, { apiVersion, command }: { readonly apiVersion: string; readonly command: string }): ExecCredential {
  const fail = (why: string): ExecPluginError => new ExecPluginError(`exec plugin ${command}: ${why}`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(output);
  } catch (cause) {
    throw new ExecPluginError(`exec plugin ${command}: did not say JSON`, { cause });
  }
  if (!isRecord(parsed) || parsed['kind'] !== 'ExecCredential') throw fail('did not say an ExecCredential');
  if (parsed['apiVersion'] !== apiVersion) throw fail(`plugin returned version ${String(parsed['apiVersion'])}, expected ${apiVersion}`);
  const { status } = parsed;
  if (!isRecord(status)) throw fail('did not return a status field');
  const { token, clientCertificateData, clientKeyData, expirationTimestamp } = status as Partial<Record<string, string>>;
  if ((token ?? '') === '' && (clientCertificateData ?? '') === '' && (clientKeyData ?? '') === '') throw fail('did not return a token or cert/key pair');
  if (((clientCertificateData ?? '') === '') !== ((clientKeyData ?? '') === '')) throw fail('returned only certificate or key, not both');
  const expiresAtMs = expirationTimestamp === undefined ? NaN : Date.parse(expirationTimestamp);
  return {
    ...(token === undefined ? {} : { token }),
    ...(clientCertificateData === undefined || clientKeyData === undefined ? {} : { clientCertificate: clientCertificateData, clientKey: clientKeyData }),
    ...(Number.isNaN(expiresAtMs) ? {} : { expiresAtMs }),
  };
}
