import { createApiServer, type ApiServer } from '@kybern/apiserver';
import type { Client, Clock, Duration, Kind, KubernetesObject } from '@kybern/core';
import { Lease, Node, Pod } from '@kybern/core/kinds';
import { createLocalConnections } from '@kybern/kubelet';
import type { ControllerDefinition, ErrorContext } from '@kybern/reconcile';
import type { Choice } from './choices.ts';
import { createBase, type Origin } from './base.ts';
import { createFacade } from './cluster-facade.ts';
import type { ClusterFaults } from './cluster-faults.ts';
import { openStore, type ClusterImage, type OpenedImage } from './cluster-image.ts';
import { startControlPlane } from './control-plane.ts';
import type { EndpointOptions, TestEndpoint } from './endpoint/options.ts';
import type { LogEntry } from './event-log.ts';
import { createInvariants, type Invariant, type ViewSelector } from './invariants.ts';
import { openImage } from './image-file.ts';
import { readSource, type ManifestSource } from './manifests.ts';
import { loadScript, playNodes } from './node-scripts.ts';
import { startNodes } from './nodes.ts';
import type { TestClusterOptions } from './options.ts';
import type { TestProcess } from './processes/process.ts';
import type { TestNode } from './test-node.ts';
import type { Timeline } from './timeline/timeline.ts';
import { customKinds, kindsOf } from './served-kinds.ts';
import type { SettleOptions, VirtualTime } from './virtual-time.ts';

/** A failure that a part of the cluster reported while the test went on, such as an exception in a reconciler. */
export interface ReportedError {
  readonly error: Error;
  readonly context: ErrorContext;
}

/** A condition of an object, to be waited for. */
export interface AwaitedCondition {
  readonly kind: Kind;
  /** `namespace/name`, or only `name`. */
  readonly key: string;
  readonly condition: string;
  /** Default `True`. */
  readonly status?: 'True' | 'False' | 'Unknown';
}

/** A whole control plane with simulated nodes, in this process and in virtual time. */
export interface TestCluster extends AsyncDisposable {
  /** May do everything, and always gets through: faults are for the cluster's own processes. */
  readonly client: Client;
  readonly api: ApiServer;
  readonly clock: Clock;
  readonly seed: number | string;
  /** Every write, in order. */
  readonly log: readonly LogEntry[];
  /** The log as text: equal for equal seeds, to the byte. */
  eventLog(): string;
  /** What went wrong behind the test's back; a reconciler's exceptions end up here. */
  readonly errors: readonly ReportedError[];
  /** What goes wrong, on demand and by chance. */
  readonly faults: ClusterFaults;
  /** What was chosen by chance so far, the usual left out. */
  readonly choices: readonly Choice[];
  /** `kubectl apply`: creates or changes what manifests describe. @returns the objects as the cluster has them */
  apply(source: ManifestSource): Promise<readonly KubernetesObject[]>;
  /**
   * Starts a controller of one's own as a process of its own, which has the controller's name; its kinds are served from now on. A function is called at every
   * start: for controllers that remember things, which a crash makes them forget.
   */
  run(controller: ControllerDefinition | (() => ControllerDefinition)): TestProcess;
  /** `kube-controller-manager`, `scheduler`, a node's agent by the node's name, a controller of one's own by its. @throws {RangeError} when there is no such process */
  process(name: string): TestProcess;
  readonly processes: readonly TestProcess[];
  /** @throws {RangeError} when there is no such node */
  node(name: string | undefined): TestNode;
  /** Runs until nothing is left to do: see {@link VirtualTime.settle}. What faults hold back is waited for. @throws {HotLoopError} {@link NotSettledError} */
  settle(options?: SettleOptions): Promise<void>;
  /** Lets virtual time pass, with everything that happens in it: `'6m'`, `'24h'`, or ms. */
  advance(duration: Duration): Promise<void>;
  /** Runs until something holds. @throws {Error} when it does not within `within`, default 10 minutes */
  until(holds: (() => boolean | Promise<boolean>) | AwaitedCondition, options?: { readonly within?: Duration }): Promise<void>;
  /**
   * Something that has to hold after every single write, from now on: `settle` and the like fail with an {@link InvariantError} as soon as it did not.
   *
   * @returns ends it
   */
  always(name: string, holds: Invariant): () => void;
  /** At no moment more than so many objects of a kind: see {@link TestCluster.always}. */
  neverMore(than: number, kind: Kind, selector?: ViewSelector): () => void;
  /** Runs something with limits to what the cluster may do meanwhile. @throws {Error} when it does more */
  withinBudget<R>(budget: Budget, run: () => Promise<R>): Promise<R>;
  /**
   * Opens an HTTPS endpoint for kubectl and other clients that live in real time. Their requests are work that `settle` waits for, and virtual time stands still
   * while they talk. It ends with the cluster. Node only.
   */
  listen(options?: EndpointOptions): Promise<TestEndpoint>;
  /** The state as it is, in O(1): to begin other clusters with, or to write to a file. */
  fork(): ClusterImage;
  /** Who wrote what, and what woke whom, as data. */
  timeline(): Promise<Timeline>;
}

/** What may be done at most. */
export interface Budget {
  /** Writes that changed something; heartbeats (Leases) do not count. */
  readonly writes?: number;
  /** Requests that reached the API server, those of the test included. */
  readonly requests?: number;
}

/**
 * Starts a cluster and waits until its nodes are ready. It runs only while the test awaits `settle()` or `advance()` (or a call of its client), in virtual time.
 *
 * @example
 * await using cluster = await createTestCluster({ nodes: 3, seed: 1 });
 * await cluster.apply(new URL('./nginx.yaml', import.meta.url));
 * await cluster.settle();
 */
export function createTestCluster(options: TestClusterOptions = {}): Promise<TestCluster> {
  return startCluster(options, {});
}

/** {@link createTestCluster}, with what only the rest of this package decides. */
export async function startCluster({ from, ...given }: TestClusterOptions, begin: Origin): Promise<TestCluster> {
  const opened = from === undefined ? undefined : await open(from);
  const options: TestClusterOptions = { ...opened?.defaults, ...given };
  const origin: Origin = opened === undefined ? begin : { ...begin, state: opened.state };
  const base = createBase(options, origin);
  await loadModels(base.time);
  const own = typeof options.controllers === 'object' ? options.controllers : [];
  const connections = createLocalConnections();
  const api = await createApiServer({
    ...base,
    nodes: connections,
    pending: (load) => base.time.pending(load),
    kinds: customKinds([...(options.kinds ?? []), ...own.flatMap(kindsOf)]),
  });
  const controlPlane = startControlPlane(api, base, options);
  const script = options.stages === undefined ? undefined : await loadScript(options.stages, base);
  startNodes(api, base, { connections, script, names: nodeNames(options.nodes ?? 3) });
  await base.time.settle();
  if (script !== undefined) playNodes(script, base);
  base.trace.startRevision = base.state.revision;
  if (origin.decide !== undefined) base.world.decideBy(origin.decide(() => base.clock.monotonicMs()));
  const invariants = createInvariants(base.log, () =>
    base.state
      .snapshot()
      .range('/registry/')
      .records.map(({ key, value }) => [key, value] as const),
  );
  const cluster = createFacade({ api, base, options, controlPlane, invariants, start: startCluster });
  base.checks.push(() => {
    const error = invariants.take();
    if (error !== undefined) throw error;
  });
  for (const source of origin.order ?? []) base.world.add(source);
  if (options.faults !== undefined) cluster.faults.add(...options.faults);
  return cluster;
}

async function open(from: NonNullable<TestClusterOptions['from']>): Promise<OpenedImage> {
  if (typeof from === 'object' && 'open' in from) return from.open();
  const { state, atMs } = await openImage(readSource(from));
  return openStore(state, atMs);
}

/** What every cluster writes at its start; loaded first, so that the start itself waits for nothing. */
async function loadModels(time: VirtualTime): Promise<void> {
  await Promise.all([Pod, Node, Lease].map((kind) => time.pending(kind.model())));
}

function nodeNames(nodes: number | readonly string[]): readonly string[] {
  if (typeof nodes !== 'number') return nodes;
  if (!Number.isInteger(nodes) || nodes < 0) throw new RangeError(`nodes must be a whole number of at least 0, not ${String(nodes)}`);
  return Array.from({ length: nodes }, (_, index) => `node-${String(index + 1)}`);
}
