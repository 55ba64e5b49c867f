import { createApiServer, type ApiServer } from '@kybern/apiserver';
import { builtinControllers, type KindSource } from '@kybern/controllers';
import {
  apiVersionOf,
  applyClientSide,
  noopLogger,
  parseDuration,
  randomIds,
  seededRandom,
  type Client,
  type Clock,
  type Duration,
  type Kind,
  type KubernetesObject,
  type Logger,
  type Random,
} from '@kybern/core';
import { builtinKinds, findKind, Lease, Node, Pod } from '@kybern/core/kinds';
import { createFakeClock } from '@kybern/core/testing';
import { createKubelet, createPodSource } from '@kybern/kubelet';
import { createManager, type ControllerDefinition, type ErrorContext, type ErrorSink, type Manager } from '@kybern/reconcile';
import { createSimulatedRuntime } from '@kybern/runtime-cri';
import { createSchedulerLoop, type Plugin } from '@kybern/scheduler';
import { createMemoryStore, type StateStore } from '@kybern/state';
import { createEventLog, type EventLog, type LogEntry } from './event-log.ts';
import { resolveManifests, type ManifestSource } from './manifests.ts';
import { createTestNode, type ManagedTestNode, type TestNode } from './test-node.ts';
import { createVirtualTime, type SettleOptions, type VirtualTime } from './virtual-time.ts';

/** Options of {@link createTestCluster}. */
export interface TestClusterOptions {
  /** Equal seeds give equal runs, to the byte. Default 1. */
  readonly seed?: number | string;
  /** How many simulated nodes (`node-1`, `node-2`, …), or their names. Default 3. */
  readonly nodes?: number | readonly string[];
  /** Which controllers run: Kubernetes' own (`all`, the default), none, or a list. More can be started with {@link TestCluster.run}. */
  readonly controllers?: 'all' | 'none' | readonly ControllerDefinition[];
  /** `false`: Pods wait until the test binds them. */
  readonly scheduler?: { readonly plugins?: readonly Plugin[] } | false;
  /** Kinds of one's own. Those of controllers are served without being named here. */
  readonly kinds?: readonly Kind[];
  /** Virtual wall time at the start, ms since the Unix epoch. Default 2026-01-01T00:00:00Z. */
  readonly startMs?: number;
  readonly logger?: Logger;
}

/** A failure that a part of the cluster reported while the test went on, such as an exception in a reconciler. */
export interface ReportedError {
  readonly error: Error;
  readonly context: ErrorContext;
}

/** A whole control plane with simulated nodes, in this process and in virtual time. */
export interface TestCluster extends AsyncDisposable {
  /** May do everything. */
  readonly client: Client;
  readonly api: ApiServer;
  readonly clock: Clock;
  /** Every write, in order. */
  readonly log: readonly LogEntry[];
  /** The log as text: equal for equal seeds, to the byte. */
  eventLog(): string;
  /** What went wrong behind the test's back; a reconciler's exceptions end up here. */
  readonly errors: readonly ReportedError[];
  /** `kubectl apply`: creates or changes what manifests describe. @returns the objects as the cluster has them */
  apply(source: ManifestSource): Promise<readonly KubernetesObject[]>;
  /** Starts a controller of one's own; its kinds are served from now on. */
  run(controller: ControllerDefinition): void;
  /** @throws {RangeError} when there is no such node */
  node(name: string | undefined): TestNode;
  /** Runs until nothing is left to do: see {@link VirtualTime.settle}. */
  settle(options?: SettleOptions): Promise<void>;
  /** Lets virtual time pass, with everything that happens in it: `'6m'`, `'24h'`, or ms. */
  advance(duration: Duration): Promise<void>;
}

/**
 * Starts a cluster and waits until its nodes are ready. It runs only while the test awaits `settle()` or `advance()` (or a call of its client), in virtual time.
 *
 * @example
 * await using cluster = await createTestCluster({ nodes: 3, seed: 1 });
 * await cluster.apply(new URL('./nginx.yaml', import.meta.url));
 * await cluster.settle();
 */
export async function createTestCluster(options: TestClusterOptions = {}): Promise<TestCluster> {
  const base = createBase(options);
  await loadModels(base.time);
  const own = typeof options.controllers === 'object' ? options.controllers : [];
  const api = await createApiServer({
    ...base,
    pending: (load) => base.time.pending(load),
    kinds: customKinds([...(options.kinds ?? []), ...own.flatMap(kindsOf)]),
  });
  const controllers = options.controllers === undefined || options.controllers === 'all' ? builtinControllers({ kinds: kindSource(api) }) : own;
  const running = createRunner(base.logger);
  const manager = startControlPlane(api, running, { base, options, controllers });
  const nodes = startNodes(api, running, { base, names: nodeNames(options.nodes ?? 3) });
  await base.time.settle();
  return createFacade({ api, base, manager, nodes, running });
}

/** What everything else is made from. */
interface Base {
  readonly time: VirtualTime;
  readonly clock: Clock;
  readonly random: Random;
  readonly ids: ReturnType<typeof randomIds>;
  readonly logger: Logger;
  readonly state: StateStore;
  readonly log: EventLog;
  readonly errors: ReportedError[];
  readonly onError: ErrorSink;
}

function createBase(options: TestClusterOptions): Base {
  const time = createVirtualTime(createFakeClock(options.startMs === undefined ? {} : { startMs: options.startMs }));
  const random = seededRandom(options.seed ?? 1);
  const state = createMemoryStore();
  const errors: ReportedError[] = [];
  return {
    time,
    clock: time.clock,
    random,
    ids: randomIds(random.fork('ids')),
    logger: options.logger ?? noopLogger,
    state,
    log: createEventLog(state, () => time.clock.now()),
    errors,
    onError: (error, context) => errors.push({ error, context }),
  };
}

/** What every cluster writes at its start; loaded first, so that the start itself waits for nothing. */
async function loadModels(time: VirtualTime): Promise<void> {
  await Promise.all([Pod, Node, Lease].map((kind) => time.pending(kind.model())));
}

/** The garbage collector and the namespace controller look after the kinds that are in use. */
function kindSource({ kinds, kindsInUse }: ApiServer): KindSource {
  return { all: () => kinds.list(), inUse: () => kindsInUse.list(), onInUse: (fn) => kindsInUse.onAdd(fn) };
}

function kindsOf(controller: ControllerDefinition): readonly Kind[] {
  return [controller.for, ...(controller.owns ?? [])];
}

function customKinds(kinds: readonly Kind[]): readonly Kind[] {
  return [...new Set(kinds)].filter((kind) => !builtinKinds.includes(kind));
}

function nodeNames(nodes: number | readonly string[]): readonly string[] {
  if (typeof nodes !== 'number') return nodes;
  if (!Number.isInteger(nodes) || nodes < 0) throw new RangeError(`nodes must be a whole number of at least 0, not ${String(nodes)}`);
  return Array.from({ length: nodes }, (_, index) => `node-${String(index + 1)}`);
}

/** Keeps the parts that run, and ends them together. */
interface Runner {
  readonly signal: AbortSignal;
  start(name: string, part: { run(signal: AbortSignal): Promise<void> }): void;
  end(): Promise<void>;
}

function createRunner(logger: Logger): Runner {
  const stop = new AbortController();
  const running: Promise<void>[] = [];
  return {
    signal: stop.signal,
    start(name, part) {
      running.push(part.run(stop.signal).catch((error: unknown) => logger.error('a part of the cluster ended', { part: name, error })));
    },
    async end() {
      stop.abort(new Error('the test cluster was disposed'));
      await Promise.all(running);
    },
  };
}

interface ControlPlane {
  readonly base: Base;
  readonly options: TestClusterOptions;
  readonly controllers: readonly ControllerDefinition[];
}

function startControlPlane(api: ApiServer, running: Runner, { base, options, controllers }: ControlPlane): Manager {
  const { clock, ids, logger, onError } = base;
  const manager = createManager({ client: api.client, controllers, clock, ids, random: base.random.fork('controllers'), logger, onError });
  running.start('controllers', manager);
  if (options.scheduler !== false) {
    running.start('scheduler', createSchedulerLoop({ client: api.client, clock, random: base.random.fork('scheduler'), logger, ...options.scheduler }));
  }
  return manager;
}

function startNodes(
  api: ApiServer,
  running: Runner,
  { base, names }: { readonly base: Base; readonly names: readonly string[] },
): ReadonlyMap<string, ManagedTestNode> {
  const { client } = api;
  const { clock, logger } = base;
  const pods = createPodSource(client, { clock, random: base.random.fork('pods'), logger });
  running.start('pods', pods);
  return new Map(
    names.map((name) => {
      const random = base.random.fork(name);
      const node = createTestNode({
        name,
        makeRuntime: () => createSimulatedRuntime({ clock, random: random.fork('runtime') }),
        runAgent: (runtime, signal) => createKubelet({ name, client, runtime, pods, clock, random, logger }).run(signal),
      });
      return [name, node];
    }),
  );
}

interface Parts {
  readonly api: ApiServer;
  readonly base: Base;
  readonly manager: Manager;
  readonly nodes: ReadonlyMap<string, ManagedTestNode>;
  readonly running: Runner;
}

function createFacade({ api, base, manager, nodes, running }: Parts): TestCluster {
  const { client } = api;
  return {
    client,
    api,
    clock: base.clock,
    log: base.log.entries,
    eventLog: () => base.log.toString(),
    errors: base.errors,
    async apply(source) {
      const applied: KubernetesObject[] = [];
      for (const { kind, object } of await resolveManifests(source, { kinds: api.kinds, pending: (load) => base.time.pending(load) })) {
        const strategic = findKind(apiVersionOf(kind), kind.kind) !== undefined;
        applied.push(
          (await applyClientSide(client, { kind, object, strategic, options: { fieldManager: 'kubectl-client-side-apply', fieldValidation: 'Strict' } }))
            .object,
        );
      }
      return applied;
    },
    run(controller) {
      for (const kind of kindsOf(controller)) if (api.kinds.find(apiVersionOf(kind), kind.kind) === undefined) api.kinds.add(kind);
      manager.add(controller);
    },
    node(name) {
      const node = name === undefined ? undefined : nodes.get(name);
      if (node === undefined) throw new RangeError(`there is no node "${String(name)}"; there are ${[...nodes.keys()].join(', ') || 'none'}`);
      return node;
    },
    settle: (settleOptions) => base.time.settle(settleOptions),
    advance: (duration) => base.time.advance(parseDuration(duration)),
    async [Symbol.asyncDispose]() {
      await Promise.all([...nodes.values()].map((node) => node.end()));
      await running.end();
      base.log.close();
      await api[Symbol.asyncDispose]();
      await base.state[Symbol.asyncDispose]();
    },
  };
}
