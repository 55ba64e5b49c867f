import { quantityToNumber } from '@kybern/core';
import type { Container, Pod } from '@kybern/core/kinds';
import { isSidecar } from './restart-policy.ts';

/** The devices of one resource, as their plugin told last. */
export interface DevicePool {
  readonly healthy: ReadonlySet<string>;
  readonly unhealthy: ReadonlySet<string>;
}

/** Devices that a container has of one resource. */
export interface DeviceClaim {
  readonly podUid: string;
  readonly container: string;
  readonly resource: string;
  readonly ids: readonly string[];
}

/** So many devices of one resource for one container. */
export interface DeviceRequest {
  readonly container: string;
  readonly resource: string;
  readonly count: number;
  /** Names of containers of the Pod that are over when this one starts, whose devices it may have. */
  readonly after: readonly string[];
}

/**
 * What a Pod asks for of the resources that have plugins, container by container in the order of their start.
 *
 * @see kubernetes v1.36 pkg/kubelet/cm/devicemanager/manager.go (Allocate)
 */
export function deviceRequests({ spec }: Pod, resources: ReadonlySet<string>): readonly DeviceRequest[] {
  const requests: DeviceRequest[] = [];
  const over: string[] = [];
  const ask = (container: Container): void => {
    for (const [resource, quantity] of Object.entries(container.resources?.limits ?? {})) {
      const count = resources.has(resource) ? quantityToNumber(quantity) : 0;
      if (count > 0) requests.push({ container: container.name, resource, count, after: [...over] });
    }
  };
  for (const container of spec.initContainers ?? []) {
    ask(container);
    if (!isSidecar(container)) over.push(container.name);
  }
  for (const container of spec.containers) ask(container);
  return requests;
}

/** What {@link computeDeviceChoice} decides from. */
export interface DeviceChoiceInput {
  readonly podUid: string;
  readonly request: DeviceRequest;
  readonly pool: DevicePool;
  /** What the containers of the node have, this Pod's included. */
  readonly claims: readonly DeviceClaim[];
}

/** Which devices a container may be given: some it must have, some it may. */
export interface DeviceChoice {
  /** Those of containers that are over. They come first. */
  readonly must: readonly string[];
  /** The free ones, these included. */
  readonly available: readonly string[];
}

/**
 * Finds the devices for one request.
 *
 * @returns why there are not enough, in Kubernetes' words
 * @see kubernetes v1.36 pkg/kubelet/cm/devicemanager/manager.go (devicesToAllocate)
 */
export function computeDeviceChoice({ podUid, request, pool, claims }: DeviceChoiceInput): DeviceChoice | { readonly refusal: string } {
  const { resource, count, container, after } = request;
  const own = claims.filter((claim) => claim.podUid === podUid && claim.resource === resource);
  const reusable = own.filter((claim) => after.includes(claim.container)).flatMap(({ ids }) => ids);
  const held = new Set(own.filter((claim) => !after.includes(claim.container) && claim.container !== container).flatMap(({ ids }) => ids));
  const must = [...new Set(reusable)].filter((id) => pool.healthy.has(id) && !held.has(id)).slice(0, count);
  const used = new Set(claims.filter((claim) => claim.resource === resource).flatMap(({ ids }) => ids));
  const free = [...pool.healthy].filter((id) => !used.has(id)).sort();
  const available = [...must, ...free];
  if (available.length >= count) return { must, available };
  const counts = `Requested: ${String(count)}, Available: ${String(available.length)}`;
  return { refusal: `requested number of devices unavailable for ${resource}. ${counts}` };
}

/**
 * Takes so many of a choice: those that must be, then those that the plugin prefers, then the first ones.
 *
 * @param preferred by the plugin; what is not available is passed over
 */
export function pickDevices({ must, available }: DeviceChoice, count: number, preferred: readonly string[] = []): readonly string[] {
  const wanted = [...must, ...preferred.filter((id) => available.includes(id)), ...available];
  return [...new Set(wanted)].slice(0, count).sort();
}

/** How many devices of each resource the node has, and how many of them Pods may have. */
export interface DeviceCounts {
  readonly capacity: Readonly<Record<string, string>>;
  readonly allocatable: Readonly<Record<string, string>>;
}

/** Devices that are not healthy count for the capacity alone. @see kubernetes v1.36 pkg/kubelet/cm/devicemanager/manager.go (GetCapacity) */
export function countDevices(pools: ReadonlyMap<string, DevicePool>): DeviceCounts {
  const capacity: Record<string, string> = {};
  const allocatable: Record<string, string> = {};
  for (const [resource, { healthy, unhealthy }] of pools) {
    capacity[resource] = String(healthy.size + unhealthy.size);
    allocatable[resource] = String(healthy.size);
  }
  return { capacity, allocatable };
}

/** Whether a plugin may have this resource: one with a domain, which is not Kubernetes' own. @see kubernetes v1.36 pkg/apis/core/v1/helper/helpers.go (IsExtendedResourceName) */
export function isExtendedResource(name: string): boolean {
  if (!/^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*)\/[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/.test(name)) return false;
  const [domain = ''] = name.split('/');
  return domain !== 'kubernetes.io' && !domain.endsWith('.kubernetes.io') && !domain.startsWith('requests.');
}
