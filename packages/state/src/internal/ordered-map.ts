import BTree from 'sorted-btree';
import type { PageOptions } from '../store.ts';

/** Part of an {@link OrderedMap}. */
export interface Page<R> {
  readonly records: R[];
  /** How many more records the prefix has after the last one of the page. */
  readonly remaining: number;
}

/** A map from strings to records in the order of the keys, of which `clone` makes an independent copy in O(1). */
export class OrderedMap<R extends { readonly key: string }> {
  readonly #tree: BTree.default<string, R>;

  constructor(tree: BTree.default<string, R> = new BTree.default<string, R>(undefined, compareKeys)) {
    this.#tree = tree;
  }

  get size(): number {
    return this.#tree.size;
  }

  get(key: string): R | undefined {
    return this.#tree.get(key);
  }

  set(record: R): void {
    this.#tree.set(record.key, record);
  }

  delete(key: string): void {
    this.#tree.delete(key);
  }

  clone(): OrderedMap<R> {
    return new OrderedMap(this.#tree.clone());
  }

  page(prefix: string, { after, limit = Infinity }: PageOptions = {}): Page<R> {
    const end = prefixEnd(prefix);
    const last = end ?? this.#tree.maxKey() ?? '';
    const records: R[] = [];
    let remaining = 0;
    this.#tree.forRange(after === undefined || after < prefix ? prefix : `${after}\0`, last, end === undefined, (_, record) => {
      if (records.length < limit) records.push(record);
      else remaining += 1;
    });
    return { records, remaining };
  }
}

const compareKeys = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** The least string that is greater than every string with the prefix; undefined when there is none. */
export function prefixEnd(prefix: string): string | undefined {
  for (let at = prefix.length - 1; at >= 0; at -= 1) {
    const unit = prefix.charCodeAt(at);
    if (unit < 0xffff) return prefix.slice(0, at) + String.fromCharCode(unit + 1);
  }
  return undefined;
}
