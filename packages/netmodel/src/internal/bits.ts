/** A set of small whole numbers, one bit each. */
export type Bits = Uint32Array;

/** An empty set for the numbers below `size`. */
export const bits = (size: number): Bits => new Uint32Array((size + 31) >>> 5);

/** The indexes of the items that `wanted` holds for. */
export function select<T>(items: readonly T[], wanted: (item: T, index: number) => boolean): Bits {
  const set = bits(items.length);
  for (const [index, item] of items.entries()) if (wanted(item, index)) put(set, index);
  return set;
}

/** Whether a number is in the set. */
export const has = (set: Bits, index: number): boolean => (((set[index >>> 5] ?? 0) >>> (index & 31)) & 1) === 1;

/** Adds a number. */
export function put(set: Bits, index: number): void {
  set[index >>> 5] = (set[index >>> 5] ?? 0) | (1 << (index & 31));
}

/** Takes a number out. */
export function clear(set: Bits, index: number): void {
  set[index >>> 5] = (set[index >>> 5] ?? 0) & ~(1 << (index & 31));
}

/** Adds what is both in `added` and in `only`; all of `added` when there is no `only`. */
export function unite(set: Bits, added: Bits, only?: Bits): void {
  for (let word = 0; word < set.length; word++) set[word] = (set[word] ?? 0) | ((added[word] ?? 0) & (only === undefined ? -1 : (only[word] ?? 0)));
}

/** How many numbers the set holds. */
export function count(set: Bits): number {
  let sum = 0;
  for (let word of set) {
    word -= (word >>> 1) & 0x55555555;
    word = (word & 0x33333333) + ((word >>> 2) & 0x33333333);
    sum += Math.imul((word + (word >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
  }
  return sum;
}
