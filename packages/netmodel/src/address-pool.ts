import { AllocationError } from './errors.ts';
import { createIpAllocator, type IpAllocator } from './ip-allocator.ts';
import type { IpFamily } from './ip.ts';

/** Options of {@link createAddressPool}. */
export interface AddressPoolOptions {
  /** CIDRs to hand out from, in order of preference. */
  readonly cidrs: readonly string[];
  /** Addresses that are in use from the start. */
  readonly reserved?: Iterable<string>;
}

/** Hands out addresses for Services of type LoadBalancer. */
export interface AddressPool {
  /** Takes the next free address of `family` (default: any), from the first CIDR that has one. @throws {AllocationError} `Exhausted` */
  allocate(family?: IpFamily): string;
  /** Takes `ip`. @throws {AllocationError} `InUse`, `OutOfRange` */
  allocateSpecific(ip: string): void;
  release(ip: string): void;
  has(ip: string): boolean;
  contains(ip: string): boolean;
}

/**
 * A pool of addresses for load balancers.
 *
 * @throws {AllocationError} `InvalidAddress` when one of `cidrs` is not a CIDR
 * @example createAddressPool({ cidrs: ['172.18.255.0/24'] }).allocate() // '172.18.255.1'
 */
export function createAddressPool({ cidrs, reserved = [] }: AddressPoolOptions): AddressPool {
  const taken = [...reserved];
  const allocators = cidrs.map((cidr) => createIpAllocator(cidr, { reserved: taken, dynamicBandFirst: false }));
  const range = cidrs.join(', ');
  const ownerOf = (ip: string): IpAllocator | undefined => allocators.find((allocator) => allocator.contains(ip));
  return {
    allocate(family) {
      const candidates = allocators.filter((allocator) => family === undefined || allocator.family === family);
      const free = candidates.find((allocator) => BigInt(allocator.used) < allocator.size);
      if (free !== undefined) return free.allocate();
      const size = candidates.reduce((sum, allocator) => sum + allocator.size, 0n);
      throw new AllocationError({ code: 'Exhausted', resource: `${family ?? 'IP'} load balancer address`, range, size });
    },
    allocateSpecific(ip) {
      const owner = ownerOf(ip);
      if (owner === undefined) throw new AllocationError({ code: 'OutOfRange', resource: 'load balancer address', range, value: ip });
      owner.allocateSpecific(ip);
    },
    release: (ip) => ownerOf(ip)?.release(ip),
    has: (ip) => ownerOf(ip)?.has(ip) === true,
    contains: (ip) => ownerOf(ip) !== undefined,
  };
}
