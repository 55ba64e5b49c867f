import type { KubernetesObject } from '@kybern/core';
import { createIpAllocator, createPortAllocator, type IpAllocator, type PortAllocator } from '@kybern/netmodel';

/**
 * What Services get from the cluster: addresses and node ports. What is in use is derived from the stored Services.
 *
 * Differs from Kubernetes: the allocators live in one server's memory, so only one server may create Services over a shared store.
 */
export interface ServiceAllocators {
  readonly ips: IpAllocator;
  /** One space for all protocols. */
  readonly nodePorts: PortAllocator;
  /** Takes the range's first address, which belongs to the Service `kubernetes`. */
  firstIp(): string;
  /** Takes what a stored Service holds. */
  reserve(service: KubernetesObject): void;
  /** Gives back what a Service held. */
  release(service: KubernetesObject): void;
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

/** Makes the allocators of one server. @throws {AllocationError} when `serviceCidr` is not a CIDR */
export function createServiceAllocators(serviceCidr: string): ServiceAllocators {
  const ips = createIpAllocator(serviceCidr);
  const nodePorts = createPortAllocator(NODE_PORTS);
  return {
    ips,
    nodePorts,
    firstIp() {
      const first = createIpAllocator(serviceCidr, { dynamicBandFirst: false }).allocate();
      if (!ips.has(first)) ips.allocateSpecific(first);
      return first;
    },
    reserve(service) {
      for (const ip of clusterIpsOf(service)) if (ips.contains(ip) && !ips.has(ip)) ips.allocateSpecific(ip);
      for (const port of nodePortsOf(service)) if (port >= nodePorts.from && port <= nodePorts.to && !nodePorts.has(port)) nodePorts.allocateSpecific(port);
    },
    release(service) {
      for (const ip of clusterIpsOf(service)) ips.release(ip);
      for (const port of nodePortsOf(service)) nodePorts.release(port);
    },
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
