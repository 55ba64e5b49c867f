import { join } from 'node:path';
import type { Clock } from '@kybern/core';
import { createGrpcClient, type GrpcClient } from '@kybern/runtime-cri/grpc-kit';
import type { DevicePool } from '../decisions/device-allocation.ts';
import { devicePluginProtocol, type ContainerDevices, type DevicePluginOptions, type PluginDevice, type RegisterRequest } from './device-plugin-protocol.ts';

/** How long a plugin may take for an answer; Pods that want devices wait meanwhile. */
const CALL_MS = 30_000;
const NO_DEVICES: DevicePool = { healthy: new Set(), unhealthy: new Set() };

/** What {@link PluginEndpoint} works with. */
export interface PluginEndpointDeps {
  readonly folder: string;
  readonly clock: Clock;
  /** Its devices changed, or it is gone: then all of them count as unhealthy. */
  readonly onChange: (endpoint: PluginEndpoint) => void;
}

/** One registered plugin: its devices as it tells of them, until its stream ends. */
export class PluginEndpoint {
  readonly resource: string;
  readonly #options: DevicePluginOptions;
  readonly #client: GrpcClient;
  readonly #onChange: () => void;
  #end: () => void = () => undefined;
  #pool: DevicePool = NO_DEVICES;
  #isStopped = false;

  constructor(request: RegisterRequest, { folder, clock, onChange }: PluginEndpointDeps) {
    this.resource = request.resourceName;
    this.#options = request.options ?? { preStartRequired: false, getPreferredAllocationAvailable: false };
    this.#client = createGrpcClient({ endpoint: join(folder, request.endpoint), protocol: devicePluginProtocol, clock });
    this.#onChange = () => onChange(this);
  }

  get pool(): DevicePool {
    return this.#pool;
  }

  /** Its stream ended. It has to register again. */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Follows its devices. */
  watch(): void {
    this.#end = this.#client.stream<{ readonly devices: readonly PluginDevice[] }>(
      'DevicePlugin/ListAndWatch',
      {},
      {
        onMessage: ({ devices }) => {
          const healthy = devices.filter(({ health }) => health === 'Healthy').map(({ ID }) => ID);
          const unhealthy = devices.filter(({ health }) => health !== 'Healthy').map(({ ID }) => ID);
          this.#pool = { healthy: new Set(healthy), unhealthy: new Set(unhealthy) };
          this.#onChange();
        },
        onEnd: () => {
          this.#isStopped = true;
          this.#pool = { healthy: new Set(), unhealthy: new Set([...this.#pool.healthy, ...this.#pool.unhealthy]) };
          this.#onChange();
        },
      },
    );
  }

  /** Which devices it would give; none when it does not want to be asked. @throws {RuntimeError} */
  async preferred(
    available: readonly string[],
    must: readonly string[],
    { count, signal }: { count: number; signal: AbortSignal },
  ): Promise<readonly string[]> {
    if (!this.#options.getPreferredAllocationAvailable) return [];
    const containerRequests = [{ availableDeviceIDs: available, mustIncludeDeviceIDs: must, allocationSize: count }];
    const { containerResponses } = await this.#client.call<{ readonly containerResponses: readonly { readonly deviceIDs: readonly string[] }[] }>(
      'DevicePlugin/GetPreferredAllocation',
      { containerRequests },
      { timeoutMs: CALL_MS, signal },
    );
    return containerResponses[0]?.deviceIDs ?? [];
  }

  /** What a container gets with these devices. @throws {RuntimeError} */
  async allocate(ids: readonly string[], signal: AbortSignal): Promise<ContainerDevices> {
    const { containerResponses } = await this.#client.call<{ readonly containerResponses: readonly ContainerDevices[] }>(
      'DevicePlugin/Allocate',
      { containerRequests: [{ devicesIds: ids }] },
      { timeoutMs: CALL_MS, signal },
    );
    const [response] = containerResponses;
    if (response === undefined) throw new Error(`no containers in the answer of the device plugin of ${this.resource}`);
    return response;
  }

  /** Tells it that a container with these devices is about to start, if it wants to know. @throws {RuntimeError} */
  async preStart(ids: readonly string[], signal: AbortSignal): Promise<void> {
    if (this.#options.preStartRequired) await this.#client.call('DevicePlugin/PreStartContainer', { devicesIds: ids }, { timeoutMs: CALL_MS, signal });
  }

  /** Ends the connection. Idempotent. */
  close(): void {
    this.#isStopped = true;
    this.#end();
    this.#client[Symbol.dispose]();
  }
}
