import type { Random } from '@kybern/core';
import { createBandAllocator, staticBandSize, type Offset } from './band-allocator.ts';
import { AllocationError, type AllocationErrorCode } from './errors.ts';
import { cidrContains, cidrSize, formatCidr, formatIp, parseCidr, parseIp, type Cidr, type IpFamily } from './ip.ts';

/** Options of {@link createIpAllocator}. */
export interface IpAllocatorOptions {
  /** Addresses that are in use from the start. Those outside the range are ignored. */
  readonly reserved?: Iterable<string>;
  /**
   * Keep the lower part of the range (16 to 256 addresses) for those who ask for a certain address: {@link IpAllocator.allocate} uses it last.
   * Default true, as Kubernetes' ClusterIP allocator.
   */
  readonly dynamicBandFirst?: boolean;
  /** Where the search for a free address begins. Default: after the one handed out last, so that a released address rests for a while. */
  readonly random?: Random;
}

/** Hands out the addresses of one CIDR. */
export interface IpAllocator {
  /** Canonical text of the range. */
  readonly cidr: string;
  readonly family: IpFamily;
  /** How many addresses there are to hand out: without the network address and, for IPv4, the broadcast address. */
  readonly size: bigint;
  readonly used: number;
  /** Takes a free address. @throws {AllocationError} `Exhausted` */
  allocate(): string;
  /** Takes `ip`. @throws {AllocationError} `InUse`, `OutOfRange`, `InvalidAddress` */
  allocateSpecific(ip: string): void;
  /** Gives `ip` back; no effect when it is free or not of this range. */
  release(ip: string): void;
  /** Whether `ip` is taken. */
  has(ip: string): boolean;
  /** Whether `ip` can be handed out by this allocator, taken or not. */
  contains(ip: string): boolean;
}

const RESOURCE = 'IP address';
const MAX_OFFSETS = BigInt(Number.MAX_SAFE_INTEGER);

/**
 * An allocator for the addresses of a CIDR, as the one for ClusterIPs: a static band below, a dynamic band above.
 *
 * Memory and time do not depend on the size of the range, so `10.96.0.0/12` and `fd00::/64` cost the same. Beyond 2^53 addresses those above are
 * given out on request only.
 *
 * @throws {AllocationError} `InvalidAddress` when `cidr` is not a CIDR
 * @example
 * const ips = createIpAllocator('10.96.0.0/12');
 * ips.allocateSpecific('10.96.0.10');
 * ips.allocate(); // '10.96.1.1'
 * @see kubernetes v1.36 pkg/registry/core/service/ipallocator/ipallocator.go, KEP-3070
 */
export function createIpAllocator(cidr: string, options: IpAllocatorOptions = {}): IpAllocator {
  const range = parseCidr(cidr);
  if (range === undefined) throw new AllocationError({ code: 'InvalidAddress', resource: 'CIDR', range: cidr, value: cidr });
  const size = hostCount(range);
  const text = formatCidr(range);
  const fail = (code: AllocationErrorCode, value?: string): AllocationError =>
    new AllocationError({ code, resource: RESOURCE, range: text, size, ...(value === undefined ? {} : { value }) });
  const dynamicSize = Number(size < MAX_OFFSETS ? size : MAX_OFFSETS);
  const staticBand = options.dynamicBandFirst === false ? 0 : staticBandSize(dynamicSize, { step: 16, max: 256 });
  const band = createBandAllocator({ size: dynamicSize, staticBand, random: options.random });
  const offsetOf = (ip: string): Offset | undefined => offsetIn(range, size, ip);
  const allocator: IpAllocator = {
    cidr: text,
    family: range.family,
    size,
    get used() {
      return band.used;
    },
    allocate() {
      const offset = band.next();
      if (offset === undefined) throw fail('Exhausted');
      return formatIp({ family: range.family, value: range.base + 1n + BigInt(offset) });
    },
    allocateSpecific(ip) {
      const offset = offsetOf(ip);
      if (offset === undefined) throw fail(parseIp(ip) === undefined ? 'InvalidAddress' : 'OutOfRange', ip);
      if (!band.take(offset)) throw fail('InUse', ip);
    },
    release(ip) {
      const offset = offsetOf(ip);
      if (offset !== undefined) band.release(offset);
    },
    has(ip) {
      const offset = offsetOf(ip);
      return offset !== undefined && band.has(offset);
    },
    contains: (ip) => offsetOf(ip) !== undefined,
  };
  for (const ip of options.reserved ?? []) if (allocator.contains(ip) && !allocator.has(ip)) allocator.allocateSpecific(ip);
  return allocator;
}

/** @see kubernetes v1.36 pkg/registry/core/service/ipallocator/ipallocator.go (hostsPerNetwork) */
function hostCount(range: Cidr): bigint {
  const hosts = cidrSize(range) - (range.family === 'IPv4' ? 2n : 1n);
  return hosts < 0n ? 0n : hosts;
}

/** Offset 0 is the address after the network address. */
function offsetIn(range: Cidr, size: bigint, ip: string): Offset | undefined {
  const address = parseIp(ip);
  if (address === undefined || !cidrContains(range, address)) return undefined;
  const offset = address.value - range.base - 1n;
  if (offset < 0n || offset >= size) return undefined;
  return offset < MAX_OFFSETS ? Number(offset) : offset;
}
