import { quantityToNumber, sleep, type Client, type Clock, type Logger, type Random } from '@kybern/core';
import type { Pod } from '@kybern/core/kinds';
import type { EventRecorder } from '@kybern/reconcile';
import type { ContainerRuntime, cri, Prober } from '@kybern/runtime-cri';
import { isLive } from './decisions/observed.ts';
import { MINIMUM_GRACE_SECONDS } from './decisions/termination.ts';
import { PATIENCE, type KubeletContext } from './effects/context.ts';
import { ImagePuller } from './effects/image-puller.ts';
import { PodWorker } from './effects/pod-worker.ts';
import { NodeAgent } from './node/node-agent.ts';
import type { NodeDescription } from './node/node-object.ts';
import type { PodListener, PodSource } from './pod-source.ts';
import { PodCache, type SandboxOwner } from './runtime/pod-cache.ts';

/** What one run of a kubelet is made of. */
export interface RunningKubeletOptions {
  readonly description: NodeDescription;
  readonly client: Client;
  readonly runtime: ContainerRuntime;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly pods: PodSource;
  readonly prober: Prober;
  readonly recorder: EventRecorder;
  readonly maxParallelImagePulls: number;
}

/** How often the Node is asked for a Pod range while it has none. */
const CIDR_CHECK_MS = 10_000;
const RELIST_RETRY_MS = 1_000;

/** One run of a kubelet: its workers, one per Pod, and the streams that wake them. */
export class RunningKubelet implements PodListener {
  readonly #options: RunningKubeletOptions;
  readonly #cache: PodCache;
  readonly #agent: NodeAgent;
  readonly #context: KubeletContext;
  /** By Pod uid. Invariant: a Pod is here until it is gone from the API and from the runtime. */
  readonly #workers = new Map<string, PodWorker>();
  #podCidr = '';
  #cidrCheckedMs = -Infinity;

  constructor(options: RunningKubeletOptions) {
    const { runtime, clock, recorder } = options;
    this.#options = options;
    this.#cache = new PodCache(runtime);
    this.#agent = new NodeAgent({ ...options, onResync: (signal) => this.#resync(signal) });
    const images = new ImagePuller({ runtime, clock, recorder, maxParallel: options.maxParallelImagePulls });
    this.#context = this.#createContext(images);
  }

  #createContext(images: ImagePuller): KubeletContext {
    const { description, client, runtime, clock, random, logger, prober, recorder } = this.#options;
    const { name, addresses, allocatable } = description;
    return {
      nodeName: name,
      client,
      runtime,
      prober,
      clock,
      random,
      logger,
      recorder,
      images,
      cache: this.#cache,
      hostIPs: addresses.filter(({ type }) => type === 'InternalIP').map(({ address }) => address),
      allocatable: Object.fromEntries(Object.entries(allocatable).map(([resource, quantity]) => [resource, quantityToNumber(quantity)])),
      requested: {},
      runtimeName: () => this.#agent.runtimeName,
      taints: () => this.#agent.node?.spec.taints ?? [],
      ensurePodCidr: (signal) => this.#ensurePodCidr(signal),
    };
  }

  /** Runs until the signal aborts; resolves when nothing is under way any more. */
  async run(signal: AbortSignal): Promise<void> {
    const { runtime, pods, description, recorder, logger } = this.#options;
    const events = runtime.events$.subscribe((event) => this.#onRuntimeEvent(event));
    let unsubscribe = (): void => undefined;
    try {
      await this.#agent.register(signal);
      const owners = await this.#firstList(signal);
      await untilAborted(pods.synced, signal);
      unsubscribe = pods.subscribe(description.name, this);
      await this.#endOrphans(owners, signal);
      await this.#agent.run(signal);
    } catch (error) {
      if (!signal.aborted) logger.error('kubelet ended', { error });
      if (!signal.aborted) throw error;
    } finally {
      events.unsubscribe();
      unsubscribe();
      await Promise.all([...this.#workers.values()].map((worker) => worker.stop()));
      await recorder.flush();
    }
  }

  onPod(pod: Pod): void {
    const { uid = '' } = pod.metadata;
    const worker = this.#workers.get(uid);
    if (worker !== undefined) {
      worker.update(pod);
      return;
    }
    const made = new PodWorker(this.#context, pod, () => this.#workers.delete(uid));
    this.#workers.set(uid, made);
    made.wake();
  }

  onPodGone(pod: Pod): void {
    this.#workers.get(pod.metadata.uid ?? '')?.remove(pod);
  }

  #onRuntimeEvent(event: cri.ContainerEventResponse): void {
    const uid = event.podSandboxStatus?.metadata.uid;
    // What is forgotten stays forgotten: the last events of a Pod come after it was removed.
    if (uid === undefined || (!this.#workers.has(uid) && !this.#cache.has(uid))) return;
    if (this.#cache.absorb(event) !== undefined) this.#workers.get(uid)?.wake();
  }

  /** What the runtime has from before this run. Tries until it answers. */
  async #firstList(signal: AbortSignal): Promise<readonly SandboxOwner[]> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#cache.relist(signal);
      } catch (error) {
        signal.throwIfAborted();
        this.#options.logger.warn('container runtime does not answer, will retry', { error });
        await sleep(this.#options.clock, RELIST_RETRY_MS * Math.min(tries, 10), { signal, background: tries > PATIENCE });
      }
    }
  }

  async #resync(signal: AbortSignal): Promise<void> {
    const owners = await this.#cache.relist(signal);
    for (const worker of this.#workers.values()) worker.wake();
    await this.#endOrphans(owners, signal);
  }

  /** Ends what runs for Pods that the API does not have: they were deleted while nobody looked. */
  async #endOrphans(owners: readonly SandboxOwner[], signal: AbortSignal): Promise<void> {
    for (const owner of owners) {
      if (this.#workers.has(owner.uid)) continue;
      const about = { kind: 'Pod', namespace: owner.namespace, name: owner.name, uid: owner.uid };
      this.#options.logger.info('cleaning up an orphaned pod', about);
      try {
        await this.#endOrphan(owner.uid, signal);
      } catch (error) {
        signal.throwIfAborted();
        this.#options.logger.warn('orphaned pod could not be cleaned up, will retry', { ...about, error });
      }
    }
  }

  async #endOrphan(uid: string, signal: AbortSignal): Promise<void> {
    const { runtime } = this.#options;
    const { containers, sandboxes } = this.#cache.get(uid);
    await Promise.all(containers.filter(isLive).map(({ id }) => runtime.stopContainer({ containerId: id, timeout: MINIMUM_GRACE_SECONDS }, { signal })));
    for (const { id } of sandboxes) {
      await runtime.stopPodSandbox({ podSandboxId: id }, { signal });
      await runtime.removePodSandbox({ podSandboxId: id }, { signal });
    }
    this.#cache.delete(uid);
  }

  /** Tells the runtime the node's Pod range once a controller has given it one. */
  async #ensurePodCidr(signal: AbortSignal): Promise<void> {
    const { clock, runtime } = this.#options;
    if (this.#podCidr !== '' || clock.monotonicMs() - this.#cidrCheckedMs < CIDR_CHECK_MS) return;
    this.#cidrCheckedMs = clock.monotonicMs();
    const node = await this.#agent.refresh(signal);
    const podCidr = node?.spec.podCIDRs?.join(',') ?? node?.spec.podCIDR ?? '';
    if (podCidr === '') return;
    await runtime.updateRuntimeConfig({ runtimeConfig: { networkConfig: { podCidr } } }, { signal });
    this.#podCidr = podCidr;
  }
}

function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
