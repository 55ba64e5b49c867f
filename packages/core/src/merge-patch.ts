import { edit, edited, removeField, setField, type Fields } from './internal/object-edit.ts';
import { cloneJson, deepEqual, getOwn, isJsonObject, setOwn } from './json-data.ts';
import type { JsonObject } from './object.ts';

/**
 * Applies a JSON Merge Patch (RFC 7386): objects merge, null removes a field, everything else (lists too) replaces. Neither the value nor the patch
 * is changed; unchanged parts are shared, and a patch that changes nothing returns `value` itself.
 *
 * @returns what the patch makes of `value`, not frozen where it is new
 * @throws {ApiError} `BadRequest` when the patch is not JSON data
 */
export function applyMergePatch<T>(value: T, patch: JsonObject): T {
  return merge(value, cloneJson(patch)) as T;
}

function merge(value: unknown, patch: unknown): unknown {
  if (!isJsonObject(patch)) return deepEqual(value, patch) ? value : patch;
  const object = edit(isJsonObject(value) ? value : {});
  for (const name of Object.keys(patch)) {
    const item = getOwn(patch, name);
    if (item === null) removeField(object, name);
    else setField(object, name, merge(getOwn(object.base, name), item));
  }
  return edited(object);
}

/**
 * The JSON Merge Patch that makes `to` out of `from`: `{}` when they are equal. A null inside `to` cannot be expressed, as it means removal.
 *
 * @throws {ApiError} `BadRequest` when `to` is not JSON data
 */
export function createMergePatch(from: object, to: object): JsonObject {
  return diff(from as Fields, cloneJson(to)) as JsonObject;
}

function diff(from: Fields, to: Fields): Fields {
  const patch: Record<string, unknown> = {};
  for (const name of Object.keys(to)) {
    const [before, after] = [getOwn(from, name), getOwn(to, name)];
    if (deepEqual(before, after)) continue;
    setOwn(patch, name, isJsonObject(before) && isJsonObject(after) ? diff(before, after) : after);
  }
  for (const name of Object.keys(from)) if (getOwn(from, name) !== undefined && !Object.hasOwn(to, name)) setOwn(patch, name, null);
  return patch;
}
