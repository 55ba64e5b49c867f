import type { AttachOptions, ByteConnection, CallOptions, Kind, MutableJson, ProcessStreams } from '@kybern/core';
import { runMutating, runValidating } from '../admission/admission.ts';
import { checkAccess } from '../authorization.ts';
import type { ConnectEnvironment } from './connect-environment.ts';
import { methodNotAllowed, noSuchResource } from '../errors.ts';
import type { ApiRequest, UserInfo, Verb } from '../request.ts';
import { hasSubresource } from '../resource.ts';
import { connectCommand } from './pod-command.ts';
import { connectLog } from './pod-log.ts';
import { connectPorts } from './pod-ports.ts';
import { connectProxy, type ProxyConnection } from './proxy.ts';

/** A request for a subresource that is a connection, not an object. */
export interface ConnectRequest {
  readonly method: string;
  readonly kind: Kind;
  readonly namespace: string | undefined;
  readonly name: string;
  readonly subresource: string;
  /** What follows the subresource in the path, as it was sent, with its slash: for proxies. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly user: UserInfo;
}

/** What a request was let in to. Nothing happens on the node before it is opened. */
export type Connection =
  | { readonly type: 'log'; open(options: CallOptions): Promise<ReadableStream<Uint8Array>> }
  | { readonly type: 'command'; readonly wanted: AttachOptions; readonly attach: boolean; start(options: CallOptions): Promise<ProcessStreams> }
  | {
      readonly type: 'ports';
      /** Those of the query, which not every protocol needs. */
      readonly ports: readonly number[];
      /** Names the Pod in messages. */
      readonly about: string;
      connect(port: number, options: CallOptions): Promise<ByteConnection>;
    }
  | ProxyConnection;

const VERBS: Readonly<Record<string, Verb>> = { GET: 'get', HEAD: 'get', POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete', OPTIONS: 'get' };

/** Pods' subresources that change what runs: to open one a right to read is not enough. */
const WRITING: ReadonlySet<string> = new Set(['exec', 'attach', 'portforward']);

/** Whether a subresource is a connection. */
export function isConnection(kind: Kind | undefined, subresource: string | undefined): boolean {
  if (kind?.group !== '' || subresource === undefined) return false;
  const [name = ''] = subresource.split('/', 1);
  return (kind.plural === 'pods' && (name === 'log' || WRITING.has(name))) || (name === 'proxy' && hasSubresource(kind, 'proxy'));
}

/**
 * Lets a request in: authorizes, checks its options, asks admission.
 *
 * @throws {ApiError} in Kubernetes' words
 * @see kubernetes v1.36 staging/src/k8s.io/apiserver/pkg/endpoints/handlers/rest.go (ConnectResource)
 */
export async function connect(env: ConnectEnvironment, request: ConnectRequest): Promise<Connection> {
  const verb = VERBS[request.method];
  if (verb === undefined) throw methodNotAllowed(request.method.toLowerCase());
  await authorize(env, request, verb);
  if (request.subresource === 'log' ? verb !== 'get' : WRITING.has(request.subresource) && verb !== 'get' && verb !== 'create') throw methodNotAllowed(verb);
  const connection = await resolve(env, request);
  await admit(env, request);
  return connection;
}

function resolve(env: ConnectEnvironment, request: ConnectRequest): Promise<Connection> {
  switch (request.subresource) {
    case 'log':
      return connectLog(env, request);
    case 'exec':
    case 'attach':
      return connectCommand(env, request);
    case 'portforward':
      return connectPorts(env, request);
    case 'proxy':
      return connectProxy(env, request);
    default:
      throw noSuchResource();
  }
}

/**
 * A GET is a right to read. That must not be enough for what a WebSocket, which begins with one, can do.
 *
 * @see kubernetes v1.36 pkg/registry/core/pod/rest/subresources.go (ensureAuthorizedForVerb)
 */
async function authorize(env: ConnectEnvironment, request: ConnectRequest, verb: Verb): Promise<void> {
  const { kind, namespace, name, subresource, user } = request;
  const asked: ApiRequest = { verb, kind, namespace, name, subresource, user };
  await checkAccess(env.authorizer, asked);
  if (verb === 'get' && WRITING.has(subresource)) await checkAccess(env.authorizer, { ...asked, verb: 'create' });
}

async function admit(env: ConnectEnvironment, { kind, namespace, name, subresource, query, user }: ConnectRequest): Promise<void> {
  // A log is read, not connected to.
  if (subresource === 'log') return;
  const chain = env.resource(kind).admission('CONNECT', subresource);
  if (chain.mutating.length + chain.validating.length === 0) return;
  const object: MutableJson = optionsObject(subresource, query);
  const attributes = {
    operation: 'CONNECT' as const,
    kind,
    namespace,
    name,
    subresource,
    object,
    oldObject: undefined,
    user,
    dryRun: false,
    env,
    warnings: [],
  };
  await runMutating(chain, attributes);
  await runValidating(chain, attributes);
}

const OPTION_KINDS: Readonly<Record<string, string>> = { exec: 'PodExecOptions', attach: 'PodAttachOptions', portforward: 'PodPortForwardOptions' };

/** The options as the object that admission sees. */
function optionsObject(subresource: string, query: URLSearchParams): MutableJson {
  const command = query.getAll('command');
  const fields = [...query].filter(([key]) => key !== 'command').map(([key, value]) => [key, value === 'true' ? true : value]);
  return { apiVersion: 'v1', kind: OPTION_KINDS[subresource] ?? 'NodeProxyOptions', ...Object.fromEntries(fields), ...(command.length > 0 ? { command } : {}) };
}
