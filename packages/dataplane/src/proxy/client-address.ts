import { cidrContains, parseCidr, parseIp } from '@kybern/netmodel';

/** An address as Services have it: IPv4 that a socket for both families shows as IPv6 is IPv4. */
export function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice('::ffff:'.length) : address.replace(/%.*$/, '');
}

/** Whether an address is in one of the ranges. Ranges that are none hold nobody. */
export function inRanges(address: string, ranges: readonly string[]): boolean {
  const ip = parseIp(plainAddress(address));
  return ip !== undefined && ranges.some((range) => isIn(range.trim(), ip));
}

function isIn(range: string, ip: NonNullable<ReturnType<typeof parseIp>>): boolean {
  const cidr = parseCidr(range);
  return cidr !== undefined && cidrContains(cidr, ip);
}

/** Whether an address is this machine's own. */
export const isLoopback = (address: string): boolean => inRanges(address, ['127.0.0.0/8', '::1/128']);
