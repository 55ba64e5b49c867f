import type { JsonPatchOperation } from './client.ts';
import { formatPointer } from './internal/json-pointer.ts';
import { cloneJson, deepEqual, getOwn, isJsonObject } from './json-data.ts';
import type { Json } from './object.ts';

type Path = readonly (string | number)[];

/**
 * The JSON Patch (RFC 6902) that makes `to` out of `from`: `[]` when they are equal. Parts with the same identity are not looked into. Lists are
 * compared element by element between their equal beginnings and ends. A field that is `undefined` counts as absent.
 *
 * @throws {ApiError} `BadRequest` when `to` is not JSON data
 */
export function createJsonPatch(from: unknown, to: unknown): JsonPatchOperation[] {
  const operations: JsonPatchOperation[] = [];
  diff(from, to, [], operations);
  return operations;
}

function diff(from: unknown, to: unknown, path: Path, operations: JsonPatchOperation[]): void {
  if (from === to) return;
  if (isJsonObject(from) && isJsonObject(to)) diffFields(from, to, path, operations);
  else if (Array.isArray(from) && Array.isArray(to)) diffLists(from, to, path, operations);
  else operations.push({ op: 'replace', path: formatPointer(path), value: copy(to) });
}

const copy = (value: unknown): Json => cloneJson(value ?? null) as Json;

function diffFields(from: Readonly<Record<string, unknown>>, to: Readonly<Record<string, unknown>>, path: Path, operations: JsonPatchOperation[]): void {
  for (const name of Object.keys(from)) {
    if (getOwn(to, name) === undefined && getOwn(from, name) !== undefined) operations.push({ op: 'remove', path: formatPointer([...path, name]) });
  }
  for (const name of Object.keys(to)) {
    const [before, after] = [getOwn(from, name), getOwn(to, name)];
    if (after === undefined) continue;
    if (before === undefined) operations.push({ op: 'add', path: formatPointer([...path, name]), value: copy(after) });
    else if (before !== after) diff(before, after, [...path, name], operations);
  }
}

function diffLists(from: readonly unknown[], to: readonly unknown[], path: Path, operations: JsonPatchOperation[]): void {
  const shorter = Math.min(from.length, to.length);
  let start = 0;
  while (start < shorter && deepEqual(from[start], to[start])) start += 1;
  let end = 0;
  while (end < shorter - start && deepEqual(from[from.length - 1 - end], to[to.length - 1 - end])) end += 1;
  const [fromEnd, toEnd] = [from.length - end, to.length - end];
  const both = Math.min(fromEnd, toEnd);
  for (let i = start; i < both; i++) diff(from[i], to[i], [...path, i], operations);
  for (let i = fromEnd - 1; i >= both; i--) operations.push({ op: 'remove', path: formatPointer([...path, i]) });
  for (let i = both; i < toEnd; i++) operations.push({ op: 'add', path: formatPointer([...path, i]), value: copy(to[i]) });
}
