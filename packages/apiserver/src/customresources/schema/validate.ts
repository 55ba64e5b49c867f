import { deepEqual, type FieldError } from '@kybern/core';
import { invalidValue, required } from '../../validation/field-errors.ts';
import { itemKey } from './list-types.ts';
import { fieldOf, type Structural } from './structural.ts';

type Fields = Readonly<Record<string, unknown>>;

/** There was no value before, or nobody can tell which one it was. */
export const NOTHING: unique symbol = Symbol('nothing');

/**
 * Everything in which a value departs from its schema. What was there before and stays as it is (`old`) is not looked at again, so that an object that
 * became invalid by a change of its schema can still be changed elsewhere.
 *
 * @param old the value before, in the same place; {@link NOTHING} on create
 * @see kubernetes v1.36 staging/src/k8s.io/apiextensions-apiserver/pkg/apiserver/validation/validation.go (ValidateCustomResource), …/ratcheting.go
 */
export function validateValue(node: Structural, value: unknown, place: Place): void {
  const { path, old, errors } = place;
  if (old !== NOTHING && isSame(value, old)) return;
  if (value === null && node.nullable) return;
  const typeError = checkType(node, value, path);
  if (typeError !== undefined) {
    errors.push(typeError);
    return;
  }
  for (const check of node.checks) {
    const error = check(value, path);
    if (error !== undefined) errors.push(error);
  }
  if (typeof value === 'object' && value !== null) {
    if (Array.isArray(value)) validateItems(node, value, place);
    else validateFields(node, value as Fields, place);
  }
  if (node.allOf.length > 0 || node.anyOf.length > 0 || node.oneOf.length > 0 || node.not !== undefined) validateCombined(node, value, place);
}

/** Where a value is, and where to report what is wrong with it. */
export interface Place {
  readonly path: string;
  readonly old: unknown;
  readonly errors: FieldError[];
}

function isSame(value: unknown, old: unknown): boolean {
  return value === old || (typeof value === 'object' && value !== null && deepEqual(value, old));
}

function checkType({ type, intOrString }: Structural, value: unknown, path: string): FieldError | undefined {
  const actual = typeName(value);
  if (intOrString) return actual === 'integer' || actual === 'string' ? undefined : wrongType(path, 'integer,string', actual);
  if (type === undefined || type === actual || (type === 'number' && actual === 'integer')) return undefined;
  return wrongType(path, type, actual);
}

function typeName(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value === 'number' ? (Number.isInteger(value) ? 'integer' : 'number') : typeof value;
}

function wrongType(path: string, wanted: string, actual: string): FieldError {
  const shown = JSON.stringify(actual);
  return {
    field: path === '' ? '<nil>' : path,
    reason: 'FieldValueTypeInvalid',
    message: `Invalid value: ${shown}: ${path} in body must be of type ${wanted}: ${shown}`,
  };
}

/** The path of a field below a path. */
export const childPath = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`);

function validateFields(node: Structural, object: Fields, { path, old, errors }: Place): void {
  for (const name of node.required) if (!Object.hasOwn(object, name)) errors.push(required(childPath(path, name)));
  if (node.properties === undefined && (node.rest === undefined || node.rest === true)) return;
  const before = typeof old === 'object' && old !== null && !Array.isArray(old) ? (old as Fields) : undefined;
  for (const name of Object.keys(object)) {
    const child = fieldOf(node, name);
    if (child === undefined) continue;
    const oldChild = before !== undefined && Object.hasOwn(before, name) ? before[name] : NOTHING;
    validateValue(child, object[name], { path: childPath(path, name), old: oldChild, errors });
  }
}

function validateItems(node: Structural, list: readonly unknown[], { path, old, errors }: Place): void {
  const { items } = node;
  if (items === undefined) return;
  const before = oldItems(node, old);
  list.forEach((item, i) => validateValue(items, item, { path: `${path}[${i}]`, old: before?.(item) ?? NOTHING, errors }));
}

/** Finds what an item was before: only the items of keyed lists can be told apart. */
export function oldItems({ raw, items }: Structural, old: unknown): ((item: unknown) => unknown) | undefined {
  const keys = raw['x-kubernetes-list-map-keys'];
  if (raw['x-kubernetes-list-type'] !== 'map' || keys === undefined || items === undefined || !Array.isArray(old)) return undefined;
  const byKey = new Map<string, unknown>(old.map((item: unknown) => [itemKey(item, keys, items), item]));
  return (item) => byKey.get(itemKey(item, keys, items));
}

function validateCombined(node: Structural, value: unknown, { path, errors }: Place): void {
  const { allOf, anyOf, oneOf, not } = node;
  const results = (schemas: readonly Structural[]): FieldError[][] => schemas.map((schema) => errorsOf(schema, value, path));
  if (allOf.length > 0) {
    const found = results(allOf);
    const valid = found.filter((each) => each.length === 0).length;
    errors.push(...found.flat());
    if (valid < allOf.length) errors.push(combined(`"${path}" must validate all the schemas (allOf)${valid === 0 ? '. None validated' : ''}`));
  }
  if (anyOf.length > 0) {
    const found = results(anyOf);
    if (found.every((each) => each.length > 0)) errors.push(combined(`"${path}" must validate at least one schema (anyOf)`), ...fewest(found));
  }
  if (oneOf.length > 0) {
    const found = results(oneOf);
    const valid = found.filter((each) => each.length === 0).length;
    if (valid === 0) errors.push(combined(`"${path}" must validate one and only one schema (oneOf). Found none valid`), ...fewest(found));
    if (valid > 1) errors.push(combined(`"${path}" must validate one and only one schema (oneOf). Found ${valid} valid alternatives`));
  }
  if (not !== undefined && errorsOf(not, value, path).length === 0) errors.push(combined(`"${path}" must not validate the schema (not)`));
}

function errorsOf(node: Structural, value: unknown, path: string): FieldError[] {
  const errors: FieldError[] = [];
  validateValue(node, value, { path, old: NOTHING, errors });
  return errors;
}

/** The errors of the alternative that is nearest. */
function fewest(found: readonly FieldError[][]): readonly FieldError[] {
  return found.reduce((best, each) => (each.length < best.length ? each : best));
}

/** Of a combination Kubernetes does not name the field, but in the sentence. */
function combined(text: string): FieldError {
  return invalidValue('<nil>', '', text);
}
