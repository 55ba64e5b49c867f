import type { PageOptions } from '../store.ts';
import { collect, find, insert, leafOf, rank, remove, type Edit, type Keyed, type Leaf, type Node } from './b-tree.ts';
import { KeyIndex } from './key-index.ts';

/** Part of an {@link OrderedMap}. */
export interface Page<R> {
  readonly records: R[];
  /** How many more records the prefix has after the last one of the page. */
  readonly remaining: number;
}

/** Where a key's record is kept; good until the key is deleted. */
export interface Slot<R> {
  readonly record: R;
}

/** What the index knows of a key. It does not refer to the leaf itself: an old leaf would keep old records in memory. */
interface Entry<R> extends Slot<R> {
  record: R;
  /** The id of the leaf in which the record was last seen; when it is not there any more, the tree knows. */
  leaf: number;
}

const UNKNOWN = -1;

/**
 * A map from strings to records in the order of the keys: a copy-on-write B+tree, and an index from keys to leaves. `clone` is O(1); afterwards both
 * sides copy what they change: the path to a leaf, once. Between clones, replacing a record is one look-up in the index and does not descend the
 * tree. The index of a clone starts empty and is filled as keys are used.
 */
export class OrderedMap<R extends Keyed> {
  /** Invariant: a node of its owner is in this tree only. */
  #edit: Edit<R>;
  #root: Node<R>;
  /** Invariant: an entry has its key's current record. */
  readonly #index = new KeyIndex<Entry<R>>();
  /** Whether a key that is not in the index does not exist. */
  readonly #indexed: boolean;

  constructor(root?: Node<R>) {
    this.#edit = { owner: {}, leaves: [], free: [] };
    this.#root = root ?? leafOf(this.#edit, []);
    this.#indexed = this.#root.size === 0;
  }

  get size(): number {
    return this.#root.size;
  }

  get(key: string): R | undefined {
    return this.#entry(key)?.record;
  }

  /** The slot of a key, for {@link set}. */
  slot(key: string): Slot<R> | undefined {
    return this.#entry(key);
  }

  /** Adds a record, or replaces the one with its key, whose slot must then be given. */
  set(record: R, slot: Slot<R> | undefined): void {
    const entry = slot as Entry<R> | undefined;
    if (entry === undefined) {
      this.#index.set(record.key, { record, leaf: this.#put(record) });
      return;
    }
    const leaf = entry.leaf === UNKNOWN ? undefined : this.#edit.leaves[entry.leaf];
    const at = leaf?.owner === this.#edit.owner ? leaf.items.indexOf(entry.record) : -1;
    if (leaf !== undefined && at >= 0) leaf.items[at] = record;
    else entry.leaf = this.#put(record);
    entry.record = record;
  }

  delete(key: string): void {
    if (this.#entry(key) === undefined) return;
    this.#index.delete(key);
    this.#root = remove(this.#root, key, this.#edit);
  }

  /** An independent copy, in O(1). */
  clone(): OrderedMap<R> {
    this.#edit = { ...this.#edit, owner: {} };
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

  /** Returns the id of the leaf that has the record now. */
  #put(record: R): number {
    const { root, leaf, moved } = insert(this.#root, record, this.#edit);
    this.#root = root;
    for (const { key } of moved?.items ?? []) {
      const entry = this.#index.get(key);
      if (entry !== undefined) entry.leaf = (moved as Leaf<R>).id;
    }
    return leaf.id;
  }

  #entry(key: string): Entry<R> | undefined {
    const known = this.#index.get(key);
    if (known !== undefined || this.#indexed) return known;
    const { leaf, at } = find(this.#root, key);
    const record = leaf.items[at];
    if (record?.key !== key) return undefined;
    const entry = { record, leaf: UNKNOWN };
    this.#index.set(key, entry);
    return entry;
  }
}

/** The least string that is greater than every string with the prefix; undefined when there is none. */
function prefixEnd(prefix: string): string | undefined {
  for (let at = prefix.length - 1; at >= 0; at -= 1) {
    const unit = prefix.charCodeAt(at);
    if (unit < 0xffff) return prefix.slice(0, at) + String.fromCharCode(unit + 1);
  }
  return undefined;
}
