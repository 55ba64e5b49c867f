import {
  deepEqual,
  formatMicroTime,
  isAlreadyExists,
  isConflict,
  isNotFound,
  ownerReference,
  sleep,
  type Client,
  type Clock,
  type Logger,
  type Random,
} from '@kybern/core';
import { Lease, Node, type ContainerImage } from '@kybern/core/kinds';
import type { EventRecorder } from '@kybern/reconcile';
import type { ContainerRuntime } from '@kybern/runtime-cri';
import type { DeviceCounts } from '../decisions/device-allocation.ts';
import { PATIENCE } from '../effects/context.ts';
import { computeNodeStatus, initialNode, nodeLabels, type NodeDescription, type NodeHealth } from './node-object.ts';

/** Options of {@link NodeAgent}. */
export interface NodeAgentOptions {
  readonly description: NodeDescription;
  readonly client: Client;
  readonly runtime: ContainerRuntime;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly recorder: EventRecorder;
  /** Events of the runtime may have been missed: it answers again after it did not, or it is simply time to look. */
  readonly onResync: (signal: AbortSignal) => Promise<void>;
  /** The devices that plugins have. Default: there are none. */
  readonly devices?: () => DeviceCounts | undefined;
  /** The images that the machine has. Default: the Node does not tell. */
  readonly images?: () => readonly ContainerImage[] | undefined;
}

const LEASE_NAMESPACE = 'kube-node-lease';
/** @see kubernetes v1.36 pkg/kubelet/apis/config/v1beta1/defaults.go (NodeLeaseDurationSeconds; renewed at a quarter of it) */
const LEASE_SECONDS = 40;
const BEAT_MS = 10_000;
const MAX_REGISTER_MS = 7_000;
/** The status is reported every 5 minutes when nothing changes. */
const BEATS_PER_REPORT = 30;

/**
 * Keeps a Node registered and alive: its Lease every 10 s, its status when it changes or every 5 minutes, all on one timer.
 *
 * @see kubernetes v1.36 pkg/kubelet/kubelet_node_status.go, staging/src/k8s.io/component-helpers/apimachinery/lease/controller.go
 */
export class NodeAgent {
  readonly #options: NodeAgentOptions;
  #node: Node | undefined;
  #lease: Lease | undefined;
  #health: NodeHealth = { problems: ['container runtime status check may not have completed yet'], runtimeVersion: '' };
  #runtimeName = '';
  #beats = 0;
  /** Invariant: set while a report that was asked for is not written. */
  #reporting: Promise<void> | undefined;
  #isStale = false;

  constructor(options: NodeAgentOptions) {
    this.#options = options;
  }

  /** The Node as last written or read; undefined before it is registered. */
  get node(): Node | undefined {
    return this.#node;
  }

  /** Such as `containerd`; empty before the runtime has answered. */
  get runtimeName(): string {
    return this.#runtimeName;
  }

  /** Registers the Node, trying again until it succeeds, and then its Lease. @throws the signal's reason */
  async register(signal: AbortSignal): Promise<void> {
    await this.#checkHealth(signal);
    for (let tries = 0; this.#node === undefined; tries++) {
      try {
        this.#node = await this.#createOrAdopt(signal);
      } catch (error) {
        signal.throwIfAborted();
        this.#options.logger.warn('node could not be registered, will retry', { kind: 'Node', name: this.#options.description.name, error });
        await sleep(this.#options.clock, Math.min(100 * 2 ** tries, MAX_REGISTER_MS), { signal, background: tries > PATIENCE });
      }
    }
    this.#options.recorder.event(this.#node, { type: 'Normal', reason: 'Starting', message: 'Starting kubelet.' });
    await this.#tolerate(() => this.#renewLease(signal), signal);
  }

  /** Beats until the signal aborts; then rejects with its reason. */
  async run(signal: AbortSignal): Promise<never> {
    for (;;) {
      // A little apart, so that the nodes of a process do not all write at once.
      await sleep(this.#options.clock, BEAT_MS * (1 + 0.04 * this.#options.random.next()), { signal, background: true });
      await this.#tolerate(() => this.#beat(signal), signal);
    }
  }

  /** What fails now is done again with the next beat. */
  async #tolerate(work: () => Promise<void>, signal: AbortSignal): Promise<void> {
    try {
      await work();
    } catch (error) {
      signal.throwIfAborted();
      this.#options.logger.warn('node heartbeat failed, will retry', { kind: 'Node', name: this.#options.description.name, error });
    }
  }

  async #beat(signal: AbortSignal): Promise<void> {
    await this.#renewLease(signal);
    const before = this.#health;
    await this.#checkHealth(signal);
    this.#beats += 1;
    const changed = before.problems.join() !== this.#health.problems.join() || before.runtimeVersion !== this.#health.runtimeVersion;
    const due = this.#beats % BEATS_PER_REPORT === 0;
    if (changed || due) await this.#report(signal);
    if (this.#health.problems.length === 0 && (due || before.problems.length > 0)) await this.#options.onResync(signal);
  }

  /** What the node has changed: the API is to know at once. Never rejects. Many changes at a time are one report or two. */
  reportSoon(signal: AbortSignal): Promise<void> {
    if (this.#node === undefined) return Promise.resolve();
    this.#isStale = true;
    this.#reporting ??= this.#reportStale(signal).finally(() => (this.#reporting = undefined));
    return this.#reporting;
  }

  async #reportStale(signal: AbortSignal): Promise<void> {
    while (this.#isStale && !signal.aborted) {
      this.#isStale = false;
      await this.#tolerate(() => this.#report(signal), signal).catch(() => undefined); // it ends
    }
  }

  async #checkHealth(signal: AbortSignal): Promise<void> {
    const { runtime } = this.#options;
    try {
      if (this.#runtimeName === '' || this.#health.problems.length > 0) {
        const { runtimeName, runtimeVersion } = await runtime.version({}, { signal });
        this.#runtimeName = runtimeName;
        this.#health = { ...this.#health, runtimeVersion: `${runtimeName}://${runtimeVersion}` };
      }
      const { status } = await runtime.status({}, { signal });
      const failing = status?.conditions.filter((condition) => !condition.status) ?? [];
      const problems = failing.map(
        ({ type, reason, message }) =>
          `container runtime ${type === 'NetworkReady' ? 'network ' : ''}not ready: ${type}=false reason:${reason} message:${message}`,
      );
      if (problems.length > 0 || this.#health.problems.length > 0) this.#health = { ...this.#health, problems };
    } catch (error) {
      signal.throwIfAborted();
      this.#health = { ...this.#health, problems: [`container runtime is down: ${error instanceof Error ? error.message : String(error)}`] };
    }
  }

  async #createOrAdopt(signal: AbortSignal): Promise<Node> {
    const { client, clock, description } = this.#options;
    let node: Node;
    try {
      node = await client.create(Node, initialNode(description, this.#health, clock.now()), { signal });
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      const labels = nodeLabels(description);
      node = await client.mutate(Node, description.name, (draft) => void (draft.metadata.labels = { ...draft.metadata.labels, ...labels }), { signal });
    }
    return this.#writeStatus(node, signal);
  }

  async #report(signal: AbortSignal): Promise<void> {
    const node = this.#node;
    if (node === undefined) return;
    try {
      const before = readiness(node);
      this.#node = await this.#writeStatus(await this.#options.client.get(Node, node, { signal }), signal);
      const now = readiness(this.#node);
      const reason = now === 'True' ? 'NodeReady' : 'NodeNotReady';
      if (now !== before) this.#options.recorder.event(this.#node, { type: 'Normal', reason, message: `Node ${node.metadata.name} status is now: ${reason}` });
    } catch (error) {
      if (!isNotFound(error)) throw error;
      this.#node = await this.#createOrAdopt(signal);
    }
  }

  /** Writes the status onto `node`, unless it has just been created with it. */
  async #writeStatus(node: Node, signal: AbortSignal): Promise<Node> {
    const { client, clock, description } = this.#options;
    const { devices, images } = this.#options;
    const status = computeNodeStatus(node.status, { description, health: this.#health, nowMs: clock.now(), devices: devices?.(), images: images?.() });
    if (deepEqual(status, node.status)) return node;
    try {
      return await client.update(Node, { ...node, status }, { subresource: 'status', signal });
    } catch (error) {
      if (!isConflict(error)) throw error;
      return this.#writeStatus(await client.get(Node, node, { signal }), signal);
    }
  }

  async #renewLease(signal: AbortSignal): Promise<void> {
    const { client, clock, description } = this.#options;
    const spec = { holderIdentity: description.name, leaseDurationSeconds: LEASE_SECONDS, renewTime: formatMicroTime(clock.now()) };
    const held = this.#lease;
    // When this fails, what was held is not what is stored.
    this.#lease = undefined;
    if (held === undefined) this.#lease = await this.#createLease(spec, signal);
    else this.#lease = await client.update(Lease, { ...held, spec: { ...held.spec, ...spec } }, { signal });
  }

  async #createLease(spec: Lease['spec'], signal: AbortSignal): Promise<Lease> {
    const { client, description } = this.#options;
    const key = { namespace: LEASE_NAMESPACE, name: description.name };
    const owners = this.#node === undefined ? {} : { ownerReferences: [ownerReference(Node, this.#node)] };
    try {
      return await client.create(Lease, { metadata: { ...key, ...owners }, spec }, { signal });
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      const lease = await client.get(Lease, key, { signal });
      return client.update(Lease, { ...lease, spec: { ...lease.spec, ...spec } }, { signal });
    }
  }

  /** Reads the Node again, for what controllers have written into it. */
  async refresh(signal: AbortSignal): Promise<Node | undefined> {
    if (this.#node !== undefined) this.#node = await this.#options.client.get(Node, this.#node, { signal });
    return this.#node;
  }
}

const readiness = (node: Node): string | undefined => node.status?.conditions?.find(({ type }) => type === 'Ready')?.status;
