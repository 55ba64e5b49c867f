import type { Clock, Random } from '@kybern/core';
import { RuntimeError } from '../errors.ts';
import type { ContainerEventType, CreateContainerRequest, UpdateContainerResourcesRequest } from '../generated/cri.ts';
import type { Behavior, LogBehavior, SimulatedBehaviors } from './behaviors.ts';
import type { SimulatedImages } from './images.ts';
import type { Latencies } from './latencies.ts';
import { foreseeMain } from './main-process.ts';
import type { ContainerRecord, SandboxRecord } from './records.ts';
import type { ScriptContext } from './script.ts';
import { behaviorOf, type ContainerScripts } from './stages/container-script.ts';

/** What {@link SimulatedContainers} works with. */
export interface ContainerDeps {
  readonly clock: Clock;
  readonly behaviors: SimulatedBehaviors;
  readonly latencies: Latencies;
  readonly images: SimulatedImages;
  readonly newId: () => string;
  /** What containers do by themselves, and where its chances come from. */
  readonly script?: { readonly scripts: ContainerScripts; readonly random: Random } | undefined;
  readonly emit: (type: ContainerEventType, container: ContainerRecord) => void;
}

/** Default latencies. */
const START_MS = [50, 150] as const;
const TERM_MS = [5, 30] as const;
const MAX_LOG_LINES = 1000;

/** The life of containers: CREATED → RUNNING → EXITED → removed. */
export class SimulatedContainers {
  readonly byId: Map<string, ContainerRecord> = new Map();
  readonly #deps: ContainerDeps;

  constructor(deps: ContainerDeps) {
    this.#deps = deps;
  }

  /** @throws {RuntimeError} `NOT_FOUND` */
  get(id: string): ContainerRecord {
    const record = this.byId.get(id);
    if (record === undefined) throw new RuntimeError('NOT_FOUND', `an error occurred when try to find container "${id}": not found`);
    return record;
  }

  create(request: CreateContainerRequest, sandbox: SandboxRecord): ContainerRecord {
    const { config } = request;
    if (sandbox.state !== 'SANDBOX_READY') throw new RuntimeError('UNKNOWN', `sandbox "${sandbox.id}" is not running`);
    const { name, attempt } = config.metadata;
    const twin = sandbox.containers.find((other) => other.config.metadata.name === name && other.config.metadata.attempt === attempt);
    if (twin !== undefined) {
      const pod = sandbox.config.metadata;
      const reserved = `${name}_${pod.name}_${pod.namespace}_${pod.uid}_${attempt}`;
      throw new RuntimeError('UNKNOWN', `failed to reserve container name "${reserved}": name "${reserved}" is reserved for "${twin.id}"`);
    }
    const image = this.#deps.images.find(config.image.image);
    if (image === undefined) throw new RuntimeError('NOT_FOUND', `failed to resolve image "${config.image.image}": not found`);
    const record = newRecord({ id: this.#deps.newId(), sandbox, config, imageId: image.id, imageRef: image.repoDigests[0] ?? image.id }, this.#nowNs());
    sandbox.containers.push(record);
    this.byId.set(record.id, record);
    this.#deps.emit('CONTAINER_CREATED_EVENT', record);
    return record;
  }

  async start(id: string, signal?: AbortSignal): Promise<void> {
    const record = this.get(id);
    if (record.state !== 'CONTAINER_CREATED' || record.starting) throw new RuntimeError('UNKNOWN', `container "${id}" is not in created state`);
    const behavior = this.#behaviorOf(record);
    const start = applies(behavior.start?.times, record) ? (behavior.start ?? {}) : {};
    record.starting = true;
    try {
      await this.#deps.latencies.wait(start.latencyMs ?? START_MS, signal);
      if (start.hang === true && !record.removed) await this.#deps.latencies.untilAborted(this.exited(record), signal);
    } finally {
      record.starting = false;
    }
    if (record.removed || record.state !== 'CONTAINER_CREATED') throw new RuntimeError('UNKNOWN', `container "${id}" was stopped while it started`);
    if (start.error !== undefined) {
      this.#end(record, { code: 128, reason: 'StartError', message: start.error });
      throw new RuntimeError('UNKNOWN', start.error);
    }
    this.#run(record, behavior);
  }

  #run(record: ContainerRecord, behavior: Behavior): void {
    record.state = 'CONTAINER_RUNNING';
    record.startedAt = this.#nowNs();
    record.status = undefined;
    this.#deps.emit('CONTAINER_STARTED_EVENT', record);
    for (const log of behavior.logs ?? []) this.#planLine(record, log);
    if (behavior.exit === undefined && behavior.hang !== true) for (const log of this.#foreseen(record)?.logs ?? []) this.#planLine(record, log);
    this.#plan(record, behavior);
    this.#follow(record);
  }

  /** The container does what its script says, if it has one. */
  #follow(record: ContainerRecord): void {
    const { script, clock } = this.#deps;
    if (script === undefined || record.state !== 'CONTAINER_RUNNING') return;
    script.scripts.started(record, {
      clock,
      random: script.random,
      write: (line) => this.write(record, 'stdout', line),
      hang: (hung) => (record.hung = hung),
      end: (end) => this.#end(record, end),
    });
  }

  /** Arms a line of the log, and after it the next of the same. */
  #planLine(record: ContainerRecord, { line, stream = 'stdout', afterMs = 0, everyMs }: LogBehavior): void {
    let cancel = noop;
    // One that comes again and again is nothing to wait for the end of.
    const background = everyMs !== undefined || goesOnForEver(record);
    const arm = (delayMs: number): void => {
      cancel = this.#deps.clock.after(delayMs, write, { background });
    };
    const write = (): void => {
      this.write(record, stream, line);
      if (everyMs !== undefined) arm(Math.max(1, everyMs));
    };
    record.timers.push(() => cancel());
    if (afterMs > 0) arm(afterMs);
    else write();
  }

  /** Arms the end that the behaviour foresees. */
  #plan(record: ContainerRecord, behavior: Behavior): void {
    record.hung = behavior.hang === true;
    const exit = behavior.exit ?? this.#foreseen(record)?.exit;
    if (exit === undefined || record.hung || !applies(exit.times, record)) return;
    const code = exit.code ?? (exit.reason === 'OOMKilled' ? 137 : 0);
    const dueMs = record.startedAt / 1e6 + this.#deps.latencies.draw(exit.afterMs ?? 0);
    const end: ContainerEnd = { code, ...pickDefined(exit.reason, exit.message) };
    record.cancelExit = this.#after(dueMs - this.#deps.clock.now(), () => this.#end(record, end), goesOnForEver(record));
  }

  /** Plans the end of every running container anew, after its behaviour may have changed. */
  replan(): void {
    for (const record of [...this.byId.values()]) {
      if (record.state !== 'CONTAINER_RUNNING') continue;
      record.cancelExit?.();
      record.cancelExit = undefined;
      this.#plan(record, this.#behaviorOf(record));
    }
  }

  /** SIGTERM, then SIGKILL after `timeoutMs`. Resolves when the container is not running. */
  async stop(record: ContainerRecord, timeoutMs: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (record.state !== 'CONTAINER_RUNNING') return;
    const { stop } = this.#behaviorOf(record);
    const deaf = record.hung || stop?.ignoreSigterm === true;
    const termMs = deaf ? Infinity : this.#deps.latencies.draw(stop?.latencyMs ?? TERM_MS);
    const end = timeoutMs > 0 && termMs <= timeoutMs ? { code: stop?.exitCode ?? 143 } : KILLED;
    record.timers.push(this.#after(Math.min(termMs, timeoutMs), () => this.#end(record, end), false));
    await this.#deps.latencies.untilAborted(this.exited(record), signal);
  }

  /** SIGKILL. */
  kill(record: ContainerRecord): void {
    if (record.state === 'CONTAINER_RUNNING' || record.state === 'CONTAINER_CREATED') this.#end(record, KILLED);
  }

  /** The process ends now, for a reason of its own. False when it does not run. */
  crash(record: ContainerRecord, end: ContainerEnd): boolean {
    if (record.state !== 'CONTAINER_RUNNING') return false;
    this.#end(record, end);
    return true;
  }

  remove(record: ContainerRecord): void {
    if (record.removed) return;
    this.kill(record);
    record.removed = true;
    this.#wake(record);
    this.byId.delete(record.id);
    record.sandbox.containers.splice(record.sandbox.containers.indexOf(record), 1);
    this.#deps.emit('CONTAINER_DELETED_EVENT', record);
  }

  updateResources(record: ContainerRecord, { linux, annotations }: UpdateContainerResourcesRequest): void {
    const { config } = record;
    record.config = {
      ...config,
      ...(linux === undefined ? {} : { linux: { ...config.linux, resources: { ...config.linux?.resources, ...linux } } }),
      ...(annotations === undefined ? {} : { annotations: { ...config.annotations, ...annotations } }),
    };
    record.status = undefined;
  }

  /** Resolves when the container is EXITED or removed. */
  exited(record: ContainerRecord): Promise<void> {
    if (record.removed || record.state === 'CONTAINER_EXITED') return Promise.resolve();
    return new Promise((resolve) => record.waiters.add(resolve));
  }

  #end(record: ContainerRecord, end: ContainerEnd): void {
    this.#cancelTimers(record);
    this.#deps.script?.scripts.ended(record);
    record.state = 'CONTAINER_EXITED';
    record.finishedAt = this.#nowNs();
    record.exitCode = end.code;
    record.reason = end.reason ?? (end.code === 0 ? 'Completed' : 'Error');
    record.message = end.message ?? '';
    record.status = undefined;
    this.#wake(record);
    this.#deps.emit('CONTAINER_STOPPED_EVENT', record);
  }

  #wake(record: ContainerRecord): void {
    wakeAll(record.waiters);
    wakeAll(record.logWaiters);
  }

  /** Appends a line to its log; of a full log the oldest line goes. */
  write(record: ContainerRecord, stream: 'stdout' | 'stderr', line: string): void {
    record.log.push({ timeMs: this.#deps.clock.now(), stream, line });
    if (record.log.length > MAX_LOG_LINES) {
      record.log.shift();
      record.logDropped += 1;
    }
    wakeAll(record.logWaiters);
  }

  /**
   * A container's own doings are work in progress, for which a virtual clock that settles waits (a Job that runs for a minute), but for `background` ones.
   */
  #after(delayMs: number, fn: () => void, background: boolean): () => void {
    if (delayMs > 0) return this.#deps.clock.after(delayMs, fn, { background });
    fn();
    return noop;
  }

  #cancelTimers(record: ContainerRecord): void {
    for (const cancel of record.timers) cancel();
    record.timers = [];
    record.cancelExit?.();
    record.cancelExit = undefined;
  }

  #behaviorOf(record: ContainerRecord): Behavior {
    return behaviorOf(record, this.#deps.behaviors);
  }

  /** What the container's own command does, when it is simple enough to be known. */
  #foreseen(record: ContainerRecord): ReturnType<typeof foreseeMain> {
    const { command = [], args = [] } = record.config;
    return foreseeMain([...command, ...args], { ...this.context(record), nowMs: record.startedAt / 1e6 });
  }

  /** What a command in the container sees of it. */
  context(record: ContainerRecord): ScriptContext {
    const env = Object.fromEntries((record.config.envs ?? []).map(({ key, value = '' }) => [key, value]));
    return { env: { HOSTNAME: record.sandbox.config.hostname ?? record.sandbox.config.metadata.name, ...env }, nowMs: this.#deps.clock.now() };
  }

  #nowNs(): number {
    return this.#deps.clock.now() * 1e6;
  }
}

/** How a container ends. */
export interface ContainerEnd {
  readonly code: number;
  readonly reason?: string;
  readonly message?: string;
}

const KILLED: ContainerEnd = Object.freeze({ code: 137, reason: 'Error' });
const noop = (): void => undefined;

function wakeAll(waiters: Set<() => void>): void {
  const all = [...waiters];
  waiters.clear();
  for (const wake of all) wake();
}
const pickDefined = (reason: string | undefined, message: string | undefined): { reason?: string; message?: string } => ({
  ...(reason === undefined ? {} : { reason }),
  ...(message === undefined ? {} : { message }),
});

/** A container that was restarted several times is in a crash loop, which is nothing to wait for the end of. */
const goesOnForEver = (record: ContainerRecord): boolean => record.config.metadata.attempt > 3;

/** Whether a behaviour with a limit of attempts still holds for this one. */
const applies = (times: number | undefined, record: ContainerRecord): boolean => times === undefined || record.config.metadata.attempt < times;

function newRecord(given: Pick<ContainerRecord, 'id' | 'sandbox' | 'config' | 'imageId' | 'imageRef'>, createdAt: number): ContainerRecord {
  const { namespace, name: pod } = given.sandbox.config.metadata;
  const { image, command = [], args = [] } = given.config;
  return {
    ...given,
    subject: {
      namespace,
      pod,
      container: given.config.metadata.name,
      image: image.userSpecifiedImage ?? image.image,
      command: [...command, ...args].join(' '),
    },
    createdAt,
    state: 'CONTAINER_CREATED',
    starting: false,
    removed: false,
    startedAt: 0,
    finishedAt: 0,
    exitCode: 0,
    reason: '',
    message: '',
    timers: [],
    cancelExit: undefined,
    hung: false,
    scripted: undefined,
    counted: undefined,
    log: [],
    logDropped: 0,
    logWaiters: new Set(),
    files: undefined,
    waiters: new Set(),
    status: undefined,
  };
}
