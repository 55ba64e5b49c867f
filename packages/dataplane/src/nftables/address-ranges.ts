import { addressBits, formatCidr, formatIp, type Cidr, type IpAddress, type IpFamily } from '@kybern/netmodel';

/** Addresses from the first to the last, both included. */
export interface AddressRange {
  readonly from: bigint;
  readonly to: bigint;
}

/** Every address of a family. */
export const allAddresses = (family: IpFamily): AddressRange => ({ from: 0n, to: (1n << BigInt(addressBits(family))) - 1n });

/** The addresses of a CIDR. */
export const cidrRange = ({ base, family, prefixBits }: Cidr): AddressRange => ({
  from: base,
  to: base + (1n << BigInt(addressBits(family) - prefixBits)) - 1n,
});

/** One address. */
export const addressRange = ({ value }: IpAddress): AddressRange => ({ from: value, to: value });

/** A range without some others. */
export function withoutRanges(range: AddressRange, holes: readonly AddressRange[]): readonly AddressRange[] {
  let rest: readonly AddressRange[] = [range];
  for (const hole of holes) {
    rest = rest.flatMap(({ from, to }) => {
      if (hole.to < from || hole.from > to) return [{ from, to }];
      return [...(hole.from > from ? [{ from, to: hole.from - 1n }] : []), ...(hole.to < to ? [{ from: hole.to + 1n, to }] : [])];
    });
  }
  return rest;
}

/**
 * Cuts overlapping ranges into pieces that do not overlap, each with everything that covers it; neighbours that `same` cannot tell apart are
 * joined. The kernel refuses sets of several fields whose intervals overlap.
 *
 * @param same tells the pieces' contents apart
 */
export function disjoint<T>(
  ranges: readonly { readonly range: AddressRange; readonly item: T }[],
  same: (items: ReadonlySet<T>) => string,
): readonly { readonly range: AddressRange; readonly items: ReadonlySet<T> }[] {
  const events = ranges
    .flatMap(({ range, item }) => [
      { at: range.from, item, by: 1 },
      { at: range.to + 1n, item, by: -1 },
    ])
    .sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
  const active = new Map<T, number>();
  const pieces: { range: AddressRange; items: ReadonlySet<T>; key: string }[] = [];
  for (const [index, { at, item, by }] of events.entries()) {
    const count = (active.get(item) ?? 0) + by;
    if (count > 0) active.set(item, count);
    else active.delete(item);
    const next = events[index + 1];
    if (next === undefined || next.at === at || active.size === 0) continue;
    const items = new Set(active.keys());
    const key = same(items);
    const last = pieces.at(-1);
    if (last !== undefined && last.range.to + 1n === at && last.key === key) last.range = { from: last.range.from, to: next.at - 1n };
    else pieces.push({ range: { from: at, to: next.at - 1n }, items, key });
  }
  return pieces;
}

/** A range as nft writes it: an address, a CIDR when it is one, else `from-to`. */
export function rangeText({ from, to }: AddressRange, family: IpFamily): string {
  const first = formatIp({ family, value: from });
  if (from === to) return first;
  const size = to - from + 1n;
  if ((size & (size - 1n)) === 0n && from % size === 0n)
    return formatCidr({ family, base: from, prefixBits: addressBits(family) - (size.toString(2).length - 1) });
  return `${first}-${formatIp({ family, value: to })}`;
}
