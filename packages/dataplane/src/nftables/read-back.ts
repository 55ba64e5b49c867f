import { isJsonObject } from '@kybern/core';
import { parseIp, formatIp, parseCidr, type IpFamily } from '@kybern/netmodel';
import { cidrRange, rangeText } from './address-ranges.ts';

/** What a table holds in the kernel. */
export interface KernelTable {
  readonly chains: ReadonlySet<string>;
  /** Elements of each set and map, in the same texts that this package writes. */
  readonly objects: ReadonlyMap<string, ReadonlyMap<string, string>>;
}

/**
 * Reads what `nft -j list table` prints.
 *
 * @throws {SyntaxError} when it is no JSON
 */
export function readTable(json: string): KernelTable {
  const chains = new Set<string>();
  const objects = new Map<string, ReadonlyMap<string, string>>();
  const parsed: unknown = JSON.parse(json);
  const items: unknown = isJsonObject(parsed) ? parsed.nftables : undefined;
  for (const item of Array.isArray(items) ? (items as readonly unknown[]) : []) {
    if (!isJsonObject(item)) continue;
    const chain = field(item, 'chain');
    if (chain !== undefined) chains.add(String(chain.name));
    const object = field(item, 'set') ?? field(item, 'map');
    if (object !== undefined) objects.set(String(object.name), readElements(object.elem));
  }
  return { chains, objects };
}

type Fields = Readonly<Record<string, unknown>>;

function field(item: Fields, name: string): Fields | undefined {
  const value = item[name];
  return isJsonObject(value) ? value : undefined;
}

function readElements(elements: unknown): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const element of Array.isArray(elements) ? (elements as readonly unknown[]) : []) {
    if (Array.isArray(element)) found.set(keyText(element[0]), valueText(element[1]));
    else found.set(keyText(element), '');
  }
  return found;
}

const VERDICTS = ['accept', 'drop', 'return'] as const;

function valueText(value: unknown): string {
  if (isJsonObject(value)) {
    for (const verdict of ['goto', 'jump'] as const) {
      const to = field(value, verdict);
      if (to !== undefined) return `${verdict} ${String(to.target)}`;
    }
    const verdict = VERDICTS.find((each) => each in value);
    if (verdict !== undefined) return verdict;
  }
  return keyText(value);
}

function keyText(key: unknown): string {
  if (isJsonObject(key)) {
    if (Array.isArray(key.concat)) return key.concat.map(keyText).join(' . ');
    if (isJsonObject(key.elem)) return keyText(key.elem.val);
    if (isJsonObject(key.prefix)) return prefixText(String(key.prefix.addr), Number(key.prefix.len));
    if (Array.isArray(key.range)) return joinRange(keyText(key.range[0]), keyText(key.range[1]));
  }
  const text = String(key);
  const ip = parseIp(text);
  return ip === undefined ? text : formatIp(ip);
}

function prefixText(address: string, length: number): string {
  const cidr = parseCidr(`${address}/${String(length)}`);
  return cidr === undefined ? `${address}/${String(length)}` : rangeText(cidrRange(cidr), cidr.family);
}

/** A range of addresses that is a CIDR is written as one, whichever way nft puts it. */
function joinRange(from: string, to: string): string {
  const [first, last] = [parseIp(from), parseIp(to)];
  const family: IpFamily | undefined = first?.family;
  return first === undefined || last === undefined || family === undefined ? `${from}-${to}` : rangeText({ from: first.value, to: last.value }, family);
}
