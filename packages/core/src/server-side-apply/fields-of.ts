import { ApiError } from '../api-error.ts';
import { isJsonObject } from '../json-data.ts';
import { LEAF, setOf, type FieldSet } from './field-set.ts';
import type { FieldType } from './field-type.ts';
import { itemElement } from './path-element.ts';

/** Deeper objects are refused: they would end the stack before they end. */
export const MAX_DEPTH = 500;

/** @throws {ApiError} `BadRequest` */
export function checkDepth(depth: number): void {
  if (depth > MAX_DEPTH) throw new ApiError('BadRequest', `the object is nested deeper than ${MAX_DEPTH} levels`);
}

/** Whether fields of a map of this type are owned one by one. */
export const isGranularMap = (value: unknown, type: FieldType): value is Readonly<Record<string, unknown>> => !type.atomicMap && isJsonObject(value);

/** Whether elements of a list of this type are owned one by one. */
export const isGranularList = (value: unknown, type: FieldType): value is readonly unknown[] => type.list.by !== 'nothing' && Array.isArray(value);

/**
 * The fields that somebody who applies `object` says something about: values that have no fields of their own, keys of maps, and elements of lists. Objects
 * that the schema names are not among them unless they are empty: to set a field is not to say that the object around it must be there.
 *
 * @see kubernetes v1.36 sigs.k8s.io/structured-merge-diff typed/tofieldset.go
 */
export function fieldsOf(object: unknown, type: FieldType): FieldSet {
  return setOf(false, appliedBelow(object, type, 0));
}

type Children = Map<string, FieldSet> | undefined;

/** What is said of the parts of a value; undefined: it has none. */
function appliedBelow(value: unknown, type: FieldType, depth: number): Children {
  checkDepth(depth);
  if (isGranularMap(value, type)) return appliedFields(value, type, depth);
  return isGranularList(value, type) ? appliedItems(value, type, depth) : undefined;
}

function appliedFields(value: Readonly<Record<string, unknown>>, type: FieldType, depth: number): Children {
  const children = new Map<string, FieldSet>();
  for (const name of Object.keys(value)) {
    const item = value[name];
    if (item === undefined) continue;
    const place = type.field(name);
    const child = setOf(!place.named || isWhole(item, place.type), appliedBelow(item, place.type, depth + 1));
    if (child.member || child.children !== undefined) children.set(place.element, child);
  }
  return children;
}

/** Whether a value has no parts with owners of their own. */
function isWhole(value: unknown, type: FieldType): boolean {
  if (isGranularMap(value, type)) return Object.keys(value).length === 0;
  return !isGranularList(value, type);
}

function appliedItems(value: readonly unknown[], type: FieldType, depth: number): Children {
  const children = new Map<string, FieldSet>();
  const items = type.items();
  value.forEach((item, i) => {
    const element = itemElement(type, item, i);
    children.set(element, children.has(element) ? LEAF : setOf(true, appliedBelow(item, items, depth + 1)));
  });
  return children;
}

/** Everything of a value, itself included: what appears and disappears with it. */
export function allFields(value: unknown, type: FieldType, depth: number): FieldSet {
  checkDepth(depth);
  if (isGranularMap(value, type)) {
    const children = new Map<string, FieldSet>();
    for (const name of Object.keys(value)) {
      if (value[name] === undefined) continue;
      const place = type.field(name);
      children.set(place.element, allFields(value[name], place.type, depth + 1));
    }
    return setOf(true, children);
  }
  if (!isGranularList(value, type)) return LEAF;
  const children = new Map<string, FieldSet>();
  const items = type.items();
  value.forEach((item, i) => {
    const element = itemElement(type, item, i);
    children.set(element, children.has(element) ? LEAF : allFields(item, items, depth + 1));
  });
  return setOf(true, children);
}
