import { keyOf, noopLogger, sleep, systemClock, systemRandom, type Client, type Clock, type Kind, type KubernetesObject, type Logger, type Random } from '@kybern/core';
import { Node, Pod } from '@kybern/core/kinds';
import { createEventRecorder, createInformer, type EventRecorder, type Informer } from '@kybern/reconcile';
import { kindName } from '../cluster/cluster-objects.ts';
import { ClusterState } from '../cluster/cluster-state.ts';
import type { NodeInfo } from '../cluster/node-info.ts';
import type { Decision } from '../engine/decision.ts';
import type { Plugin } from '../engine/plugin.ts';
import { createScheduler, type Scheduler } from '../engine/scheduler.ts';
import { failure, isRejected, messageOf, type Status } from '../engine/status.ts';
import { SchedulerConfigError } from '../errors.ts';
import type { QueuedItem } from '../queue/queued-item.ts';
import { SchedulingQueue, type FailedAttempt } from '../queue/scheduling-queue.ts';
import { AssumedPods } from './assumed-pods.ts';
import { BindingCycle, type BindingDeps, type PluginTimeouts } from './binding-cycle.ts';
import { findBindingOutcome, isCertainlyUnbound } from './binding-outcome.ts';
import { nodeFeed, objectFeed, podFeed } from './cluster-feed.ts';
import { PodReporter } from './pod-reporter.ts';
import { DEFAULT_SCHEDULER_NAME } from './scheduler-name.ts';
import { RoomMaker } from './room-maker.ts';
import { Semaphore } from './semaphore.ts';
import { PermitRoom } from './waiting-pods.ts';

/** Options of {@link createSchedulerLoop}. */
export interface SchedulerLoopOptions {
  readonly client: Client;
  /** Default {@link defaultPlugins}. One must order the queue, and one must bind. */
  readonly plugins?: readonly Plugin[];
  /** Pods with this `spec.schedulerName` are placed; default `default-scheduler`, which is also what Pods without one mean. */
  readonly schedulerName?: string;
  /** See {@link SchedulerOptions.percentageOfNodesToScore}; default 0, adaptive. */
  readonly percentageOfNodesToScore?: number;
  readonly timeouts?: PluginTimeouts;
  /** Bindings under way at the same time at most; default 100. */
  readonly bindConcurrency?: number;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly logger?: Logger;
}

/** A scheduler at work. */
export interface SchedulerLoop {
  /** Resolves when everything that existed is known; from then on Pods are placed. Rejects with the signal's reason when {@link run} ends before. */
  readonly synced: Promise<void>;
  /** Places Pods until `signal` aborts. Resolves when the bindings under way have ended. @throws {Error} when it runs or ran already */
  run(signal: AbortSignal): Promise<void>;
}

/**
 * Makes the scheduler of a cluster: watches Pods and nodes, decides with the engine, binds, and says what it did in events and conditions.
 *
 * Each decision sees the cluster as it will be when all decisions before it have come true, so no node is ever given more than it has. Whatever fails (a
 * plugin, a binding, the API server), the Pod is tried again.
 *
 * @throws {SchedulerConfigError} when the plugins are no set that a scheduler can work with
 * @see kubernetes v1.36 pkg/scheduler/schedule_one.go
 */
export function createSchedulerLoop(options: SchedulerLoopOptions): SchedulerLoop {
  return new Loop(options);
}

/** Attempts in a row after which others get a turn. */
const ATTEMPTS_PER_TURN = 100;
/** How long after its binding a Pod may be missing from the watch before the API server is asked. */
const CONFIRM_AFTER_MS = 30_000;

class Loop implements SchedulerLoop {
  readonly synced: Promise<void>;
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #engine: Scheduler<Pod, NodeInfo>;
  readonly #state = new ClusterState();
  readonly #assumed = new AssumedPods(this.#state);
  readonly #queue: SchedulingQueue<Pod, NodeInfo>;
  readonly #room: PermitRoom;
  readonly #binding: BindingDeps;
  readonly #slots: Semaphore;
  readonly #recorder: EventRecorder;
  readonly #reporter: PodReporter;
  readonly #roomMaker: RoomMaker;
  readonly #pods: Informer<Pod>;
  readonly #nodes: Informer<Node>;
  /** Of the kinds that plugins read besides. */
  readonly #others: readonly Informer<KubernetesObject>[];
  /** Invariant: every cycle whose promise is in `#running` can still be stopped. */
  readonly #cycles = new Set<BindingCycle>();
  readonly #running = new Set<Promise<void>>();
  #startIndex = 0;
  #ran = false;

  constructor(options: SchedulerLoopOptions) {
    const { client, clock = systemClock(), random = systemRandom(), logger = noopLogger, schedulerName = DEFAULT_SCHEDULER_NAME } = options;
    const { plugins, percentageOfNodesToScore = 0, bindConcurrency = 100 } = options;
    if (!(Number.isInteger(bindConcurrency) && bindConcurrency > 0)) throw new SchedulerConfigError('bindConcurrency', 'must be a whole number above 0');
    this.#client = client;
    this.#clock = clock;
    this.#logger = logger.with({ scheduler: schedulerName });
    this.#engine = createScheduler({ ...(plugins === undefined ? {} : { plugins }), percentageOfNodesToScore, random: random.fork('ties') });
    const { profile } = this.#engine;
    if (profile.queueSort === undefined) throw new SchedulerConfigError('plugins', 'none of them orders the queue (`less`); add prioritySort()');
    if (profile.bind.length === 0) throw new SchedulerConfigError('plugins', 'none of them binds; add defaultBinder()');
    this.#queue = new SchedulingQueue({
      profile,
      keyOf,
      clock,
      onGateError: (pod, status) => this.#reporter.failed(pod, { isError: true, message: messageOf(status) }),
    });
    this.#room = new PermitRoom(clock);
    this.#binding = { profile, client, clock, room: this.#room, timeouts: options.timeouts ?? {} };
    this.#slots = new Semaphore(bindConcurrency);
    const shared = { client, clock, logger };
    this.#recorder = createEventRecorder({ ...shared, component: schedulerName, random: random.fork('events') });
    this.#pods = createInformer({ ...shared, kind: Pod, random: random.fork('pods') });
    this.#nodes = createInformer({ ...shared, kind: Node, random: random.fork('nodes') });
    const { nominations } = this.#state;
    this.#roomMaker = new RoomMaker({ nominations, waitingPods: this.#room, client, recorder: this.#recorder, logger: this.#logger });
    this.#reporter = new PodReporter({ client, recorder: this.#recorder, logger: this.#logger, current: (key) => this.#pods.get(key) });
    this.#others = kindsRead(profile.plugins).map((kind) => {
      const informer = createInformer({ ...shared, kind, random: random.fork(kindName(kind)) });
      informer.addHandler(objectFeed(kind, { state: this.#state, queue: this.#queue }));
      return informer;
    });
    this.synced = Promise.all([this.#pods, this.#nodes, ...this.#others].map(({ synced }) => synced)).then(() => undefined);
    // Whoever cares awaits it; nobody has to.
    this.synced.catch(() => undefined);
    const isOurs = (pod: Pod): boolean => (pod.spec.schedulerName ?? DEFAULT_SCHEDULER_NAME) === schedulerName;
    const onSettled = (pod: Pod): void => this.#room.get(pod.metadata.uid ?? '')?.reject('', 'the Pod is gone or was bound by somebody else');
    this.#nodes.addHandler(nodeFeed({ state: this.#state, queue: this.#queue }));
    this.#pods.addHandler(podFeed({ state: this.#state, queue: this.#queue, assumed: this.#assumed, isOurs, onSettled }));
  }

  async run(signal: AbortSignal): Promise<void> {
    if (this.#ran) throw new Error('a scheduler loop runs only once');
    this.#ran = true;
    const failure = new AbortController();
    const ending = AbortSignal.any([signal, failure.signal]);
    ending.addEventListener('abort', () => this.#stopCycles(ending.reason), { once: true });
    const informers = [this.#pods, this.#nodes, ...this.#others].map((informer) => informer.run(ending));
    const parts = [...informers, this.#queue.run(ending), this.#confirmBindings(ending), this.#placePods(ending)];
    for (const part of parts) part.catch((error: unknown) => failure.abort(error));
    try {
      await Promise.all(parts);
    } finally {
      await Promise.allSettled(parts);
      await Promise.all(this.#running);
      await this.#reporter.close();
      await this.#recorder.flush();
    }
  }

  #stopCycles(reason: unknown): void {
    for (const cycle of this.#cycles) cycle.stop(reason);
  }

  async #placePods(signal: AbortSignal): Promise<void> {
    try {
      await this.synced;
      for (let attempts = 1; ; attempts++) {
        const queued = await this.#queue.take(signal);
        this.#attempt(queued, signal);
        if (attempts % ATTEMPTS_PER_TURN === 0) await sleep(this.#clock, 0, { signal });
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  /** One scheduling cycle. Synchronous up to the first effect, so nothing changes under it. */
  #attempt(queued: QueuedItem<Pod>, signal: AbortSignal): void {
    const pod = queued.item;
    if (pod.metadata.deletionTimestamp !== undefined || this.#state.getPod(queued.key) !== undefined) {
      this.#queue.done(queued);
      return;
    }
    const nominated = this.#state.nominations.nodeOf(queued.key) ?? pod.status?.nominatedNodeName;
    const decision = this.#engine.schedule(pod, this.#state, { startIndex: this.#startIndex, ...(nominated ? { nominatedNodeName: nominated } : {}) });
    this.#startIndex = decision.nextStartIndex;
    if (decision.node === undefined) {
      this.#fail(queued, decision.status, decision);
      return;
    }
    this.#state.nominations.delete(queued.key);
    const assumed = this.#assumed.assume(pod, decision.node);
    const cycle = new BindingCycle(this.#binding, { pod: assumed, nodeName: decision.node, state: decision.state });
    this.#cycles.add(cycle);
    const running = this.#bind(queued, cycle, signal).finally(() => {
      this.#cycles.delete(cycle);
      this.#running.delete(running);
    });
    this.#running.add(running);
  }

  /** The binding cycle. Never rejects: however it ends, the Pod is bound, gone, or back in the queue. */
  async #bind(queued: QueuedItem<Pod>, cycle: BindingCycle, signal: AbortSignal): Promise<void> {
    try {
      const failed = cycle.reserve() ?? (await cycle.permit()) ?? (await cycle.preBind()) ?? (await this.#bindInTurn(queued, cycle, signal));
      if (failed !== undefined) this.#giveUp(queued, cycle, { status: failed, signal });
    } catch (error) {
      const status = failure(`binding "${queued.key}": ${error instanceof Error ? error.message : String(error)}`, error);
      this.#giveUp(queued, cycle, { status, signal });
    }
  }

  async #bindInTurn(queued: QueuedItem<Pod>, cycle: BindingCycle, signal: AbortSignal): Promise<Status | undefined> {
    await this.#slots.acquire();
    try {
      if (this.#state.get(cycle.nodeName) === undefined) return failure(`node "${cycle.nodeName}" is gone`);
      const status = await cycle.bind();
      if (status !== undefined) {
        if (isCertainlyUnbound(status)) return status;
        const outcome = await findBindingOutcome(cycle.pod, { client: this.#client, clock: this.#clock, signal });
        if (outcome.type !== 'bound' || outcome.nodeName !== cycle.nodeName) return status;
      }
    } finally {
      this.#slots.release();
    }
    this.#assumed.bound(cycle.pod, this.#clock.monotonicMs());
    this.#queue.done(queued);
    this.#reporter.scheduled(queued.item, cycle.nodeName);
    for (const error of await cycle.postBind()) this.#logger.error('a PostBind plugin failed', { kind: 'Pod', name: queued.key, error });
    return undefined;
  }

  /** Undoes what was done for a Pod that did not get bound, and lets others have its room. */
  #giveUp(queued: QueuedItem<Pod>, cycle: BindingCycle, { status, signal }: { readonly status: Status; readonly signal: AbortSignal }): void {
    for (const error of cycle.unreserve()) this.#logger.error('an Unreserve plugin failed', { kind: 'Pod', name: queued.key, error });
    // Who comes after this scheduler reads everything anew.
    if (signal.aborted) return;
    if (this.#assumed.undo(cycle.pod)) this.#queue.notify({ resource: 'AssignedPod', action: 'Delete', old: cycle.pod });
    this.#fail(queued, status);
  }

  /** Puts a Pod back into the queue and says why. */
  #fail(queued: QueuedItem<Pod>, status: Status, decision?: Decision<Pod, NodeInfo>): void {
    const current = this.#pods.get(queued.key);
    const pod = current ?? queued.item;
    if (current === undefined || pod.metadata.uid !== queued.item.metadata.uid || (pod.spec.nodeName ?? '') !== '') {
      this.#queue.done(queued);
      return;
    }
    const nominatedNodeName = decision === undefined ? pod.status?.nominatedNodeName : decision.nominatedNodeName;
    if (nominatedNodeName !== undefined) this.#roomMaker.promise(pod, nominatedNodeName);
    this.#retry(queued, { pod, rejection: rejectionOf(status, decision), victims: decision?.victims ?? [] });
    const message = decision?.message || messageOf(status);
    this.#reporter.failed(pod, { isError: status.code === 'Error', message, nominatedNodeName: decision?.nominatedNodeName });
  }

  /** While victims are being evicted the Pod stays in flight, so that nothing that happens meanwhile is missed, and nothing is tried in vain. */
  #retry(
    queued: QueuedItem<Pod>,
    { pod, rejection, victims }: { readonly pod: Pod; readonly rejection: FailedAttempt; readonly victims: readonly Pod[] },
  ): void {
    if (victims.length === 0) {
      this.#queue.retry(queued, rejection);
      return;
    }
    const evicting = this.#roomMaker.evict(victims, pod).then((done) => {
      this.#running.delete(evicting);
      this.#queue.retry(queued, done ? rejection : NOBODY_REJECTED);
    });
    this.#running.add(evicting);
  }

  /**
   * Asks after the Pods that were bound but that the watch has not told of: what counts must be true in the end.
   */
  // Differs from Kubernetes: it keeps them for ever, or used to forget them after a while; asking does neither harm.
  async #confirmBindings(signal: AbortSignal): Promise<void> {
    try {
      for (;;) {
        await sleep(this.#clock, CONFIRM_AFTER_MS, { signal, background: true });
        for (const { key, pod } of this.#assumed.overdue(this.#clock.monotonicMs() - CONFIRM_AFTER_MS)) {
          const outcome = await findBindingOutcome(pod, { client: this.#client, clock: this.#clock, signal });
          if (outcome.type === 'bound' && outcome.nodeName === pod.spec.nodeName) continue;
          if (!this.#assumed.undo(pod)) continue;
          this.#queue.notify({ resource: 'AssignedPod', action: 'Delete', old: pod });
          const current = this.#pods.get(key);
          if (outcome.type === 'unbound' && current !== undefined) this.#queue.add(current);
        }
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}

/** An attempt that failed with an error: it is tried again after its back-off. */
const NOBODY_REJECTED: FailedAttempt = { unschedulablePlugins: new Set(), pendingPlugins: new Set() };

/** The kinds that plugins read besides Pods and nodes, each once. */
function kindsRead(plugins: readonly Plugin[]): readonly Kind[] {
  const kinds = new Map(plugins.flatMap(({ reads = [] }) => reads.map((kind) => [kindName(kind), kind] as const)));
  return [...kinds.values()];
}

/** Which plugins' events can cure this failure. */
function rejectionOf(status: Status, decision: Decision<Pod, NodeInfo> | undefined): FailedAttempt {
  const { diagnosis } = decision ?? {};
  if (diagnosis !== undefined) return diagnosis;
  const plugins = new Set(status.plugin === undefined || status.plugin === '' || !isRejected(status) ? [] : [status.plugin]);
  const none = new Set<string>();
  return status.code === 'Pending' ? { unschedulablePlugins: none, pendingPlugins: plugins } : { unschedulablePlugins: plugins, pendingPlugins: none };
}
