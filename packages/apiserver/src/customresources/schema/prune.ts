import type { MutableJson } from '@kybern/core';
import type { Decoded, Decoder } from '../../decode.ts';
import { badRequest } from '../../errors.ts';
import type { ObjectFields } from './object-meta-schema.ts';
import { fieldOf, type Structural } from './structural.ts';

/** What pruning needs besides a body. */
export interface PruneInput {
  readonly schema: Structural;
  readonly fields: ObjectFields;
}

type Fields = Record<string, unknown>;

/** Deeper data is refused: it would end the stack before it ends. */
const MAX_DEPTH = 500;

/** Where a copy is under way. */
interface Run {
  readonly fields: ObjectFields;
  pruned: boolean;
}

/**
 * Compiles the decoder of a custom kind: a private copy without the fields that the schema does not name, and without nulls where the schema allows none.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning/algorithm.go, …/defaulting/prune.go
 */
export function compilePruner({ schema, fields }: PruneInput, identity: { readonly apiVersion: string; readonly kind: string }): Decoder {
  const { apiVersion, kind } = identity;
  return (body): Decoded => {
    if (typeof body !== 'object' || body === null || Array.isArray(body)) throw badRequest('the body of the request is not an object');
    const run: Run = { fields, pruned: false };
    // The identity comes first, and metadata after it, whatever the order of the body.
    const object: MutableJson = { apiVersion, kind, metadata: undefined };
    copyResource(run, body as Fields, { node: schema, out: object, depth: 0 });
    object.apiVersion = apiVersion;
    object.kind = kind;
    object.metadata ??= {};
    return { object, pruned: run.pruned };
  };
}

interface Place {
  readonly node: Structural;
  readonly out: Fields;
  readonly depth: number;
}

/** A whole object, at the root or embedded: its identity and metadata are kept without the schema naming them. */
function copyResource(run: Run, value: Fields, { node, out, depth }: Place): Fields {
  for (const key in value) {
    const item = value[key];
    if (item === undefined) continue;
    if (key === 'metadata') {
      if (item !== null) out[key] = copyValue(run, item, run.fields.metadata, depth + 1);
    } else if (key === 'apiVersion' || key === 'kind') {
      if (item !== null) out[key] = item;
    } else copyField(run, key, item, { node, out, depth });
  }
  return out;
}

function copyField(run: Run, key: string, item: unknown, { node, out, depth }: Place): void {
  const child = fieldOf(node, key);
  if (child === undefined) {
    if (node.preserve || node.rest === true) setOwn(out, key, copyAny(item, depth + 1));
    else run.pruned = true;
  } else if (item !== null) setOwn(out, key, typeof item === 'string' ? item : copyValue(run, item, child, depth + 1));
  else if (child.nullable) setOwn(out, key, null);
}

function copyValue(run: Run, value: unknown, node: Structural, depth: number): unknown {
  if (typeof value !== 'object') return scalar(value);
  if (value === null) return null;
  if (depth > MAX_DEPTH) throw tooDeep();
  if (Array.isArray(value)) return copyList(run, value, node, depth);
  const out: Fields = {};
  if (node.embedded) return copyResource(run, value as Fields, { node, out, depth });
  // Of a list, a number or a text that should be there nothing is known, so that the answer can show what it is.
  if (node.type !== undefined && node.type !== 'object') return copyAny(value, depth);
  for (const key in value) {
    const item = (value as Fields)[key];
    if (item !== undefined) copyField(run, key, item, { node, out, depth });
  }
  return out;
}

function copyList(run: Run, value: readonly unknown[], node: Structural, depth: number): unknown[] {
  const { items } = node;
  return value.map((item) => (items === undefined ? copyAny(item ?? null, depth + 1) : copyValue(run, item ?? null, items, depth + 1)));
}

/** What nobody describes is kept as it is, nulls as well. */
function copyAny(value: unknown, depth: number): unknown {
  if (typeof value !== 'object') return scalar(value);
  if (value === null) return null;
  if (depth > MAX_DEPTH) throw tooDeep();
  if (Array.isArray(value)) return value.map((item: unknown) => copyAny(item ?? null, depth + 1));
  const out: Fields = {};
  for (const key in value) {
    const item = (value as Fields)[key];
    if (item !== undefined) setOwn(out, key, copyAny(item, depth + 1));
  }
  return out;
}

/** Assigning to `__proto__` would set the prototype; as a key of data it must become a property like any other. */
export function setOwn(target: Fields, key: string, value: unknown): void {
  if (key === '__proto__') Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
  else target[key] = value;
}

function scalar(value: unknown): unknown {
  if (typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value)) return value;
  throw badRequest(typeof value === 'number' ? `${value} is not a JSON number` : `a ${typeof value} is not JSON data`);
}

function tooDeep(): Error {
  return badRequest(`the object is nested deeper than ${MAX_DEPTH} levels`);
}

/** Paths of the fields that pruning removes, in the order of the object. */
export function prunedFields({ schema, fields }: PruneInput, value: unknown): readonly string[] {
  const found: string[] = [];
  if (typeof value === 'object' && value !== null) visitObject(value, '', { node: schema, resource: true, fields, found });
  return found;
}

interface Visit {
  readonly node: Structural;
  /** The value is a whole object. */
  readonly resource: boolean;
  readonly fields: ObjectFields;
  readonly found: string[];
}

function visit(value: unknown, path: string, at: Visit): void {
  if (typeof value !== 'object' || value === null) return;
  const { node, fields, found } = at;
  if (!Array.isArray(value)) visitObject(value, path, at);
  else if (node.items !== undefined) {
    const { items } = node;
    value.forEach((item, i) => visit(item, `${path}[${i}]`, { node: items, resource: items.embedded, fields, found }));
  }
}

function visitObject(value: object, path: string, { node, resource, fields, found }: Visit): void {
  if (!resource && node.type !== undefined && node.type !== 'object') return;
  for (const key of Object.keys(value)) {
    const at = path === '' ? key : `${path}.${key}`;
    const item = (value as Fields)[key];
    if (resource && (key === 'apiVersion' || key === 'kind')) continue;
    const child = resource && key === 'metadata' ? fields.metadata : fieldOf(node, key);
    if (child !== undefined) visit(item, at, { node: child, resource: child.embedded, fields, found });
    else if (!node.preserve && node.rest !== true) found.push(at);
  }
}
