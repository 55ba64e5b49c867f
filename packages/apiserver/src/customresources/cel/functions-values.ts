import { Optional, type Environment } from '@marcbachmann/cel-js';
import { addQuantities, compareQuantities, parseQuantity, quantityToNumber, subtractQuantities, type Quantity } from '@kybern/core';
import { addressBits, cidrContains, formatCidr, formatIp, parseCidr, parseIp, type Cidr, type IpAddress } from '@kybern/netmodel/addresses';
import { evaluationError, type Register } from './functions-text.ts';
import { celEquals } from './types.ts';

/** `isSorted`, `sum`, `min`, `max`, `indexOf`, `lastIndexOf`. @see kubernetes v1.36 staging/src/k8s.io/apiserver/pkg/cel/library/lists.go */
export function registerLists(register: Register): void {
  const ordered = ['int', 'uint', 'double', 'bool', 'string', 'google.protobuf.Timestamp', 'google.protobuf.Duration'];
  const isLess = (a: unknown, b: unknown): boolean => (a as number) < (b as number);
  const best = (list: readonly unknown[], name: string, better: (a: unknown, b: unknown) => boolean): unknown => {
    if (list.length === 0) throw evaluationError(`${name} called on empty list`);
    return list.reduce((found, each) => (better(each, found) ? each : found));
  };
  for (const type of ordered) {
    register(`list<${type}>.isSorted(): bool`, (list: readonly unknown[]) => list.every((each, i) => i === 0 || !isLess(each, list[i - 1])));
    register(`list<${type}>.min(): ${type}`, (list: readonly unknown[]) => best(list, 'min', isLess));
    register(`list<${type}>.max(): ${type}`, (list: readonly unknown[]) => best(list, 'max', (a, b) => isLess(b, a)));
  }
  register('list<int>.sum(): int', (list: readonly bigint[]) => list.reduce((sum, each) => sum + each, 0n));
  register('list<double>.sum(): double', (list: readonly number[]) => list.reduce((sum, each) => sum + each, 0));
  register('list<A>.k8sIndexOf(A): int', (list: readonly unknown[], item: unknown) => BigInt(list.findIndex((each) => celEquals(each, item))));
  register('list<A>.k8sLastIndexOf(A): int', (list: readonly unknown[], item: unknown) => BigInt(list.findLastIndex((each) => celEquals(each, item))));
}

class SetsNamespace {}

/** `sets.contains`, `sets.equivalent`, `sets.intersects`. @see cel-go ext/sets.go */
export function registerSets(env: Environment, register: Register, charge: (steps: number) => void): void {
  env.registerType('SetsNamespace', SetsNamespace);
  env.registerConstant('sets', 'SetsNamespace', new SetsNamespace());
  const has = (list: readonly unknown[], item: unknown): boolean => list.some((each) => celEquals(each, item));
  const contains = (a: readonly unknown[], b: readonly unknown[]): boolean => {
    charge(a.length * b.length);
    return b.every((item) => has(a, item));
  };
  register('SetsNamespace.contains(list<T>, list<T>): bool', (_: unknown, a: readonly unknown[], b: readonly unknown[]) => contains(a, b));
  register('SetsNamespace.equivalent(list<T>, list<T>): bool', (_: unknown, a: readonly unknown[], b: readonly unknown[]) => contains(a, b) && contains(b, a));
  register('SetsNamespace.intersects(list<T>, list<T>): bool', (_: unknown, a: readonly unknown[], b: readonly unknown[]) => {
    charge(a.length * b.length);
    return b.some((item) => has(a, item));
  });
}

/** A URL, with its host as it was written: JavaScript's leaves out ports that go without saying. */
class CelUrl {
  readonly url: URL;
  readonly host: string;

  constructor(url: URL, text: string) {
    this.url = url;
    this.host = /^[a-zA-Z][a-zA-Z0-9+.-]*:\/\/(?:[^@/?#]*@)?([^/?#]*)/.exec(text)?.[1] ?? '';
  }
}

/** What stands for the scheme of a URL that has none. */
const RELATIVE = 'relative:';

function parseUrl(text: string): CelUrl | undefined {
  if (!/^[a-zA-Z][a-zA-Z0-9+.-]*:/.test(text) && !text.startsWith('/')) return undefined;
  const url = URL.parse(text, `${RELATIVE}//`);
  return url === null ? undefined : new CelUrl(url, text);
}

/** @see kubernetes v1.36 staging/src/k8s.io/apiserver/pkg/cel/library/urls.go */
export function registerUrls(env: Environment, register: Register): void {
  env.registerType('net.URL', CelUrl);
  register('isURL(string): bool', (text: string) => parseUrl(text) !== undefined);
  register('url(string): net.URL', (text: string) => {
    const url = parseUrl(text);
    if (url === undefined) throw evaluationError(`URL parse error during conversion from string: parse ${JSON.stringify(text)}: invalid URI for request`);
    return url;
  });
  env.registerOperator('net.URL == net.URL', (a: CelUrl, b: CelUrl) => a.url.href === b.url.href);
  register('net.URL.getScheme(): string', ({ url }: CelUrl) => (url.protocol === RELATIVE ? '' : url.protocol.slice(0, -1)));
  register('net.URL.getHost(): string', ({ host }: CelUrl) => host);
  register('net.URL.getHostname(): string', ({ host }: CelUrl) => host.replace(/:\d*$/, '').replace(/^\[|\]$/g, ''));
  register('net.URL.getPort(): string', ({ host }: CelUrl) => /:(\d*)$/.exec(host)?.[1] ?? '');
  register('net.URL.getEscapedPath(): string', ({ url }: CelUrl) => url.pathname);
  register(
    'net.URL.getQuery(): map<string, list<string>>',
    ({ url: { searchParams } }: CelUrl) => new Map([...searchParams.keys()].map((key) => [key, searchParams.getAll(key)])),
  );
}

class Ip {
  readonly address: IpAddress;

  constructor(address: IpAddress) {
    this.address = address;
  }
}

class Network {
  readonly cidr: Cidr;

  constructor(cidr: Cidr) {
    this.cidr = cidr;
  }
}

const within = (address: IpAddress, ...networks: readonly string[]): boolean =>
  networks.some((text) => {
    const cidr = parseCidr(text);
    return cidr !== undefined && cidrContains(cidr, address);
  });

/** @see kubernetes v1.36 staging/src/k8s.io/apiserver/pkg/cel/library/ip.go, cidr.go */
export function registerAddresses(env: Environment, register: Register): void {
  env.registerType('net.IP', Ip);
  env.registerType('net.CIDR', Network);
  const ip = (text: string): Ip => {
    const address = parseIp(text);
    if (address === undefined) throw evaluationError(`IP Address ${JSON.stringify(text)} parse error during conversion from string`);
    return new Ip(address);
  };
  const cidr = (text: string): Network => {
    const found = parseCidr(text);
    if (found === undefined) throw evaluationError(`network address parse error during conversion from string: ${JSON.stringify(text)}`);
    return new Network(found);
  };
  env.registerOperator('net.IP == net.IP', (a: Ip, b: Ip) => a.address.family === b.address.family && a.address.value === b.address.value);
  env.registerOperator('net.CIDR == net.CIDR', (a: Network, b: Network) => formatCidr(a.cidr) === formatCidr(b.cidr));
  register('ip(string): net.IP', ip);
  register('isIP(string): bool', (text: string) => parseIp(text) !== undefined);
  register('string(net.IP): string', ({ address }: Ip) => formatIp(address));
  register('net.IP.family(): int', ({ address }: Ip) => (address.family === 'IPv4' ? 4n : 6n));
  register('net.IP.isUnspecified(): bool', ({ address }: Ip) => address.value === 0n);
  register('net.IP.isLoopback(): bool', ({ address }: Ip) => within(address, '127.0.0.0/8', '::1/128'));
  register('net.IP.isLinkLocalMulticast(): bool', ({ address }: Ip) => within(address, '224.0.0.0/24', 'ff02::/16'));
  register('net.IP.isLinkLocalUnicast(): bool', ({ address }: Ip) => within(address, '169.254.0.0/16', 'fe80::/10'));
  register('net.IP.isGlobalUnicast(): bool', ({ address }: Ip) => isGlobalUnicast(address));
  register('cidr(string): net.CIDR', cidr);
  register('isCIDR(string): bool', (text: string) => parseCidr(text) !== undefined);
  register('string(net.CIDR): string', (network: Network) => formatCidr(network.cidr));
  register('net.CIDR.ip(): net.IP', ({ cidr: { family, base } }: Network) => new Ip({ family, value: base }));
  register('net.CIDR.prefixLength(): int', (network: Network) => BigInt(network.cidr.prefixBits));
  register('net.CIDR.masked(): net.CIDR', (network: Network) => network);
  register('net.CIDR.containsIP(string): bool', (network: Network, text: string) => cidrContains(network.cidr, ip(text).address));
  register('net.CIDR.containsIP(net.IP): bool', (network: Network, { address }: Ip) => cidrContains(network.cidr, address));
  register('net.CIDR.containsCIDR(string): bool', (network: Network, text: string) => containsNetwork(network.cidr, cidr(text).cidr));
  register('net.CIDR.containsCIDR(net.CIDR): bool', (network: Network, other: Network) => containsNetwork(network.cidr, other.cidr));
}

function isGlobalUnicast(address: IpAddress): boolean {
  const broadcast = address.family === 'IPv4' && address.value === (1n << BigInt(addressBits('IPv4'))) - 1n;
  return address.value !== 0n && !broadcast && !within(address, '127.0.0.0/8', '::1/128', '224.0.0.0/4', 'ff00::/8', '169.254.0.0/16', 'fe80::/10');
}

function containsNetwork(outer: Cidr, inner: Cidr): boolean {
  return outer.prefixBits <= inner.prefixBits && cidrContains(outer, { family: inner.family, value: inner.base });
}

class CelQuantity {
  readonly quantity: Quantity;

  constructor(quantity: Quantity) {
    this.quantity = quantity;
  }
}

function readQuantity(text: string): Quantity | undefined {
  try {
    return parseQuantity(text);
  } catch {
    return undefined; // what cannot be read is none
  }
}

/** @see kubernetes v1.36 staging/src/k8s.io/apiserver/pkg/cel/library/quantity.go */
export function registerQuantities(env: Environment, register: Register): void {
  const type = 'kubernetes.Quantity';
  env.registerType(type, CelQuantity);
  const compare = (a: CelQuantity, b: CelQuantity): number => compareQuantities(a.quantity, b.quantity);
  env.registerOperator(`${type} == ${type}`, (a: CelQuantity, b: CelQuantity) => compare(a, b) === 0);
  const quantity = (text: string): CelQuantity => {
    const found = readQuantity(text);
    if (found === undefined) throw evaluationError('quantities must match the regular expression');
    return new CelQuantity(found);
  };
  const whole = (value: CelQuantity): boolean => Number.isSafeInteger(quantityToNumber(value.quantity));
  const other = (value: CelQuantity | bigint): CelQuantity => (typeof value === 'bigint' ? quantity(String(value)) : value);
  register(`quantity(string): ${type}`, quantity);
  register('isQuantity(string): bool', (text: string) => readQuantity(text) !== undefined);
  register(`${type}.sign(): int`, (a: CelQuantity) => BigInt(Math.sign(compareQuantities(a.quantity, '0'))));
  register(`${type}.isInteger(): bool`, whole);
  register(`${type}.asInteger(): int`, (a: CelQuantity) => {
    if (!whole(a)) throw evaluationError('cannot convert value to integer');
    return BigInt(quantityToNumber(a.quantity));
  });
  register(`${type}.asApproximateFloat(): double`, (a: CelQuantity) => quantityToNumber(a.quantity));
  register(`${type}.isGreaterThan(${type}): bool`, (a: CelQuantity, b: CelQuantity) => compare(a, b) > 0);
  register(`${type}.isLessThan(${type}): bool`, (a: CelQuantity, b: CelQuantity) => compare(a, b) < 0);
  register(`${type}.compareTo(${type}): int`, (a: CelQuantity, b: CelQuantity) => BigInt(Math.sign(compare(a, b))));
  for (const argument of [type, 'int']) {
    register(`${type}.add(${argument}): ${type}`, (a: CelQuantity, b: CelQuantity | bigint) => new CelQuantity(addQuantities(a.quantity, other(b).quantity)));
    register(
      `${type}.sub(${argument}): ${type}`,
      (a: CelQuantity, b: CelQuantity | bigint) => new CelQuantity(subtractQuantities(a.quantity, other(b).quantity)),
    );
  }
}

/** Functions of optional values that the library leaves out. */
export function registerOptionals(register: Register): void {
  register('OptionalNamespace.ofNonZeroValue(A): optional<A>', (_: unknown, value: unknown) => (isZero(value) ? Optional.none() : Optional.of(value)));
}

function isZero(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  if (value instanceof Map) return value.size === 0;
  return value === null || value === false || value === '' || value === 0 || value === 0n;
}
