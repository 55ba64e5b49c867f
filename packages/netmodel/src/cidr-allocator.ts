import { createBandAllocator } from './band-allocator.ts';
import { AllocationError, type AllocationErrorCode } from './errors.ts';
import { addressBits, cidrContains, formatCidr, parseCidr, type Cidr } from './ip.ts';

/** Options of {@link createCidrAllocator}. */
export interface CidrAllocatorOptions {
  /** The whole, such as `10.244.0.0/16`. */
  readonly clusterCidr: string;
  /** Prefix length of the parts. Default 24 for IPv4, 64 for IPv6. */
  readonly nodeMaskBits?: number;
  /** Parts that are in use from the start. Those outside the whole are ignored. */
  readonly reserved?: Iterable<string>;
}

/** Hands out equally large parts of a CIDR, one for the Pods of each node. */
export interface CidrAllocator {
  readonly clusterCidr: string;
  readonly size: number;
  readonly used: number;
  /** Takes a free part: the next one after the part handed out last. @throws {AllocationError} `Exhausted` */
  allocate(): string;
  /** Takes `cidr`. @throws {AllocationError} `InUse`, `OutOfRange`, `InvalidAddress` */
  allocateSpecific(cidr: string): void;
  /** Gives `cidr` back; no effect when it is free or not a part. */
  release(cidr: string): void;
  has(cidr: string): boolean;
  /** Whether `cidr` is a part that this allocator can hand out, taken or not. */
  contains(cidr: string): boolean;
}

/** Upstream allows at most 16 bits between the whole and its parts. */
const MAX_PART_BITS = 16;

/**
 * An allocator of Pod CIDRs for nodes.
 *
 * @throws {AllocationError} `InvalidAddress` when `clusterCidr` is not a CIDR or `nodeMaskBits` does not fit it
 * @see kubernetes v1.36 pkg/controller/nodeipam/ipam/cidrset/cidr_set.go
 */
export function createCidrAllocator(options: CidrAllocatorOptions): CidrAllocator {
  const { whole, partBits, hostBits } = divide(options);
  const clusterCidr = formatCidr(whole);
  const size = 2 ** (partBits - whole.prefixBits);
  const band = createBandAllocator({ size });
  const fail = (code: AllocationErrorCode, value?: string): AllocationError =>
    new AllocationError({ code, resource: 'pod CIDR', range: clusterCidr, size: BigInt(size), ...(value === undefined ? {} : { value }) });
  const offsetOf = (text: string): number | undefined => {
    const part = parseCidr(text);
    if (part?.prefixBits !== partBits || !cidrContains(whole, { family: part.family, value: part.base })) return undefined;
    return Number((part.base - whole.base) >> hostBits);
  };
  const allocator: CidrAllocator = {
    clusterCidr,
    size,
    get used() {
      return band.used;
    },
    allocate() {
      const offset = band.next();
      if (offset === undefined) throw fail('Exhausted');
      return formatCidr({ family: whole.family, base: whole.base + (BigInt(offset) << hostBits), prefixBits: partBits });
    },
    allocateSpecific(cidr) {
      const offset = offsetOf(cidr);
      if (offset === undefined) throw fail(parseCidr(cidr) === undefined ? 'InvalidAddress' : 'OutOfRange', cidr);
      if (!band.take(offset)) throw fail('InUse', cidr);
    },
    release(cidr) {
      const offset = offsetOf(cidr);
      if (offset !== undefined) band.release(offset);
    },
    has(cidr) {
      const offset = offsetOf(cidr);
      return offset !== undefined && band.has(offset);
    },
    contains: (cidr) => offsetOf(cidr) !== undefined,
  };
  for (const cidr of options.reserved ?? []) if (allocator.contains(cidr) && !allocator.has(cidr)) allocator.allocateSpecific(cidr);
  return allocator;
}

/**
 * The lowest part of `clusterCidr` that is not in `used`.
 *
 * @throws {AllocationError} `Exhausted`, `InvalidAddress`
 * @example allocatePodCidr('10.244.0.0/16', ['10.244.0.0/24']) // '10.244.1.0/24'
 */
export function allocatePodCidr(clusterCidr: string, used: Iterable<string>, nodeMaskBits?: number): string {
  return createCidrAllocator({ clusterCidr, reserved: used, ...(nodeMaskBits === undefined ? {} : { nodeMaskBits }) }).allocate();
}

function divide({ clusterCidr, nodeMaskBits }: CidrAllocatorOptions): { whole: Cidr; partBits: number; hostBits: bigint } {
  const whole = parseCidr(clusterCidr);
  if (whole === undefined) throw new AllocationError({ code: 'InvalidAddress', resource: 'CIDR', range: clusterCidr, value: clusterCidr });
  const bits = addressBits(whole.family);
  const partBits = nodeMaskBits ?? (whole.family === 'IPv4' ? 24 : 64);
  if (partBits < whole.prefixBits || partBits > bits || partBits - whole.prefixBits > MAX_PART_BITS) {
    throw new AllocationError({ code: 'InvalidAddress', resource: 'nodeMaskBits', range: clusterCidr, value: String(partBits) });
  }
  return { whole, partBits, hostBits: BigInt(bits - partBits) };
}
