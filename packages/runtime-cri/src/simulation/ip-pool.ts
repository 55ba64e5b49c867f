import { RuntimeError } from '../errors.ts';

/** The addresses of one node's Pods. The address after the network's own is the gateway's and stays out, as does the broadcast address. */
export interface IpPool {
  readonly cidr: string;
  /** The next free address after the one given out last, so that a freed address is not seen again at once. @throws {RuntimeError} `RESOURCE_EXHAUSTED` */
  take(): string;
  /** Gives an address back. One that is not taken is ignored. */
  release(ip: string): void;
}

/** @throws {RuntimeError} `INVALID_ARGUMENT` when `cidr` is no IPv4 range with room for a Pod */
export function createIpPool(cidr: string): IpPool {
  const { first, size } = parseRange(cidr);
  const taken = new Set<number>();
  let next = 0;
  return {
    cidr,
    take() {
      if (taken.size >= size) throw new RuntimeError('RESOURCE_EXHAUSTED', `no IP addresses available in range set: ${cidr}`);
      while (taken.has(next)) next = (next + 1) % size;
      const index = next;
      taken.add(index);
      next = (next + 1) % size;
      return formatIp(first + index);
    },
    release(ip) {
      taken.delete(parseIp(ip) - first);
    },
  };
}

function parseRange(cidr: string): { first: number; size: number } {
  const [ip = '', bits = ''] = cidr.split('/');
  const address = parseIp(ip);
  const prefix = /^\d{1,2}$/.test(bits) ? Number(bits) : NaN;
  if (Number.isNaN(address) || !(prefix >= 8 && prefix <= 29)) {
    throw new RuntimeError('INVALID_ARGUMENT', `podCidr "${cidr}" is not an IPv4 range between /8 and /29`);
  }
  const length = 2 ** (32 - prefix);
  return { first: Math.floor(address / length) * length + 2, size: length - 3 };
}

function parseIp(ip: string): number {
  const parts = ip.split('.').map((part) => (/^\d{1,3}$/.test(part) ? Number(part) : NaN));
  if (parts.length !== 4 || parts.some((part) => !(part <= 255))) return NaN;
  return parts.reduce((sum, part) => sum * 256 + part, 0);
}

const formatIp = (value: number): string => [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
