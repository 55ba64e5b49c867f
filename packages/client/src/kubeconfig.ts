import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { parse } from 'yaml';
import { KubeconfigError } from './errors.ts';

/** Where an API server is and how to prove who asks: one context of a kubeconfig, with its files read. */
export interface ClusterAccess {
  /** `https://host:port`, without a trailing slash. */
  readonly server: string;
  /** PEM. Unset: the machine's own authorities. */
  readonly certificateAuthority?: string;
  /** PEM; both or neither. */
  readonly clientCertificate?: string;
  readonly clientKey?: string;
  readonly token?: string;
  /** A file that holds the token and may change. Wins over `token`. */
  readonly tokenFile?: string;
  readonly basicAuth?: { readonly username: string; readonly password: string };
  /** The name that the server's certificate must carry, when it is not the host. */
  readonly tlsServerName?: string;
  /** Do not check the server's certificate. Default false. */
  readonly insecureSkipTlsVerify?: boolean;
  /** The context's namespace; default `default`. */
  readonly namespace: string;
}

/** Options of {@link loadKubeconfig}. */
export interface LoadKubeconfigOptions {
  /** Default: `$KUBECONFIG` (its first file), else `~/.kube/config`. */
  readonly file?: string;
  /** Default: the file's `current-context`. */
  readonly context?: string;
  /** Default: `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/**
 * Reads a kubeconfig and the files that it names.
 *
 * @throws {KubeconfigError} naming the file and the entry that is missing or wrong
 * @see kubernetes v1.36 staging/src/k8s.io/client-go/tools/clientcmd/api/v1/types.go
 */
export async function loadKubeconfig(options: LoadKubeconfigOptions = {}): Promise<ClusterAccess> {
  const env = options.env ?? process.env;
  const file =
    options.file ?? env.KUBECONFIG?.split(process.platform === 'win32' ? ';' : ':').find((part) => part !== '') ?? join(homedir(), '.kube', 'config');
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw new KubeconfigError('cannot be read; is the cluster up? Set KUBECONFIG or pass --kubeconfig', { file, cause });
  }
  const access = parseKubeconfig(text, { file, ...(options.context === undefined ? {} : { context: options.context }) });
  return readFiles(access, file);
}

/** A {@link ClusterAccess} whose PEM fields may still be names of files. */
interface UnreadAccess extends ClusterAccess {
  readonly files: Readonly<Partial<Record<'certificateAuthority' | 'clientCertificate' | 'clientKey', string>>>;
}

/** Picks one context out of a kubeconfig's text. */
function parseKubeconfig(text: string, options: { readonly file: string; readonly context?: string }): UnreadAccess {
  const { file } = options;
  let config: unknown;
  try {
    config = parse(text);
  } catch (cause) {
    throw new KubeconfigError(`is not YAML: ${cause instanceof Error ? cause.message : String(cause)}`, { file, cause });
  }
  const contextName = options.context ?? text_(field(config, 'current-context'));
  if (contextName === undefined || contextName === '') throw new KubeconfigError('has no current-context', { file });
  const context = named(config, 'contexts', contextName, 'context', file);
  const cluster = named(config, 'clusters', text_(field(context, 'cluster')) ?? '', 'cluster', file);
  const userName = text_(field(context, 'user'));
  const user = userName === undefined ? {} : named(config, 'users', userName, 'user', file);
  const server = text_(field(cluster, 'server'));
  if (server === undefined || !URL.canParse(server))
    throw new KubeconfigError(`cluster "${text_(field(context, 'cluster')) ?? ''}": server must be a URL`, { file });
  for (const key of ['exec', 'auth-provider']) {
    if (field(user, key) !== undefined)
      throw new KubeconfigError(`user "${userName ?? ''}": ${key} is not supported; use a certificate, a token or a tokenFile`, { file });
  }
  return compact({
    server: server.replace(/\/+$/, ''),
    certificateAuthority: base64(field(cluster, 'certificate-authority-data')),
    clientCertificate: base64(field(user, 'client-certificate-data')),
    clientKey: base64(field(user, 'client-key-data')),
    token: text_(field(user, 'token')),
    tokenFile: text_(field(user, 'tokenFile')),
    basicAuth: basicAuth(user),
    tlsServerName: text_(field(cluster, 'tls-server-name')),
    insecureSkipTlsVerify: field(cluster, 'insecure-skip-tls-verify') === true ? true : undefined,
    namespace: text_(field(context, 'namespace')) ?? 'default',
    files: compact({
      certificateAuthority: text_(field(cluster, 'certificate-authority')),
      clientCertificate: text_(field(user, 'client-certificate')),
      clientKey: text_(field(user, 'client-key')),
    }),
  });
}

/** Inline data wins over files; relative names are relative to the kubeconfig. */
async function readFiles({ files, ...access }: UnreadAccess, file: string): Promise<ClusterAccess> {
  const resolve = (name: string): string => (isAbsolute(name) ? name : join(dirname(file), name));
  const read: Record<string, string> = {};
  for (const [key, name] of Object.entries(files)) {
    if (access[key as keyof typeof files] !== undefined) continue;
    try {
      read[key] = await readFile(resolve(name), 'utf8');
    } catch (cause) {
      throw new KubeconfigError(`cannot read ${resolve(name)}`, { file, cause });
    }
  }
  return { ...access, ...read, ...(access.tokenFile === undefined ? {} : { tokenFile: resolve(access.tokenFile) }) };
}

function named(config: unknown, list: string, name: string, entry: string, file: string): unknown {
  const entries = field(config, list);
  const found = Array.isArray(entries) ? entries.find((item) => field(item, 'name') === name) : undefined;
  if (found === undefined) throw new KubeconfigError(`has no ${entry} "${name}"`, { file });
  return field(found, entry);
}

function field(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
}

function text_(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function base64(value: unknown): string | undefined {
  return typeof value === 'string' ? Buffer.from(value, 'base64').toString('utf8') : undefined;
}

function basicAuth(user: unknown): ClusterAccess['basicAuth'] {
  const [username, password] = [text_(field(user, 'username')), text_(field(user, 'password'))];
  return username === undefined || password === undefined ? undefined : { username, password };
}

type Compact<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/** Without the fields that are undefined. */
function compact<T extends object>(value: T): Compact<T> {
  return Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined)) as Compact<T>;
}
