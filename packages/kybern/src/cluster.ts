import { createApiServer, type ApiServer, type Listener, type ListenOptions } from '@kybern/apiserver';
import { builtinControllers, rootCaPublisher } from '@kybern/controllers';
import {
  apiVersionOf,
  noopLogger,
  randomIds,
  seededRandom,
  systemClock,
  systemIds,
  systemRandom,
  type Client,
  type Clock,
  type Kind,
  type Logger,
  type Random,
} from '@kybern/core';
import { findKind } from '@kybern/core/kinds';
import { createKubelet, createPodSource, type PodSource } from '@kybern/kubelet';
import { createManager, type ControllerDefinition, type ErrorSink, type Manager } from '@kybern/reconcile';
import { createSimulatedRuntime, type ContainerRuntime } from '@kybern/runtime-cri';
import { createSchedulerLoop, type Plugin } from '@kybern/scheduler';
import { createMemoryStore, type StateStore } from '@kybern/state';

/** A node of a {@link createCluster}. */
export interface ClusterNode {
  readonly name: string;
  /** What runs its containers. Default: the simulation. */
  readonly runtime?: ContainerRuntime;
  readonly labels?: Readonly<Record<string, string>>;
}

/** Options of {@link createCluster}: what it is made of. Every part has a default. */
export interface ClusterOptions {
  /** Where objects are kept. Default: memory. It stays the caller's to dispose when given. */
  readonly state?: StateStore;
  /** Kinds of one's own beside Kubernetes'. Those of `controllers` are served without being named here. */
  readonly kinds?: readonly Kind[];
  /** Default: `builtinControllers()`. */
  readonly controllers?: readonly ControllerDefinition[];
  /** `false`: none; Pods wait until somebody binds them. */
  readonly scheduler?: { readonly plugins?: readonly Plugin[] } | false;
  /** A number makes `node-1`, `node-2`, … on the simulation. Default 3. */
  readonly nodes?: number | readonly ClusterNode[];
  /**
   * Who may do what, besides members of `system:masters`: `rbac` brings in Kubernetes' default roles, and Pods get tokens of their ServiceAccounts.
   * Default `rbac`; with `system-masters` nobody else may do anything.
   */
  readonly authorization?: 'rbac' | 'system-masters';
  readonly clock?: Clock;
  /** Makes names, UIDs and every random choice repeatable. Default: not repeatable. */
  readonly seed?: number | string;
  readonly logger?: Logger;
  /** Told of every failure that nobody else sees, such as an exception in a reconciler. Default: the logger. */
  readonly onError?: ErrorSink;
}

/** A cluster that runs until it is disposed. */
export interface Cluster extends AsyncDisposable {
  /** May do everything. */
  readonly client: Client;
  readonly api: ApiServer;
  /** Opens the HTTPS door, for kubectl and other clients; closed with the cluster. */
  listen(options?: ListenOptions): Promise<Listener>;
}

/**
 * Composes state, API server, controllers, scheduler and nodes into a running cluster.
 *
 * @example
 * await using cluster = await createCluster({ nodes: 3 });
 * await cluster.listen({ port: 6443 });
 */
export async function createCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const parts = resolveParts(options);
  const { clock, ids, random, logger, onError } = parts;
  const api = await createApiServer({
    ...parts,
    authorization: options.authorization ?? 'rbac',
    kinds: kindsOf(options.kinds ?? [], options.controllers ?? []),
  });
  const { client, kinds, kindsInUse } = api;
  const controllers =
    options.controllers ?? builtinControllers({ kinds: { all: () => kinds.list(), inUse: () => kindsInUse.list(), onInUse: (fn) => kindsInUse.onAdd(fn) } });
  const stop = new AbortController();
  const running: Promise<void>[] = [];
  const start = (name: string, part: { run(signal: AbortSignal): Promise<void> }): void => {
    running.push(part.run(stop.signal).catch((error: unknown) => logger.error('a part of the cluster ended', { part: name, error })));
  };
  const manager: Manager = createManager({ client, controllers, clock, ids, random: random.fork('controllers'), logger, onError });
  start('controllers', manager);
  if (options.scheduler !== false) start('scheduler', createSchedulerLoop({ client, clock, random: random.fork('scheduler'), logger, ...options.scheduler }));
  const pods = createPodSource(client, { clock, random: random.fork('pods'), logger });
  start('pods', pods);
  for (const node of nodesOf(options.nodes ?? 3)) start(node.name, nodeAgent(node, { client, clock, random, logger, pods }));

  let published = false;
  return {
    client,
    api,
    async listen(listenOptions) {
      const listener = await api.listen(listenOptions);
      // Pods know the server by the authority of the first door.
      if (!published) manager.add(rootCaPublisher({ certificate: listener.certificateAuthority }));
      published = true;
      return listener;
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await Promise.all(running);
      await api[Symbol.asyncDispose]();
      if (options.state === undefined) await parts.state[Symbol.asyncDispose]();
    },
  };
}

function resolveParts(options: ClusterOptions): {
  state: StateStore;
  clock: Clock;
  random: Random;
  ids: ReturnType<typeof systemIds>;
  logger: Logger;
  onError: ErrorSink;
} {
  const random = options.seed === undefined ? systemRandom() : seededRandom(options.seed);
  const logger = options.logger ?? noopLogger;
  return {
    state: options.state ?? createMemoryStore(),
    clock: options.clock ?? systemClock(),
    random,
    ids: options.seed === undefined ? systemIds() : randomIds(random.fork('ids')),
    logger,
    onError: options.onError ?? ((error, context) => logger.error('a failure that nobody handles', { error, ...context })),
  };
}

/** The kinds to serve beside Kubernetes' own, each once. */
function kindsOf(kinds: readonly Kind[], controllers: readonly ControllerDefinition[]): readonly Kind[] {
  const all = new Set(kinds);
  for (const controller of controllers) for (const kind of [controller.for, ...(controller.owns ?? [])]) all.add(kind);
  return [...all].filter((kind) => findKind(apiVersionOf(kind), kind.kind) === undefined);
}

function nodesOf(nodes: number | readonly ClusterNode[]): readonly ClusterNode[] {
  if (typeof nodes !== 'number') return nodes;
  if (!Number.isInteger(nodes) || nodes < 0) throw new RangeError(`nodes must be a whole number of at least 0, not ${String(nodes)}`);
  return Array.from({ length: nodes }, (_, index) => ({ name: `node-${String(index + 1)}` }));
}

function nodeAgent(
  node: ClusterNode,
  deps: { client: Client; clock: Clock; random: Random; logger: Logger; pods: PodSource },
): { run(signal: AbortSignal): Promise<void> } {
  const { clock } = deps;
  const random = deps.random.fork(node.name);
  const runtime = node.runtime ?? createSimulatedRuntime({ clock, random: random.fork('runtime') });
  return createKubelet({ ...deps, random, name: node.name, runtime, ...(node.labels === undefined ? {} : { labels: node.labels }) });
}
