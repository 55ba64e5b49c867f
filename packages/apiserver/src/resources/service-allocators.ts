import type { KubernetesObject } from '@kybern/core';
import { createIpAllocator, createPortAllocator, type IpAllocator, type IpFamily, type PortAllocator } from '@kybern/netmodel/addresses';
import type { StateStore } from '@kybern/state';
import { followStore } from '../follow-store.ts';

/** Where Services are stored. */
export const SERVICE_PREFIX = '/registry/core/services/';

/**
 * What Services get from the cluster: addresses and node ports. What is in use is what the stored Services hold, whoever stored them, and what writes under
 * way in this server have taken.
 */
export interface ServiceAllocators {
  /** The range of the cluster's first family. Never look at it before {@link ServiceAllocators.catchUp}. */
  readonly ips: IpAllocator;
  /** The families that the cluster has, the default first. */
  readonly families: readonly IpFamily[];
  /** The range of a family; the first for those that there are not. */
  rangeOf(family: unknown): IpAllocator;
  /** One space for all protocols. */
  readonly nodePorts: PortAllocator;
  /** The ranges, one per family. */
  readonly serviceCidrs: readonly string[];
  /** Takes the range's first address, which belongs to the Service `kubernetes`. */
  firstIp(): string;
  /** Learns what Services came and went, whichever server wrote them. */
  catchUp(): void;
  /** Gives back what a write took that was not stored; what a stored Service holds stays taken. */
  giveBack(taken: string | number): void;
  close(): void;
}

/** A Service, as far as the allocators read it. */
interface ServiceLike {
  readonly spec?: {
    readonly clusterIP?: string;
    readonly clusterIPs?: readonly string[];
    readonly ports?: readonly { readonly nodePort?: number }[];
    readonly healthCheckNodePort?: number;
  };
}

/** The range of node ports. @see kubernetes v1.36 pkg/kubeapiserver/options/options.go (DefaultServiceNodePortRange) */
const NODE_PORTS = { from: 30_000, to: 32_767 };

/** Addresses and ports of one Service. */
type Held = readonly (string | number)[];

/** Makes the allocators of one server. @param serviceCidr one range, or two of different families with a comma between them @throws {AllocationError} when one is not a CIDR */
export function createServiceAllocators(serviceCidr: string, state: StateStore): ServiceAllocators {
  const ranges = serviceCidr.split(',').map((cidr) => createIpAllocator(cidr.trim()));
  const [ips, second, ...more] = ranges as [IpAllocator, ...IpAllocator[]];
  if (more.length > 0 || ips.family === second?.family) throw new TypeError(`serviceCidr: ${serviceCidr}: at most one range of each family`);
  const rangeOf = (family: unknown): IpAllocator => ranges.find((range) => range.family === family) ?? ips;
  const nodePorts = createPortAllocator(NODE_PORTS);
  /** Key of a Service → what it holds. */
  const stored = new Map<string, Held>();
  const owners = new Map<string | number, string>();
  const take = (held: string | number): void => {
    if (typeof held === 'string') {
      for (const range of ranges) if (range.contains(held) && !range.has(held)) range.allocateSpecific(held);
    } else if (held >= nodePorts.from && held <= nodePorts.to && !nodePorts.has(held)) nodePorts.allocateSpecific(held);
  };
  const release = (held: string | number): void => {
    if (typeof held === 'string') for (const range of ranges) range.release(held);
    else nodePorts.release(held);
  };
  const settle = (key: string, value: KubernetesObject | undefined): void => {
    const before: Held = stored.get(key) ?? [];
    const now: Held = value === undefined ? [] : [...clusterIpsOf(value), ...nodePortsOf(value)];
    for (const held of before) {
      if (now.includes(held) || owners.get(held) !== key) continue;
      owners.delete(held);
      release(held);
    }
    for (const held of now) {
      owners.set(held, key);
      take(held);
    }
    if (now.length > 0) stored.set(key, now);
    else stored.delete(key);
  };
  const followed = followStore(state, SERVICE_PREFIX, {
    reset() {
      for (const key of [...stored.keys()]) settle(key, undefined);
    },
    apply: settle,
  });
  return {
    ips,
    families: ranges.map(({ family }) => family),
    rangeOf,
    nodePorts,
    serviceCidrs: ranges.map(({ cidr }) => cidr),
    firstIp() {
      const first = createIpAllocator(ips.cidr, { dynamicBandFirst: false }).allocate();
      if (!ips.has(first)) ips.allocateSpecific(first);
      return first;
    },
    catchUp: () => followed.catchUp(),
    giveBack(taken) {
      if (!owners.has(taken)) release(taken);
    },
    close: () => followed.close(),
  };
}

/** The addresses that a Service holds; none for a headless one. */
export function clusterIpsOf(service: object): readonly string[] {
  const { spec } = service as ServiceLike;
  const ips = spec?.clusterIPs ?? (spec?.clusterIP === undefined ? [] : [spec.clusterIP]);
  return ips.filter((ip) => ip !== '' && ip !== 'None');
}

/** The node ports that a Service holds, each once. */
export function nodePortsOf(service: object): readonly number[] {
  const { spec } = service as ServiceLike;
  const ports = new Set<number>();
  for (const { nodePort } of spec?.ports ?? []) if (nodePort !== undefined && nodePort !== 0) ports.add(nodePort);
  if (spec?.healthCheckNodePort !== undefined && spec.healthCheckNodePort !== 0) ports.add(spec.healthCheckNodePort);
  return [...ports];
}
