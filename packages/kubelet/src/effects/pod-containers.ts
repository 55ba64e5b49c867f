import type { Pod } from '@kybern/core/kinds';
import { nextBackOff, type BackOff } from '../decisions/back-off.ts';
import type { ObservedPod } from '../decisions/observed.ts';
import { describePod, type PodActions, type PullFailure, type Waiting } from '../decisions/plan.ts';
import { computePodActions } from '../decisions/pod-actions.ts';
import type { ProbeResults } from '../decisions/probe-results.ts';
import type { ContainerResize } from '../decisions/resize.ts';
import { podGraceSeconds, probeGraceSeconds } from '../decisions/termination.ts';
import { sandboxConfig } from '../runtime/configs.ts';
import { inTime, type KubeletContext } from './context.ts';
import { describeError } from './image-puller.ts';
import { podFieldsInput, startContainer } from './start-container.ts';
import { stopContainer, stopPod } from './stop-containers.ts';

/** When to mount again after it failed: doubled each time, up to {@link RETRY_MS}. */
const MOUNT_RETRY_MS = 500;
const MOUNT_DOUBLINGS = 8;
/** When to look again after the runtime or the API failed, plus up to half of it. */
const RETRY_MS = 10_000;
/**
 * When a failed start turns into the back-off that follows from it, so that both are seen.
 *
 * Differs from Kubernetes: there it happens at the next sync of the Pod, a second to fifteen later.
 */
const FLIP_MS = 1_000;

/** What a plan is made and carried out for. */
export interface PodView {
  readonly pod: Pod;
  readonly observed: ObservedPod;
  readonly signal: AbortSignal;
}

/** What came of carrying out a plan: all of it was done, or something failed and is to be tried again. */
export type ApplyOutcome = { readonly done: true } | { readonly done: false; readonly retryMs: number; readonly failures: number };

const DONE: ApplyOutcome = Object.freeze({ done: true });

/** The containers of one Pod: plans what they need and carries it out, remembering what failed. */
export class PodContainers {
  readonly #context: KubeletContext;
  readonly #restartBackOffs = new Map<string, BackOff>();
  readonly #pullFailures = new Map<string, PullFailure>();
  readonly #waiting = new Map<string, Waiting>();
  /** Containers that were ended to be replaced, until they are gone. */
  readonly #replaced = new Set<string>();
  #failures = 0;

  constructor(context: KubeletContext) {
    this.#context = context;
  }

  /** By container name: why those do not run that are to. */
  get waiting(): ReadonlyMap<string, Waiting> {
    return this.#waiting;
  }

  /** What to do next. Tells in events of each container that a back-off begins to hold. */
  plan({ pod, observed, resizes }: Pick<PodView, 'pod' | 'observed'> & { resizes: readonly ContainerResize[] }, probes: ProbeResults): PodActions {
    for (const id of this.#replaced) if (!observed.containers.some((each) => each.id === id)) this.#replaced.delete(id);
    const actions = computePodActions({
      pod,
      observed,
      nowMs: this.#context.clock.now(),
      probes,
      restartBackOffs: this.#restartBackOffs,
      pullFailures: this.#pullFailures,
      resizes,
      replaced: this.#replaced,
    });
    for (const [name, held] of actions.waiting) this.#noteHeld(pod, name, held);
    return actions;
  }

  #noteHeld(pod: Pod, name: string, held: Waiting): void {
    if (this.#waiting.get(name)?.reason === held.reason) return;
    this.#waiting.set(name, held);
    if (held.reason === 'CrashLoopBackOff') {
      this.#warn(pod, 'BackOff', `Back-off restarting failed container ${name} in pod ${describePod(pod)}`);
      return;
    }
    this.#context.recorder.event(pod, { type: 'Normal', reason: 'BackOff', message: (held.message ?? '').replace(/: ErrImagePull: [^]*$/, '') });
    this.#warn(pod, 'Failed', `Error: ${held.reason}`);
  }

  /** Carries out a plan. @throws the signal's reason, or what the runtime said to a stop or removal */
  async apply(actions: PodActions, view: PodView): Promise<ApplyOutcome> {
    const { pod, observed, signal } = view;
    if (actions.stopPod) {
      this.#context.recorder.event(pod, { type: 'Normal', reason: 'SandboxChanged', message: 'Pod sandbox changed, it will be killed and re-created.' });
      await stopPod(this.#context, pod, observed, { graceSeconds: podGraceSeconds(pod), signal });
    }
    for (const { container, id, message, reason } of actions.stop) {
      const graceSeconds = reason === 'liveness' || reason === 'startup' ? probeGraceSeconds(pod, container, reason) : podGraceSeconds(pod);
      if (reason === 'resize' || reason === 'definition-changed') this.#replaced.add(id);
      await stopContainer(this.#context, { pod, containerId: id, container, message, graceSeconds, signal });
    }
    for (const containerId of actions.remove) await this.#context.runtime.removeContainer({ containerId }, { signal });
    const unmounted = await this.#mountVolumes(actions, view);
    if (unmounted !== undefined) return unmounted;
    if (actions.createSandbox !== undefined) return this.#createSandbox(actions.createSandbox.attempt, view);
    return this.#startAll(actions, view);
  }

  /** Before anything is made or started. @returns set when it failed, and is to be tried again */
  async #mountVolumes({ createSandbox, start }: PodActions, { pod, signal }: PodView): Promise<ApplyOutcome | undefined> {
    const volumes = this.#context.volumes();
    if (volumes === undefined || (createSandbox === undefined && start.length === 0)) return undefined;
    try {
      await volumes.mount(podFieldsInput(this.#context, pod), signal);
      return undefined;
    } catch (error) {
      signal.throwIfAborted();
      this.#warn(pod, 'FailedMount', error instanceof Error ? error.message : String(error));
      return this.#failed(Math.min(this.retryMs(), MOUNT_RETRY_MS * 2 ** Math.min(this.#failures, MOUNT_DOUBLINGS)));
    }
  }

  async #createSandbox(attempt: number, { pod, signal }: PodView): Promise<ApplyOutcome> {
    try {
      await this.#context.cgroups()?.ensure(pod);
    } catch (error) {
      this.#warn(pod, 'FailedCreatePodContainer', `unable to ensure pod container exists: ${describeError(error)}`);
      return this.#failed(this.retryMs());
    }
    try {
      await this.#context.ensurePodCidr(signal);
      const { podSandboxId } = await inTime(this.#context, signal, (timely) =>
        this.#context.runtime.runPodSandbox({ config: sandboxConfig(pod, attempt, this.#context.placeOf(pod)) }, { signal: timely }),
      );
      await this.#context.cache.refresh(pod.metadata.uid ?? '', podSandboxId, signal);
      this.#failures = 0;
      return DONE;
    } catch (error) {
      signal.throwIfAborted();
      this.#warn(pod, 'FailedCreatePodSandBox', `Failed to create pod sandbox: ${describeError(error)}`);
      return this.#failed(this.retryMs());
    }
  }

  async #startAll({ start }: PodActions, { pod, observed, signal }: PodView): Promise<ApplyOutcome> {
    const [sandbox] = observed.sandboxes;
    if (sandbox === undefined || start.length === 0) return DONE;
    let retryMs = Infinity;
    for (const each of start) {
      const { name, image = '' } = each.container;
      if (each.backOff !== undefined) this.#restartBackOffs.set(name, each.backOff);
      const failure = await startContainer(this.#context, each, { pod, sandboxId: sandbox.id, sandboxAttempt: sandbox.attempt, signal });
      if (failure === undefined) {
        this.#waiting.delete(name);
        this.#pullFailures.delete(image);
        continue;
      }
      this.#waiting.set(name, failure.waiting);
      if (failure.pullError !== undefined) this.#notePullFailure(image, failure.pullError);
      retryMs = Math.min(retryMs, failure.pullError !== undefined || failure.created ? FLIP_MS : this.retryMs());
      if (each.kind === 'init') break;
    }
    if (retryMs < Infinity) return this.#failed(retryMs);
    this.#failures = 0;
    return DONE;
  }

  #notePullFailure(image: string, error: string): void {
    const nowMs = this.#context.clock.now();
    this.#pullFailures.set(image, { backOff: nextBackOff(this.#pullFailures.get(image)?.backOff, nowMs, nowMs), error });
  }

  #failed(retryMs: number): ApplyOutcome {
    this.#failures += 1;
    return { done: false, retryMs, failures: this.#failures };
  }

  /** How long to wait after a failure that has no back-off of its own. */
  retryMs(): number {
    return RETRY_MS * (1 + this.#context.random.next() / 2);
  }

  #warn(pod: Pod, reason: string, message: string): void {
    this.#context.recorder.event(pod, { type: 'Warning', reason, message });
  }
}
