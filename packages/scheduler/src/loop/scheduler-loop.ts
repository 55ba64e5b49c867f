import {
  keyOf,
  noopLogger,
  sleep,
  systemClock,
  systemRandom,
  type Client,
  type Clock,
  type Kind,
  type KubernetesObject,
  type Logger,
  type Random,
} from '@kybern/core';
import { Node, Pod } from '@kybern/core/kinds';
import { createInformer, type EventRecorder, type Informer } from '@kybern/reconcile';
import { kindName } from '../cluster/cluster-objects.ts';
import { ClusterState } from '../cluster/cluster-state.ts';
import type { NodeInfo } from '../cluster/node-info.ts';
import { byCodePoint } from '../engine/diagnosis.ts';
import type { Decision, ScheduleOptions } from '../engine/decision.ts';
import type { ExtenderConfig } from '../config/configuration-types.ts';
import type { SchedulerProfile } from '../config/configure-profile.ts';
import type { CycleState } from '../engine/cycle-state.ts';
import type { Plugin } from '../engine/plugin.ts';
import type { Scheduler } from '../engine/scheduler.ts';
import { failure, isRejected, messageOf, type Status } from '../engine/status.ts';
import { SchedulerConfigError } from '../errors.ts';
import { ExtendedDecisions } from '../extender/extended-decisions.ts';
import type { SchedulerExtender } from '../extender/extender.ts';
import type { AnswersByPod } from '../extender/extender-plugins.ts';
import { createHttpExtender } from '../extender/http-extender.ts';
import type { QueuedItem } from '../queue/queued-item.ts';
import { SchedulingQueue, type FailedAttempt } from '../queue/scheduling-queue.ts';
import { copyCluster } from '../simulate/copy-cluster.ts';
import { AssumedPods } from './assumed-pods.ts';
import { BindingCycle, bindingDeadlines, type BindingDeps, type PluginTimeouts } from './binding-cycle.ts';
import { findBindingOutcome, isCertainlyUnbound } from './binding-outcome.ts';
import { nodeFeed, objectFeed, podFeed } from './cluster-feed.ts';
import { loopProfiles, profileRecorder, schedulerNameOf, type LoopProfile, type LoopProfiles } from './loop-profiles.ts';
import { PodReporter } from './pod-reporter.ts';
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
  /** Several schedulers in one, instead of `plugins` and `schedulerName`: {@link readSchedulerConfiguration} makes them. They share queue and cluster. */
  readonly profiles?: readonly SchedulerProfile[];
  /** Others outside who have a say. Those given by a configuration are called over HTTP. */
  readonly extenders?: readonly (SchedulerExtender | ExtenderConfig)[];
  /** Back-off after a failed attempt: the first, default 1 s, doubled up to the last, default 10 s. */
  readonly initialBackoffMs?: number;
  readonly maxBackoffMs?: number;
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
  /** A copy of the cluster as the scheduler sees it, Pods on their way to their nodes included: for {@link simulate}. */
  snapshot(): ClusterState;
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
  readonly #profiles: LoopProfiles;
  /** Set when there are extenders. */
  readonly #extended: ExtendedDecisions | undefined;
  readonly #state = new ClusterState();
  readonly #assumed = new AssumedPods(this.#state);
  readonly #queue: SchedulingQueue<Pod, NodeInfo>;
  readonly #room: PermitRoom;
  readonly #bindings: ReadonlyMap<Scheduler<Pod, NodeInfo>, BindingDeps>;
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
    const { client, clock = systemClock(), random = systemRandom(), logger = noopLogger, bindConcurrency = 100 } = options;
    if (!(Number.isInteger(bindConcurrency) && bindConcurrency > 0)) throw new SchedulerConfigError('bindConcurrency', 'must be a whole number above 0');
    this.#client = client;
    this.#clock = clock;
    const extenders = (options.extenders ?? []).map((each) => ('urlPrefix' in each ? createHttpExtender(each, { clock }) : each));
    const answers: AnswersByPod = new WeakMap();
    this.#profiles = loopProfiles({ ...options, random }, extenders, answers);
    this.#logger = logger.with({ scheduler: [...this.#profiles.keys()].join(',') });
    this.#extended = extenders.length === 0 ? undefined : new ExtendedDecisions({ extenders, answers, state: this.#state, logger: this.#logger });
    this.#queue = new SchedulingQueue({
      profiles: [...this.#profiles.values()].map(({ engine }) => engine.profile),
      profileOf: (pod) => this.#engineOf(pod).profile,
      keyOf,
      clock,
      onGateError: (pod, status) => this.#reporter.failed(pod, { isError: true, message: messageOf(status) }),
      ...(options.initialBackoffMs === undefined ? {} : { initialBackoffMs: options.initialBackoffMs }),
      ...(options.maxBackoffMs === undefined ? {} : { maxBackoffMs: options.maxBackoffMs }),
    });
    this.#room = new PermitRoom(clock);
    const binding = { client, clock, room: this.#room, ...bindingDeadlines(clock, options.timeouts ?? {}) };
    this.#bindings = new Map([...this.#profiles.values()].map(({ engine }) => [engine, { ...binding, profile: engine.profile }]));
    this.#slots = new Semaphore(bindConcurrency);
    const shared = { client, clock, logger };
    this.#recorder = profileRecorder(this.#profiles, { ...shared, random: random.fork('events') });
    this.#pods = createInformer({ ...shared, kind: Pod, random: random.fork('pods') });
    this.#nodes = createInformer({ ...shared, kind: Node, random: random.fork('nodes') });
    const { nominations } = this.#state;
    this.#roomMaker = new RoomMaker({ nominations, waitingPods: this.#room, client, recorder: this.#recorder, logger: this.#logger });
    this.#reporter = new PodReporter({ client, recorder: this.#recorder, logger: this.#logger, current: (key) => this.#pods.get(key) });
    this.#others = kindsRead([...this.#profiles.values()].flatMap(({ engine }) => engine.profile.plugins)).map((kind) => {
      const informer = createInformer({ ...shared, kind, random: random.fork(kindName(kind)) });
      informer.addHandler(objectFeed(kind, { state: this.#state, queue: this.#queue }));
      return informer;
    });
    this.synced = Promise.all([this.#pods, this.#nodes, ...this.#others].map(({ synced }) => synced)).then(() => undefined);
    // Whoever cares awaits it; nobody has to.
    this.synced.catch(() => undefined);
    const isOurs = (pod: Pod): boolean => this.#profiles.has(schedulerNameOf(pod));
    const onSettled = (pod: Pod): void => this.#room.get(pod.metadata.uid ?? '')?.reject('', 'the Pod is gone or was bound by somebody else');
    this.#nodes.addHandler(nodeFeed({ state: this.#state, queue: this.#queue }));
    this.#pods.addHandler(podFeed({ state: this.#state, queue: this.#queue, assumed: this.#assumed, isOurs, onSettled }));
  }

  snapshot(): ClusterState {
    return copyCluster(this.#state);
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
        if (this.#extended?.concerns(queued.item) === true) await this.#attemptExtended(queued, this.#extended, signal);
        else this.#attempt(queued, signal);
        if (attempts % ATTEMPTS_PER_TURN === 0) await sleep(this.#clock, 0, { signal });
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  #engineOf(pod: Pod): Scheduler<Pod, NodeInfo> {
    return (this.#profiles.get(schedulerNameOf(pod)) ?? ([...this.#profiles.values()][0] as LoopProfile)).engine;
  }

  /** One scheduling cycle. Synchronous up to the first effect, so nothing changes under it. */
  #attempt(queued: QueuedItem<Pod>, signal: AbortSignal): void {
    const pod = queued.item;
    if (!this.#isWanted(queued)) return;
    const decision = this.#engineOf(pod).schedule(pod, this.#state, this.#scheduleOptions(queued));
    this.#startIndex = decision.nextStartIndex;
    if (decision.node === undefined) this.#fail(queued, decision.status, { decision, victims: decision.victims });
    else this.#place(queued, { nodeName: decision.node, state: decision.state, signal });
  }

  /** A scheduling cycle that waits for answers from outside. What comes after the last of them is synchronous again. */
  async #attemptExtended(queued: QueuedItem<Pod>, extended: ExtendedDecisions, signal: AbortSignal): Promise<void> {
    const pod = queued.item;
    if (!this.#isWanted(queued)) return;
    const made = await extended.decide({ engine: this.#engineOf(pod), pod, options: this.#scheduleOptions(queued), signal });
    if (!this.#isWanted(queued)) return;
    // The Pod changed meanwhile: what was said is about another.
    if (queued.item !== pod) return this.#attemptExtended(queued, extended, signal);
    const { decision, failed, victims } = made;
    this.#startIndex = decision.nextStartIndex;
    if (failed !== undefined) this.#fail(queued, failed);
    else if (decision.node === undefined) this.#fail(queued, decision.status, { decision, victims });
    else this.#place(queued, { nodeName: decision.node, state: decision.state, signal });
  }

  /** Whether the Pod still is to be placed. Otherwise the attempt is over. */
  #isWanted(queued: QueuedItem<Pod>): boolean {
    if (queued.item.metadata.deletionTimestamp === undefined && this.#state.getPod(queued.key) === undefined) return this.#queue.get(queued.key) === queued;
    this.#queue.done(queued);
    return false;
  }

  #scheduleOptions({ key, item }: QueuedItem<Pod>): ScheduleOptions {
    const nominated = this.#state.nominations.nodeOf(key) ?? item.status?.nominatedNodeName;
    return { startIndex: this.#startIndex, ...(nominated ? { nominatedNodeName: nominated } : {}) };
  }

  #place(queued: QueuedItem<Pod>, { nodeName, state, signal }: { readonly nodeName: string; readonly state: CycleState; readonly signal: AbortSignal }): void {
    const pod = queued.item;
    this.#state.nominations.delete(queued.key);
    const assumed = this.#assumed.assume(pod, nodeName);
    const cycle = new BindingCycle(this.#bindings.get(this.#engineOf(pod)) as BindingDeps, { pod: assumed, nodeName, state });
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
      const rejected = cycle.reserve() ?? (await cycle.permit());
      const failed = rejected ?? (await cycle.preBind()) ?? (await this.#bindInTurn(queued, cycle, signal));
      if (failed !== undefined) this.#giveUp(queued, cycle, { status: rejected === undefined ? failed : asNodeRejection(rejected), signal });
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
  #fail(queued: QueuedItem<Pod>, status: Status, made?: { readonly decision: Decision<Pod, NodeInfo>; readonly victims: readonly Pod[] }): void {
    const decision = made?.decision;
    const current = this.#pods.get(queued.key);
    const pod = current ?? queued.item;
    if (current === undefined || pod.metadata.uid !== queued.item.metadata.uid || (pod.spec.nodeName ?? '') !== '') {
      this.#queue.done(queued);
      return;
    }
    const nominatedNodeName = decision === undefined ? pod.status?.nominatedNodeName : decision.nominatedNodeName;
    if (nominatedNodeName !== undefined) this.#roomMaker.promise(pod, nominatedNodeName);
    this.#retry(queued, { pod, rejection: rejectionOf(status, decision), victims: made?.victims ?? [] });
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

/** A Pod that is turned down after its node was chosen was turned down by that one node. Its reasons are counted as those of the filters are. */
function asNodeRejection(status: Status): Status {
  if (!isRejected(status)) return status;
  const counts = status.reasons.map((reason) => `1 ${reason}`).sort(byCodePoint);
  return { ...status, reasons: [`0/1 nodes are available:${counts.length === 0 ? '' : ` ${counts.join(', ')}.`}`] };
}

/** Which plugins' events can cure this failure. */
function rejectionOf(status: Status, decision: Decision<Pod, NodeInfo> | undefined): FailedAttempt {
  const { diagnosis } = decision ?? {};
  if (diagnosis !== undefined) return diagnosis;
  const plugins = new Set(status.plugin === undefined || status.plugin === '' || !isRejected(status) ? [] : [status.plugin]);
  const none = new Set<string>();
  return status.code === 'Pending' ? { unschedulablePlugins: none, pendingPlugins: plugins } : { unschedulablePlugins: plugins, pendingPlugins: none };
}
