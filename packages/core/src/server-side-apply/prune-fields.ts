import { edit, edited, removeField, setField } from '../internal/object-edit.ts';
import { getOwn, isJsonObject } from '../json-data.ts';
import { union, type FieldSet } from './field-set.ts';
import type { FieldPlace, FieldType } from './field-type.ts';
import { isGranularList, isGranularMap } from './fields-of.ts';
import { itemElement } from './path-element.ts';

/** Who had and who has what. */
export interface Ownership {
  /** What the applying manager had. */
  readonly last: FieldSet;
  /** What all managers have now, the applying one included. */
  readonly managed: FieldSet;
  /** What the applying manager applies now. */
  readonly applied: unknown;
}

/**
 * Takes out of a merged object what the applying manager had, no longer has, and nobody else has. An object or list of which nothing is left goes too,
 * unless somebody has it as such or it is applied. What stays the same keeps its identity.
 *
 * @see kubernetes v1.36 sigs.k8s.io/structured-merge-diff merge/update.go (prune)
 */
export function pruneFields<T>(merged: T, ownership: Ownership, type: FieldType): T {
  return (pruneValue(merged, { ...ownership, type, orphaned: false, below: false }) ?? {}) as T;
}

interface Place {
  readonly type: FieldType;
  readonly last: FieldSet;
  readonly managed: FieldSet | undefined;
  readonly applied: unknown;
  /** Something above was the manager's. */
  readonly below: boolean;
  /** Something above is nobody's, below what was the manager's: what was the manager's here goes although somebody has it. */
  readonly orphaned: boolean;
}

/** @returns undefined when nothing is left */
function pruneValue(value: unknown, place: Place): unknown {
  if (isGranularMap(value, place.type)) return pruneMap(value, place);
  return isGranularList(value, place.type) ? pruneList(value, place) : value;
}

const GONE = Symbol('gone');

function pruneMap(value: Readonly<Record<string, unknown>>, place: Place): unknown {
  const object = edit(value);
  for (const name of Object.keys(value)) {
    const field = place.type.field(name);
    const part = prunePart(value[name], field, { ...place, applied: isJsonObject(place.applied) ? getOwn(place.applied, name) : undefined });
    if (part === GONE || part === undefined) removeField(object, name);
    else setField(object, name, part);
  }
  const result = edited(object);
  return result !== value && Object.keys(result).length === 0 ? undefined : result;
}

function pruneList(value: readonly unknown[], place: Place): unknown {
  const type = place.type.items();
  const items: unknown[] = [];
  let same = true;
  const applied = new Map(Array.isArray(place.applied) ? place.applied.map((item, i): [string, unknown] => [itemElement(place.type, item, i), item]) : []);
  value.forEach((item, i) => {
    const element = itemElement(place.type, item, i);
    const part = prunePart(item, { element, named: false, type }, { ...place, applied: applied.get(element) });
    if (part !== item) same = false;
    if (part !== GONE) items.push(part ?? {});
  });
  if (same) return value;
  return items.length === 0 ? undefined : items;
}

function prunePart(value: unknown, { element, named, type }: FieldPlace, place: Place): unknown {
  const last = place.last.children?.get(element);
  if (last === undefined) return value;
  const managed = place.managed?.children?.get(element);
  const had = has(last, named);
  const held = managed !== undefined && has(managed, named);
  // An empty list of elements is applied and yet nobody's.
  if (had && (!held || place.orphaned)) return place.applied ?? GONE;
  if (last.children === undefined) return value;
  const below = place.below || had;
  const left = pruneValue(value, { type, last, managed, applied: place.applied, below, orphaned: place.orphaned || (below && !held) });
  return left ?? (managed?.member === true || place.applied !== undefined ? emptied(value) : undefined);
}

/** What somebody wants to be there although it is empty. */
const emptied = (value: unknown): unknown => (Array.isArray(value) ? [] : {});

/** Who has a field of an object that the schema names has the object. */
const has = ({ member, children }: FieldSet, named: boolean): boolean => member || (named && children !== undefined);

/** The union of many sets. */
export function unionOf(sets: Iterable<FieldSet>): FieldSet | undefined {
  let all: FieldSet | undefined;
  for (const set of sets) all = all === undefined ? set : union(all, set);
  return all;
}
