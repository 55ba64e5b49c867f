import { ApiError } from './api-error.ts';
import type { JsonPatchOperation } from './client.ts';
import { parsePointer } from './internal/json-pointer.ts';
import { cloneJson, deepEqual, getOwn, setOwn } from './json-data.ts';

/** As many as Kubernetes takes. */
const MAX_OPERATIONS = 10_000;
/** All `copy` operations of one patch together may copy so many values: they could double the document each time. */
const MAX_COPIED = 1_000_000;

type Container = Record<string, unknown> | unknown[];

/** Invariant: containers in `own` were made by this patch and have one place in `root`, so they may be changed in place; all others are shared. */
interface Editing {
  root: unknown;
  own: Set<unknown>;
  copied: number;
}

/**
 * Applies a JSON Patch (RFC 6902). All operations apply or none does. Neither the value nor the patch is changed: what the patch does not touch is
 * shared with the result, and a patch that changes nothing returns `value` itself.
 *
 * @returns what the patch makes of `value`, not frozen where it is new
 * @throws {ApiError} `BadRequest` when the patch is malformed, `Invalid` when it does not fit the value or a `test` fails,
 * `RequestEntityTooLarge` beyond 10,000 operations
 * @see kubernetes v1.36 staging/src/k8s.io/apiserver/pkg/endpoints/handlers/patch.go (jsonPatcher)
 */
export function applyJsonPatch<T>(value: T, operations: readonly JsonPatchOperation[]): T {
  if (!Array.isArray(operations)) throw new ApiError('BadRequest', 'a JSON patch is a list of operations');
  if (operations.length > MAX_OPERATIONS) throw new ApiError('RequestEntityTooLarge', `a JSON patch has at most ${MAX_OPERATIONS} operations`);
  const editing: Editing = { root: value, own: new Set(), copied: 0 };
  for (const operation of operations as readonly JsonPatchOperation[]) applyOperation(editing, operation);
  return editing.root as T;
}

function applyOperation(editing: Editing, operation: JsonPatchOperation): void {
  if (typeof operation !== 'object' || operation === null) throw new ApiError('BadRequest', 'an operation of a JSON patch is an object');
  const path = parsePointer(operation.path);
  switch (operation.op) {
    case 'add':
      return add(editing, path, operand(operation));
    case 'replace':
      return replace(editing, path, operand(operation));
    case 'remove':
      return remove(editing, path);
    case 'test':
      return test(editing, path, operand(operation));
    case 'move':
      return move(editing, parsePointer(operation.from), path);
    case 'copy':
      return copy(editing, parsePointer(operation.from), path);
    default:
      throw new ApiError('BadRequest', `unknown operation ${JSON.stringify((operation as { op?: unknown }).op)} in a JSON patch`);
  }
}

function operand(operation: { readonly op: string; readonly value?: unknown }): unknown {
  if (operation.value === undefined) throw new ApiError('BadRequest', `operation "${operation.op}" of a JSON patch needs a value`);
  return cloneJson(operation.value);
}

function add(editing: Editing, path: readonly string[], value: unknown): void {
  const name = path.at(-1);
  if (name === undefined) return replace(editing, path, value);
  const parent = find(editing.root, path.slice(0, -1), path);
  if (Array.isArray(parent)) {
    const index = name === '-' ? parent.length : listIndex(name, parent.length, path);
    (container(editing, path) as unknown[]).splice(index, 0, value);
  } else {
    if (!isContainer(parent)) throw missing(path);
    if (!Object.hasOwn(parent, name) || !deepEqual(getOwn(parent, name), value)) setOwn(container(editing, path) as Record<string, unknown>, name, value);
  }
}

function replace(editing: Editing, path: readonly string[], value: unknown): void {
  if (deepEqual(find(editing.root, path, path), value)) return;
  const name = path.at(-1);
  if (name === undefined) editing.root = value;
  else put(container(editing, path), name, value);
}

function remove(editing: Editing, path: readonly string[]): void {
  find(editing.root, path, path);
  const name = path.at(-1);
  if (name === undefined) throw new ApiError('Invalid', 'a JSON patch cannot remove the whole document');
  const parent = container(editing, path);
  if (Array.isArray(parent)) parent.splice(Number(name), 1);
  else delete parent[name];
}

function test(editing: Editing, path: readonly string[], value: unknown): void {
  if (!deepEqual(find(editing.root, path, path), value)) throw new ApiError('Invalid', `the test of "${show(path)}" in the JSON patch failed`);
}

function move(editing: Editing, from: readonly string[], path: readonly string[]): void {
  const value = find(editing.root, from, from);
  const within = from.every((name, i) => name === path[i]);
  if (within && from.length === path.length) return;
  if (within) throw new ApiError('Invalid', `a JSON patch cannot move "${show(from)}" into itself`);
  remove(editing, from);
  add(editing, path, value);
}

function copy(editing: Editing, from: readonly string[], path: readonly string[]): void {
  const value = find(editing.root, from, from);
  editing.copied = count(value, editing.copied);
  editing.own = new Set();
  add(editing, path, value);
}

function count(value: unknown, before: number): number {
  let total = before;
  const open = [value];
  while (open.length > 0) {
    const next = open.pop();
    total += 1;
    if (isContainer(next)) for (const item of Object.values(next)) open.push(item);
    if (total + open.length > MAX_COPIED) throw new ApiError('RequestEntityTooLarge', 'the copy operations of the JSON patch copy too much');
  }
  return total;
}

const isContainer = (value: unknown): value is Container => typeof value === 'object' && value !== null;

/** The value at the path; `whole` is for the message. */
function find(root: unknown, path: readonly string[], whole: readonly string[]): unknown {
  let value = root;
  for (const name of path) value = child(value, name, whole);
  return value;
}

function child(value: unknown, name: string, whole: readonly string[]): unknown {
  if (Array.isArray(value)) {
    const index = listIndex(name, value.length - 1, whole);
    return value[index] as unknown;
  }
  if (!isContainer(value) || !Object.hasOwn(value, name)) throw missing(whole);
  return getOwn(value, name);
}

// Differs from Kubernetes: an index is what RFC 6901 says; its JSON patch library also counts negative ones from the end.
function listIndex(name: string, last: number, whole: readonly string[]): number {
  const index = /^(0|[1-9][0-9]{0,9})$/.test(name) ? Number(name) : Infinity;
  if (index > last) throw missing(whole);
  return index;
}

/** The container that holds the last name of the path, made this patch's own together with all above it. The path exists. */
function container(editing: Editing, path: readonly string[]): Container {
  let node = own(editing, editing.root as Container);
  editing.root = node;
  for (let i = 0; i < path.length - 1; i++) {
    const name = path[i] as string;
    const next = own(editing, child(node, name, path) as Container);
    put(node, name, next);
    node = next;
  }
  return node;
}

function own(editing: Editing, node: Container): Container {
  if (editing.own.has(node)) return node;
  const mine = Array.isArray(node) ? [...(node as unknown[])] : { ...node };
  editing.own.add(mine);
  return mine;
}

function put(node: Container, name: string, value: unknown): void {
  if (Array.isArray(node)) node[Number(name)] = value;
  else setOwn(node, name, value);
}

const show = (path: readonly string[]): string => path.map((name) => `/${name}`).join('');
const missing = (path: readonly string[]): ApiError => new ApiError('Invalid', `the JSON patch names "${show(path)}", which does not exist`);
