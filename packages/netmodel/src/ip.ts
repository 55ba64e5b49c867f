/** The two address families, in Kubernetes' spelling. */
export type IpFamily = 'IPv4' | 'IPv6';

/** An address as a number. */
export interface IpAddress {
  readonly family: IpFamily;
  readonly value: bigint;
}

/** A network: the lowest address and how many leading bits are fixed. */
export interface Cidr {
  readonly family: IpFamily;
  /** The network's first address; host bits of the text are cleared. */
  readonly base: bigint;
  readonly prefixBits: number;
}

/** Bits of an address of a family. */
export const addressBits = (family: IpFamily): number => (family === 'IPv4' ? 32 : 128);

/**
 * Parses an IPv4 or IPv6 address as Kubernetes accepts it: no leading zeros in IPv4, no zone.
 *
 * @returns undefined when `text` is not an address
 */
export function parseIp(text: string): IpAddress | undefined {
  const family: IpFamily = text.includes(':') ? 'IPv6' : 'IPv4';
  const value = family === 'IPv4' ? parseIpv4(text) : parseIpv6(text);
  return value === undefined ? undefined : { family, value };
}

/** An address in its canonical text: dotted quad, or RFC 5952 for IPv6. */
export function formatIp({ family, value }: IpAddress): string {
  return family === 'IPv4' ? formatIpv4(value) : formatIpv6(value);
}

/**
 * Parses `10.96.0.0/12` or `fd00::/108`.
 *
 * @returns undefined when `text` is not a CIDR
 */
export function parseCidr(text: string): Cidr | undefined {
  const slash = text.indexOf('/');
  const address = parseIp(slash < 0 ? '' : text.slice(0, slash));
  const prefix = text.slice(slash + 1);
  if (address === undefined || !/^(0|[1-9]\d{0,2})$/.test(prefix)) return undefined;
  const prefixBits = Number(prefix);
  const bits = addressBits(address.family);
  if (prefixBits > bits) return undefined;
  const hostBits = BigInt(bits - prefixBits);
  return { family: address.family, base: (address.value >> hostBits) << hostBits, prefixBits };
}

/** A CIDR in its canonical text. */
export function formatCidr(cidr: Cidr): string {
  return `${formatIp({ family: cidr.family, value: cidr.base })}/${cidr.prefixBits}`;
}

/** How many addresses a CIDR spans, network and broadcast address included. */
export function cidrSize(cidr: Cidr): bigint {
  return 1n << BigInt(addressBits(cidr.family) - cidr.prefixBits);
}

/** Whether `address` lies in `cidr`. False for addresses of the other family. */
export function cidrContains(cidr: Cidr, address: IpAddress): boolean {
  return address.family === cidr.family && address.value >= cidr.base && address.value < cidr.base + cidrSize(cidr);
}

function parseIpv4(text: string): bigint | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  let value = 0n;
  for (const part of parts) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined;
    value = (value << 8n) | BigInt(part);
  }
  return value;
}

function parseIpv6(text: string): bigint | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const head = parseGroups(halves[0] ?? '', halves.length === 1);
  const tail = halves.length === 2 ? parseGroups(halves[1] ?? '', true) : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  let value = 0n;
  for (const group of [...head, ...Array<number>(missing).fill(0), ...tail]) value = (value << 16n) | BigInt(group);
  return value;
}

/** The 16-bit groups of one side of `::`; the last may be a dotted quad. */
function parseGroups(text: string, mayEndInIpv4: boolean): number[] | undefined {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    if (part.includes('.')) {
      const quad = mayEndInIpv4 && index === parts.length - 1 ? parseIpv4(part) : undefined;
      if (quad === undefined) return undefined;
      groups.push(Number(quad >> 16n), Number(quad & 0xffffn));
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(part)) return undefined;
      groups.push(Number.parseInt(part, 16));
    }
  }
  return groups;
}

function formatIpv4(value: bigint): string {
  const n = Number(value);
  return `${n >>> 24}.${(n >>> 16) & 255}.${(n >>> 8) & 255}.${n & 255}`;
}

function formatIpv6(value: bigint): string {
  const groups: number[] = [];
  for (let shift = 112n; shift >= 0n; shift -= 16n) groups.push(Number((value >> shift) & 0xffffn));
  if (isIpv4Mapped(groups)) return `::ffff:${formatIpv4(value & 0xffffffffn)}`;
  const { start, length } = longestZeroRun(groups);
  const hex = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(':');
  return length < 2 ? hex(groups) : `${hex(groups.slice(0, start))}::${hex(groups.slice(start + length))}`;
}

const isIpv4Mapped = (groups: readonly number[]): boolean => groups[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0);

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  for (let i = 0; i <= groups.length; i++) {
    if (groups[i] === 0) continue;
    if (i - start > best.length) best = { start, length: i - start };
    start = i + 1;
  }
  return best;
}
