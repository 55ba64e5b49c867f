import { formatTime, sleep, type Client, type Clock, type Logger, type NodeUsage, type Random } from '@kybern/core';
import type { Pod } from '@kybern/core/kinds';
import type { EventRecorder } from '@kybern/reconcile';
import type { ContainerRuntime, cri, Prober } from '@kybern/runtime-cri';
import { computeContainerGarbage } from './decisions/container-garbage.ts';
import { DEFAULT_IMAGE_GARBAGE_POLICY, type DiskSpace, type ImageGarbagePolicy } from './decisions/image-garbage.ts';
import { isLive } from './decisions/observed.ts';
import { amountsOf, type Amounts } from './decisions/pod-requests.ts';
import { MINIMUM_GRACE_SECONDS } from './decisions/termination.ts';
import { PATIENCE, type KubeletContext } from './effects/context.ts';
import { ImagePuller } from './effects/image-puller.ts';
import { PodWorker } from './effects/pod-worker.ts';
import { NodeAgent } from './node/node-agent.ts';
import type { NodeDescription } from './node/node-object.ts';
import type { PodListener, PodSource } from './pod-source.ts';
import type { PodPlace, PodResolver } from './runtime/configs.ts';
import { ANNOTATIONS } from './runtime/labels.ts';
import type { LastWords } from './runtime/observe.ts';
import { PodCache, type SandboxOwner } from './runtime/pod-cache.ts';
import type { AccountedPod, UsageReader } from './cgroups/usage-reader.ts';
import type { DeviceManager } from './devices/device-manager.ts';
import type { ImageCollector } from './effects/image-collector.ts';
import type { ServiceSource } from './effects/service-source.ts';
import type { PodCgroups } from './cgroups/pod-cgroups.ts';
import type { LogLimits } from './volumes/log-rotation.ts';
import type { PodVolumes } from './volumes/pod-volumes.ts';

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
  readonly machine: MachineFolders | undefined;
  readonly imageGarbage: Partial<ImageGarbagePolicy> & { readonly diskSpace?: (mountpoint: string) => Promise<DiskSpace> };
  readonly resolver: ((pod: Pod) => PodResolver) | undefined;
}

/** Where a node that is a machine keeps what its Pods need. */
export interface MachineFolders {
  /** Volumes, hosts files and termination messages of Pods, each below `pods/UID`. */
  readonly rootDirectory: string;
  /** Logs of containers. Default `/var/log/pods`. */
  readonly logDirectory?: string;
  /** Each Pod gets a cgroup of its own, below `/kubepods`, with its limits, which is removed with it. Needs root and the cgroupfs driver. Default false. */
  readonly cgroups?: boolean;
  /** Below which `/kubepods` is. Nodes that share a machine want one each. Default `/`. */
  readonly cgroupRoot?: string;
  /** How many processes and threads a Pod may have; with `cgroups` alone. Default: as many as the machine. */
  readonly podPidsLimit?: number;
  /** How much of a container's log is kept. Default 5 files of 10 MiB. */
  readonly logLimits?: LogLimits;
  /** Plugins of devices may register in `rootDirectory/device-plugins`. Default true. */
  readonly devicePlugins?: boolean;
}

/** How often the Node is asked for a Pod range while it has none. */
const CIDR_CHECK_MS = 10_000;
/** @see kubernetes v1.36 pkg/kubelet/kubelet.go (ContainerGCPeriod, ImageGCPeriod) */
const GARBAGE_MS = 60_000;
const IMAGE_MINUTES = 5;
const RELIST_RETRY_MS = 1_000;
/** @see kubernetes v1.36 pkg/kubelet/apis/config/v1beta1/defaults.go (SyncFrequency) */
const VOLUME_REFRESH_MS = 60_000;
/** @see kubernetes v1.36 pkg/kubelet/apis/config/v1beta1/defaults.go (ContainerLogMonitorInterval) */
const LOG_CHECK_MS = 10_000;
const LOG_DIRECTORY = '/var/log/pods';

/** One run of a kubelet: its workers, one per Pod, and the streams that wake them. */
export class RunningKubelet implements PodListener {
  readonly #options: RunningKubeletOptions;
  readonly #cache: PodCache;
  readonly #agent: NodeAgent;
  readonly #context: KubeletContext;
  /** By Pod uid. Invariant: a Pod is here until it is gone from the API and from the runtime. */
  readonly #workers = new Map<string, PodWorker>();
  #volumes: PodVolumes | undefined;
  #cgroups: PodCgroups | undefined;
  #usage: UsageReader | undefined;
  #devices: DeviceManager | undefined;
  #services: ServiceSource | undefined;
  #images: ImageCollector | undefined;
  #lastWords: LastWords = () => '';
  #podCidr = '';
  #cidrCheckedMs = -Infinity;

  constructor(options: RunningKubeletOptions) {
    const { runtime, clock, recorder } = options;
    this.#options = options;
    this.#cache = new PodCache(runtime, (status) => this.#lastWords(status));
    this.#agent = new NodeAgent({
      ...options,
      onResync: (signal) => this.#resync(signal),
      devices: () => this.#devices?.counts,
      images: () => this.#images?.images,
    });
    const images = new ImagePuller({ runtime, client: options.client, clock, recorder, maxParallel: options.maxParallelImagePulls });
    this.#context = this.#createContext(images);
  }

  #createContext(images: ImagePuller): KubeletContext {
    const { description, client, runtime, clock, random, logger, prober, recorder } = this.#options;
    const { name, addresses } = description;
    const fixed = amountsOf(description.allocatable);
    const allocatable = (): Amounts => (this.#devices === undefined ? fixed : { ...fixed, ...amountsOf(this.#devices.counts.allocatable) });
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
      get allocatable() {
        return allocatable();
      },
      requested: {},
      deferred: new Map(),
      volumes: () => this.#volumes,
      removeLogs: (uid) => this.#removeLogs(uid),
      cgroups: () => this.#cgroups,
      devices: () => this.#devices,
      services: () => this.#services,
      placeOf: (pod) => this.#placeOf(pod),
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
    const ended = new AbortController();
    let watching: Promise<void> | undefined;
    try {
      await this.#openFolders();
      await this.#openDevices(signal);
      watching = this.#services?.run(AbortSignal.any([signal, ended.signal]));
      await this.#agent.register(signal);
      const owners = await this.#firstList(signal);
      await untilAborted(pods.synced, signal);
      unsubscribe = pods.subscribe(description.name, this);
      await this.#endOrphans(owners, signal);
      await Promise.all([
        this.#agent.run(signal),
        this.#refreshVolumes(signal),
        this.#rotateLogs(signal),
        this.#sampleUsage(signal),
        this.#collectGarbage(signal),
      ]);
    } catch (error) {
      if (!signal.aborted) logger.error('kubelet ended', { error });
      if (!signal.aborted) throw error;
    } finally {
      events.unsubscribe();
      unsubscribe();
      await Promise.all([...this.#workers.values()].map((worker) => worker.stop()));
      await this.#devices?.[Symbol.asyncDispose]();
      ended.abort(new Error('the kubelet ended'));
      await watching;
      await recorder.flush();
    }
  }

  #placeOf(pod: Pod): PodPlace {
    const { machine, resolver } = this.#options;
    const place: PodPlace = { logRoot: machine?.logDirectory ?? LOG_DIRECTORY, ...(resolver === undefined ? {} : { resolver: resolver(pod) }) };
    if (this.#cgroups === undefined) return place;
    return { ...place, cgroupParent: this.#cgroups.pathOf(pod), cgroupVersion: this.#cgroups.tree.version };
  }

  async #removeLogs(uid: string): Promise<void> {
    const { machine } = this.#options;
    if (machine !== undefined) await (await import('./volumes/pod-logs.ts')).removePodLogs(machine.logDirectory ?? LOG_DIRECTORY, uid);
  }

  /** What touches files is loaded on machines alone: simulated nodes have none. */
  async #openFolders(): Promise<void> {
    const { machine, client, clock, random, logger } = this.#options;
    if (machine === undefined) return;
    const { ServiceSource: Source } = await import('./effects/service-source.ts');
    this.#services = new Source({ client, clock, random, logger });
    const [{ PodVolumes: Volumes }, { readTerminationMessage }] = await Promise.all([
      import('./volumes/pod-volumes.ts'),
      import('./volumes/termination-message.ts'),
    ]);
    this.#volumes = new Volumes({ rootDirectory: machine.rootDirectory, client, clock });
    if (machine.cgroups === true) await this.#openCgroups(machine.cgroupRoot ?? '/');
    const keys = { path: ANNOTATIONS.terminationMessagePath, policy: ANNOTATIONS.terminationMessagePolicy };
    this.#lastWords = (status) => readTerminationMessage(status, keys);
  }

  /** A node goes without devices rather than not at all. */
  async #openDevices(signal: AbortSignal): Promise<void> {
    const { machine, clock, logger } = this.#options;
    if (machine === undefined || machine.devicePlugins === false) return;
    const { openDeviceManager } = await import('./devices/device-manager.ts');
    const folder = `${machine.rootDirectory}/device-plugins`;
    try {
      this.#devices = await openDeviceManager({ folder, clock, logger, onChange: () => void this.#agent.reportSoon(signal) });
    } catch (error) {
      logger.error('device plugins cannot register', { folder, error });
    }
  }

  async #openCgroups(root: string): Promise<void> {
    const [{ openCgroupTree }, { PodCgroups: Cgroups }] = await Promise.all([import('./cgroups/cgroup-tree.ts'), import('./cgroups/pod-cgroups.ts')]);
    this.#cgroups = new Cgroups({
      tree: await openCgroupTree(),
      root,
      allocatable: this.#context.allocatable,
      podPidsLimit: this.#options.machine?.podPidsLimit,
    });
  }

  /** Mounted ConfigMaps, Secrets and tokens follow what they show. */
  async #refreshVolumes(signal: AbortSignal): Promise<void> {
    const { clock, random, logger } = this.#options;
    if (this.#volumes === undefined) return;
    for (;;) {
      await sleep(clock, VOLUME_REFRESH_MS * (1 + random.next() / 10), { signal, background: true });
      await this.#cgroups?.balance().catch((error: unknown) => logger.warn('cgroups of classes could not be set, will retry', { error }));
      for (const worker of this.#workers.values()) {
        await worker.refreshVolumes(signal).catch((error: unknown) => {
          signal.throwIfAborted();
          logger.warn('volumes could not be brought up to date, will retry', { uid: worker.uid, error });
        });
      }
    }
  }

  /** Logs of a machine's containers do not fill its disk. */
  async #rotateLogs(signal: AbortSignal): Promise<void> {
    const { clock, runtime, logger, machine } = this.#options;
    if (this.#volumes === undefined) return;
    const { rotateLogs } = await import('./volumes/log-rotation.ts');
    for (;;) {
      await sleep(clock, LOG_CHECK_MS, { signal, background: true });
      await rotateLogs(runtime, formatTime(clock.now()).replace(/[^0-9]/g, ''), machine?.logLimits).catch((error: unknown) => {
        logger.warn('logs could not be rotated, will retry', { error });
      });
    }
  }

  /** Dead containers every minute, images every five, as long as this is a machine. */
  async #collectGarbage(signal: AbortSignal): Promise<void> {
    const { machine, runtime, clock, logger, imageGarbage, recorder } = this.#options;
    if (machine === undefined) return;
    const [{ ImageCollector: Collector }, { freeDiskSpace }] = await Promise.all([import('./effects/image-collector.ts'), import('./node/machine.ts')]);
    const { diskSpace = freeDiskSpace, ...policy } = imageGarbage;
    const onShortage = (message: string): void => {
      if (this.#agent.node !== undefined) recorder.event(this.#agent.node, { type: 'Warning', reason: 'FreeDiskSpaceFailed', message });
    };
    const images = new Collector({
      runtime,
      clock,
      logger,
      policy: { ...DEFAULT_IMAGE_GARBAGE_POLICY, ...policy },
      diskSpace,
      onShortage,
      volumeImages: () => this.#volumeImages(),
    });
    this.#images = images;
    for (let minute = 0; ; minute++) {
      const work = minute === 0 ? images.look(signal) : minute % IMAGE_MINUTES === 0 ? images.collect(signal) : Promise.resolve();
      const collected = this.#collectContainers(signal);
      await Promise.all([work, collected]).catch((error: unknown) => {
        signal.throwIfAborted();
        logger.warn('garbage could not be collected, will retry', { error });
      });
      if (minute % IMAGE_MINUTES === 0) void this.#agent.reportSoon(signal);
      await sleep(clock, GARBAGE_MS, { signal, background: true });
    }
  }

  *#volumeImages(): Iterable<string> {
    for (const { pod } of this.#workers.values()) for (const { image } of pod.spec.volumes ?? []) if (image?.reference !== undefined) yield image.reference;
  }

  async #collectContainers(signal: AbortSignal): Promise<void> {
    const { runtime } = this.#options;
    for (const { uid } of [...this.#workers.values()]) {
      const { containers, sandboxes } = computeContainerGarbage(this.#cache.get(uid));
      for (const containerId of containers) await runtime.removeContainer({ containerId }, { signal });
      for (const podSandboxId of sandboxes) await runtime.removePodSandbox({ podSandboxId }, { signal });
      if (containers.length + sandboxes.length > 0) await this.#cache.refreshPod(uid, signal);
    }
  }

  /** What the Pods of this machine use; undefined when their cgroups are none of this agent's. */
  usage(): NodeUsage | undefined {
    return this.#usage?.read(this.#accounted());
  }

  async #sampleUsage(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    if (this.#cgroups === undefined) return;
    const { UsageReader: Reader, SAMPLE_MS } = await import('./cgroups/usage-reader.ts');
    this.#usage = new Reader(this.#cgroups.tree, clock);
    for (;;) {
      this.#usage.sample(this.#accounted());
      await sleep(clock, SAMPLE_MS, { signal, background: true });
    }
  }

  #accounted(): readonly AccountedPod[] {
    const pods: AccountedPod[] = [];
    for (const { uid, pod } of this.#workers.values()) {
      const cgroup = this.#cgroups?.pathOf(pod) ?? '';
      const running = this.#cache.get(uid).containers.filter(({ state }) => state === 'running');
      if (running.length === 0) continue;
      const { namespace = 'default', name } = pod.metadata;
      const containers = running.map((each) => ({ name: each.name, cgroup: `${cgroup}/${each.id}` }));
      pods.push({ namespace, name, uid, hostNetwork: pod.spec.hostNetwork === true, containers });
    }
    return pods;
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
    await this.#devices?.retain(new Set(this.#workers.keys()));
    const left = await this.#cgroups?.removeOrphans(new Set(this.#workers.keys()));
    if (left !== undefined && left.length > 0) this.#options.logger.info('cleaned up orphaned cgroups of pods', { uids: left });
  }

  async #endOrphan(uid: string, signal: AbortSignal): Promise<void> {
    const { runtime } = this.#options;
    const { containers, sandboxes } = this.#cache.get(uid);
    await Promise.all(containers.filter(isLive).map(({ id }) => runtime.stopContainer({ containerId: id, timeout: MINIMUM_GRACE_SECONDS }, { signal })));
    for (const { id } of sandboxes) {
      await runtime.stopPodSandbox({ podSandboxId: id }, { signal });
      await runtime.removePodSandbox({ podSandboxId: id }, { signal });
    }
    await this.#removeLogs(uid);
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
