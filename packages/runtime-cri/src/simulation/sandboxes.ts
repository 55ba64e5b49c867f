import { RuntimeError } from '../errors.ts';
import type { RunPodSandboxRequest } from '../generated/cri.ts';
import type { SandboxBehavior } from './behaviors.ts';
import type { ContainerDeps, SimulatedContainers } from './containers.ts';
import type { IpPool } from './ip-pool.ts';
import type { SandboxRecord } from './records.ts';

/** Default latency of RunPodSandbox. */
const RUN_MS = [10, 40] as const;

/** The life of PodSandboxes: READY → NOTREADY → removed. */
export class SimulatedSandboxes {
  readonly byId: Map<string, SandboxRecord> = new Map();
  /** Replaced when the node's range changes; sandboxes keep the addresses they have. */
  pool: IpPool;
  /** Goes up when the machine loses its power: what was being made then never comes to be. */
  #boots = 0;
  readonly #names = new Map<string, string>();
  readonly #failures = new Map<SandboxBehavior, number>();
  readonly #deps: Pick<ContainerDeps, 'behaviors' | 'clock' | 'latencies' | 'newId'>;
  readonly #containers: SimulatedContainers;

  constructor(deps: Pick<ContainerDeps, 'behaviors' | 'clock' | 'latencies' | 'newId'>, containers: SimulatedContainers, pool: IpPool) {
    this.#deps = deps;
    this.#containers = containers;
    this.pool = pool;
  }

  /** @throws {RuntimeError} `NOT_FOUND` */
  get(id: string): SandboxRecord {
    const record = this.byId.get(id);
    if (record === undefined) throw new RuntimeError('NOT_FOUND', `an error occurred when try to find sandbox "${id}": not found`);
    return record;
  }

  async run(request: RunPodSandboxRequest, signal?: AbortSignal): Promise<SandboxRecord> {
    const { name, namespace, uid, attempt } = request.config.metadata;
    const reserved = `${name}_${namespace}_${uid}_${attempt}`;
    const holder = this.#names.get(reserved);
    if (holder !== undefined) {
      throw new RuntimeError('UNKNOWN', `failed to reserve sandbox name "${reserved}": name "${reserved}" is reserved for "${holder}"`);
    }
    const id = this.#deps.newId();
    this.#names.set(reserved, id);
    try {
      return await this.#make(id, request, signal);
    } catch (error) {
      this.#names.delete(reserved);
      throw error;
    }
  }

  async #make(id: string, request: RunPodSandboxRequest, signal?: AbortSignal): Promise<SandboxRecord> {
    const { config, runtimeHandler = '' } = request;
    const { namespace, name: pod } = config.metadata;
    const behavior = this.#deps.behaviors.resolve({ namespace, pod }).sandbox ?? {};
    const boots = this.#boots;
    await this.#deps.latencies.wait(behavior.latencyMs ?? RUN_MS, signal);
    if (boots !== this.#boots) throw new RuntimeError('UNAVAILABLE', 'connection error: the machine was restarted');
    const error = this.#nextError(behavior);
    if (error !== undefined) throw new RuntimeError('UNKNOWN', error);
    const ip = config.linux?.securityContext?.namespaceOptions?.network === 'NODE' ? undefined : this.pool.take();
    const record: SandboxRecord = { id, config, runtimeHandler, createdAt: this.#deps.clock.now() * 1e6, state: 'SANDBOX_READY', ip, containers: [] };
    this.byId.set(id, record);
    return record;
  }

  #nextError(behavior: SandboxBehavior): string | undefined {
    if (behavior.error === undefined || behavior.times === undefined) return behavior.error;
    const failed = this.#failures.get(behavior) ?? 0;
    if (failed >= behavior.times) return undefined;
    this.#failures.set(behavior, failed + 1);
    return behavior.error;
  }

  /** Ends everything at once. */
  powerOff(): void {
    this.#boots += 1;
    for (const record of this.byId.values()) this.stop(record);
  }

  /** Ends its containers and gives its address back. */
  stop(record: SandboxRecord): void {
    if (record.state === 'SANDBOX_NOTREADY') return;
    record.state = 'SANDBOX_NOTREADY';
    if (record.ip !== undefined) this.pool.release(record.ip);
    record.ip = undefined;
    for (const container of [...record.containers]) this.#containers.kill(container);
  }

  remove(record: SandboxRecord): void {
    this.stop(record);
    for (const container of [...record.containers]) this.#containers.remove(container);
    this.byId.delete(record.id);
    const { name, namespace, uid, attempt } = record.config.metadata;
    this.#names.delete(`${name}_${namespace}_${uid}_${attempt}`);
  }
}
