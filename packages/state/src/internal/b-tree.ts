/** What the tree holds. */
export interface Keyed {
  readonly key: string;
}

/** Whoever may change a node in place. A node of another owner is shared, and is copied before it changes. */
export type Owner = object;

/** Invariant: `items` ascend by key, and `size` is their number. */
export interface Leaf<R> {
  readonly owner: Owner;
  /** Where an {@link Edit} that knows this leaf has it; means nothing to another one. */
  readonly id: number;
  size: number;
  readonly keys: undefined;
  readonly items: R[];
}

/** Invariant: `keys[i]` is greater than every key under `items[i]` and not greater than any under `items[i + 1]`; `size` counts the keys below. */
export interface Inner<R> {
  readonly owner: Owner;
  size: number;
  readonly keys: string[];
  readonly items: Node<R>[];
}

/** A node of a copy-on-write B+tree that counts its keys. All leaves are at one depth. */
export type Node<R> = Leaf<R> | Inner<R>;

const MAX_ITEMS = 32;
const MIN_ITEMS = MAX_ITEMS / 4;
const MERGED_ITEMS = (MAX_ITEMS * 3) / 4;

/** The editing of one tree. */
export interface Edit<R> {
  readonly owner: Owner;
  /** The leaves that this edit made and that are in the tree now, by id: a copy has the id of its original. */
  readonly leaves: (Leaf<R> | undefined)[];
  /** Ids to use again. */
  readonly free: number[];
}

/** A new leaf. */
export function leafOf<R>(edit: Edit<R>, items: R[], id: number = edit.free.pop() ?? edit.leaves.length): Leaf<R> {
  const leaf = { owner: edit.owner, id, size: items.length, keys: undefined, items };
  edit.leaves[id] = leaf;
  return leaf;
}

/** The leaf that a key is in, if it is anywhere, and where it is or would be. */
export function find<R extends Keyed>(root: Node<R>, key: string): { readonly leaf: Leaf<R>; readonly at: number } {
  let node = root;
  while (node.keys !== undefined) node = node.items[childOf(node.keys, key)] as Node<R>;
  return { leaf: node, at: lowerBound(node.items, key) };
}

/** An insertion under way. */
interface Insertion<R> {
  readonly edit: Edit<R>;
  readonly record: R;
  /** The leaf that the record landed in. */
  leaf: Leaf<R> | undefined;
  /** A new leaf with records that were in another one. */
  moved: Leaf<R> | undefined;
  /** What was split off the node just left, to be put beside it: its keys are not less than `key`. */
  split: { readonly key: string; readonly node: Node<R> } | undefined;
}

/** What an insertion made of a tree. */
export interface Inserted<R> {
  readonly root: Node<R>;
  /** The leaf that the record is in. */
  readonly leaf: Leaf<R>;
  /** The leaf that was split off another one, if any. */
  readonly moved: Leaf<R> | undefined;
}

const LOADED_ITEMS = (MAX_ITEMS * 3) / 4;

/** A tree of records that ascend by key. Whoever changes it copies what it changes. */
export function fromSorted<R extends Keyed>(records: readonly R[]): Node<R> {
  const owner: Owner = {};
  let nodes: Node<R>[] = [];
  let firsts: string[] = [];
  for (let at = 0; at === 0 || at < records.length; at += LOADED_ITEMS) {
    const items = records.slice(at, at + LOADED_ITEMS);
    nodes.push({ owner, id: -1, size: items.length, keys: undefined, items });
    firsts.push(items[0]?.key ?? '');
  }
  while (nodes.length > 1) {
    const parents: Node<R>[] = [];
    const parentFirsts: string[] = [];
    // The last node of a level has a brother: an inner node has two children at least.
    for (let at = 0; at < nodes.length; ) {
      const rest = nodes.length - at;
      const count = rest === LOADED_ITEMS + 1 ? LOADED_ITEMS - 1 : Math.min(rest, LOADED_ITEMS);
      parents.push(innerOf(owner, firsts.slice(at + 1, at + count), nodes.slice(at, at + count)));
      parentFirsts.push(firsts[at] as string);
      at += count;
    }
    nodes = parents;
    firsts = parentFirsts;
  }
  return nodes[0] as Node<R>;
}

/** Adds a record, or replaces the one with its key. */
export function insert<R extends Keyed>(root: Node<R>, record: R, edit: Edit<R>): Inserted<R> {
  const insertion: Insertion<R> = { edit, record, leaf: undefined, moved: undefined, split: undefined };
  const node = insertUnder(root, insertion);
  const { leaf, moved, split } = insertion as { leaf: Leaf<R>; moved: Leaf<R> | undefined; split: Insertion<R>['split'] };
  return { root: split === undefined ? node : innerOf(edit.owner, [split.key], [node, split.node]), leaf, moved };
}

/** Takes out a key that exists. Returns the new root. */
export function remove<R extends Keyed>(root: Node<R>, key: string, edit: Edit<R>): Node<R> {
  let node = removeUnder(root, key, edit);
  while (node.keys !== undefined && node.items.length < 2) node = node.items[0] ?? leafOf(edit, []);
  return node;
}

/** How many keys are less than `bound`. */
export function rank(root: Node<Keyed>, bound: string): number {
  let count = 0;
  let node = root;
  while (node.keys !== undefined) {
    const at = childOf(node.keys, bound);
    for (let before = 0; before < at; before += 1) count += (node.items[before] as Node<Keyed>).size;
    node = node.items[at] as Node<Keyed>;
  }
  return count + lowerBound(node.items, bound);
}

/** What {@link collect} is to find. */
export interface Collection<R> {
  /** The least key. */
  readonly from: string;
  /** The least key that is too great; undefined: none is. */
  readonly end: string | undefined;
  /** How many records at most, in `records` already included. */
  readonly limit: number;
  readonly records: R[];
}

/** Appends records in the order of their keys. False when it found the end or reached the limit. Keys are compared at the edges only. */
export function collect<R extends Keyed>(node: Node<R>, collection: Collection<R>): boolean {
  if (node.keys === undefined) return collectLeaf(node.items, collection);
  const first = childOf(node.keys, collection.from);
  for (let at = first; at < node.items.length; at += 1) {
    if (!collect(node.items[at] as Node<R>, at === first ? collection : { ...collection, from: '' })) return false;
  }
  return true;
}

function collectLeaf<R extends Keyed>(items: readonly R[], { from, end, limit, records }: Collection<R>): boolean {
  const first = from === '' ? 0 : lowerBound(items, from);
  const last = items.at(-1);
  const inside = last === undefined || end === undefined || last.key < end;
  const stop = Math.min(inside ? items.length : lowerBound(items, end), first + limit - records.length);
  for (let at = first; at < stop; at += 1) records.push(items[at] as R);
  return inside && records.length < limit;
}

function innerOf<R>(owner: Owner, keys: string[], items: Node<R>[]): Inner<R> {
  let size = 0;
  for (const item of items) size += item.size;
  return { owner, size, keys, items };
}

const isKnown = <R>(leaf: Leaf<R>, edit: Edit<R>): boolean => edit.leaves[leaf.id] === leaf;

function ownLeaf<R>(leaf: Leaf<R>, edit: Edit<R>): Leaf<R> {
  if (leaf.owner === edit.owner) return leaf;
  return leafOf(edit, leaf.items.slice(), isKnown(leaf, edit) ? leaf.id : undefined);
}

/** A leaf leaves the tree. */
function release<R>(leaf: Leaf<R>, edit: Edit<R>): void {
  if (!isKnown(leaf, edit)) return;
  edit.leaves[leaf.id] = undefined;
  edit.free.push(leaf.id);
}

const ownInner = <R>(inner: Inner<R>, owner: Owner): Inner<R> =>
  inner.owner === owner ? inner : { owner, size: inner.size, keys: inner.keys.slice(), items: inner.items.slice() };

/** Returns the node that takes the place of `node`. */
function insertUnder<R extends Keyed>(node: Node<R>, insertion: Insertion<R>): Node<R> {
  if (node.keys === undefined) return insertIntoLeaf(ownLeaf(node, insertion.edit), insertion);
  const inner = ownInner(node, insertion.edit.owner);
  const at = childOf(inner.keys, insertion.record.key);
  const child = inner.items[at] as Node<R>;
  const { size } = child;
  const replaced = insertUnder(child, insertion);
  inner.items[at] = replaced;
  inner.size += replaced.size - size;
  if (insertion.split !== undefined) addChild(inner, at + 1, insertion);
  return inner;
}

function insertIntoLeaf<R extends Keyed>(leaf: Leaf<R>, insertion: Insertion<R>): Leaf<R> {
  const { items } = leaf;
  const { record, edit } = insertion;
  const at = lowerBound(items, record.key);
  insertion.leaf = leaf;
  if (items[at]?.key === record.key) {
    items[at] = record;
    return leaf;
  }
  items.splice(at, 0, record);
  if (items.length > MAX_ITEMS) {
    const point = splitPoint(items.length, at);
    const right = leafOf(edit, items.splice(point));
    insertion.split = { key: (right.items[0] as R).key, node: right };
    insertion.moved = right;
    if (at >= point) insertion.leaf = right;
  }
  leaf.size = items.length;
  return leaf;
}

/** Puts what was split off a child beside it, which may split this node as well. */
function addChild<R extends Keyed>(inner: Inner<R>, at: number, insertion: Insertion<R>): void {
  const { keys, items } = inner;
  const { key, node } = insertion.split as { key: string; node: Node<R> };
  insertion.split = undefined;
  keys.splice(at - 1, 0, key);
  items.splice(at, 0, node);
  inner.size += node.size;
  if (items.length <= MAX_ITEMS) return;
  const point = splitPoint(items.length, at);
  const right = innerOf(insertion.edit.owner, keys.splice(point), items.splice(point));
  inner.size -= right.size;
  insertion.split = { key: keys.pop() as string, node: right };
}

/** Ascending insertion fills nodes instead of leaving them half empty. */
const splitPoint = (length: number, inserted: number): number => (inserted === length - 1 ? inserted : length >> 1);

/** Returns the node that takes the place of `node`; it may be empty. */
function removeUnder<R extends Keyed>(node: Node<R>, key: string, edit: Edit<R>): Node<R> {
  if (node.keys === undefined) {
    const leaf = ownLeaf(node, edit);
    leaf.items.splice(lowerBound(leaf.items, key), 1);
    leaf.size = leaf.items.length;
    return leaf;
  }
  const inner = ownInner(node, edit.owner);
  const at = childOf(inner.keys, key);
  const child = removeUnder(inner.items[at] as Node<R>, key, edit);
  inner.items[at] = child;
  inner.size -= 1;
  if (child.items.length === 0) {
    if (child.keys === undefined) release(child, edit);
    dropChild(inner, at);
  } else if (child.items.length < MIN_ITEMS && !merge(inner, at, edit)) merge(inner, at + 1, edit);
  return inner;
}

/** Merges the child at `at` into the one before it, unless there is none or they are too many. */
function merge<R extends Keyed>(inner: Inner<R>, at: number, edit: Edit<R>): boolean {
  const left = inner.items[at - 1];
  const right = inner.items[at];
  if (left === undefined || right === undefined || left.items.length + right.items.length > MERGED_ITEMS) return false;
  if (left.keys === undefined || right.keys === undefined) {
    for (const leaf of [left, right]) release(leaf as Leaf<R>, edit);
    inner.items[at - 1] = leafOf(edit, [...(left as Leaf<R>).items, ...(right as Leaf<R>).items]);
  } else {
    inner.items[at - 1] = innerOf(edit.owner, [...left.keys, inner.keys[at - 1] as string, ...right.keys], [...left.items, ...right.items]);
  }
  dropChild(inner, at);
  return true;
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

/** The index of the first record whose key is not less than `key`. */
function lowerBound(records: readonly Keyed[], key: string): number {
  let low = 0;
  let high = records.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((records[middle] as Keyed).key < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
