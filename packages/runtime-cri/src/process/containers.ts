import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, IdSource } from '@kybern/core';
import { RuntimeError } from '../errors.ts';
import type * as cri from '../generated/cri.ts';
import { ContainerProcess, type ProcessExit } from './container-process.ts';
import { computeLaunch, inTerminal, linkMounts, resolveProgram, type Launch } from './launch.ts';
import type { LocalImages } from './local-images.ts';
import type { RecordStore } from './record-store.ts';
import type { ContainerRecord, SandboxRecord } from './records.ts';

/** What {@link Containers} works with. */
export interface ContainersDeps {
  readonly store: RecordStore;
  readonly images: LocalImages;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly hostEnv: Readonly<Record<string, string | undefined>>;
  readonly onEvent: (record: ContainerRecord, type: cri.ContainerEventType) => void;
}

const NS_PER_MS = 1e6;
/** What containerd says of a container that could not be started. */
const START_ERROR = { exitCode: 128, reason: 'StartError' } as const;

/** The containers of a runtime of processes. Invariant: what runs has a process here; what a record says is on disk before anybody is told. */
export class Containers {
  readonly #deps: ContainersDeps;
  readonly #records = new Map<string, ContainerRecord>();
  readonly #processes = new Map<string, ContainerProcess>();
  /** The last write of each container, so that they come in order and none after its removal. */
  readonly #writes = new Map<string, Promise<void>>();
  /** Who waits for a container to end. */
  readonly #waiting = new Map<string, Set<() => void>>();

  constructor(deps: ContainersDeps) {
    this.#deps = deps;
  }

  /** Takes over what an earlier run left. What ended meanwhile is told as ended. */
  async adopt(records: readonly ContainerRecord[]): Promise<void> {
    for (const record of records) {
      this.#records.set(record.id, record);
      const { shim, pid } = record;
      if (record.state !== 'CONTAINER_RUNNING' || shim === undefined || pid === undefined) continue;
      const process = this.#processOf(record);
      this.#processes.set(record.id, process);
      await process.adopt({ shim, pid }, record.config.stdin === true);
    }
  }

  list(): readonly ContainerRecord[] {
    return [...this.#records.values()];
  }

  find(id: string): ContainerRecord | undefined {
    return this.#records.get(id);
  }

  /** @throws {RuntimeError} `NOT_FOUND` */
  get(id: string): ContainerRecord {
    const record = this.#records.get(id);
    if (record === undefined) throw new RuntimeError('NOT_FOUND', `container ${JSON.stringify(id)} not found`);
    return record;
  }

  /** @throws {RuntimeError} `NOT_FOUND`; `FAILED_PRECONDITION` when it does not run */
  running(id: string): { readonly record: ContainerRecord; readonly process: ContainerProcess } {
    const record = this.get(id);
    const process = this.#processes.get(id);
    if (record.state !== 'CONTAINER_RUNNING' || process === undefined) {
      throw new RuntimeError('FAILED_PRECONDITION', `container ${JSON.stringify(id)} is in ${record.state} state`);
    }
    return { record, process };
  }

  async create({ config }: cri.CreateContainerRequest, sandbox: SandboxRecord): Promise<ContainerRecord> {
    const { store, images, clock, ids } = this.#deps;
    const image = images.find(config.image.image);
    if (image === undefined) throw new RuntimeError('NOT_FOUND', `image ${JSON.stringify(config.image.image)} not found`);
    const { name, attempt } = config.metadata;
    const twin = this.list().find((each) => each.sandboxId === sandbox.id && each.config.metadata.name === name && each.config.metadata.attempt === attempt);
    if (twin !== undefined)
      throw new RuntimeError('ALREADY_EXISTS', `failed to reserve container name "${name}": it is reserved for ${JSON.stringify(twin.id)}`);
    const record: ContainerRecord = {
      id: ids.uid().replaceAll('-', ''),
      sandboxId: sandbox.id,
      config,
      imageName: image.name,
      imageRef: images.status(image.name)?.id ?? image.name,
      logPath: join(sandbox.config.logDirectory ?? '', config.logPath ?? ''),
      state: 'CONTAINER_CREATED',
      createdAt: clock.now() * NS_PER_MS,
      startedAt: 0,
      finishedAt: 0,
      exitCode: 0,
      reason: '',
      message: '',
    };
    this.#records.set(record.id, record);
    await mkdir(this.#rootOf(record.id), { recursive: true, mode: 0o711 });
    await linkMounts(config, this.#rootOf(record.id));
    await store.putContainer(record);
    this.#deps.onEvent(record, 'CONTAINER_CREATED_EVENT');
    return record;
  }

  async start(id: string, sandbox: SandboxRecord): Promise<void> {
    const record = this.get(id);
    if (record.state !== 'CONTAINER_CREATED' || this.#processes.has(id)) {
      throw new RuntimeError('FAILED_PRECONDITION', `container ${JSON.stringify(id)} is in ${record.state} state`);
    }
    const process = this.#processOf(record);
    this.#processes.set(id, process);
    try {
      const launch = this.#program(this.launch(record, sandbox), record.config.tty === true);
      const ids = await process.start(launch, record.config.stdin === true);
      const running = await this.#put(id, { ...ids, state: 'CONTAINER_RUNNING', startedAt: this.#deps.clock.now() * NS_PER_MS });
      this.#deps.onEvent(running, 'CONTAINER_STARTED_EVENT');
      if (process.exit !== undefined) await this.#ended(id, process.exit);
    } catch (error) {
      await process.detach();
      const nowNs = this.#deps.clock.now() * NS_PER_MS;
      const message = error instanceof Error ? error.message : String(error);
      const failed = await this.#put(id, { ...START_ERROR, state: 'CONTAINER_EXITED', startedAt: nowNs, finishedAt: nowNs, message });
      this.#deps.onEvent(failed, 'CONTAINER_STOPPED_EVENT');
      throw error;
    }
  }

  /** How a command of a container is started: as its own process was. */
  launch({ id, config, imageName }: ContainerRecord, sandbox: SandboxRecord): Launch {
    const image = this.#deps.images.find(imageName)?.image ?? {};
    return computeLaunch({ config, sandbox: sandbox.config, image, root: this.#rootOf(id), ip: sandbox.ip, hostEnv: this.#deps.hostEnv });
  }

  #program(launch: Launch, tty: boolean): Launch {
    this.#checkUser(launch);
    const [name = '', ...args] = launch.argv;
    const argv = [resolveProgram(name, launch), ...args];
    return { ...launch, argv: tty ? inTerminal(argv) : argv };
  }

  #checkUser({ uid }: Launch): void {
    const own = process.getuid?.();
    if (uid === undefined || own === undefined || own === 0 || uid === own) return;
    throw new RuntimeError('PERMISSION_DENIED', `processes of this runtime run as user ${String(own)}: only root can run one as ${String(uid)}`);
  }

  /** SIGTERM (or the signal of the container), then SIGKILL. Resolves when it has ended. */
  async stop(id: string, timeoutMs: number): Promise<void> {
    const process = this.#processes.get(id);
    if (process === undefined || this.get(id).state !== 'CONTAINER_RUNNING') return;
    const ended = this.#untilEnded(id);
    const { stopSignal } = this.get(id).config;
    if (timeoutMs > 0) {
      process.signal(signalName(stopSignal));
      const cancel = this.#deps.clock.after(timeoutMs, () => process.signal('SIGKILL'));
      await ended;
      cancel();
    } else {
      process.signal('SIGKILL');
      await ended;
    }
  }

  /** Kills it, if it runs, and forgets it. */
  async remove(id: string): Promise<void> {
    const record = this.#records.get(id);
    if (record === undefined) return;
    await this.stop(id, 0);
    await this.#processes.get(id)?.detach();
    this.#processes.delete(id);
    this.#records.delete(id);
    await this.#write(id, () => this.#deps.store.removeContainer(id));
    this.#writes.delete(id);
    this.#deps.onEvent(record, 'CONTAINER_DELETED_EVENT');
  }

  /** Lets go of all processes, which go on. */
  async detach(): Promise<void> {
    await Promise.all([...this.#processes.values()].map((process) => process.detach()));
  }

  #rootOf(id: string): string {
    return join(this.#deps.store.containerFolder(id), 'root');
  }

  #processOf({ id, logPath }: ContainerRecord): ContainerProcess {
    const { store, clock } = this.#deps;
    return new ContainerProcess({ folder: store.containerFolder(id), logPath, clock, listener: { onExit: (exit) => void this.#ended(id, exit) } });
  }

  async #ended(id: string, { exitCode, message = '' }: ProcessExit): Promise<void> {
    // One that ends while it is being started is told of after it was told to have started.
    if (this.#records.get(id)?.state !== 'CONTAINER_RUNNING') return;
    const reason = exitCode === 0 ? 'Completed' : message === '' ? 'Error' : 'Unknown';
    const ended = await this.#put(id, { state: 'CONTAINER_EXITED', finishedAt: this.#deps.clock.now() * NS_PER_MS, exitCode, reason, message });
    for (const wake of this.#waiting.get(id) ?? []) wake();
    this.#waiting.delete(id);
    this.#deps.onEvent(ended, 'CONTAINER_STOPPED_EVENT');
  }

  #untilEnded(id: string): Promise<void> {
    return new Promise((resolve) => {
      const waiting = this.#waiting.get(id) ?? new Set();
      waiting.add(resolve);
      this.#waiting.set(id, waiting);
    });
  }

  async #put(id: string, change: Partial<ContainerRecord>): Promise<ContainerRecord> {
    const record = { ...this.get(id), ...change };
    this.#records.set(id, record);
    await this.#write(id, async () => {
      if (this.#records.has(id)) await this.#deps.store.putContainer(this.get(id));
    });
    return record;
  }

  #write(id: string, work: () => Promise<void>): Promise<void> {
    const done = (this.#writes.get(id) ?? Promise.resolve()).then(work);
    this.#writes.set(
      id,
      done.catch(() => undefined),
    ); // whoever asked for it is told
    return done;
  }

  /** New resources are noted, and nothing else: nothing limits a process here. */
  async update(id: string, linux: cri.LinuxContainerResources): Promise<void> {
    const { config } = this.get(id);
    await this.#put(id, { config: { ...config, linux: { ...config.linux, resources: { ...config.linux?.resources, ...linux } } } });
  }
}

function signalName(signal: cri.Signal | undefined): NodeJS.Signals {
  return signal === undefined || signal === 'RUNTIME_DEFAULT' || signal.startsWith('SIGRT') ? 'SIGTERM' : (signal as NodeJS.Signals);
}
