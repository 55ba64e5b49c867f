import { ApiError } from '../api-error.ts';
import { getOwn, isJsonObject } from '../json-data.ts';
import type { JsonObject } from '../object.ts';
import { parseElement, sortElements } from './path-element.ts';

/**
 * A set of paths into an object, as a trie. Immutable, parts are shared between sets.
 *
 * Invariant: `children` is undefined or has entries, none of which is the empty set; its keys are path elements in the one form of `fieldsV1`.
 */
export interface FieldSet {
  /** The path that leads here is in the set. Never true of the root: a whole object has no owner. */
  readonly member: boolean;
  readonly children: ReadonlyMap<string, FieldSet> | undefined;
}

/** The set without paths. */
export const NO_FIELDS: FieldSet = Object.freeze({ member: false, children: undefined });
/** A field without fields of its own, below its parent. */
export const LEAF: FieldSet = Object.freeze({ member: true, children: undefined });

/** Deeper sets are refused: they would end the stack before they end. */
const MAX_DEPTH = 500;

/** Whether the set has no paths. */
export function isEmptySet({ member, children }: FieldSet): boolean {
  return !member && children === undefined;
}

/** A set from its parts; `children` becomes the set's own. */
export function setOf(member: boolean, children: ReadonlyMap<string, FieldSet> | undefined): FieldSet {
  if (children !== undefined && children.size > 0) return { member, children };
  return member ? LEAF : NO_FIELDS;
}

/** The set of some paths, each a list of path elements: `['f:metadata', 'f:labels']`. */
export function fieldSetOf(paths: Iterable<readonly string[]>): FieldSet {
  let set = NO_FIELDS;
  for (const path of paths) if (path.length > 0) set = union(set, single(path));
  return set;
}

const single = (path: readonly string[]): FieldSet =>
  path.reduceRight<FieldSet>((child, element) => ({ member: false, children: new Map([[element, child]]) }), LEAF);

/** What is in `a` or in `b`. Returns `a` itself when it has all of it. */
export function union(a: FieldSet, b: FieldSet): FieldSet {
  if (a === b || isEmptySet(b)) return a;
  if (isEmptySet(a)) return b;
  let children: Map<string, FieldSet> | undefined;
  for (const [element, theirs] of b.children ?? []) {
    const mine = a.children?.get(element);
    const both = mine === undefined ? theirs : union(mine, theirs);
    if (both !== mine) (children ??= new Map(a.children)).set(element, both);
  }
  if (children === undefined && a.member === (a.member || b.member)) return a;
  return { member: a.member || b.member, children: children ?? a.children };
}

/** What is in `a` but not in `b`. Paths below those of `b` stay. Returns `a` itself when nothing goes. */
export function difference(a: FieldSet, b: FieldSet): FieldSet {
  return subtract(a, b, difference);
}

/** What is in `a` and is neither in `b` nor below a path of `b`. Returns `a` itself when nothing goes. */
export function differenceWithBelow(a: FieldSet, b: FieldSet): FieldSet {
  return b.member ? NO_FIELDS : subtract(a, b, differenceWithBelow);
}

function subtract(a: FieldSet, b: FieldSet, below: (a: FieldSet, b: FieldSet) => FieldSet): FieldSet {
  if (isEmptySet(a) || isEmptySet(b)) return a;
  let children: Map<string, FieldSet> | undefined;
  if (a.children !== undefined) {
    for (const [element, theirs] of b.children ?? []) {
      const mine = a.children.get(element);
      if (mine === undefined) continue;
      const left = below(mine, theirs);
      if (left === mine) continue;
      children ??= new Map(a.children);
      if (isEmptySet(left)) children.delete(element);
      else children.set(element, left);
    }
  }
  const member = a.member && !b.member;
  if (children === undefined && member === a.member) return a;
  return setOf(member, children ?? a.children);
}

/** What is in `a` and in `b`. Returns `a` itself when that is all of it. */
export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  if (a === b || isEmptySet(a)) return a;
  if (isEmptySet(b)) return b;
  let same = true;
  const children = new Map<string, FieldSet>();
  for (const [element, mine] of a.children ?? []) {
    const theirs = b.children?.get(element);
    const both = theirs === undefined ? NO_FIELDS : intersection(mine, theirs);
    if (both !== mine) same = false;
    if (!isEmptySet(both)) children.set(element, both);
  }
  const member = a.member && b.member;
  return same && member === a.member ? a : setOf(member, children);
}

/** Whether two sets have the same paths. */
export function equalSets(a: FieldSet, b: FieldSet): boolean {
  if (a === b) return true;
  if (a.member !== b.member || a.children?.size !== b.children?.size) return false;
  for (const [element, mine] of a.children ?? []) {
    const theirs = b.children?.get(element);
    if (theirs === undefined || !equalSets(mine, theirs)) return false;
  }
  return true;
}

/** Whether `b` has all paths of `a`. */
export function isSubset(a: FieldSet, b: FieldSet): boolean {
  if (a === b) return true;
  if (a.member && !b.member) return false;
  for (const [element, mine] of a.children ?? []) {
    const theirs = b.children?.get(element);
    if (theirs === undefined || !isSubset(mine, theirs)) return false;
  }
  return true;
}

/** Whether a path is in the set. */
export function hasPath(set: FieldSet, path: readonly string[]): boolean {
  let node: FieldSet | undefined = set;
  for (const element of path) node = node?.children?.get(element);
  return path.length > 0 && node?.member === true;
}

/** All paths of the set, in Kubernetes' order: a path before those below it. */
export function pathsOf(set: FieldSet): (readonly string[])[] {
  const paths: (readonly string[])[] = [];
  const visit = ({ children }: FieldSet, prefix: readonly string[]): void => {
    if (children === undefined) return;
    for (const element of sortElements(children.keys())) {
      const child = children.get(element) as FieldSet;
      const path = [...prefix, element];
      if (child.member) paths.push(path);
      visit(child, path);
    }
  };
  visit(set, []);
  return paths;
}

/**
 * The set as `fieldsV1` of an entry of `metadata.managedFields`, in Kubernetes' order of fields.
 *
 * @see kubernetes v1.36 sigs.k8s.io/structured-merge-diff fieldpath/serialize.go
 */
export function formatFieldsV1({ children }: FieldSet): JsonObject {
  const json: Record<string, JsonObject> = {};
  if (children === undefined) return json;
  for (const element of sortElements(children.keys())) {
    const child = children.get(element) as FieldSet;
    const below = formatFieldsV1(child);
    json[element] = child.member && child.children !== undefined ? { '.': {}, ...below } : below;
  }
  return json;
}

/** Smaller sets are written anew as fast as they are looked up. */
const MIN_REMEMBERED = 4;

/**
 * {@link formatFieldsV1} as JSON text.
 *
 * @param memory what was written before: sets are immutable and share their parts, so of a set that differs a little from another only that little is
 * written anew
 */
export function fieldsV1Text(set: FieldSet, memory?: WeakMap<FieldSet, string>): string {
  const known = memory?.get(set);
  if (known !== undefined) return `{${known}}`;
  const text = partsText(set, memory);
  memory?.set(set, text);
  return `{${text}}`;
}

function partsText(set: FieldSet, memory: WeakMap<FieldSet, string> | undefined): string {
  const { children } = set;
  if (children === undefined) return '';
  const remembers = memory !== undefined && children.size >= MIN_REMEMBERED;
  const known = remembers ? memory.get(set) : undefined;
  if (known !== undefined) return known;
  let text = '';
  for (const element of sortElements(children.keys())) {
    const child = children.get(element) as FieldSet;
    const below = partsText(child, memory);
    const itself = child.member && child.children !== undefined ? '".":{},' : '';
    text += `${text === '' ? '' : ','}${JSON.stringify(element)}:{${itself}${below}}`;
  }
  if (remembers) memory.set(set, text);
  return text;
}

/**
 * Reads `fieldsV1`. Kinds of path elements that are not known are left out, as Kubernetes leaves them out.
 *
 * @throws {ApiError} `BadRequest` when it is malformed or nested deeper than 500 levels
 */
export function parseFieldsV1(json: unknown): FieldSet {
  return setOf(false, parseNode(json, 0).children);
}

function parseNode(json: unknown, depth: number): FieldSet {
  if (!isJsonObject(json)) throw new ApiError('BadRequest', 'fieldsV1 is an object of objects');
  if (depth > MAX_DEPTH) throw new ApiError('BadRequest', `fieldsV1 is nested deeper than ${MAX_DEPTH} levels`);
  let member = false;
  const children = new Map<string, FieldSet>();
  for (const key of Object.keys(json)) {
    if (key === '.') member = true;
    else addParsed(children, key, parseNode(getOwn(json, key), depth + 1));
  }
  return setOf(member, children);
}

/** A field without anything below it stands for itself. Two spellings of one element are one. */
function addParsed(children: Map<string, FieldSet>, key: string, parsed: FieldSet): void {
  const element = parseElement(key);
  if (element === undefined) return;
  const child = parsed.children === undefined ? LEAF : parsed;
  const before = children.get(element);
  children.set(element, before === undefined ? child : union(before, child));
}
