import type { Pod } from '@kybern/core/kinds';
import { computePodCgroupLimits, type CgroupLimits } from '../decisions/cgroup-limits.ts';
import { NOTHING_OBSERVED, type ObservedPod } from '../decisions/observed.ts';
import { add, podRequests, type Amounts } from '../decisions/pod-requests.ts';
import {
  computeContainerResizes,
  computeResize,
  desiredAllocation,
  isSame,
  reportedAllocation,
  wider,
  withAllocation,
  type Allocation,
  type ContainerResize,
} from '../decisions/resize.ts';
import { describeResize, type ResizeReport } from '../decisions/resize-report.ts';
import { computeContainerLimits, criResources } from '../runtime/resources.ts';
import { inTime, type KubeletContext } from './context.ts';
import { describeError } from './image-puller.ts';

/** When a deferred resize is looked at again, should nobody have made room meanwhile. @see kubernetes v1.36 pkg/kubelet/allocation/allocation_manager.go (retryDelay) */
export const RESIZE_RETRY_MS = 180_000;

/**
 * What one Pod was given of its node, and how that follows what it asks for: first the node gives it (or says why not), then its containers and its cgroup are changed.
 *
 * @see KEP-1287
 */
export class PodResize {
  readonly #context: KubeletContext;
  readonly #wake: () => void;
  #allocation: Allocation | undefined;
  #actuated = new Map<string, NonNullable<Pod['spec']['containers'][number]['resources']>>();
  #pending: ResizeReport['pending'];
  #inProgress: ResizeReport['inProgress'];
  /** What the Pod's cgroup has. */
  #limits: CgroupLimits | undefined;

  /** @param wake called when a deferred resize may fit */
  constructor(context: KubeletContext, wake: () => void) {
    this.#context = context;
    this.#wake = wake;
  }

  /** For the status; undefined when the Pod has all that it asks for. */
  get report(): ResizeReport | undefined {
    if (this.#allocation === undefined) return undefined;
    return { allocation: this.#allocation, actuated: this.#actuated, pending: this.#pending, inProgress: this.#inProgress };
  }

  /** The Pod was let in. What runs already keeps what it has. @returns the Pod with what it was given */
  begin(pod: Pod, observed: ObservedPod): Pod {
    if (observed === NOTHING_OBSERVED || observed.containers.length === 0) return pod;
    const given = withAllocation(pod, reportedAllocation(pod));
    if (given === pod) return pod;
    this.#allocation = desiredAllocation(given);
    this.#noteActuated(pod);
    this.#limits = computePodCgroupLimits(given);
    return given;
  }

  #noteActuated({ status }: Pod): void {
    for (const { containerID = '', resources, name } of [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]) {
      if (resources !== undefined && !isSame(resources, this.#allocation?.get(name))) this.#actuated.set(containerID.replace(/^.*:\/\//, ''), resources);
    }
  }

  /**
   * Gives the Pod what it asks for, if the node can.
   *
   * @param before the Pod with what it was given so far
   * @param requests what that takes of the node
   * @returns the Pod with what it was given
   */
  decide(pod: Pod, { before, observed, requests }: { before: Pod; observed: ObservedPod; requests: Amounts }): Pod {
    const { containers, initContainers } = before.spec;
    if (this.#allocation === undefined && pod.spec.containers === containers && pod.spec.initContainers === initContainers) return pod;
    const given = withAllocation(pod, this.#allocation ?? desiredAllocation(before));
    if (given === pod) {
      this.#settle();
      if (this.#inProgress === undefined && this.#actuated.size === 0) this.#allocation = undefined;
      return pod;
    }
    const { allocatable, requested } = this.#context;
    const others = { ...requested };
    add(others, requests, -1);
    const refusal = computeResize({ pod, allocatable, others });
    this.#allocation ??= desiredAllocation(before);
    if (refusal === undefined) return this.#give(pod, { given, observed });
    const { generation } = pod.metadata;
    if (this.#pending?.reason !== refusal.reason || this.#pending.message !== refusal.message || this.#pending.generation !== generation) {
      this.#warn(pod, `Resize${refusal.reason}`, describeResize(pod, refusal.reason, refusal.message));
    }
    this.#pending = { ...refusal, generation };
    this.#context.deferred.delete(this.#wake);
    if (refusal.reason === 'Deferred') this.#context.deferred.set(this.#wake, pod.spec.priority ?? 0);
    return given;
  }

  #give(pod: Pod, { given, observed }: { given: Pod; observed: ObservedPod }): Pod {
    const old = this.#allocation ?? desiredAllocation(given);
    for (const { id, name, state } of observed.containers) {
      const had = old.get(name);
      if (state === 'running' && had !== undefined && !this.#actuated.has(id)) this.#actuated.set(id, had);
    }
    this.#limits ??= computePodCgroupLimits(given);
    this.#allocation = desiredAllocation(pod);
    this.#settle();
    this.#inProgress = { generation: pod.metadata.generation };
    this.#context.recorder.event(pod, { type: 'Normal', reason: 'ResizeStarted', message: describeResize(pod, 'started') });
    return pod;
  }

  /** Nothing waits for room any more. */
  #settle(): void {
    this.#pending = undefined;
    this.#context.deferred.delete(this.#wake);
  }

  /** Whether a deferred resize is to be looked at again some time. */
  get isDeferred(): boolean {
    return this.#pending?.reason === 'Deferred';
  }

  /** Which containers are to be changed. Forgets those that are gone. @param pod with what it was given */
  plan(pod: Pod, observed: ObservedPod): readonly ContainerResize[] {
    for (const id of this.#actuated.keys()) if (!observed.containers.some((each) => each.id === id && each.state === 'running')) this.#actuated.delete(id);
    return computeContainerResizes(pod, observed, this.#actuated);
  }

  /** Whether there is something to carry out, be it the cgroup of the Pod alone. */
  get isInProgress(): boolean {
    return this.#inProgress !== undefined;
  }

  /**
   * Changes containers in place, and the Pod's cgroup around them: it is never narrower than what they have.
   *
   * @param pod with what it was given
   * @returns false when it failed, which the status tells
   */
  async apply(pod: Pod, resizes: readonly ContainerResize[], signal: AbortSignal): Promise<boolean> {
    try {
      const target = computePodCgroupLimits(pod);
      await this.#limit(pod, wider(this.#limits ?? target, target));
      for (const resize of byNarrowing(pod, resizes)) if (resize.how === 'update') await this.#update(pod, resize, signal);
      if (resizes.some(({ how }) => how === 'restart')) return true;
      await this.#limit(pod, target);
    } catch (error) {
      signal.throwIfAborted();
      const message = describeError(error);
      if (this.#inProgress?.error !== message) this.#warn(pod, 'ResizeError', describeResize(pod, 'error', message));
      this.#inProgress = { generation: this.#inProgress?.generation ?? pod.metadata.generation, error: message };
      return false;
    }
    this.#inProgress = undefined;
    this.#actuated.clear();
    if (this.#pending === undefined) this.#allocation = undefined;
    this.#context.recorder.event(pod, { type: 'Normal', reason: 'ResizeCompleted', message: describeResize(pod, 'completed') });
    return true;
  }

  async #limit(pod: Pod, limits: CgroupLimits): Promise<void> {
    const cgroups = this.#context.cgroups();
    const before = this.#limits;
    this.#limits = limits;
    if (cgroups === undefined || JSON.stringify(before) === JSON.stringify(limits)) return;
    try {
      cgroups.adopt(pod);
      await cgroups.balance();
      await cgroups.narrow(pod, limits);
    } catch (error) {
      this.#limits = before;
      throw error;
    }
  }

  async #update(pod: Pod, { container, id, from }: ContainerResize, signal: AbortSignal): Promise<void> {
    const { cpuShares, cpuQuotaUs, memoryBytes } = computeContainerLimits(pod, container);
    const before = computeContainerLimits(pod, { ...container, resources: from });
    if (memoryBytes !== undefined && memoryBytes < (before.memoryBytes ?? Infinity)) {
      const used = await this.#context.cgroups()?.memoryUsage(pod, id);
      if (used !== undefined && used > memoryBytes)
        throw new Error(`attempting to set container "${container.name}" memory limit (${String(memoryBytes)}) below current usage (${String(used)})`);
    }
    const linux = {
      ...criResources({ cpuShares, ...(cpuQuotaUs !== undefined && { cpuQuotaUs }), ...(memoryBytes !== undefined && { memoryBytes }) }),
      // What was limited and is not any more.
      ...(cpuQuotaUs === undefined && before.cpuQuotaUs !== undefined ? { cpuQuota: -1 } : {}),
      ...(memoryBytes === undefined && before.memoryBytes !== undefined ? { memoryLimitInBytes: -1 } : {}),
    };
    await inTime(this.#context, signal, (timely) => this.#context.runtime.updateContainerResources({ containerId: id, linux }, { signal: timely }));
    this.#actuated.delete(id);
  }

  /** The Pod ends. */
  end(): void {
    this.#context.deferred.delete(this.#wake);
  }

  #warn(pod: Pod, reason: string, message: string): void {
    this.#context.recorder.event(pod, { type: 'Warning', reason, message });
  }
}

/** Those that give memory back come first. */
function byNarrowing(pod: Pod, resizes: readonly ContainerResize[]): readonly ContainerResize[] {
  const grows = ({ container, from }: ContainerResize): number => {
    const [now, before] = [computeContainerLimits(pod, container), computeContainerLimits(pod, { ...container, resources: from })];
    return (now.memoryBytes ?? Infinity) > (before.memoryBytes ?? Infinity) ? 1 : 0;
  };
  return [...resizes].sort((a, b) => grows(a) - grows(b));
}

/** What a Pod takes of its node. */
export const takenBy = (pod: Pod): Amounts => ({ ...podRequests(pod), pods: 1 });
