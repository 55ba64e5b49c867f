import { deepEqual, getOwn } from '../json-data.ts';
import { isEmptySet, LEAF, NO_FIELDS, setOf, type FieldSet } from './field-set.ts';
import type { FieldType } from './field-type.ts';
import { allFields, checkDepth, isGranularList, isGranularMap } from './fields-of.ts';
import { itemElement } from './path-element.ts';

/** What became of an object's fields. */
export interface Comparison {
  readonly removed: FieldSet;
  readonly modified: FieldSet;
  readonly added: FieldSet;
}

const SAME: Comparison = Object.freeze({ removed: NO_FIELDS, modified: NO_FIELDS, added: NO_FIELDS });
const MODIFIED: Comparison = Object.freeze({ ...SAME, modified: LEAF });

/**
 * Which fields a change removed, modified and added. Parts that are identical (`===`) are not looked into, so a small change of an object that shares its
 * parts is cheap.
 *
 * @see kubernetes v1.36 sigs.k8s.io/structured-merge-diff typed/compare.go
 */
export function compareFields(before: unknown, after: unknown, type: FieldType): Comparison {
  return compareValue(before, after, { type, depth: 0 });
}

interface Place {
  readonly type: FieldType;
  readonly depth: number;
}

/** `undefined` stands for "not there". */
function compareValue(before: unknown, after: unknown, place: Place): Comparison {
  if (before === after) return SAME;
  const { type, depth } = place;
  checkDepth(depth);
  if (before === undefined) return { ...SAME, added: allFields(after, type, depth) };
  if (after === undefined) return { ...SAME, removed: allFields(before, type, depth) };
  if (isGranularMap(before, type) && isGranularMap(after, type)) return compareMaps(before, after, place);
  if (isGranularList(before, type) && isGranularList(after, type)) return compareLists(before, after, place);
  if (deepEqual(before, after)) return SAME;
  const gone = allFields(before, type, depth).children;
  const come = allFields(after, type, depth).children;
  return gone === undefined && come === undefined ? MODIFIED : { removed: setOf(false, gone), modified: LEAF, added: setOf(false, come) };
}

type Fields = Readonly<Record<string, unknown>>;

function compareMaps(before: Fields, after: Fields, { type, depth }: Place): Comparison {
  const parts = noParts();
  for (const name of Object.keys(before)) {
    const now = getOwn(after, name);
    if (before[name] === now) continue;
    const field = type.field(name);
    addPart(parts, field.element, compareValue(before[name], now, { type: field.type, depth: depth + 1 }));
  }
  for (const name of Object.keys(after)) {
    if (getOwn(before, name) !== undefined || after[name] === undefined) continue;
    const field = type.field(name);
    addPart(parts, field.element, compareValue(undefined, after[name], { type: field.type, depth: depth + 1 }));
  }
  return comparisonOf(parts);
}

function compareLists(before: readonly unknown[], after: readonly unknown[], { type, depth }: Place): Comparison {
  const parts = noParts();
  const olds = byElement(before, type);
  const news = byElement(after, type);
  const place = { type: type.items(), depth: depth + 1 };
  for (const [element, old] of olds) addPart(parts, element, compareItems(old, news.get(element) ?? [], place));
  for (const [element, now] of news) if (!olds.has(element)) addPart(parts, element, compareItems([], now, place));
  return comparisonOf(parts);
}

function byElement(list: readonly unknown[], type: FieldType): Map<string, unknown[]> {
  const items = new Map<string, unknown[]>();
  list.forEach((item, i) => {
    const element = itemElement(type, item, i);
    const same = items.get(element);
    if (same === undefined) items.set(element, [item]);
    else same.push(item);
  });
  return items;
}

/** Elements that cannot be told apart are one value together. */
function compareItems(before: readonly unknown[], after: readonly unknown[], place: Place): Comparison {
  if (before.length > 1 && after.length > 1) return deepEqual(before, after) ? SAME : MODIFIED;
  if (before.length > 1) return { ...SAME, removed: LEAF, ...(after.length === 0 ? {} : { added: allFields(after[0], place.type, place.depth) }) };
  if (after.length > 1) return { ...SAME, added: LEAF, ...(before.length === 0 ? {} : { removed: allFields(before[0], place.type, place.depth) }) };
  return compareValue(before[0], after[0], place);
}

/** What became of a value's parts, as it is being found. */
interface Parts {
  removed: Map<string, FieldSet> | undefined;
  modified: Map<string, FieldSet> | undefined;
  added: Map<string, FieldSet> | undefined;
}

const noParts = (): Parts => ({ removed: undefined, modified: undefined, added: undefined });

function addPart(parts: Parts, element: string, { removed, modified, added }: Comparison): void {
  if (!isEmptySet(removed)) (parts.removed ??= new Map()).set(element, removed);
  if (!isEmptySet(modified)) (parts.modified ??= new Map()).set(element, modified);
  if (!isEmptySet(added)) (parts.added ??= new Map()).set(element, added);
}

function comparisonOf({ removed, modified, added }: Parts): Comparison {
  if (removed === undefined && modified === undefined && added === undefined) return SAME;
  return { removed: setOf(false, removed), modified: setOf(false, modified), added: setOf(false, added) };
}
