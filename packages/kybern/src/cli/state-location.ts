import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { ledgerAnnex } from '@kybern/apiserver';
import type { Clock } from '@kybern/core';
import { createMemoryStore, isCorruptState, isStateLocked, type StateStore } from '@kybern/state';
import { openFileStore } from '@kybern/state/file';
import type { EtcdStoreOptions } from '@kybern/state/etcd';
import { CliError } from './errors.ts';
import type { CliIo } from './io.ts';

/** Where a cluster keeps its objects. */
export type StateLocation =
  | { readonly type: 'memory' }
  | { readonly type: 'file'; readonly directory: string }
  | { readonly type: 'etcd'; readonly endpoints: readonly string[]; readonly user: { readonly name: string; readonly password: string } | undefined };

const FORMS = 'memory, file:DIR, or etcd:URL[,URL...]';

/** Reads `--state`. @throws {CliError} it is none of the forms */
export function parseStateLocation(text: string, cwd: string): StateLocation {
  if (text === 'memory') return { type: 'memory' };
  const [scheme, rest] = [text.slice(0, text.indexOf(':')), text.slice(text.indexOf(':') + 1)];
  if (scheme === 'file') {
    if (rest === '') throw new CliError('--state: name a directory, such as file:/var/lib/kybern');
    return { type: 'file', directory: resolve(cwd, rest) };
  }
  if (scheme === 'etcd') return etcdLocation(rest);
  throw new CliError(`--state: "${text}" is not ${FORMS}`);
}

function etcdLocation(text: string): StateLocation {
  let user: { name: string; password: string } | undefined;
  const endpoints = text.split(',').map((part) => {
    const url = URL.canParse(part) ? new URL(part) : undefined;
    if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:') || url.hostname === '') {
      throw new CliError(`--state: "${part}" is not the URL of an etcd, such as https://127.0.0.1:2379`);
    }
    if (url.username !== '') user = { name: decodeURIComponent(url.username), password: decodeURIComponent(url.password) };
    return `${url.protocol}//${url.host}`;
  });
  return { type: 'etcd', endpoints, user };
}

/** The directory in which this platform keeps what programs want to keep. */
export function defaultStateDirectory(io: Pick<CliIo, 'env' | 'homeDir'>, platform: NodeJS.Platform = process.platform): string {
  return join(dataDirectory(io, platform), 'state');
}

/** @see XDG Base Directory Specification */
function dataDirectory({ env, homeDir }: Pick<CliIo, 'env' | 'homeDir'>, platform: NodeJS.Platform): string {
  if (platform === 'win32') return join(env.LOCALAPPDATA ?? join(homeDir, 'AppData', 'Local'), 'kybern');
  if (platform === 'darwin') return join(homeDir, 'Library', 'Application Support', 'kybern');
  const xdg = env.XDG_DATA_HOME;
  return join(xdg !== undefined && isAbsolute(xdg) ? xdg : join(homeDir, '.local', 'share'), 'kybern');
}

/** Where it is, for people. */
export function describeLocation(location: StateLocation): string {
  if (location.type === 'memory') return 'memory: it ends with this command';
  if (location.type === 'etcd') return `etcd at ${location.endpoints.join(', ')}`;
  const home = homedir();
  return location.directory.startsWith(`${home}/`) ? `~${location.directory.slice(home.length)}` : location.directory;
}

/** How to get into an etcd. */
export interface EtcdAccess {
  /** Files with the certificates, PEM. */
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** The name of a user. Default: that of the URL. */
  readonly user?: string | undefined;
  /** The password of that user, or a file that has it. */
  readonly password?: string | undefined;
  readonly passwordFile?: string | undefined;
}

/** What opening a state needs besides its location. */
export interface OpenStateOptions {
  readonly clock: Clock;
  /** Told once that nothing can be written any more. */
  readonly onFailure: (error: Error) => void;
  readonly etcd?: EtcdAccess;
  /** How long Events live, in ms. */
  readonly eventTtlMs: number;
}

/** Opens a state. @throws {CliError} says what is the matter and what to do */
export async function openState(location: StateLocation, options: OpenStateOptions): Promise<StateStore> {
  if (location.type === 'memory') return createMemoryStore();
  if (location.type === 'etcd') return openEtcd(location, options);
  try {
    return await openFileStore({ directory: location.directory, annex: ledgerAnnex(), clock: options.clock, onFailure: options.onFailure });
  } catch (error) {
    throw explainState(error, location.directory);
  }
}

async function openEtcd(location: StateLocation & { type: 'etcd' }, { clock, etcd = {}, eventTtlMs }: OpenStateOptions): Promise<StateStore> {
  const [{ openEtcd }, ca, cert, key] = await Promise.all([import('@kybern/state/etcd'), pem(etcd.ca), pem(etcd.cert), pem(etcd.key)]);
  const ttlSeconds = Math.max(1, Math.round(eventTtlMs / 1000));
  const user = etcd.user === undefined ? location.user : { name: etcd.user, password: await passwordOf(etcd) };
  const settings: EtcdStoreOptions = {
    endpoints: location.endpoints,
    tls: { ca, cert, key },
    clock,
    annex: ledgerAnnex(),
    ttlSeconds: (object) => (EVENT_PREFIXES.some((prefix) => object.startsWith(prefix)) ? ttlSeconds : undefined),
    ...(user === undefined ? {} : { user }),
  };
  try {
    return await openEtcd(settings);
  } catch (error) {
    throw new CliError(`cannot use ${describeLocation(location)}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

/** Under which keys Events are. */
export const EVENT_PREFIXES: readonly string[] = ['/registry/core/events/', '/registry/events.k8s.io/events/'];

async function passwordOf({ password, passwordFile }: EtcdAccess): Promise<string> {
  if (passwordFile !== undefined) return (await readPrivate(passwordFile)).toString('utf8').trimEnd();
  if (password === undefined)
    throw new CliError('there is a user for etcd and no password: set KYBERN_ETCD_PASSWORD, or name a file with --etcd-password-file');
  return password;
}

async function pem(file: string | undefined): Promise<Buffer | undefined> {
  return file === undefined ? undefined : readPrivate(file);
}

async function readPrivate(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new CliError(`cannot read ${file}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'you may not write there; choose another with --state file:DIR',
  EPERM: 'you may not write there; choose another with --state file:DIR',
  EROFS: 'the file system is read-only; choose another with --state file:DIR',
  ENOSPC: 'the disk is full; make room, then start again',
  EDQUOT: 'your quota of disk space is used up; make room, then start again',
  ENOTDIR: 'a part of the path is a file; choose another with --state file:DIR',
  EEXIST: 'there is a file of that name; choose another with --state file:DIR',
};

/** An error of a durable store in the words of a person at a terminal. */
export function explainState(error: unknown, directory: string): unknown {
  if (!(error instanceof Error)) return error;
  const options = { cause: error };
  if (isStateLocked(error))
    return new CliError(`${error.message}: end that first, or give this one a state of its own (--state file:DIR or --state memory)`, options);
  if (isCorruptState(error)) {
    return new CliError(`${error.message}. Nothing was changed. Restore a backup: kybern state restore --state file:NEWDIR FILE`, options);
  }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : sqliteCode(error);
  const reason = code === undefined ? undefined : REASONS[code];
  if (reason !== undefined) return new CliError(`cannot keep state in ${directory}: ${reason}`, options);
  return new CliError(error.message, options);
}

/** The lock's file could not be opened. */
const SQLITE_CANTOPEN = 14;
const SQLITE_READONLY = 8;

const sqliteCode = (error: Error): string | undefined =>
  'errcode' in error && (error.errcode === SQLITE_CANTOPEN || error.errcode === SQLITE_READONLY) ? 'EACCES' : undefined;
