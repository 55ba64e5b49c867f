import type { CallOptions, Clock, Random } from '@kybern/core';
import type { Observable } from 'rxjs';
import { Subject } from '../internal/rx.ts';
import { RuntimeError } from '../errors.ts';
import type * as cri from '../generated/cri.ts';
import type { Prober } from '../prober.ts';
import type { ExecStreams, LogEntry, PortForwardStreams, ReadLogsRequest } from '../runtime.ts';
import {
  matchesPattern,
  matchesTarget,
  type Pattern,
  type PortBehavior,
  type PullBehavior,
  type SimulatedBehaviors,
  type SimulatedTarget,
} from './behaviors.ts';
import { holdsNow, runCommand, type CommandResult } from './commands.ts';
import { SimulatedContainers, type ContainerEnd } from './containers.ts';
import { SimulatedImages } from './images.ts';
import { createSimulatedFiles, type SimulatedFiles } from './files.ts';
import { createIpPool } from './ip-pool.ts';
import { Latencies } from './latencies.ts';
import { readLog, toLogEntry } from './log-reader.ts';
import { simulatedPorts } from './ports.ts';
import { simulatedProber } from './probes.ts';
import { startProcess, type SimulatedProgram } from './processes.ts';
import { findProgram } from './programs.ts';
import { containerItem, containerStatus, sandboxItem, sandboxStatus, type ContainerRecord, type SandboxRecord, type SimulatedLogLine } from './records.ts';
import { SimulatedSandboxes } from './sandboxes.ts';
import type { ContainerSelector, CrashOptions, SimulatedContainer, SimulatedRuntime } from './simulated-runtime.ts';
import { behaviorOf, type ContainerScripts } from './stages/container-script.ts';
import { containerStats, sandboxStats } from './stats.ts';
import { commandStreams, type WantedStreams } from './streams.ts';

const HEX_DIGITS = '0123456789abcdef';

/** What the simulation is made of. */
export interface SimulationDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly podCidr: string;
  readonly behaviors: SimulatedBehaviors;
  readonly scripts?: ContainerScripts | undefined;
}

/** The CRI over simulated sandboxes, containers and images: checks each call, then leaves the work to them. */
export class RuntimeSimulation implements SimulatedRuntime {
  readonly images: SimulatedImages;
  readonly events$: Observable<cri.ContainerEventResponse>;
  readonly prober: Prober;
  readonly behaviors: SimulatedBehaviors;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #latencies: Latencies;
  readonly #sandboxes: SimulatedSandboxes;
  readonly #containers: SimulatedContainers;
  readonly #events$ = new Subject<cri.ContainerEventResponse>();
  readonly #stopListening: () => void;
  #available = true;

  constructor({ clock, random, podCidr, behaviors, scripts }: SimulationDeps) {
    this.#clock = clock;
    this.#random = random;
    this.behaviors = behaviors;
    this.#latencies = new Latencies(clock, random);
    this.images = new SimulatedImages({ clock, behaviors, latencies: this.#latencies });
    const newId = (): string => this.#newId();
    const parts = { clock, behaviors, latencies: this.#latencies, newId };
    const script = scripts === undefined ? undefined : { scripts, random: random.fork('script') };
    this.#containers = new SimulatedContainers({ ...parts, script, images: this.images, emit: (type, record) => this.#emit(type, record) });
    this.#sandboxes = new SimulatedSandboxes(parts, this.#containers, createIpPool(podCidr));
    this.events$ = this.#events$.asObservable();
    this.prober = simulatedProber({ clock, behaviors, latencies: this.#latencies, sandboxes: this.#sandboxes });
    this.#stopListening = behaviors.onChange(() => this.#containers.replan());
  }

  // RuntimeService: sandboxes

  async runPodSandbox(request: cri.RunPodSandboxRequest, options?: CallOptions): Promise<cri.RunPodSandboxResponse> {
    this.#admit(options);
    return { podSandboxId: (await this.#sandboxes.run(request, options?.signal)).id };
  }

  async stopPodSandbox(request: cri.StopPodSandboxRequest, options?: CallOptions): Promise<cri.StopPodSandboxResponse> {
    this.#admit(options);
    const record = this.#sandboxes.byId.get(request.podSandboxId);
    if (record !== undefined) this.#sandboxes.stop(record);
    return {};
  }

  async removePodSandbox(request: cri.RemovePodSandboxRequest, options?: CallOptions): Promise<cri.RemovePodSandboxResponse> {
    this.#admit(options);
    const record = this.#sandboxes.byId.get(request.podSandboxId);
    if (record !== undefined) this.#sandboxes.remove(record);
    return {};
  }

  async podSandboxStatus(request: cri.PodSandboxStatusRequest, options?: CallOptions): Promise<cri.PodSandboxStatusResponse> {
    this.#admit(options);
    const record = this.#sandboxes.get(request.podSandboxId);
    return { status: sandboxStatus(record), containersStatuses: record.containers.map(containerStatus), timestamp: this.#clock.now() * 1e6 };
  }

  async listPodSandbox(request: cri.ListPodSandboxRequest, options?: CallOptions): Promise<cri.ListPodSandboxResponse> {
    this.#admit(options);
    const { id, state, labelSelector } = request.filter ?? {};
    const items: cri.PodSandbox[] = [];
    for (const record of narrow(this.#sandboxes.byId, id)) {
      if (state !== undefined && state.state !== record.state) continue;
      if (hasLabels(record.config.labels, labelSelector)) items.push(sandboxItem(record));
    }
    return { items };
  }

  // RuntimeService: containers

  async createContainer(request: cri.CreateContainerRequest, options?: CallOptions): Promise<cri.CreateContainerResponse> {
    this.#admit(options);
    return { containerId: this.#containers.create(request, this.#sandboxes.get(request.podSandboxId)).id };
  }

  async startContainer(request: cri.StartContainerRequest, options?: CallOptions): Promise<cri.StartContainerResponse> {
    this.#admit(options);
    await this.#containers.start(request.containerId, options?.signal);
    return {};
  }

  async stopContainer(request: cri.StopContainerRequest, options?: CallOptions): Promise<cri.StopContainerResponse> {
    this.#admit(options);
    const record = this.#containers.byId.get(request.containerId);
    if (record !== undefined) await this.#containers.stop(record, (request.timeout ?? 0) * 1000, options?.signal);
    return {};
  }

  async removeContainer(request: cri.RemoveContainerRequest, options?: CallOptions): Promise<cri.RemoveContainerResponse> {
    this.#admit(options);
    const record = this.#containers.byId.get(request.containerId);
    if (record !== undefined) this.#containers.remove(record);
    return {};
  }

  async listContainers(request: cri.ListContainersRequest, options?: CallOptions): Promise<cri.ListContainersResponse> {
    this.#admit(options);
    return { containers: this.#select(request.filter).map(containerItem) };
  }

  async containerStatus(request: cri.ContainerStatusRequest, options?: CallOptions): Promise<cri.ContainerStatusResponse> {
    this.#admit(options);
    return { status: containerStatus(this.#containers.get(request.containerId)) };
  }

  async updateContainerResources(request: cri.UpdateContainerResourcesRequest, options?: CallOptions): Promise<cri.UpdateContainerResourcesResponse> {
    this.#admit(options);
    this.#containers.updateResources(this.#containers.get(request.containerId), request);
    return {};
  }

  async reopenContainerLog(request: cri.ReopenContainerLogRequest, options?: CallOptions): Promise<cri.ReopenContainerLogResponse> {
    this.#admit(options);
    this.#running(request.containerId);
    return {};
  }

  // RuntimeService: commands and streams

  async execSync(request: cri.ExecSyncRequest, options?: CallOptions): Promise<cri.ExecSyncResponse> {
    this.#admit(options);
    const record = this.#running(request.containerId);
    const program = this.#program(record, request.cmd);
    if (program !== undefined) return this.#runToEnd(record, { program, cmd: request.cmd, timeoutMs: timeoutOf(request), signal: options?.signal });
    const result = this.#command(record, request.cmd);
    const timeoutMs = timeoutOf(request);
    if (result.durationMs > timeoutMs) {
      await this.#latencies.wait(timeoutMs, options?.signal);
      throw tooSlow(timeoutMs);
    }
    await this.#ended(record, result, options?.signal);
    const encoder = new TextEncoder();
    return { stdout: encoder.encode(result.stdout), stderr: encoder.encode(result.stderr), exitCode: result.exitCode };
  }

  async exec(request: cri.ExecRequest, options?: CallOptions): Promise<ExecStreams> {
    this.#admit(options);
    const record = this.#running(request.containerId);
    const program = this.#program(record, request.cmd);
    if (program !== undefined) return this.#start(record, { program, cmd: request.cmd, wanted: request, signal: options?.signal });
    const result = this.#command(record, request.cmd);
    return commandStreams(result, request, this.#ended(record, result, options?.signal));
  }

  async attach(request: cri.AttachRequest, options?: CallOptions): Promise<ExecStreams> {
    this.#admit(options);
    const record = this.#running(request.containerId);
    const program = behaviorOf(record, this.behaviors).attach ?? followOwnLog(record);
    const streams = this.#start(record, { program, cmd: [], wanted: wantedByAttach(request), signal: options?.signal });
    const exitCode = streams.exitCode.then((code) => (isRunning(record) ? code : record.exitCode));
    exitCode.catch(() => undefined);
    return { ...streams, exitCode };
  }

  readLogs(request: ReadLogsRequest, options?: CallOptions): AsyncIterable<readonly LogEntry[]> {
    return this.#readLogs(request, options);
  }

  async *#readLogs({ containerId, follow = false, ...reading }: ReadLogsRequest, options: CallOptions | undefined): AsyncGenerator<readonly LogEntry[]> {
    this.#admit(options);
    const lines = readLog(this.#containers.get(containerId), { ...reading, follow, signal: options?.signal });
    for await (const batch of lines) yield batch.map(toLogEntry);
  }

  async portForward(request: cri.PortForwardRequest, options?: CallOptions): Promise<PortForwardStreams> {
    this.#admit(options);
    const sandbox = this.#sandboxes.get(request.podSandboxId);
    if (sandbox.state !== 'SANDBOX_READY') {
      throw new RuntimeError('UNKNOWN', `sandbox container "${request.podSandboxId}" is not running`);
    }
    const scripts = (): readonly PortBehavior[] => sandbox.containers.filter(isRunning).flatMap((record) => behaviorOf(record, this.behaviors).ports ?? []);
    return simulatedPorts(sandbox.config.metadata.name, scripts);
  }

  // RuntimeService: the runtime itself

  async version(_request: cri.VersionRequest, options?: CallOptions): Promise<cri.VersionResponse> {
    this.#admit(options);
    return { version: '0.1.0', runtimeName: 'simulated', runtimeVersion: '1.0.0', runtimeApiVersion: 'v1' };
  }

  async status(_request: cri.StatusRequest, options?: CallOptions): Promise<cri.StatusResponse> {
    this.#admit(options);
    const conditions = ['RuntimeReady', 'NetworkReady'].map((type) => ({ type, status: true, reason: '', message: '' }));
    return { status: { conditions }, runtimeHandlers: [{ name: '' }] };
  }

  async runtimeConfig(_request: cri.RuntimeConfigRequest, options?: CallOptions): Promise<cri.RuntimeConfigResponse> {
    this.#admit(options);
    return { linux: { cgroupDriver: 'CGROUPFS' } };
  }

  async updateRuntimeConfig(request: cri.UpdateRuntimeConfigRequest, options?: CallOptions): Promise<cri.UpdateRuntimeConfigResponse> {
    this.#admit(options);
    const podCidr = request.runtimeConfig?.networkConfig?.podCidr ?? '';
    const [first = ''] = podCidr.split(',');
    if (first !== '' && first !== this.#sandboxes.pool.cidr) this.#sandboxes.pool = createIpPool(first);
    return {};
  }

  async updatePodSandboxResources(request: cri.UpdatePodSandboxResourcesRequest, options?: CallOptions): Promise<cri.UpdatePodSandboxResourcesResponse> {
    this.#admit(options);
    this.#sandboxes.get(request.podSandboxId);
    return {};
  }

  async checkpointContainer(_request: cri.CheckpointContainerRequest, options?: CallOptions): Promise<cri.CheckpointContainerResponse> {
    this.#admit(options);
    throw new RuntimeError('UNIMPLEMENTED', 'a simulated container has no memory to checkpoint');
  }

  // RuntimeService: stats

  async containerStats(request: cri.ContainerStatsRequest, options?: CallOptions): Promise<cri.ContainerStatsResponse> {
    this.#admit(options);
    return { stats: this.#statsOf(this.#containers.get(request.containerId)) };
  }

  async listContainerStats(request: cri.ListContainerStatsRequest, options?: CallOptions): Promise<cri.ListContainerStatsResponse> {
    this.#admit(options);
    return {
      stats: this.#select(request.filter)
        .filter(isRunning)
        .map((record) => this.#statsOf(record)),
    };
  }

  async podSandboxStats(request: cri.PodSandboxStatsRequest, options?: CallOptions): Promise<cri.PodSandboxStatsResponse> {
    this.#admit(options);
    return { stats: this.#statsOfSandbox(this.#sandboxes.get(request.podSandboxId)) };
  }

  async listPodSandboxStats(request: cri.ListPodSandboxStatsRequest, options?: CallOptions): Promise<cri.ListPodSandboxStatsResponse> {
    this.#admit(options);
    const { id, labelSelector } = request.filter ?? {};
    const records = [...narrow(this.#sandboxes.byId, id)].filter((record) => hasLabels(record.config.labels, labelSelector));
    return { stats: records.map((record) => this.#statsOfSandbox(record)) };
  }

  // ImageService

  async listImages(request: cri.ListImagesRequest, options?: CallOptions): Promise<cri.ListImagesResponse> {
    this.#admit(options);
    const wanted = request.filter?.image?.image ?? '';
    if (wanted === '') return { images: this.images.list() };
    const found = this.images.find(wanted);
    return { images: found === undefined ? [] : [found] };
  }

  async imageStatus(request: cri.ImageStatusRequest, options?: CallOptions): Promise<cri.ImageStatusResponse> {
    this.#admit(options);
    const image = this.images.find(request.image.image);
    return image === undefined ? {} : { image };
  }

  async pullImage(request: cri.PullImageRequest, options?: CallOptions): Promise<cri.PullImageResponse> {
    this.#admit(options);
    const image = await this.images.pull(request.image.image, options);
    return { imageRef: image.repoDigests[0] ?? image.id };
  }

  async removeImage(request: cri.RemoveImageRequest, options?: CallOptions): Promise<cri.RemoveImageResponse> {
    this.#admit(options);
    this.images.remove(request.image.image);
    return {};
  }

  async imageFsInfo(_request: cri.ImageFsInfoRequest, options?: CallOptions): Promise<cri.ImageFsInfoResponse> {
    this.#admit(options);
    return this.images.fsInfo();
  }

  // Faults and views

  crash(selector: ContainerSelector, { exitCode = 1, reason, message }: CrashOptions = {}): number {
    const end: ContainerEnd = { code: exitCode, ...(reason === undefined ? {} : { reason }), ...(message === undefined ? {} : { message }) };
    return this.#matching(selector).filter((record) => this.#containers.crash(record, end)).length;
  }

  oomKill(selector: ContainerSelector): number {
    return this.crash(selector, { exitCode: 137, reason: 'OOMKilled' });
  }

  hang(target: SimulatedTarget): () => void {
    return this.behaviors.add({ ...target, hang: true });
  }

  failPulls(image: Pattern, { error = 'registry-unavailable', times, latencyMs }: Pick<PullBehavior, 'error' | 'times' | 'latencyMs'> = {}): () => void {
    const pull: PullBehavior = { error, ...(times === undefined ? {} : { times }), ...(latencyMs === undefined ? {} : { latencyMs }) };
    return this.behaviors.add({ image, pull });
  }

  setAvailable(available: boolean): void {
    this.#available = available;
  }

  powerOff(): void {
    this.#available = false;
    this.#sandboxes.powerOff();
  }

  powerOn(): void {
    this.#available = true;
  }

  containers(selector: ContainerSelector = {}): readonly SimulatedContainer[] {
    return this.#matching(selector).map(({ id, config, sandbox, subject, state, exitCode, reason }) => ({
      id,
      name: config.metadata.name,
      attempt: config.metadata.attempt,
      namespace: sandbox.config.metadata.namespace,
      pod: sandbox.config.metadata.name,
      podUid: sandbox.config.metadata.uid,
      image: subject.image ?? '',
      state,
      exitCode,
      reason,
    }));
  }

  writeLog(selector: ContainerSelector, line: string, stream: SimulatedLogLine['stream'] = 'stdout'): number {
    const writing = this.#matching(selector).filter(isRunning);
    for (const record of writing) this.#containers.write(record, stream, line);
    return writing.length;
  }

  files(containerId: string): SimulatedFiles {
    const record = this.#containers.get(containerId);
    return (record.files ??= createSimulatedFiles());
  }

  logs(containerId: string): readonly SimulatedLogLine[] {
    return [...(this.#containers.byId.get(containerId)?.log ?? [])];
  }

  [Symbol.dispose](): void {
    this.#stopListening();
    this.#events$.complete();
  }

  // Inside

  #admit(options: CallOptions | undefined): void {
    options?.signal?.throwIfAborted();
    if (!this.#available) throw new RuntimeError('UNAVAILABLE', 'connection error: the container runtime is down');
  }

  #emit(type: cri.ContainerEventType, record: ContainerRecord): void {
    if (!this.#available || !this.#events$.observed) return;
    this.#events$.next({
      containerId: record.id,
      containerEventType: type,
      createdAt: this.#clock.now() * 1e6,
      podSandboxStatus: sandboxStatus(record.sandbox),
      containersStatuses: record.sandbox.containers.map(containerStatus),
    });
  }

  #newId(): string {
    const codes: number[] = [];
    for (let i = 0; i < 8; i++) {
      const word = Math.floor(this.#random.next() * 2 ** 32);
      for (let shift = 28; shift >= 0; shift -= 4) codes.push(HEX_DIGITS.charCodeAt((word >>> shift) & 15));
    }
    return String.fromCharCode(...codes);
  }

  #running(containerId: string): ContainerRecord {
    const record = this.#containers.get(containerId);
    if (!isRunning(record)) throw new RuntimeError('UNKNOWN', `container "${containerId}" is not running: it is in state ${record.state}`);
    return record;
  }

  #command(record: ContainerRecord, cmd: readonly string[]): CommandResult {
    if (record.hung) return { stdout: '', stderr: '', exitCode: 137, durationMs: Infinity };
    const runningMs = this.#clock.now() - record.startedAt / 1e6;
    return runCommand(cmd, behaviorOf(record, this.behaviors), {
      runningMs,
      draw: (duration) => this.#latencies.draw(duration),
      ...this.#containers.context(record),
    });
  }

  /** A command ends by itself or with its container. */
  #ended(record: ContainerRecord, result: CommandResult, signal: AbortSignal | undefined): Promise<void> {
    if (result.durationMs === Infinity) return this.#latencies.untilAborted(this.#containers.exited(record), signal);
    return this.#latencies.wait(result.durationMs, signal);
  }

  /** The scripted or built-in program that a command is; undefined when its result is known beforehand. */
  #program(record: ContainerRecord, cmd: readonly string[]): SimulatedProgram | undefined {
    if (record.hung) return undefined;
    const runningMs = this.#clock.now() - record.startedAt / 1e6;
    const words = cmd.join(' ');
    const script = behaviorOf(record, this.behaviors).exec?.find(
      (exec) => holdsNow(exec, runningMs) && (exec.command === undefined || matchesPattern(exec.command, words)),
    );
    return script === undefined ? findProgram(cmd) : script.run;
  }

  #start(record: ContainerRecord, { program, cmd, wanted, signal }: Starting): ExecStreams {
    const { env } = this.#containers.context(record);
    const files = (record.files ??= createSimulatedFiles());
    return startProcess({ program, command: cmd, env, files, now: () => this.#clock.now(), wanted, signal, containerEnded: this.#containers.exited(record) });
  }

  async #runToEnd(record: ContainerRecord, { timeoutMs, ...start }: Omit<Starting, 'wanted'> & { readonly timeoutMs: number }): Promise<cri.ExecSyncResponse> {
    const end = new AbortController();
    const cancel = timeoutMs === Infinity ? undefined : this.#clock.after(timeoutMs, () => end.abort(tooSlow(timeoutMs)));
    const signal = start.signal === undefined ? end.signal : AbortSignal.any([end.signal, start.signal]);
    try {
      const { stdout, stderr, exitCode } = this.#start(record, { ...start, wanted: { stdout: true, stderr: true }, signal });
      const [out, err, code] = await Promise.all([collect(stdout), collect(stderr), exitCode]);
      return { stdout: out, stderr: err, exitCode: code };
    } finally {
      cancel?.();
    }
  }

  #select(
    filter: { id?: string; podSandboxId?: string; labelSelector?: Readonly<Record<string, string>>; state?: cri.ContainerStateValue } = {},
  ): ContainerRecord[] {
    const { id, podSandboxId = '', labelSelector, state } = filter;
    const sandbox = podSandboxId === '' ? undefined : this.#sandboxes.byId.get(podSandboxId);
    if (podSandboxId !== '' && sandbox === undefined) return [];
    const candidates = sandbox?.containers ?? narrow(this.#containers.byId, id);
    return [...candidates].filter(
      (record) =>
        (id === undefined || id === '' || record.id === id) &&
        (state === undefined || state.state === record.state) &&
        hasLabels(record.config.labels, labelSelector),
    );
  }

  #matching(selector: ContainerSelector): ContainerRecord[] {
    if (typeof selector === 'string') return [...narrow(this.#containers.byId, selector)];
    return [...this.#containers.byId.values()].filter((record) => matchesTarget(selector, record.subject));
  }

  #statsOf(record: ContainerRecord): cri.ContainerStats {
    return containerStats(record, behaviorOf(record, this.behaviors), this.#clock.now());
  }

  #statsOfSandbox(record: SandboxRecord): cri.PodSandboxStats {
    return sandboxStats(
      record,
      record.containers.filter(isRunning).map((container) => this.#statsOf(container)),
      this.#clock.now(),
    );
  }
}

const isRunning = (record: ContainerRecord): boolean => record.state === 'CONTAINER_RUNNING';

/** A program to start in a container. */
interface Starting {
  readonly program: SimulatedProgram;
  readonly cmd: readonly string[];
  readonly wanted: WantedStreams;
  readonly signal: AbortSignal | undefined;
}

/** ExecSync keeps no more of what a command says. @see kubernetes v1.36 staging/src/k8s.io/cri-api/pkg/apis/runtime/v1/api.proto (ExecSyncResponse) */
const MAX_OUTPUT_BYTES = 16 * 2 ** 20;

const timeoutOf = ({ timeout = 0 }: cri.ExecSyncRequest): number => (timeout > 0 ? timeout * 1000 : Infinity);

function tooSlow(timeoutMs: number): RuntimeError {
  return new RuntimeError('DEADLINE_EXCEEDED', `failed to exec in container: timeout ${timeoutMs / 1000}s exceeded: context deadline exceeded`);
}

async function collect(stream: ReadableStream<Uint8Array> | undefined): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream ?? []) {
    size += chunk.byteLength;
    if (size <= MAX_OUTPUT_BYTES) chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** What a container's process shows to those who attach: the lines that it writes from then on. What it is given it reads, and does nothing with. */
function followOwnLog(record: ContainerRecord): SimulatedProgram {
  return async ({ stdin, write, signal }) => {
    void stdin.pipeTo(new WritableStream()).catch(() => undefined);
    for await (const batch of readLog(record, { follow: true, tailLines: 0, signal })) for (const { line, stream } of batch) await write(`${line}\n`, stream);
    return record.exitCode;
  };
}

const wantedByAttach = ({ stdin = false, stdout = false, stderr = false, tty = false }: cri.AttachRequest): WantedStreams => ({ stdin, stdout, stderr, tty });

/** The entry of one id, or all of them. */
function narrow<T>(byId: ReadonlyMap<string, T>, id: string | undefined): Iterable<T> {
  if (id === undefined || id === '') return byId.values();
  const found = byId.get(id);
  return found === undefined ? [] : [found];
}

function hasLabels(labels: Readonly<Record<string, string>> | undefined, selector: Readonly<Record<string, string>> | undefined): boolean {
  if (selector === undefined) return true;
  for (const key in selector) if (labels?.[key] !== selector[key]) return false;
  return true;
}
