import { createConnection } from 'node:net';
import { statfs } from 'node:fs/promises';
import { Duplex } from 'node:stream';
import { systemClock, systemIds, type CallOptions, type Clock, type IdSource } from '@kybern/core';
import type { Observable } from 'rxjs';
import { RuntimeError } from '../errors.ts';
import type * as cri from '../generated/cri.ts';
import { Subject } from '../internal/rx.ts';
import type { ContainerRuntime, ExecStreams, PortForwardStreams } from '../runtime.ts';
import { attachStreams } from './attach-streams.ts';
import { Containers } from './containers.ts';
import { LocalImages, type LocalImage } from './local-images.ts';
import { sessionUsage, type SessionUsage } from './process-table.ts';
import { RecordStore } from './record-store.ts';
import { containerItem, containerStatus, hasLabels, sandboxItem, sandboxStatus, type ContainerRecord, type SandboxRecord } from './records.ts';
import { commandStreams, runCommand, startCommand } from './run-command.ts';

/** Options of {@link createProcessRuntime}. */
export interface ProcessRuntimeOptions {
  /** Where everything is kept. One runtime at a time may use it; the next one takes over what runs. */
  readonly directory: string;
  /** What the names of images stand for. `host` always stands for the machine. */
  readonly images?: Readonly<Record<string, LocalImage>>;
  /** Every other name stands for the machine, too: the container runs whatever command it names. Default false: such images are not found. */
  readonly anyImage?: boolean;
  /**
   * What Pods have for an address: one of 127.0.0.0/8 each, on which a server may listen beside another of the same port, or 127.0.0.1 for all. Default: one each on
   * Linux, where all of them are there.
   */
  readonly addresses?: 'each' | 'shared';
  /** Nodes that share a machine want blocks of their own, of 65,536 addresses: 0 to 63. Default 0: from 127.64.0.1 on, and then those of the others. */
  readonly addressBlock?: number;
  /** The environment of which processes get PATH, LANG, TZ and TMPDIR. Default: that of this process. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Default: the machine's. */
  readonly clock?: Clock;
  readonly ids?: IdSource;
}

/** A runtime of processes; disposing it lets them go on. */
export interface ProcessRuntime extends ContainerRuntime, AsyncDisposable {}

const NS_PER_MS = 1e6;

/**
 * Makes a runtime whose containers are processes of this machine: each in a session of its own, with its own folder, environment and (as root) user. Needs no root and no images.
 *
 * It isolates nothing: processes see the machine's files, network, processes and devices, and nothing limits their CPU and memory. What is mounted is a link below the
 * container's folder (`$KYBERN_ROOT`). Pods on one machine share its ports; `$KYBERN_IP` is the Pod's own address.
 *
 * A process outlives the runtime: the next one with the same directory takes it over, with its output and its exit code.
 *
 * @throws {Error} when the directory cannot be used
 * @example
 * await using runtime = await createProcessRuntime({ directory: '/tmp/node', images: { web: { command: ['python3', '-m', 'http.server'] } } });
 */
export async function createProcessRuntime(options: ProcessRuntimeOptions): Promise<ProcessRuntime> {
  const store = new RecordStore(options.directory);
  const stored = await store.load();
  const images = new LocalImages({ images: options.images ?? {}, anyImage: options.anyImage ?? false, pulled: stored.pulled });
  const runtime = new ProcessRuntimeService(options, store, images);
  await runtime.adopt(stored.sandboxes, stored.containers);
  return runtime;
}

class ProcessRuntimeService implements ProcessRuntime {
  readonly #options: ProcessRuntimeOptions;
  readonly #store: RecordStore;
  readonly #images: LocalImages;
  readonly #clock: Clock;
  readonly #ids: IdSource;
  readonly #containers: Containers;
  readonly #sandboxes = new Map<string, SandboxRecord>();
  readonly #events$ = new Subject<cri.ContainerEventResponse>();
  /** What containers had used when they were last asked about. */
  readonly #usage = new Map<string, { readonly timeMs: number; readonly cpuNanoSeconds: number; readonly nanoCores: number }>();

  constructor(options: ProcessRuntimeOptions, store: RecordStore, images: LocalImages) {
    this.#options = options;
    this.#store = store;
    this.#images = images;
    this.#clock = options.clock ?? systemClock();
    this.#ids = options.ids ?? systemIds();
    this.#containers = new Containers({
      store,
      images,
      clock: this.#clock,
      ids: this.#ids,
      hostEnv: options.env ?? process.env,
      onEvent: (record, type) => this.#tell(record, type),
    });
  }

  async adopt(sandboxes: readonly SandboxRecord[], containers: readonly ContainerRecord[]): Promise<void> {
    for (const sandbox of sandboxes) this.#sandboxes.set(sandbox.id, sandbox);
    await this.#containers.adopt(containers);
  }

  get events$(): Observable<cri.ContainerEventResponse> {
    return this.#events$.asObservable();
  }

  #tell({ id, sandboxId }: ContainerRecord, containerEventType: cri.ContainerEventType): void {
    const sandbox = this.#sandboxes.get(sandboxId);
    this.#events$.next({
      containerId: id,
      containerEventType,
      createdAt: this.#clock.now() * NS_PER_MS,
      ...(sandbox === undefined ? {} : { podSandboxStatus: sandboxStatus(sandbox) }),
      containersStatuses: this.#of(sandboxId).map(containerStatus),
    });
  }

  #of(sandboxId: string): readonly ContainerRecord[] {
    return this.#containers.list().filter((each) => each.sandboxId === sandboxId);
  }

  #sandbox(id: string): SandboxRecord {
    const sandbox = this.#sandboxes.get(id);
    if (sandbox === undefined) throw new RuntimeError('NOT_FOUND', `an error occurred when try to find sandbox: not found: ${JSON.stringify(id)}`);
    return sandbox;
  }

  // RuntimeService: what it is

  async version(): Promise<cri.VersionResponse> {
    return { version: '0.1.0', runtimeName: 'kybern-process', runtimeVersion: '0.1.0', runtimeApiVersion: 'v1' };
  }

  async status(_request: cri.StatusRequest, options?: CallOptions): Promise<cri.StatusResponse> {
    options?.signal?.throwIfAborted();
    const ready = (type: string): cri.RuntimeCondition => ({ type, status: true, reason: '', message: '' });
    return { status: { conditions: [ready('RuntimeReady'), ready('NetworkReady')] } };
  }

  async runtimeConfig(): Promise<cri.RuntimeConfigResponse> {
    return { linux: { cgroupDriver: 'CGROUPFS' } };
  }

  async updateRuntimeConfig(): Promise<cri.UpdateRuntimeConfigResponse> {
    return {};
  }

  async updatePodSandboxResources(): Promise<cri.UpdatePodSandboxResourcesResponse> {
    return {};
  }

  async checkpointContainer(): Promise<cri.CheckpointContainerResponse> {
    throw new RuntimeError('UNIMPLEMENTED', 'processes cannot be checkpointed');
  }

  // RuntimeService: sandboxes

  async runPodSandbox({ config }: cri.RunPodSandboxRequest, options?: CallOptions): Promise<cri.RunPodSandboxResponse> {
    options?.signal?.throwIfAborted();
    const { uid, attempt } = config.metadata;
    const twin = [...this.#sandboxes.values()].find(({ config: { metadata } }) => metadata.uid === uid && metadata.attempt === attempt);
    if (twin !== undefined) throw new RuntimeError('ALREADY_EXISTS', `failed to reserve sandbox name: it is reserved for ${JSON.stringify(twin.id)}`);
    const sandbox: SandboxRecord = {
      id: this.#ids.uid().replaceAll('-', ''),
      config,
      createdAt: this.#clock.now() * NS_PER_MS,
      ip: this.#nextAddress(),
      ready: true,
    };
    this.#sandboxes.set(sandbox.id, sandbox);
    await this.#store.putSandbox(sandbox);
    return { podSandboxId: sandbox.id };
  }

  /** The first address of 127.64.0.0/10 that no sandbox has. */
  #nextAddress(): string {
    const { addresses = process.platform === 'linux' ? 'each' : 'shared' } = this.#options;
    if (addresses === 'shared') return '127.0.0.1';
    const taken = new Set([...this.#sandboxes.values()].map(({ ip }) => ip));
    for (let number = 1; number < 2 ** 22; number++) {
      const ip = `127.${String(64 + (((number >> 16) + (this.#options.addressBlock ?? 0)) & 63))}.${String((number >> 8) & 255)}.${String(number & 255)}`;
      if (!taken.has(ip)) return ip;
    }
    throw new RuntimeError('RESOURCE_EXHAUSTED', 'there are no more addresses');
  }

  async stopPodSandbox({ podSandboxId }: cri.StopPodSandboxRequest, options?: CallOptions): Promise<cri.StopPodSandboxResponse> {
    options?.signal?.throwIfAborted();
    const sandbox = this.#sandboxes.get(podSandboxId);
    if (sandbox === undefined) return {};
    await Promise.all(this.#of(podSandboxId).map(({ id }) => this.#containers.stop(id, 0)));
    if (!sandbox.ready) return {};
    const stopped = { ...sandbox, ready: false };
    this.#sandboxes.set(podSandboxId, stopped);
    await this.#store.putSandbox(stopped);
    return {};
  }

  async removePodSandbox(request: cri.RemovePodSandboxRequest, options?: CallOptions): Promise<cri.RemovePodSandboxResponse> {
    await this.stopPodSandbox(request, options);
    await Promise.all(this.#of(request.podSandboxId).map(({ id }) => this.#containers.remove(id)));
    this.#sandboxes.delete(request.podSandboxId);
    await this.#store.removeSandbox(request.podSandboxId);
    return {};
  }

  async podSandboxStatus({ podSandboxId }: cri.PodSandboxStatusRequest, options?: CallOptions): Promise<cri.PodSandboxStatusResponse> {
    options?.signal?.throwIfAborted();
    const status = sandboxStatus(this.#sandbox(podSandboxId));
    return { status, containersStatuses: this.#of(podSandboxId).map(containerStatus), timestamp: this.#clock.now() * NS_PER_MS };
  }

  async listPodSandbox({ filter = {} }: cri.ListPodSandboxRequest, options?: CallOptions): Promise<cri.ListPodSandboxResponse> {
    options?.signal?.throwIfAborted();
    const items = [...this.#sandboxes.values()].map(sandboxItem).filter((item) => {
      if (filter.id !== undefined && filter.id !== '' && item.id !== filter.id) return false;
      return (filter.state === undefined || item.state === filter.state.state) && hasLabels(item.labels, filter.labelSelector);
    });
    return { items };
  }

  // RuntimeService: containers

  async createContainer(request: cri.CreateContainerRequest, options?: CallOptions): Promise<cri.CreateContainerResponse> {
    options?.signal?.throwIfAborted();
    return { containerId: (await this.#containers.create(request, this.#sandbox(request.podSandboxId))).id };
  }

  async startContainer({ containerId }: cri.StartContainerRequest, options?: CallOptions): Promise<cri.StartContainerResponse> {
    options?.signal?.throwIfAborted();
    await this.#containers.start(containerId, this.#sandbox(this.#containers.get(containerId).sandboxId));
    return {};
  }

  async stopContainer({ containerId, timeout = 0 }: cri.StopContainerRequest, options?: CallOptions): Promise<cri.StopContainerResponse> {
    options?.signal?.throwIfAborted();
    if (this.#containers.find(containerId) !== undefined) await orAborted(this.#containers.stop(containerId, timeout * 1000), options?.signal);
    return {};
  }

  async removeContainer({ containerId }: cri.RemoveContainerRequest, options?: CallOptions): Promise<cri.RemoveContainerResponse> {
    options?.signal?.throwIfAborted();
    await this.#containers.remove(containerId);
    return {};
  }

  async listContainers({ filter = {} }: cri.ListContainersRequest, options?: CallOptions): Promise<cri.ListContainersResponse> {
    options?.signal?.throwIfAborted();
    return { containers: this.#select(filter).map(containerItem) };
  }

  #select({ id = '', podSandboxId = '', state, labelSelector }: cri.ContainerFilter): readonly ContainerRecord[] {
    return this.#containers.list().filter((each) => {
      if ((id !== '' && each.id !== id) || (podSandboxId !== '' && each.sandboxId !== podSandboxId)) return false;
      return (state === undefined || each.state === state.state) && hasLabels(each.config.labels, labelSelector);
    });
  }

  async containerStatus({ containerId }: cri.ContainerStatusRequest, options?: CallOptions): Promise<cri.ContainerStatusResponse> {
    options?.signal?.throwIfAborted();
    return { status: containerStatus(this.#containers.get(containerId)) };
  }

  async updateContainerResources({ containerId, linux = {} }: cri.UpdateContainerResourcesRequest): Promise<cri.UpdateContainerResourcesResponse> {
    await this.#containers.update(containerId, linux);
    return {};
  }

  async reopenContainerLog({ containerId }: cri.ReopenContainerLogRequest): Promise<cri.ReopenContainerLogResponse> {
    await this.#containers.running(containerId).process.reopenLog();
    return {};
  }

  // RuntimeService: commands and streams

  async execSync({ containerId, cmd, timeout = 0 }: cri.ExecSyncRequest, options?: CallOptions): Promise<cri.ExecSyncResponse> {
    options?.signal?.throwIfAborted();
    const { record } = this.#containers.running(containerId);
    const child = await startCommand(this.#containers.launch(record, this.#sandbox(record.sandboxId)), cmd);
    return runCommand(child, { clock: this.#clock, timeoutSeconds: timeout, signal: options?.signal });
  }

  async exec(request: cri.ExecRequest, options?: CallOptions): Promise<ExecStreams> {
    options?.signal?.throwIfAborted();
    const { record } = this.#containers.running(request.containerId);
    const child = await startCommand(this.#containers.launch(record, this.#sandbox(record.sandboxId)), request.cmd, request.tty === true);
    return commandStreams(child, request);
  }

  async attach(request: cri.AttachRequest, options?: CallOptions): Promise<ExecStreams> {
    options?.signal?.throwIfAborted();
    const { process } = this.#containers.running(request.containerId);
    return attachStreams(process, request);
  }

  async portForward({ podSandboxId }: cri.PortForwardRequest, options?: CallOptions): Promise<PortForwardStreams> {
    options?.signal?.throwIfAborted();
    const { ip } = this.#sandbox(podSandboxId);
    return {
      async connect(port, connecting) {
        // Servers that listen on the machine's own address only are found there.
        const socket = await connectTo(ip, port, connecting?.signal).catch(() => connectTo('127.0.0.1', port, connecting?.signal));
        const { readable, writable } = Duplex.toWeb(socket);
        return { readable: readable as ReadableStream<Uint8Array>, writable: writable as WritableStream<Uint8Array> };
      },
    };
  }

  // Stats

  async containerStats({ containerId }: cri.ContainerStatsRequest): Promise<cri.ContainerStatsResponse> {
    return { stats: this.#statsOf(this.#containers.get(containerId), await sessionUsage()) };
  }

  async listContainerStats({ filter = {} }: cri.ListContainerStatsRequest): Promise<cri.ListContainerStatsResponse> {
    const usage = await sessionUsage();
    return { stats: this.#select({ ...filter, state: { state: 'CONTAINER_RUNNING' } }).map((record) => this.#statsOf(record, usage)) };
  }

  async podSandboxStats({ podSandboxId }: cri.PodSandboxStatsRequest): Promise<cri.PodSandboxStatsResponse> {
    return { stats: this.#sandboxStats(this.#sandbox(podSandboxId), await sessionUsage()) };
  }

  async listPodSandboxStats({ filter = {} }: cri.ListPodSandboxStatsRequest): Promise<cri.ListPodSandboxStatsResponse> {
    const usage = await sessionUsage();
    const { id = '', labelSelector } = filter;
    const wanted = [...this.#sandboxes.values()].filter((each) => each.ready && (id === '' || each.id === id) && hasLabels(each.config.labels, labelSelector));
    return { stats: wanted.map((sandbox) => this.#sandboxStats(sandbox, usage)) };
  }

  #sandboxStats({ id, config }: SandboxRecord, usage: ReadonlyMap<number, SessionUsage>): cri.PodSandboxStats {
    const containers = this.#select({ podSandboxId: id, state: { state: 'CONTAINER_RUNNING' } }).map((record) => this.#statsOf(record, usage));
    return { attributes: { id, metadata: config.metadata, labels: config.labels ?? {}, annotations: config.annotations ?? {} }, linux: { containers } };
  }

  #statsOf({ id, config, pid = 0 }: ContainerRecord, usage: ReadonlyMap<number, SessionUsage>): cri.ContainerStats {
    const used = usage.get(pid) ?? { memoryBytes: 0, cpuNanoSeconds: 0, processes: 0 };
    const nowMs = this.#clock.now();
    const before = this.#usage.get(id);
    const spanMs = nowMs - (before?.timeMs ?? nowMs);
    const nanoCores =
      before === undefined || spanMs <= 0 ? (before?.nanoCores ?? 0) : Math.max(0, (used.cpuNanoSeconds - before.cpuNanoSeconds) / (spanMs / 1000));
    if (spanMs > 0 || before === undefined) this.#usage.set(id, { timeMs: nowMs, cpuNanoSeconds: used.cpuNanoSeconds, nanoCores });
    const timestamp = nowMs * NS_PER_MS;
    return {
      attributes: { id, metadata: config.metadata, labels: config.labels ?? {}, annotations: config.annotations ?? {} },
      cpu: { timestamp, usageCoreNanoSeconds: { value: used.cpuNanoSeconds }, usageNanoCores: { value: Math.round(nanoCores) } },
      memory: { timestamp, workingSetBytes: { value: used.memoryBytes }, rssBytes: { value: used.memoryBytes } },
    };
  }

  // ImageService

  async listImages({ filter }: cri.ListImagesRequest): Promise<cri.ListImagesResponse> {
    const wanted = filter?.image?.image ?? '';
    const one = wanted === '' ? undefined : this.#images.status(wanted);
    return { images: wanted === '' ? this.#images.list() : one === undefined ? [] : [one] };
  }

  async imageStatus({ image }: cri.ImageStatusRequest): Promise<cri.ImageStatusResponse> {
    const found = this.#images.status(image.image);
    return found === undefined ? {} : { image: found };
  }

  async pullImage({ image }: cri.PullImageRequest, options?: CallOptions): Promise<cri.PullImageResponse> {
    options?.signal?.throwIfAborted();
    const imageRef = this.#images.pull(image);
    await this.#keepImages();
    return { imageRef };
  }

  async removeImage({ image }: cri.RemoveImageRequest): Promise<cri.RemoveImageResponse> {
    this.#images.remove(image.image);
    await this.#keepImages();
    return {};
  }

  #keeping: Promise<void> = Promise.resolve();

  #keepImages(): Promise<void> {
    this.#keeping = this.#keeping.then(() => this.#store.putImages(this.#images.pulled));
    return this.#keeping;
  }

  async imageFsInfo(): Promise<cri.ImageFsInfoResponse> {
    const { directory } = this.#options;
    const { blocks, bfree, bsize, files, ffree } = await statfs(directory);
    const usage: cri.FilesystemUsage = {
      timestamp: this.#clock.now() * NS_PER_MS,
      fsId: { mountpoint: directory },
      usedBytes: { value: (blocks - bfree) * bsize },
      inodesUsed: { value: files - ffree },
    };
    return { imageFilesystems: [usage], containerFilesystems: [usage] };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#containers.detach();
    await this.#keeping;
    this.#events$.complete();
  }
}

function connectTo(host: string, port: number, signal: AbortSignal | undefined): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host, port, allowHalfOpen: true, ...(signal === undefined ? {} : { signal }) });
    socket.once('connect', () => resolve(socket));
    socket.once('error', (error) => reject(new RuntimeError('UNAVAILABLE', `failed to connect to port ${String(port)}: ${error.message}`, { cause: error })));
  });
}

/** The call goes on; only nobody waits for it any more. */
function orAborted(work: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
