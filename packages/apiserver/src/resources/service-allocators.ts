import type { KubernetesObject } from '@kybern/core';
import { createIpAllocator, createPortAllocator, type IpAllocator, type PortAllocator } from '@kybern/netmodel';

/** What Services get from the cluster: addresses and node ports. What is in use is derived from the stored Services. */
export interface ServiceAllocators {
  readonly ips: IpAllocator;
  /** Node ports are one space per protocol. */
  nodePorts(protocol: string): PortAllocator;
  /** Takes the range's first address, which belongs to the Service `kubernetes`. */
  firstIp(): string;
  /** Takes what a stored Service holds. */
  reserve(service: KubernetesObject): void;
  /** Gives back what a Service held. */
  release(service: KubernetesObject): void;
}

/** A Service, as far as the allocators read it. */
export interface ServiceLike {
  readonly spec?: {
    readonly type?: string;
    readonly clusterIP?: string;
    readonly clusterIPs?: readonly string[];
    readonly ports?: readonly { readonly nodePort?: number; readonly protocol?: string }[];
    readonly healthCheckNodePort?: number;
  };
}

/** The range of node ports. @see kubernetes v1.36 pkg/kubeapiserver/options/options.go (DefaultServiceNodePortRange) */
const NODE_PORTS = { from: 30_000, to: 32_767 };

/** Makes the allocators of one server. @throws {AllocationError} when `serviceCidr` is not a CIDR */
export function createServiceAllocators(serviceCidr: string): ServiceAllocators {
  const ips = createIpAllocator(serviceCidr);
  const ports = new Map<string, PortAllocator>();
  const nodePorts = (protocol: string): PortAllocator => {
    let allocator = ports.get(protocol);
    if (allocator === undefined) ports.set(protocol, (allocator = createPortAllocator(NODE_PORTS)));
    return allocator;
  };
  return {
    ips,
    nodePorts,
    firstIp() {
      const first = firstAddress(serviceCidr);
      if (!ips.has(first)) ips.allocateSpecific(first);
      return first;
    },
    reserve(service) {
      for (const ip of clusterIpsOf(service)) if (ips.contains(ip) && !ips.has(ip)) ips.allocateSpecific(ip);
      for (const { port, protocol } of nodePortsOf(service)) {
        const allocator = nodePorts(protocol);
        if (port >= allocator.from && port <= allocator.to && !allocator.has(port)) allocator.allocateSpecific(port);
      }
    },
    release(service) {
      for (const ip of clusterIpsOf(service)) ips.release(ip);
      for (const { port, protocol } of nodePortsOf(service)) nodePorts(protocol).release(port);
    },
  };
}

function firstAddress(cidr: string): string {
  return createIpAllocator(cidr, { dynamicBandFirst: false }).allocate();
}

/** The addresses that a Service holds; none for a headless one. */
export function clusterIpsOf(service: object): readonly string[] {
  const { spec } = service as ServiceLike;
  const ips = spec?.clusterIPs ?? (spec?.clusterIP === undefined ? [] : [spec.clusterIP]);
  return ips.filter((ip) => ip !== '' && ip !== 'None');
}

/** A node port and the protocol in whose space it is. */
export interface NodePort {
  readonly port: number;
  readonly protocol: string;
}

/** The node ports that a Service holds. */
export function nodePortsOf(service: object): readonly NodePort[] {
  const { spec } = service as ServiceLike;
  const found: NodePort[] = [];
  for (const { nodePort, protocol = 'TCP' } of spec?.ports ?? []) {
    const isNew = nodePort !== undefined && nodePort !== 0 && !found.some((each) => each.port === nodePort && each.protocol === protocol);
    if (isNew) found.push({ port: nodePort, protocol });
  }
  return found;
}
