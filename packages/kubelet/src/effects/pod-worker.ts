import { parseTime } from '@kybern/core';
import type { Pod, PodStatus } from '@kybern/core/kinds';
import { computeAdmission } from '../decisions/admission.ts';
import { hasLiveContainer, NOTHING_OBSERVED, type ObservedPod } from '../decisions/observed.ts';
import type { PodActions, Waiting } from '../decisions/plan.ts';
import { add, type Amounts } from '../decisions/pod-requests.ts';
import { computePodStatus, type PodVerdict } from '../decisions/pod-status.ts';
import { NO_PROBE_RESULTS } from '../decisions/probe-results.ts';
import type { ContainerResize } from '../decisions/resize.ts';
import { podGraceSeconds } from '../decisions/termination.ts';
import { ApiPod } from './api-pod.ts';
import { PATIENCE, type KubeletContext } from './context.ts';
import { PodContainers } from './pod-containers.ts';
import { hasProbes, PodProbes } from './pod-probes.ts';
import { PodResize, RESIZE_RETRY_MS, takenBy } from './pod-resize.ts';
import { podFieldsInput } from './start-container.ts';
import { stopPod } from './stop-containers.ts';

/**
 * Where a Pod is in its life on this node: being kept as its spec says; being ended; ended, with its last status and its deletion to be written; over, with
 * nothing to do until the API drops it; and gone, when the node has forgotten it.
 */
type Stage = 'running' | 'terminating' | 'terminated' | 'over' | 'gone';

/** Why a step was broken off: there is nothing to report. */
const BROKEN_OFF = Object.freeze(new Error('the step was broken off'));
const NOTHING_WAITS: ReadonlyMap<string, Waiting> = new Map();

/**
 * Runs one Pod: one step at a time, each computed from what the API wants and what the runtime has. Whatever happens meanwhile wakes it for another step.
 *
 * Invariants: at most one step is under way; stages only go forward, but for `over`, which goes back to `terminated` when the Pod is deleted.
 */
export class PodWorker {
  readonly uid: string;
  readonly #context: KubeletContext;
  readonly #onGone: () => void;
  readonly #api: ApiPod;
  readonly #containers: PodContainers;
  readonly #probes: PodProbes | undefined;
  #stage: Stage;
  #verdict: PodVerdict | undefined;
  /** What was taken from the node for this Pod when it was let in. */
  #requests: Amounts | undefined;
  readonly #resize: PodResize;
  /** The Pod with what it was given, as of the last step. */
  #given: Pod;
  #failures = 0;
  /** Something happened since the step under way began. */
  #woken = false;
  /** Steps are being made, or will be. Cleared together with the last look at `#woken`, so that no call of `wake` is lost. */
  #active = false;
  #working: Promise<void> = Promise.resolve();
  #controller: AbortController | undefined;
  #cancelTimer: (() => void) | undefined;
  #stopped = false;

  /** @param onGone called once, when the API has dropped the Pod and nothing of it is left in the runtime */
  constructor(context: KubeletContext, pod: Pod, onGone: () => void) {
    this.uid = pod.metadata.uid ?? '';
    this.#context = context;
    this.#onGone = onGone;
    const wake = (): void => this.wake();
    this.#api = new ApiPod(context, pod, {
      compute: (current) => this.#statusOf(current),
      onError: (error) => this.#recover(error),
      onNews: (before) => this.#changed(before),
    });
    this.#containers = new PodContainers(context);
    this.#resize = new PodResize(context, wake);
    this.#given = pod;
    this.#probes = hasProbes(pod) ? new PodProbes(context, pod, wake) : undefined;
    this.#stage = isFinal(pod) || pod.metadata.deletionTimestamp !== undefined ? 'terminating' : 'running';
  }

  /** The Pod as the API has it. */
  get pod(): Pod {
    return this.#api.object;
  }

  /** The Pod changed in the API. */
  update(pod: Pod): void {
    const before = this.#api.object;
    if (this.#api.accept(pod)) this.#changed(before);
  }

  #changed(before: Pod): void {
    const pod = this.#api.object;
    if (pod.metadata.deletionTimestamp !== undefined) this.#onDeletion(before, pod);
    this.wake();
  }

  #onDeletion(before: Pod, pod: Pod): void {
    const shortened = (pod.metadata.deletionGracePeriodSeconds ?? Infinity) < (before.metadata.deletionGracePeriodSeconds ?? Infinity);
    if (this.#stage === 'running' || (this.#stage === 'terminating' && shortened)) this.#terminate();
    else if (this.#stage === 'over') this.#stage = 'terminated';
  }

  /** The API dropped the Pod: end it, however it was doing. */
  remove(pod: Pod): void {
    this.#api.drop(pod);
    if (this.#stage === 'running') this.#terminate();
    else if (this.#stage === 'over') this.#stage = 'terminated';
    this.wake();
  }

  /** Look again. */
  wake(): void {
    if (this.#stopped || this.#stage === 'gone') return;
    this.#woken = true;
    if (this.#active) return;
    this.#active = true;
    this.#working = this.#work();
  }

  /** The agent ends; the Pod goes on. Resolves when the step under way has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#controller?.abort(BROKEN_OFF);
    this.#probes?.stop();
    this.#cancelTimer?.();
    await this.#api.stop();
    await this.#working;
  }

  /** Ends the Pod: what is under way for it breaks off. */
  #terminate(): void {
    this.#stage = 'terminating';
    this.#controller?.abort(BROKEN_OFF);
  }

  async #work(): Promise<void> {
    // Whoever woke it is in the middle of delivering events.
    await Promise.resolve();
    while (this.#woken && !this.#stopped) {
      this.#woken = false;
      this.#cancelTimer?.();
      this.#cancelTimer = undefined;
      if (this.#controller === undefined || this.#controller.signal.aborted) this.#controller = new AbortController();
      try {
        await this.#step(this.#controller.signal);
      } catch (error) {
        this.#recover(error);
      }
    }
    this.#active = false;
  }

  async #step(signal: AbortSignal): Promise<void> {
    switch (this.#stage) {
      case 'running':
        return this.#sync(signal);
      case 'terminating':
        return this.#stopAll(signal);
      case 'terminated':
        return this.#finish(signal);
      case 'over':
      case 'gone':
        return undefined;
    }
  }

  #recover(error: unknown): void {
    if (error === BROKEN_OFF || this.#stopped) return;
    const { namespace, name } = this.#api.object.metadata;
    this.#context.logger.warn('error syncing pod, will retry', { kind: 'Pod', namespace, name, error });
    this.#failures += 1;
    this.#wakeIn(this.#containers.retryMs(), this.#failures);
  }

  // Running

  async #sync(signal: AbortSignal): Promise<void> {
    const wanted = this.#api.object;
    const observed = this.#context.cache.get(this.uid);
    if (!this.#admit(wanted, observed) || this.#isPastDeadline(wanted)) return this.#goTo('terminating');
    if (!(await this.#takeDevices(wanted, signal))) return this.#goTo('terminating');
    const pod = this.#give(wanted, observed);
    this.#probes?.sync(pod, observed);
    const resizes = this.#resize.plan(pod, observed);
    const actions = this.#containers.plan({ pod, observed, resizes }, this.#probes ?? NO_PROBE_RESULTS);
    if (actions.stopPod && actions.createSandbox === undefined) return this.#goTo('terminating');
    const resizing = this.#resize.isInProgress && (resizes.length > 0 || !hasWork(actions));
    if (resizing && !actions.stopPod && !(await this.#carryOutResize(pod, { resizes, signal }))) return undefined;
    if (!hasWork(actions)) {
      if (await this.#api.publish()) this.#rest(actions);
      return undefined;
    }
    if (pod.status?.startTime === undefined) await this.#api.publish();
    else this.#api.publishSoon();
    const outcome = await this.#containers.apply(actions, { pod, observed, signal });
    await this.#context.cache.refreshPod(this.uid, signal);
    this.#failures = 0;
    if (outcome.done) this.#woken = true;
    else if (await this.#api.publish()) this.#wakeIn(outcome.retryMs, outcome.failures);
    return undefined;
  }

  /** Gives the Pod what it asks for now, as far as the node can. @returns the Pod with what it has been given */
  #give(wanted: Pod, observed: ObservedPod): Pod {
    const requests = this.#requests ?? {};
    const given = this.#resize.decide(wanted, { before: this.#given, observed, requests });
    if (given.spec.containers !== this.#given.spec.containers || given.spec.initContainers !== this.#given.spec.initContainers) {
      const taken = takenBy(given);
      const freed = Object.entries(requests).some(([name, amount]) => (taken[name] ?? 0) < amount);
      add(this.#context.requested, requests, -1);
      add(this.#context.requested, taken);
      this.#requests = taken;
      if (freed) this.#tellDeferred();
    }
    this.#given = given;
    return given;
  }

  /** @returns false when it failed, and is to be tried again */
  async #carryOutResize(pod: Pod, { resizes, signal }: { resizes: readonly ContainerResize[]; signal: AbortSignal }): Promise<boolean> {
    this.#api.publishSoon();
    if (await this.#resize.apply(pod, resizes, signal)) return true;
    if (await this.#api.publish()) this.#wakeIn(this.#containers.retryMs(), PATIENCE + 1);
    return false;
  }

  /** There is more room than before: those of the highest priority first, of these who waits longest. */
  #tellDeferred(): void {
    for (const [wake] of [...this.#context.deferred].sort(([, a], [, b]) => b - a)) wake();
  }

  #goTo(stage: 'terminating' | 'terminated'): void {
    this.#stage = stage;
    this.#woken = true;
  }

  #admit(pod: Pod, observed: ObservedPod): boolean {
    if (this.#requests !== undefined) return true;
    const { nodeName, allocatable, requested } = this.#context;
    const given = this.#resize.begin(pod, observed);
    const { pods: _pods, ...requests } = takenBy(given);
    // What runs here was let in by an earlier run of this agent.
    const refusal =
      observed === NOTHING_OBSERVED ? computeAdmission({ pod, nodeName, allocatable, requested, requests, taints: this.#context.taints() }) : undefined;
    if (refusal !== undefined) {
      this.#verdict = refusal;
      this.#context.recorder.event(pod, { type: 'Warning', reason: refusal.reason, message: refusal.message.replace('Pod was rejected: ', '') });
      return false;
    }
    this.#given = given;
    this.#requests = { ...requests, pods: 1 };
    add(requested, this.#requests);
    this.#context.cgroups()?.adopt(given);
    return true;
  }

  /** Once, when it was let in. @returns false when there are not enough after all, which the verdict tells */
  async #takeDevices(pod: Pod, signal: AbortSignal): Promise<boolean> {
    const refusal = await this.#context.devices()?.allocate(pod, signal);
    if (refusal === undefined) return true;
    const message = `Allocate failed due to ${refusal}, which is unexpected`;
    this.#verdict = { phase: 'Failed', reason: 'UnexpectedAdmissionError', message: `Pod was rejected: ${message}` };
    this.#context.recorder.event(pod, { type: 'Warning', reason: 'UnexpectedAdmissionError', message });
    return false;
  }

  #isPastDeadline(pod: Pod): boolean {
    const deadlineMs = deadlineOf(pod);
    if (deadlineMs === undefined || this.#context.clock.now() < deadlineMs) return false;
    this.#verdict = { phase: 'Failed', reason: 'DeadlineExceeded', message: 'Pod was active on the node longer than the specified deadline' };
    this.#context.recorder.event(pod, { type: 'Normal', reason: 'DeadlineExceeded', message: this.#verdict.message });
    return true;
  }

  /** Nothing to do now: sleeps until a back-off ends or the deadline comes. */
  #rest({ wakeAtMs, retries }: PodActions): void {
    this.#failures = 0;
    const nowMs = this.#context.clock.now();
    const deadlineMs = deadlineOf(this.#api.object);
    if (wakeAtMs !== undefined && (deadlineMs === undefined || wakeAtMs <= deadlineMs)) this.#wakeIn(wakeAtMs - nowMs, retries);
    else if (deadlineMs !== undefined) this.#wakeIn(deadlineMs - nowMs, Infinity);
    else if (this.#resize.isDeferred) this.#wakeIn(RESIZE_RETRY_MS, Infinity);
  }

  // Ending

  async #stopAll(signal: AbortSignal): Promise<void> {
    this.#probes?.stopRestarting();
    const pod = this.#api.object;
    const observed = await this.#context.cache.refreshPod(this.uid, signal);
    // What ended by itself is told while the sandbox is taken down, which takes a machine a while.
    const isOver = this.#context.volumes() !== undefined && observed.containers.length > 0 && !hasLiveContainer(observed);
    const told = isOver ? this.#api.publish() : undefined;
    await Promise.all([stopPod(this.#context, pod, observed, { graceSeconds: podGraceSeconds(pod), signal }), told]);
    const after = await this.#context.cache.refreshPod(this.uid, signal);
    if (hasLiveContainer(after)) throw new Error('containers are still running after they were stopped');
    this.#probes?.stop();
    await this.#context.devices()?.release(this.uid);
    this.#release();
    this.#failures = 0;
    this.#goTo('terminated');
  }

  async #finish(signal: AbortSignal): Promise<void> {
    if (!this.#api.isGone) {
      // A Pod that was over when this agent started is left as it is.
      const untouched = isFinal(this.#api.object) && this.#context.cache.get(this.uid) === NOTHING_OBSERVED;
      if (!untouched && !(await this.#api.publish())) return;
      if (this.#api.object.metadata.deletionTimestamp !== undefined) await this.#api.delete(signal);
    }
    if (!this.#api.isGone) {
      this.#stage = 'over';
      return;
    }
    await this.#removeFromRuntime(signal);
    this.#stage = 'gone';
    this.#onGone();
  }

  async #removeFromRuntime(signal: AbortSignal): Promise<void> {
    for (const { id: podSandboxId } of this.#context.cache.get(this.uid).sandboxes) {
      await this.#context.runtime.stopPodSandbox({ podSandboxId }, { signal });
      await this.#context.runtime.removePodSandbox({ podSandboxId }, { signal });
    }
    this.#context.cache.delete(this.uid);
    await this.#context.volumes()?.remove(this.#api.object);
    await this.#context.removeLogs(this.uid);
    await this.#context.cgroups()?.remove(this.#api.object);
  }

  /** Brings volumes that show objects up to date, while the Pod runs. */
  async refreshVolumes(signal: AbortSignal): Promise<void> {
    if (this.#stage !== 'running' || this.#context.cache.get(this.uid) === NOTHING_OBSERVED) return;
    await this.#context.volumes()?.mount(podFieldsInput(this.#context, this.#api.object), signal);
  }

  #release(): void {
    if (this.#requests === undefined) return;
    add(this.#context.requested, this.#requests, -1);
    this.#requests = undefined;
    this.#resize.end();
    this.#tellDeferred();
  }

  // Status and time

  #statusOf(pod: Pod): PodStatus {
    const ending = this.#stage === 'terminated' || pod.metadata.deletionTimestamp !== undefined;
    return computePodStatus({
      pod,
      observed: this.#context.cache.get(this.uid),
      nowMs: this.#context.clock.now(),
      probes: this.#probes ?? NO_PROBE_RESULTS,
      waiting: ending ? NOTHING_WAITS : this.#containers.waiting,
      hostIPs: this.#context.hostIPs,
      runtimeName: this.#context.runtimeName(),
      terminal: this.#stage === 'terminated',
      ...(this.#verdict === undefined ? {} : { verdict: this.#verdict }),
      ...(this.#resize.report === undefined ? {} : { resize: this.#resize.report }),
    });
  }

  #wakeIn(delayMs: number, failures: number): void {
    if (this.#stopped) return;
    this.#cancelTimer?.();
    const wake = (): void => {
      this.#cancelTimer = undefined;
      this.wake();
    };
    this.#cancelTimer = this.#context.clock.after(Math.max(0, delayMs), wake, { background: failures > PATIENCE });
  }
}

const isFinal = ({ status }: Pod): boolean => status?.phase === 'Succeeded' || status?.phase === 'Failed';

function hasWork({ stopPod: stops, stop, remove, createSandbox, start }: PodActions): boolean {
  return stops || createSandbox !== undefined || start.length > 0 || stop.length > 0 || remove.length > 0;
}

/** When the Pod's active deadline is over, as wall time. */
function deadlineOf({ spec, status }: Pod): number | undefined {
  if (spec.activeDeadlineSeconds === undefined || status?.startTime === undefined) return undefined;
  return parseTime(status.startTime) + spec.activeDeadlineSeconds * 1000;
}
