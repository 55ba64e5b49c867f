import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, Logger } from '@kybern/core';
import type { Pod } from '@kybern/core/kinds';
import { RuntimeError, serveGrpc, type GrpcServer } from '@kybern/runtime-cri/grpc-kit';
import {
  computeDeviceChoice,
  countDevices,
  deviceRequests,
  isExtendedResource,
  pickDevices,
  type DeviceCounts,
  type DevicePool,
  type DeviceRequest,
} from '../decisions/device-allocation.ts';
import { CHECKPOINT_FILE, readCheckpoint, writeCheckpoint, type DeviceAllocation } from './device-checkpoint.ts';
import { DEVICE_PLUGIN_VERSION, devicePluginProtocol, KUBELET_SOCKET, type ContainerDevices, type RegisterRequest } from './device-plugin-protocol.ts';
import { PluginEndpoint } from './plugin-endpoint.ts';

/** What {@link openDeviceManager} works with. */
export interface DeviceManagerDeps {
  /** Where the agent and plugins have their sockets: `…/device-plugins`. */
  readonly folder: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The numbers of devices changed. */
  readonly onChange: () => void;
}

/** How long a plugin may be away until its resource is forgotten. @see kubernetes v1.36 pkg/kubelet/cm/devicemanager/manager.go (endpointStopGracePeriod) */
const STOP_GRACE_MS = 300_000;
const NO_DEVICES: DevicePool = { healthy: new Set(), unhealthy: new Set() };

/** Opens the registration of device plugins, with the allocations of before. @throws {Error} when it cannot listen there, or the allocations cannot be read */
export async function openDeviceManager(deps: DeviceManagerDeps): Promise<DeviceManager> {
  await mkdir(deps.folder, { recursive: true });
  const checkpoint = await readCheckpoint(join(deps.folder, CHECKPOINT_FILE));
  // Plugins see that their sockets are gone, and register again.
  for (const entry of await readdir(deps.folder, { withFileTypes: true })) if (entry.isSocket()) await rm(join(deps.folder, entry.name), { force: true });
  const manager = new DeviceManager(deps, checkpoint);
  await manager.listen();
  return manager;
}

/**
 * The devices of a node: plugins register and tell of theirs; containers that ask for some are given them, for as long as their Pod lives.
 *
 * Invariant: no healthy device is in two allocations, but for containers of one Pod of which one is over before the other starts.
 *
 * @see kubernetes v1.36 pkg/kubelet/cm/devicemanager/manager.go
 */
export class DeviceManager implements AsyncDisposable {
  readonly #deps: DeviceManagerDeps;
  readonly #endpoints = new Map<string, PluginEndpoint>();
  /** Ends the grace of a plugin that is away. */
  readonly #graces = new Map<string, () => void>();
  #allocations: readonly DeviceAllocation[];
  readonly #resources: Set<string>;
  #server: GrpcServer | undefined;
  /** The allocation under way: one Pod's at a time, so that no two are given the same. */
  #turn: Promise<unknown> = Promise.resolve();
  #writing: Promise<void> = Promise.resolve();

  constructor(
    deps: DeviceManagerDeps,
    { allocations, resources }: { readonly allocations: readonly DeviceAllocation[]; readonly resources: readonly string[] },
  ) {
    this.#deps = deps;
    this.#allocations = allocations;
    this.#resources = new Set(resources);
  }

  async listen(): Promise<void> {
    const register = (request: RegisterRequest): Promise<object> => Promise.resolve(this.#register(request));
    const handlers = { 'Registration/Register': register };
    this.#server = await serveGrpc({ path: join(this.#deps.folder, KUBELET_SOCKET), protocol: devicePluginProtocol, handlers });
  }

  #register(request: RegisterRequest): object {
    const { version, resourceName: resource, endpoint: socket } = request;
    if (version !== DEVICE_PLUGIN_VERSION)
      throw new RuntimeError(
        'INVALID_ARGUMENT',
        `requested API version "${version}" is not supported by kubelet. Supported version is "${DEVICE_PLUGIN_VERSION}"`,
      );
    if (!isExtendedResource(resource)) throw new RuntimeError('INVALID_ARGUMENT', `the ResourceName "${resource}" is invalid`);
    if (!/^[^/]+$/.test(socket) || socket === '.' || socket === '..' || socket === KUBELET_SOCKET)
      throw new RuntimeError('INVALID_ARGUMENT', `"${socket}" is no name of a socket`);
    this.#endpoints.get(resource)?.close();
    this.#graces.get(resource)?.();
    this.#graces.delete(resource);
    const { folder, clock } = this.#deps;
    const endpoint = new PluginEndpoint(request, { folder, clock, onChange: (changed) => this.#onChange(changed) });
    this.#endpoints.set(resource, endpoint);
    this.#resources.add(resource);
    this.#deps.logger.info('a device plugin registered', { resource, socket });
    endpoint.watch();
    return {};
  }

  #onChange(endpoint: PluginEndpoint): void {
    const { resource } = endpoint;
    if (this.#endpoints.get(resource) !== endpoint) return;
    if (endpoint.isStopped && !this.#graces.has(resource)) {
      this.#deps.logger.warn('a device plugin went away', { resource });
      this.#graces.set(
        resource,
        this.#deps.clock.after(STOP_GRACE_MS, () => this.#forget(resource), { background: true }),
      );
    }
    this.#deps.onChange();
  }

  #forget(resource: string): void {
    this.#graces.delete(resource);
    this.#endpoints.get(resource)?.close();
    this.#endpoints.delete(resource);
    this.#deps.onChange();
  }

  /** How many devices there are. Resources that had a plugin and have none now have none. */
  get counts(): DeviceCounts {
    return countDevices(new Map([...this.#resources].map((resource) => [resource, this.#endpoints.get(resource)?.pool ?? NO_DEVICES])));
  }

  /** What containers have. */
  get allocations(): readonly DeviceAllocation[] {
    return this.#allocations;
  }

  /**
   * Gives a Pod the devices that its containers ask for; what it has already it keeps.
   *
   * @returns why it cannot be; undefined when it has them
   * @throws the signal's reason; what the file system says when the allocation cannot be kept
   */
  async allocate(pod: Pod, signal: AbortSignal): Promise<string | undefined> {
    const requests = deviceRequests(pod, this.#resources);
    const podUid = pod.metadata.uid ?? '';
    if (requests.length === 0 || this.#allocations.some((each) => each.podUid === podUid)) return undefined;
    const turn = this.#turn.then(() => this.#allocateAll(podUid, requests, signal));
    this.#turn = turn.catch(() => undefined); // whoever asked is told
    return turn;
  }

  async #allocateAll(podUid: string, requests: readonly DeviceRequest[], signal: AbortSignal): Promise<string | undefined> {
    try {
      for (const request of requests) {
        const allocated = await this.#allocateOne(podUid, request, signal);
        if (typeof allocated === 'string') {
          this.#drop(podUid);
          return allocated;
        }
        this.#allocations = [...this.#allocations, allocated];
      }
      await this.#save();
      return undefined;
    } catch (error) {
      this.#drop(podUid);
      throw error;
    }
  }

  async #allocateOne(podUid: string, request: DeviceRequest, signal: AbortSignal): Promise<DeviceAllocation | string> {
    const { container, resource, count } = request;
    const endpoint = this.#endpoints.get(resource);
    const choice = computeDeviceChoice({ podUid, request, pool: endpoint?.pool ?? NO_DEVICES, claims: this.#allocations });
    if ('refusal' in choice) return choice.refusal;
    if (endpoint === undefined || endpoint.isStopped) return `the device plugin of ${resource} is away`;
    try {
      const preferred = choice.available.length === count ? [] : await endpoint.preferred(choice.available, choice.must, { count, signal });
      const ids = pickDevices(choice, count, preferred);
      return { podUid, container, resource, ids, response: await endpoint.allocate(ids, signal) };
    } catch (error) {
      signal.throwIfAborted();
      return error instanceof Error ? error.message : String(error);
    }
  }

  /** What a container gets with its devices, of all resources together; tells their plugins that it starts. @throws {Error} when a plugin that wants to know is away or refuses */
  async prepare(podUid: string, container: string, signal: AbortSignal): Promise<ContainerDevices> {
    const own = this.#allocations.filter((each) => each.podUid === podUid && each.container === container);
    for (const { resource, ids } of own) {
      const endpoint = this.#endpoints.get(resource);
      if (endpoint === undefined || endpoint.isStopped) throw new Error(`the device plugin of ${resource} is away`);
      await endpoint.preStart(ids, signal);
    }
    return {
      envs: Object.assign({}, ...own.map(({ response }) => response.envs)) as Record<string, string>,
      annotations: Object.assign({}, ...own.map(({ response }) => response.annotations)) as Record<string, string>,
      mounts: own.flatMap(({ response }) => response.mounts),
      devices: own.flatMap(({ response }) => response.devices),
      cdiDevices: own.flatMap(({ response }) => response.cdiDevices),
    };
  }

  /** The Pod is over: others may have its devices. */
  async release(podUid: string): Promise<void> {
    if (this.#drop(podUid)) await this.#save();
  }

  /** Forgets what Pods have that the node does not have any more. */
  async retain(podUids: ReadonlySet<string>): Promise<void> {
    const gone = new Set(this.#allocations.map(({ podUid }) => podUid).filter((uid) => !podUids.has(uid)));
    for (const uid of gone) await this.release(uid);
  }

  #drop(podUid: string): boolean {
    const before = this.#allocations.length;
    this.#allocations = this.#allocations.filter((each) => each.podUid !== podUid);
    return this.#allocations.length < before;
  }

  /** One writing after the other. */
  #save(): Promise<void> {
    const saved = this.#writing.then(() =>
      writeCheckpoint(join(this.#deps.folder, CHECKPOINT_FILE), { allocations: this.#allocations, resources: [...this.#resources] }),
    );
    this.#writing = saved.catch(() => undefined); // whoever asked is told
    return saved;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const cancel of this.#graces.values()) cancel();
    for (const endpoint of this.#endpoints.values()) endpoint.close();
    await this.#server?.[Symbol.asyncDispose]();
    await this.#writing;
  }
}
