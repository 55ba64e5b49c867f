import type { Random } from '@kybern/core';
import { createBandAllocator, staticBandSize } from './band-allocator.ts';
import { AllocationError, type AllocationErrorCode } from './errors.ts';

/** Options of {@link createPortAllocator}. */
export interface PortAllocatorOptions {
  /** First port of the range. */
  readonly from: number;
  /** Last port of the range, included. */
  readonly to: number;
  /** Ports that are in use from the start. Those outside the range are ignored. */
  readonly reserved?: Iterable<number>;
  /** Where the search for a free port begins. Default: after the one handed out last. */
  readonly random?: Random;
}

/** Hands out the ports of one range. */
export interface PortAllocator {
  readonly from: number;
  readonly to: number;
  readonly size: number;
  readonly used: number;
  /** Takes a free port, one of the dynamic band as long as there is one. @throws {AllocationError} `Exhausted` */
  allocate(): number;
  /** Takes `port`. @throws {AllocationError} `InUse`, `OutOfRange` */
  allocateSpecific(port: number): void;
  /** Gives `port` back; no effect when it is free or not of this range. */
  release(port: number): void;
  has(port: number): boolean;
}

/**
 * An allocator for node ports: the lowest `min(max(16, size / 32), 128)` ports are handed out last.
 *
 * @throws {RangeError} when the range is empty or not one of ports
 * @example createPortAllocator({ from: 30000, to: 32767 }).allocate() // 30086
 * @see kubernetes v1.36 pkg/registry/core/service/portallocator/allocator.go (calculateRangeOffset)
 */
export function createPortAllocator(options: PortAllocatorOptions): PortAllocator {
  const { from, to } = options;
  if (!isPort(from) || !isPort(to) || from > to) throw new RangeError(`from, to: ${from}-${to} is not a range of ports`);
  const size = to - from + 1;
  const band = createBandAllocator({ size, staticBand: staticBandSize(size, { step: 32, max: 128 }), random: options.random });
  const inRange = (port: number): boolean => Number.isInteger(port) && port >= from && port <= to;
  const fail = (code: AllocationErrorCode, port?: number): AllocationError =>
    new AllocationError({ code, resource: 'port', range: `${from}-${to}`, size: BigInt(size), ...(port === undefined ? {} : { value: String(port) }) });
  const allocator: PortAllocator = {
    from,
    to,
    size,
    get used() {
      return band.used;
    },
    allocate() {
      const offset = band.next();
      if (offset === undefined) throw fail('Exhausted');
      return from + offset;
    },
    allocateSpecific(port) {
      if (!inRange(port)) throw fail('OutOfRange', port);
      if (!band.take(port - from)) throw fail('InUse', port);
    },
    release(port) {
      if (inRange(port)) band.release(port - from);
    },
    has: (port) => inRange(port) && band.has(port - from),
  };
  for (const port of options.reserved ?? []) if (inRange(port) && !allocator.has(port)) allocator.allocateSpecific(port);
  return allocator;
}

const isPort = (port: number): boolean => Number.isInteger(port) && port >= 1 && port <= 65535;
