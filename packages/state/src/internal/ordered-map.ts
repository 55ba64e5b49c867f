import type { PageOptions } from '../store.ts';
import { KeyIndex } from './key-index.ts';

/** What an {@link OrderedMap} holds. */
export interface Keyed {
  readonly key: string;
}

/** Part of an {@link OrderedMap}. */
export interface Page<R> {
  readonly records: R[];
  /** How many more records the prefix has after the last one of the page. */
  readonly remaining: number;
}

/** Whoever may change a node or a cell in place. A clone takes a new one, so that what both sides hold belongs to neither. */
type Owner = object;

/** Where a key's record is. */
interface Cell<R> {
  readonly owner: Owner;
  readonly key: string;
  record: R;
}

interface Leaf<R> {
  readonly owner: Owner;
  size: number;
  readonly keys: undefined;
  readonly items: Cell<R>[];
}

/** Invariant: `keys[i]` is greater than every key under `items[i]` and not greater than any under `items[i + 1]`; `size` counts the keys below. */
interface Inner<R> {
  readonly owner: Owner;
  size: number;
  readonly keys: string[];
  readonly items: Node<R>[];
}

type Node<R> = Leaf<R> | Inner<R>;

const MAX_ITEMS = 64;
const MIN_ITEMS = MAX_ITEMS / 4;
const MERGED_ITEMS = (MAX_ITEMS * 3) / 4;

/**
 * A map from strings to records in the order of the keys: a copy-on-write B+tree of cells that counts its keys, and an index from keys to cells.
 * `clone` is O(1); afterwards both sides copy what they change: the path to a key, once. Between clones, replacing a record is one look-up in the
 * index and touches no node. The index of a clone starts empty and is filled as keys are used.
 */
export class OrderedMap<R extends Keyed> {
  #owner: Owner = {};
  #root: Node<R>;
  #index = new KeyIndex<Cell<R>>();
  /** Whether a key that is not in the index does not exist. */
  #indexed: boolean;
  /** What the last insertion split off, on its way up: greater than the node that is returned, and not less than `key`. */
  #split: { readonly key: string; readonly node: Node<R> } | undefined;

  constructor(root?: Node<R>) {
    this.#root = root ?? this.#leaf([]);
    this.#indexed = this.#root.size === 0;
  }

  get size(): number {
    return this.#root.size;
  }

  get(key: string): R | undefined {
    return this.#cell(key)?.record;
  }

  set(record: R): void {
    const cell = this.#index.get(record.key);
    if (cell !== undefined && cell.owner === this.#owner) {
      cell.record = record;
      return;
    }
    const fresh = { owner: this.#owner, key: record.key, record };
    const root = this.#insert(this.#root, fresh);
    const split = this.#split;
    this.#split = undefined;
    this.#root = split === undefined ? root : this.#inner([split.key], [root, split.node]);
    this.#index.set(record.key, fresh);
  }

  delete(key: string): void {
    if (this.#cell(key) === undefined) return;
    this.#index.delete(key);
    let root = this.#remove(this.#root, key);
    while (root.keys !== undefined && root.items.length < 2) root = root.items[0] ?? this.#leaf([]);
    this.#root = root;
  }

  /** An independent copy, in O(1). */
  clone(): OrderedMap<R> {
    this.#owner = {};
    return new OrderedMap(this.#root);
  }

  /** The records whose keys start with a prefix, or some of them, and the count of those that follow. */
  page(prefix: string, { after, limit = Infinity }: PageOptions = {}): Page<R> {
    const end = prefixEnd(prefix);
    const records: R[] = [];
    collect(this.#root, { from: after === undefined || after < prefix ? prefix : `${after}\0`, end, limit, records });
    const last = records.at(-1);
    if (last === undefined || records.length < limit) return { records, remaining: 0 };
    return { records, remaining: (end === undefined ? this.size : rank(this.#root, end)) - rank(this.#root, last.key) - 1 };
  }

  #cell(key: string): Cell<R> | undefined {
    const known = this.#index.get(key);
    if (known !== undefined || this.#indexed) return known;
    let node = this.#root;
    while (node.keys !== undefined) node = node.items[childOf(node.keys, key)] as Node<R>;
    const cell = node.items[lowerBound(node.items, key)];
    if (cell?.key !== key) return undefined;
    this.#index.set(key, cell);
    return cell;
  }

  #leaf(items: Cell<R>[]): Leaf<R> {
    return { owner: this.#owner, size: items.length, keys: undefined, items };
  }

  #inner(keys: string[], items: Node<R>[]): Inner<R> {
    return { owner: this.#owner, size: sizeOf(items), keys, items };
  }

  #ownLeaf(node: Leaf<R>): Leaf<R> {
    return node.owner === this.#owner ? node : this.#leaf(node.items.slice());
  }

  #ownInner(node: Inner<R>): Inner<R> {
    return node.owner === this.#owner ? node : { owner: this.#owner, size: node.size, keys: node.keys.slice(), items: node.items.slice() };
  }

  /** Puts a cell under a node and returns the node that takes its place; see `#split`. */
  #insert(node: Node<R>, cell: Cell<R>): Node<R> {
    return node.keys === undefined ? this.#insertInLeaf(this.#ownLeaf(node), cell) : this.#insertInInner(this.#ownInner(node), cell);
  }

  #insertInLeaf(leaf: Leaf<R>, cell: Cell<R>): Leaf<R> {
    const { items } = leaf;
    const at = lowerBound(items, cell.key);
    if (items[at]?.key === cell.key) {
      items[at] = cell;
      return leaf;
    }
    items.splice(at, 0, cell);
    if (items.length > MAX_ITEMS) {
      const right = items.splice(splitPoint(items.length, at));
      this.#split = { key: (right[0] as Cell<R>).key, node: this.#leaf(right) };
    }
    leaf.size = items.length;
    return leaf;
  }

  #insertInInner(inner: Inner<R>, cell: Cell<R>): Inner<R> {
    const { keys, items } = inner;
    const at = childOf(keys, cell.key);
    const child = items[at] as Node<R>;
    const { size } = child;
    const replaced = this.#insert(child, cell);
    items[at] = replaced;
    const split = this.#split;
    this.#split = undefined;
    inner.size += replaced.size + (split?.node.size ?? 0) - size;
    if (split === undefined) return inner;
    keys.splice(at, 0, split.key);
    items.splice(at + 1, 0, split.node);
    if (items.length <= MAX_ITEMS) return inner;
    const point = splitPoint(items.length, at + 1);
    const right = this.#inner(keys.splice(point), items.splice(point));
    this.#split = { key: keys.pop() as string, node: right };
    inner.size -= right.size;
    return inner;
  }

  /** Takes a key that exists out of a node and returns the node that takes its place, which may have become empty. */
  #remove(node: Node<R>, key: string): Node<R> {
    if (node.keys === undefined) {
      const leaf = this.#ownLeaf(node);
      leaf.items.splice(lowerBound(leaf.items, key), 1);
      leaf.size = leaf.items.length;
      return leaf;
    }
    const inner = this.#ownInner(node);
    const at = childOf(inner.keys, key);
    const child = this.#remove(inner.items[at] as Node<R>, key);
    inner.items[at] = child;
    inner.size -= 1;
    if (child.items.length === 0) dropChild(inner, at);
    else if (child.items.length < MIN_ITEMS && !this.#merge(inner, at)) this.#merge(inner, at + 1);
    return inner;
  }

  /** Merges the child at `at` into the one before it, unless they are too many. */
  #merge(inner: Inner<R>, at: number): boolean {
    const left = inner.items[at - 1];
    const right = inner.items[at];
    if (left === undefined || right === undefined || left.items.length + right.items.length > MERGED_ITEMS) return false;
    inner.items[at - 1] = this.#joined(left, right, inner.keys[at - 1] as string);
    dropChild(inner, at);
    return true;
  }

  /** Both are of one height. */
  #joined(left: Node<R>, right: Node<R>, key: string): Node<R> {
    if (left.keys === undefined || right.keys === undefined) return this.#leaf([...(left as Leaf<R>).items, ...(right as Leaf<R>).items]);
    return this.#inner([...left.keys, key, ...right.keys], [...left.items, ...right.items]);
  }
}

/** Ascending insertion fills nodes instead of leaving them half empty. */
const splitPoint = (length: number, inserted: number): number => (inserted === length - 1 ? inserted : length >> 1);

function sizeOf(items: readonly Node<Keyed>[]): number {
  let size = 0;
  for (const item of items) size += item.size;
  return size;
}

function dropChild(inner: Inner<Keyed>, at: number): void {
  inner.items.splice(at, 1);
  inner.keys.splice(Math.max(at - 1, 0), 1);
}

/** Which child of an inner node a key belongs to. */
function childOf(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((keys[middle] as string) <= key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The index of the first cell whose key is not less than `key`. */
function lowerBound(cells: readonly Keyed[], key: string): number {
  let low = 0;
  let high = cells.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((cells[middle] as Keyed).key < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** How many keys are less than `bound`. */
function rank(root: Node<Keyed>, bound: string): number {
  let count = 0;
  let node = root;
  while (node.keys !== undefined) {
    const at = childOf(node.keys, bound);
    for (let before = 0; before < at; before += 1) count += (node.items[before] as Node<Keyed>).size;
    node = node.items[at] as Node<Keyed>;
  }
  return count + lowerBound(node.items, bound);
}

interface Collecting<R> {
  readonly from: string;
  readonly end: string | undefined;
  readonly limit: number;
  readonly records: R[];
}

/** Appends the records from `from` (inclusive) to `end` (exclusive). False when it is done. Keys are compared at the edges only. */
function collect<R extends Keyed>(node: Node<R>, page: Collecting<R>): boolean {
  if (node.keys !== undefined) {
    const first = childOf(node.keys, page.from);
    for (let at = first; at < node.items.length; at += 1) {
      if (!collect(node.items[at] as Node<R>, at === first ? page : { ...page, from: '' })) return false;
    }
    return true;
  }
  const { items } = node;
  const { end, records } = page;
  const first = page.from === '' ? 0 : lowerBound(items, page.from);
  const last = items.at(-1);
  const inside = last === undefined || end === undefined || last.key < end;
  const stop = Math.min(inside ? items.length : lowerBound(items, end), first + page.limit - records.length);
  for (let at = first; at < stop; at += 1) records.push((items[at] as Cell<R>).record);
  return inside && records.length < page.limit;
}

/** The least string that is greater than every string with the prefix; undefined when there is none. */
function prefixEnd(prefix: string): string | undefined {
  for (let at = prefix.length - 1; at >= 0; at -= 1) {
    const unit = prefix.charCodeAt(at);
    if (unit < 0xffff) return prefix.slice(0, at) + String.fromCharCode(unit + 1);
  }
  return undefined;
}
