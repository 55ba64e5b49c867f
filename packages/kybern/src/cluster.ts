import { bootstrapTokenAuthenticator, createApiServer, type ApiServer, type Authenticator, type Listener, type ListenOptions } from '@kybern/apiserver';
import { builtinControllers, rootCaPublisher, type VolumeProvisioning } from '@kybern/controllers';
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
import { createKubelet, createLocalConnections, createPodSource, type Kubelet, type KubeletOptions, type PodSource } from '@kybern/kubelet';
import { createManager, lead, type ControllerDefinition, type ErrorSink, type LeaderElectionOptions, type Manager } from '@kybern/reconcile';
import { createSimulatedRuntime, type ContainerRuntime } from '@kybern/runtime-cri';
import { createSchedulerLoop, type Plugin } from '@kybern/scheduler';
import { createMemoryStore, type StateStore } from '@kybern/state';
import { simulatedProvisioner, standardClass } from '@kybern/storage';
import { localPathProvisioner } from '@kybern/storage/local-path';
import { nodeSigner } from './nodes/node-signer.ts';
import { createNodeRouter, type NodeCredentials } from './nodes/remote-nodes.ts';
import { DEFAULT_EVENT_TTL_MS, expireEvents } from './event-expiry.ts';

/** A node of a {@link createCluster}. */
export interface ClusterNode {
  readonly name: string;
  /** What runs its containers. Default: the simulation. */
  readonly runtime?: ContainerRuntime;
  readonly labels?: Readonly<Record<string, string>>;
  /** What its agent says of the machine, and where it keeps what Pods need there. Set it when the runtime is real: `{ machine: { rootDirectory }, ...describeMachine() }`. */
  readonly kubelet?: Pick<KubeletOptions, 'machine' | 'capacity' | 'addresses' | 'nodeInfo' | 'resolver'>;
}

/** Options of {@link createCluster}: what it is made of. Every part has a default. */
export interface ClusterOptions {
  /** Where objects are kept. Default: memory. It stays the caller's to dispose when given. */
  readonly state?: StateStore;
  /** Kinds of one's own beside Kubernetes'. Those of `controllers` are served without being named here. */
  readonly kinds?: readonly Kind[];
  /** Default: `builtinControllers()`. */
  readonly controllers?: readonly ControllerDefinition[];
  /**
   * Who makes volumes for claims of the StorageClass `standard`, which comes with the first claim that names none: the simulation, or directories in a
   * directory of this machine. Default: the simulation where all nodes are simulated, nobody otherwise. Of no account with `controllers`.
   */
  readonly volumes?: 'simulated' | { readonly directory: string } | false;
  /** `false`: none; Pods wait until somebody binds them. */
  readonly scheduler?: { readonly plugins?: readonly Plugin[] } | false;
  /** A number makes `node-1`, `node-2`, … on the simulation. Default 3. */
  readonly nodes?: number | readonly ClusterNode[];
  /** What the names of numbered nodes begin with. Servers over one state need names of their own. Default `node`. */
  readonly nodePrefix?: string;
  /**
   * Whether only one of several servers over one state runs controllers and scheduler, and how soon another takes over. Default: where the state says that
   * it is shared, with the durations of Kubernetes.
   */
  readonly leaderElection?: boolean | ElectionTiming;
  /**
   * Who may do what, besides members of `system:masters`: `rbac` brings in Kubernetes' default roles, and Pods get tokens of their ServiceAccounts.
   * Default `rbac`; with `system-masters` nobody else may do anything.
   */
  readonly authorization?: 'rbac' | 'system-masters';
  /** Recognise clients of the HTTPS door by tokens, before ServiceAccount tokens: `tokenFileAuthenticator(csv)`, or one's own. Default: none. */
  readonly authenticators?: readonly Authenticator[];
  /** Serve beta versions of the API as well. Default false, as with Kubernetes. */
  readonly betaVersions?: boolean;
  /** Where Services have their addresses. Default `10.96.0.0/12`. */
  readonly serviceCidr?: string;
  /** How long Events live after their last write, in ms. Default: an hour. */
  readonly eventTtlMs?: number;
  readonly clock?: Clock;
  /** Makes names, UIDs and every random choice repeatable. Default: not repeatable. */
  readonly seed?: number | string;
  readonly logger?: Logger;
  /** Told of every failure that nobody else sees, such as an exception in a reconciler. Default: the logger. */
  readonly onError?: ErrorSink;
}

/** How soon another server takes over. */
export type ElectionTiming = Pick<LeaderElectionOptions, 'leaseDurationMs' | 'renewDeadlineMs' | 'retryPeriodMs'>;

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
  const connections = createLocalConnections();
  const nodes = nodesOf(options.nodes ?? 3, options.nodePrefix ?? 'node');
  const local = new Set(nodes.map(({ name }) => name));
  let credentials: NodeCredentials | undefined;
  const router = createNodeRouter({ local: connections, isLocal: (name) => local.has(name), client: () => api.client, credentials: () => credentials, clock });
  const api = await createApiServer({
    ...parts,
    nodes: router,
    authorization: options.authorization ?? 'rbac',
    betaVersions: options.betaVersions ?? false,
    authenticators: [...(options.authenticators ?? []), bootstrapTokenAuthenticator(parts)],
    ...(options.serviceCidr === undefined ? {} : { serviceCidr: options.serviceCidr }),
    kinds: kindsOf(options.kinds ?? [], options.controllers ?? []),
  });
  const { client, kinds, kindsInUse } = api;
  const controllers =
    options.controllers ??
    builtinControllers({
      kinds: { all: () => kinds.list(), inUse: () => kindsInUse.list(), onInUse: (fn) => kindsInUse.onAdd(fn) },
      volumes: volumesOf(options),
    });
  const stop = new AbortController();
  const running: Promise<void>[] = [];
  const start = (name: string, part: { run(signal: AbortSignal): Promise<void> }): void => {
    running.push(part.run(stop.signal).catch((error: unknown) => logger.error('a part of the cluster ended', { part: name, error })));
  };
  const election = electionOf(options, parts.state);
  const manager: Manager = createManager({
    client,
    controllers,
    clock,
    ids,
    random: random.fork('controllers'),
    logger,
    onError,
    ...(election === undefined ? {} : { leaderElection: { ...election, name: 'kube-controller-manager', namespace: 'kube-system' } }),
  });
  start('controllers', manager);
  if (options.scheduler !== false) start('scheduler', electedScheduler({ ...parts, client, election, scheduler: options.scheduler ?? {} }));
  start('event expiry', expireEvents(parts.state, { clock, logger, ttlMs: options.eventTtlMs ?? DEFAULT_EVENT_TTL_MS }));
  const pods = createPodSource(client, { clock, random: random.fork('pods'), logger });
  start('pods', pods);
  for (const node of nodes) {
    const agent = nodeAgent(node, { client, clock, random, logger, pods });
    connections.add(agent);
    start(node.name, agent);
  }

  let published = false;
  return {
    client,
    api,
    async listen(listenOptions) {
      const listener = await api.listen(listenOptions);
      // Pods know the server by the authority of the first door.
      if (!published) {
        manager.add(rootCaPublisher({ certificate: listener.certificateAuthority }));
        manager.add(nodeSigner({ authority: listener.authority, clock }));
        credentials = await credentialsOf(listener);
      }
      published = true;
      return listener;
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await Promise.all(running);
      await api[Symbol.asyncDispose]();
      await router[Symbol.asyncDispose]();
      if (options.state === undefined) await parts.state[Symbol.asyncDispose]();
    },
  };
}

/** By what the nodes of other processes know this server. */
async function credentialsOf({ authority, certificateAuthority }: Listener): Promise<NodeCredentials> {
  const { certificate, key } = await authority.issueClient({ name: 'kube-apiserver-kubelet-client', groups: ['system:masters'] });
  return { certificateAuthority, clientCertificate: certificate, clientKey: key };
}

function volumesOf({ volumes, nodes = 3 }: ClusterOptions): readonly VolumeProvisioning[] {
  const areSimulated = typeof nodes === 'number' || nodes.every(({ runtime }) => runtime === undefined);
  const wanted = volumes ?? (areSimulated ? 'simulated' : false);
  if (wanted === false) return [];
  const provisioner = wanted === 'simulated' ? simulatedProvisioner() : localPathProvisioner(wanted);
  return [{ provisioner, standardClass: standardClass(provisioner.name) }];
}

/** Undefined: nobody else can run what this server runs. */
function electionOf({ leaderElection }: ClusterOptions, state: StateStore): ElectionTiming | undefined {
  if (typeof leaderElection === 'object') return leaderElection;
  return (leaderElection ?? state.shared === true) ? {} : undefined;
}

interface SchedulerParts extends Parts {
  readonly client: Client;
  readonly election: ElectionTiming | undefined;
  readonly scheduler: { readonly plugins?: readonly Plugin[] };
}

/** The scheduler, in the times in which this server leads. Each begins with what the cluster is then. */
function electedScheduler({ client, clock, ids, random, logger, election, scheduler }: SchedulerParts): { run(signal: AbortSignal): Promise<void> } {
  const create = (): { run(signal: AbortSignal): Promise<void> } =>
    createSchedulerLoop({ client, clock, random: random.fork('scheduler'), logger, ...scheduler });
  if (election === undefined) return create();
  const deps = { client, clock, ids, random: random.fork('scheduler election'), logger };
  return { run: (signal) => lead({ ...deps, ...election, name: 'kube-scheduler', namespace: 'kube-system' }, (term) => create().run(term.signal), signal) };
}

interface Parts {
  readonly state: StateStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly ids: ReturnType<typeof systemIds>;
  readonly logger: Logger;
  readonly onError: ErrorSink;
}

function resolveParts(options: ClusterOptions): Parts {
  const random = options.seed === undefined ? systemRandom() : seededRandom(options.seed);
  const logger = options.logger ?? noopLogger;
  const state = options.state ?? createMemoryStore();
  return {
    state,
    clock: options.clock ?? systemClock(),
    random,
    ids: options.seed === undefined ? systemIds() : randomIds(random.fork(idsOf(state))),
    logger,
    onError: options.onError ?? ((error, context) => logger.error('a failure that nobody handles', { error, ...context })),
  };
}

/** UIDs and names do not repeat when a cluster of the same seed goes on with a state. */
const idsOf = ({ revision }: StateStore): string => (revision === 0 ? 'ids' : `ids from revision ${String(revision)}`);

/** The kinds to serve beside Kubernetes' own, each once. */
function kindsOf(kinds: readonly Kind[], controllers: readonly ControllerDefinition[]): readonly Kind[] {
  const all = new Set(kinds);
  for (const controller of controllers) for (const kind of [controller.for, ...(controller.owns ?? [])]) all.add(kind);
  return [...all].filter((kind) => findKind(apiVersionOf(kind), kind.kind) === undefined);
}

function nodesOf(nodes: number | readonly ClusterNode[], prefix: string): readonly ClusterNode[] {
  if (typeof nodes !== 'number') return nodes;
  if (!Number.isInteger(nodes) || nodes < 0) throw new RangeError(`nodes must be a whole number of at least 0, not ${String(nodes)}`);
  return Array.from({ length: nodes }, (_, index) => ({ name: `${prefix}-${String(index + 1)}` }));
}

function nodeAgent(node: ClusterNode, deps: { client: Client; clock: Clock; random: Random; logger: Logger; pods: PodSource }): Kubelet {
  const { clock } = deps;
  const random = deps.random.fork(node.name);
  const runtime = node.runtime ?? createSimulatedRuntime({ clock, random: random.fork('runtime') });
  return createKubelet({ ...deps, ...node.kubelet, random, name: node.name, runtime, ...(node.labels === undefined ? {} : { labels: node.labels }) });
}
