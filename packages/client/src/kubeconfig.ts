import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { parse } from 'yaml';
import { KubeconfigError } from './errors.ts';
import type { ExecPlugin } from './exec-credentials.ts';
import { isRecord } from './json.ts';

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
  /** A program that gives credentials; what it gives wins over the others. */
  readonly exec?: ExecPlugin;
  /** An HTTP proxy in front of the server: `http://host:port`. */
  readonly proxyUrl?: string;
  /** Ask as somebody else, which needs the right to. */
  readonly impersonate?: Impersonation;
  /** The context's namespace; default `default`. */
  readonly namespace: string;
}

/** On whose behalf requests are made. */
export interface Impersonation {
  readonly username: string;
  readonly uid?: string;
  readonly groups?: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** Options of {@link loadKubeconfig}. */
export interface LoadKubeconfigOptions {
  /** Default: all files of `$KUBECONFIG`, the first that has an entry wins; else `~/.kube/config`. */
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
  const listed = env.KUBECONFIG?.split(process.platform === 'win32' ? ';' : ':').filter((part) => part !== '') ?? [];
  const files = options.file !== undefined ? [options.file] : listed.length > 0 ? listed : [join(homedir(), '.kube', 'config')];
  const configs: LoadedConfig[] = [];
  let missing: unknown;
  for (const file of files) {
    try {
      configs.push({ file, config: parseText(await readFile(file, 'utf8'), file) });
    } catch (cause) {
      if (cause instanceof KubeconfigError) throw cause;
      missing ??= cause;
    }
  }
  const [{ file } = { file: files[0] as string }] = configs;
  if (configs.length === 0) throw new KubeconfigError('cannot be read; is the cluster up? Set KUBECONFIG or pass --kubeconfig', { file, cause: missing });
  return readFiles(chooseContext(configs, options.context));
}

/** One parsed file. */
interface LoadedConfig {
  readonly file: string;
  readonly config: unknown;
}

/** A {@link ClusterAccess} whose PEM fields may still be names of files. */
interface UnreadAccess extends ClusterAccess {
  /** Where entries' relative names begin. */
  readonly clusterFile: string;
  readonly userFile: string;
  readonly files: Readonly<Partial<Record<'certificateAuthority' | 'clientCertificate' | 'clientKey', string>>>;
}

function parseText(text: string, file: string): unknown {
  try {
    return parse(text);
  } catch (cause) {
    throw new KubeconfigError(`is not YAML: ${cause instanceof Error ? cause.message : String(cause)}`, { file, cause });
  }
}

/** Picks one context out of all files. */
function chooseContext(configs: readonly LoadedConfig[], asked: string | undefined): UnreadAccess {
  const { file } = configs[0] as LoadedConfig;
  const chosen = asked ?? configs.map(({ config }) => text_(field(config, 'current-context')) ?? '').find((name) => name !== '');
  if (chosen === undefined || chosen === '') throw new KubeconfigError('has no current-context', { file });
  const { entry: context } = named(configs, 'contexts', chosen, 'context');
  const clusterName = text_(field(context, 'cluster')) ?? '';
  const { entry: cluster, file: clusterFile } = named(configs, 'clusters', clusterName, 'cluster');
  const userName = text_(field(context, 'user'));
  const { entry: user, file: userFile } = userName === undefined || userName === '' ? { entry: {}, file } : named(configs, 'users', userName, 'user');
  const server = text_(field(cluster, 'server'));
  if (server === undefined || !URL.canParse(server)) throw new KubeconfigError(`cluster "${clusterName}": server must be a URL`, { file: clusterFile });
  if (field(user, 'auth-provider') !== undefined)
    throw new KubeconfigError(`user "${userName ?? ''}": auth-provider is not supported; use a certificate, a token, a tokenFile or exec`, { file: userFile });
  return compact({
    server: server.replace(/\/+$/, ''),
    certificateAuthority: base64(field(cluster, 'certificate-authority-data')),
    clientCertificate: base64(field(user, 'client-certificate-data')),
    clientKey: base64(field(user, 'client-key-data')),
    token: text_(field(user, 'token')),
    tokenFile: text_(field(user, 'tokenFile')),
    basicAuth: basicAuth(user),
    exec: execPlugin(user, { cluster, server, file: userFile }),
    proxyUrl: proxyUrl(cluster, { name: clusterName, file: clusterFile }),
    impersonate: impersonation(user),
    tlsServerName: text_(field(cluster, 'tls-server-name')),
    insecureSkipTlsVerify: field(cluster, 'insecure-skip-tls-verify') === true ? true : undefined,
    namespace: text_(field(context, 'namespace')) ?? 'default',
    clusterFile,
    userFile,
    files: compact({
      certificateAuthority: text_(field(cluster, 'certificate-authority')),
      clientCertificate: text_(field(user, 'client-certificate')),
      clientKey: text_(field(user, 'client-key')),
    }),
  });
}

function proxyUrl(cluster: unknown, { name, file }: { readonly name: string; readonly file: string }): string | undefined {
  const url = text_(field(cluster, 'proxy-url'));
  if (url === undefined || url === '') return undefined;
  if (!/^https?:$/.test(URL.canParse(url) ? new URL(url).protocol : ''))
    throw new KubeconfigError(`cluster "${name}": proxy-url must be an http or https URL`, { file });
  return url;
}

function impersonation(user: unknown): Impersonation | undefined {
  const username = text_(field(user, 'as'));
  if (username === undefined || username === '') return undefined;
  const extra = field(user, 'as-user-extra');
  return compact({
    username,
    uid: text_(field(user, 'as-uid')),
    groups: texts(field(user, 'as-groups')),
    extra: isRecord(extra) ? Object.fromEntries(Object.entries(extra).map(([key, values]) => [key, texts(values) ?? []])) : undefined,
  });
}

function texts(value: unknown): readonly string[] | undefined {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : undefined;
}

/** A command with a folder in it is relative to the kubeconfig; one without is looked up on the PATH. */
function execPlugin(user: unknown, at: { readonly cluster: unknown; readonly server: string; readonly file: string }): ExecPlugin | undefined {
  const exec = field(user, 'exec');
  if (exec === undefined || exec === null) return undefined;
  const command = text_(field(exec, 'command')) ?? '';
  if (command === '') throw new KubeconfigError('exec: command must be specified', { file: at.file });
  const apiVersion = text_(field(exec, 'apiVersion')) ?? '';
  if (apiVersion === '') throw new KubeconfigError('exec: apiVersion must be specified', { file: at.file });
  const env = field(exec, 'env');
  return compact({
    apiVersion,
    command: /[\\/]/.test(command) ? resolveFrom(at.file, command) : command,
    args: texts(field(exec, 'args')),
    env: Array.isArray(env) ? Object.fromEntries(env.map((each: unknown) => [text_(field(each, 'name')) ?? '', text_(field(each, 'value')) ?? ''])) : undefined,
    installHint: text_(field(exec, 'installHint')),
    provideClusterInfo: field(exec, 'provideClusterInfo') === true ? true : undefined,
    cluster: field(exec, 'provideClusterInfo') === true ? clusterInfo(at.cluster, at.server) : undefined,
  });
}

/** What a plugin is told of the cluster. @see kubernetes v1.36 staging/src/k8s.io/client-go/pkg/apis/clientauthentication/types.go (Cluster) */
function clusterInfo(cluster: unknown, server: string): Readonly<Record<string, unknown>> {
  const extensions = field(cluster, 'extensions');
  const own = Array.isArray(extensions) ? extensions.find((each) => field(each, 'name') === 'client.authentication.k8s.io/exec') : undefined;
  return compact({
    server,
    'tls-server-name': text_(field(cluster, 'tls-server-name')),
    'insecure-skip-tls-verify': field(cluster, 'insecure-skip-tls-verify') === true ? true : undefined,
    'certificate-authority-data': text_(field(cluster, 'certificate-authority-data')),
    'proxy-url': text_(field(cluster, 'proxy-url')),
    config: own === undefined ? undefined : field(own, 'extension'),
  });
}

function resolveFrom(file: string, name: string): string {
  return isAbsolute(name) ? name : join(dirname(file), name);
}

/** Inline data wins over files; relative names are relative to the kubeconfig. */
async function readFiles({ files, clusterFile, userFile, ...access }: UnreadAccess): Promise<ClusterAccess> {
  const read: Record<string, string> = {};
  for (const [key, name] of Object.entries(files)) {
    if (access[key as keyof typeof files] !== undefined) continue;
    const file = key === 'certificateAuthority' ? clusterFile : userFile;
    try {
      read[key] = await readFile(resolveFrom(file, name), 'utf8');
    } catch (cause) {
      throw new KubeconfigError(`cannot read ${resolveFrom(file, name)}`, { file, cause });
    }
  }
  return { ...access, ...read, ...(access.tokenFile === undefined ? {} : { tokenFile: resolveFrom(userFile, access.tokenFile) }) };
}

/** An entry of one of the lists, and the file that it is from. */
function named(configs: readonly LoadedConfig[], list: string, name: string, entry: string): { readonly entry: unknown; readonly file: string } {
  for (const { config, file } of configs) {
    const entries = field(config, list);
    const found: unknown = Array.isArray(entries) ? entries.find((item) => field(item, 'name') === name) : undefined;
    if (found !== undefined) return { entry: field(found, entry), file };
  }
  throw new KubeconfigError(`has no ${entry} "${name}"`, { file: (configs[0] as LoadedConfig).file });
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
