import { ApiError } from '../api-error.ts';
import { getOwn, isJsonObject, setOwn } from '../json-data.ts';
import type { Fields } from './object-edit.ts';

/** The field by which a patch says what to do with the object that holds it. */
export const DIRECTIVE = '$patch';
/** Which fields of an object stay. */
export const RETAIN_KEYS = '$retainKeys';
/** Prefix of the order that a merged list is to have. */
export const SET_ORDER = '$setElementOrder/';
/** Prefix of the values that go from a list of primitives. */
export const DELETE_FROM_LIST = '$deleteFromPrimitiveList/';

/** 400: a directive is malformed. */
export const badDirective = (message: string): ApiError => new ApiError('BadRequest', `invalid strategic merge patch: ${message}`);
/** 422: the patch does not fit the object. */
export const unfitPatch = (message: string): ApiError => new ApiError('Invalid', `the strategic merge patch does not fit: ${message}`);

/** What a patch asks for the object that it merges into. */
export function directiveOf(patch: Fields): 'replace' | 'delete' | 'merge' {
  const directive = getOwn(patch, DIRECTIVE) ?? 'merge';
  if (directive === 'replace' || directive === 'delete' || directive === 'merge') return directive;
  throw badDirective(`unknown ${DIRECTIVE} directive ${JSON.stringify(directive)}`);
}

/** The list that a directive holds. */
export function directiveList(name: string, value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw badDirective(`${name} must be a list`);
  return value;
}

const isDirective = (name: string): boolean => name === RETAIN_KEYS || name.startsWith(SET_ORDER) || name.startsWith(DELETE_FROM_LIST);

/**
 * What a part of a patch amounts to where there is nothing to merge it with: without nulls and directives. Undefined when the part itself says that
 * it is to go.
 */
export function plainValue(patch: unknown): unknown {
  if (Array.isArray(patch)) return patch.map(plainValue).filter((item) => item !== undefined);
  if (!isJsonObject(patch)) return patch;
  return Object.hasOwn(patch, DIRECTIVE) && directiveOf(patch) === 'delete' ? undefined : plainFields(patch);
}

/** {@link plainValue} of the fields, whatever the object's own directive is. */
export function plainFields(patch: Fields): Fields {
  const plain: Record<string, unknown> = {};
  for (const name of Object.keys(patch)) {
    if (name === DIRECTIVE || isDirective(name)) continue;
    const value = plainValue(getOwn(patch, name));
    if (value !== undefined && value !== null) setOwn(plain, name, value);
  }
  return plain;
}
