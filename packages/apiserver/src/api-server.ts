import {
  formatTime,
  groupResource,
  noopLogger,
  systemClock,
  systemIds,
  systemRandom,
  type Client,
  type Clock,
  type IdSource,
  type Kind,
  type Logger,
  type NodeConnections,
  type PodStreams,
  type Random,
} from '@kybern/core';
import { betaKinds, builtinKinds, Namespace } from '@kybern/core/kinds';
import { createMemoryStore, type StateStore } from '@kybern/state';
import { createAccess, type AccessOptions } from './access.ts';
import type { AdmissionPlugin } from './admission/admission.ts';
import { createAdmissionTables } from './admission-tables.ts';
import { defaultAdmission } from './admission/index.ts';
import { findDefaultPriorityClass } from './admission/priority.ts';
import { withQuotas } from './admission/quota/quota-store.ts';
import { bootstrap, bootstrapForPods } from './bootstrap.ts';
import { createInProcessClient } from './client.ts';
import { createDefinitions } from './customresources/definitions.ts';
import { followDefinitions } from './customresources/follow-definitions.ts';
import type { Environment } from './environment.ts';
import { noSuchResource } from './errors.ts';
import { execute } from './execute.ts';
import type { Listener, ListenOptions } from './http/listener.ts';
import { createKindsInUse, type KindsInUse } from './kinds-in-use.ts';
import { publishAddress } from './kubernetes-endpoints.ts';
import { createBooks } from './managed-fields/books.ts';
import { completing } from './managed-fields/complete-response.ts';
import { createKindRegistry, type KindRegistry } from './registry.ts';
import { createPodStreams } from './pod-streams.ts';
import { createMemory } from './remembered.ts';
import { SYSTEM_USER, type ApiRequest, type ApiResponse, type UserInfo } from './request.ts';
import { METRICS_GROUP, resourceMetricsKinds } from './resource-metrics/kinds.ts';
import { createResource, objectKey, type Resource } from './resource.ts';
import type { Connection, ConnectRequest } from './subresources/connect.ts';
import { createServiceAllocators } from './resources/service-allocators.ts';
import { withServiceClaims } from './resources/service-claims.ts';
import { createSiblings } from './siblings.ts';
import { createEventDispatcher } from './watch/event-dispatcher.ts';

/** Options of {@link createApiServer}. */
export interface ApiServerOptions extends AccessOptions {
  /** Where objects live. Default: a new store in memory, which the server then disposes with itself; a store that is given stays the caller's. */
  readonly state?: StateStore;
  /** Serve beta versions of the API as well. Default false, as with Kubernetes. */
  readonly betaVersions?: boolean;
  /** Kinds to serve besides the built-in ones. */
  readonly kinds?: readonly Kind[];
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** Default: the machine's. */
  readonly random?: Random;
  /** Default: the machine's. */
  readonly ids?: IdSource;
  readonly logger?: Logger;
  /** The addresses of Services: a range, or two of different families with a comma between them, the default one first. Default `10.96.0.0/12`. */
  readonly serviceCidr?: string;
  /** The admission chain, in order. Default: {@link defaultAdmission}. */
  readonly admission?: readonly AdmissionPlugin[];
  /** The way to the kubelets, for logs, commands and ports of Pods. Default: none, so that these fail. */
  readonly nodes?: NodeConnections;
  /** Told of every load that takes real time (schemas and validators), so that a virtual clock can wait for it. */
  readonly pending?: <T>(promise: Promise<T>) => Promise<T>;
}

/** A Kubernetes API server over a state store. */
export interface ApiServer extends AsyncDisposable {
  /** May do everything, as a member of `system:masters`. */
  readonly client: Client;
  /** A client that acts as `user`, with that user's rights. */
  clientFor(user: UserInfo): Client;
  /** Logs, commands and ports of Pods, for one who may do everything. */
  readonly podStreams: PodStreams;
  /** The same as `user`, with that user's rights. */
  podStreamsFor(user: UserInfo): PodStreams;
  readonly kinds: KindRegistry;
  /** Which of {@link ApiServer.kinds} have objects: what a garbage collector has to watch. */
  readonly kindsInUse: Omit<KindsInUse, 'close'>;
  /** The one way in, for doors: authorize, admit, validate, store. @throws {ApiError} */
  execute(request: ApiRequest): Promise<ApiResponse>;
  /**
   * Opens the HTTPS door. Dispose the listener to close it; it is closed with the server too.
   *
   * @throws what the system says (`EADDRINUSE`, `EACCES`) when it cannot listen there
   */
  listen(options?: ListenOptions): Promise<Listener>;
}

const DEFAULT_SERVICE_CIDR = '10.96.0.0/12';

/**
 * Starts an API server in this process. On an empty store it creates what every cluster has: the namespaces, their ServiceAccounts, the system
 * priority classes and the Service `kubernetes`.
 *
 * Disposing the server ends its watches; they complete.
 *
 * @throws {RangeError} when two kinds have the same name
 * @throws {AllocationError} when `serviceCidr` is not a CIDR
 */
export async function createApiServer(options: ApiServerOptions = {}): Promise<ApiServer> {
  const env = createEnvironment(options.nodes === undefined ? options : { ...options, kinds: [...(options.kinds ?? []), ...resourceMetricsKinds()] });
  const kindsInUse = createKindsInUse(env.state, env.kinds);
  await bootstrap(env);
  const definitions = followDefinitions(env);
  if (options.authorization === 'rbac') {
    await env.secure();
    await bootstrapForPods(env);
  }
  // What nodes use is not stored.
  const measure = async (request: ApiRequest): Promise<ApiResponse> =>
    (await env.pending(import('./resource-metrics/serve.ts'))).serveResourceMetrics({ ...env, nodes: options.nodes }, request);
  const run = (request: ApiRequest): Promise<ApiResponse> =>
    request.kind.group === METRICS_GROUP && options.nodes !== undefined ? measure(request) : execute(env, request);
  const clientFor = (user: UserInfo): Client => createInProcessClient(completing(run, env.books), { user, clock: env.clock });
  // Loaded with the first connection: most servers in tests never have one.
  const connect = async (request: ConnectRequest): Promise<Connection> =>
    (await env.pending(import('./subresources/connect.ts'))).connect({ ...env, nodes: options.nodes }, request);
  const podStreamsFor = (user: UserInfo): PodStreams => createPodStreams(connect, user);
  const listeners = new Set<Listener>();
  return {
    client: clientFor(SYSTEM_USER),
    clientFor,
    podStreams: podStreamsFor(SYSTEM_USER),
    podStreamsFor,
    kinds: env.kinds,
    kindsInUse,
    execute: run,
    async listen(listenOptions) {
      const isApart = listenOptions?.apart !== undefined;
      if (options.authorization === undefined && !isApart) await env.secure();
      // The door drags TLS and certificates along, which a cluster inside a test does not need.
      const { listen } = await import('./http/listener.ts');
      const listener = await listen({ ...env, execute: run, connect }, listenOptions);
      listeners.add(listener);
      if (!isApart) await publishAddress(env, listener);
      return listener;
    },
    async [Symbol.asyncDispose]() {
      for (const listener of listeners) await listener[Symbol.asyncDispose]();
      await definitions.close();
      kindsInUse.close();
      env.rbac.close();
      env.nodeAuthorizer.close();
      env.tables.close();
      env.allocators.close();
      env.dispatcher.close();
      if (options.state === undefined) await env.state[Symbol.asyncDispose]();
    },
  };
}

function createEnvironment(options: ApiServerOptions): Environment {
  const state = options.state ?? createMemoryStore();
  const clock = options.clock ?? systemClock();
  const resources = new Map<Kind, Resource>();
  const served = options.betaVersions === true ? [...builtinKinds, ...betaKinds] : builtinKinds;
  const fixed = [...served, ...(options.kinds ?? [])];
  const kinds = createKindRegistry(fixed, () => definitions.catchUp());
  const builtin = new Set<Kind>(served);
  const dispatcher = createEventDispatcher(state);
  const tables = createAdmissionTables(state);
  const admission = options.admission ?? defaultAdmission();
  const ids = options.ids ?? systemIds();
  const claiming = withServiceClaims(state, { clock, ids });
  const memory = createMemory(dispatcher, () => state.revision);
  const siblings = createSiblings();
  const definitions = createDefinitions(state, fixed, {
    add: (kind) => kinds.add(kind),
    remove(kind) {
      kinds.remove(kind);
      for (const [known, resource] of resources) if (resource.definition !== undefined) resources.delete(known);
    },
    changed: (prefix) => dispatcher.end(prefix),
  });
  const env: Environment = {
    ...createAccess(options, state, () => env),
    state: admission.some(({ name }) => name === 'ResourceQuota')
      ? withQuotas(claiming, { quotas: tables.resourceQuotas, kindOf: resourceKinds(kinds) })
      : claiming,
    clock,
    formatTime: rememberSecond(),
    random: options.random ?? systemRandom(),
    ids,
    logger: options.logger ?? noopLogger,
    kinds,
    definitions,
    admission,
    tables,
    books: createBooks(siblings.textOf),
    siblings,
    allocators: createServiceAllocators(options.serviceCidr ?? DEFAULT_SERVICE_CIDR, state),
    dispatcher,
    memory,
    namespaces: memory.remember('/registry/core/namespaces/', (name) => env.lookup(Namespace as Kind, undefined, name) as Promise<Namespace | undefined>),
    defaultPriorityClass: memory.remember('/registry/scheduling.k8s.io/priorityclasses/', () => findDefaultPriorityClass(state)),
    pending: options.pending ?? ((promise) => promise),
    resource(kind) {
      // What a definition made may have changed, and is then found anew.
      if (resources.get(kind)?.definition !== undefined) definitions.catchUp();
      let resource = resources.get(kind);
      if (resource === undefined) resources.set(kind, (resource = findResource(kind)));
      return resource;
    },
    async lookup(kind, namespace, name) {
      return (await state.get(objectKey(env.resource(kind), namespace, name)))?.value;
    },
  };
  /** A kind of the same name from another installation of the package is the same kind. */
  const findResource = (kind: Kind): Resource => {
    const served = kinds.byResource(kind.group, kind.version, kind.plural);
    if (served === undefined) throw noSuchResource();
    if (served !== kind) return env.resource(served);
    return createResource(served, env, { custom: !builtin.has(served) });
  };
  return env;
}

/** Finds kinds by the name of their resource: `pods`, `deployments.apps`. */
function resourceKinds(kinds: KindRegistry): (resource: string) => Kind | undefined {
  return (resource) => kinds.list().find((kind) => groupResource(kind) === resource);
}

function rememberSecond(): (epochMs: number) => string {
  let second = NaN;
  let text = '';
  return (epochMs) => {
    const now = Math.floor(epochMs / 1000);
    if (now !== second) [second, text] = [now, formatTime(epochMs)];
    return text;
  };
}
