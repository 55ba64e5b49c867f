import type { MutableJson, Schema } from '@kybern/core';
import { badRequest } from './errors.ts';

/** What {@link Decoder} made of a body. */
export interface Decoded {
  /** A private, unfrozen copy without the fields that the schema does not know. */
  readonly object: MutableJson;
  /** Whether fields were left out because the schema does not know them. */
  readonly pruned: boolean;
}

/**
 * Copies a body and drops what the schema does not know, in one pass.
 *
 * @param known a frozen object that was decoded before: the parts that the body has from it, by reference, are not copied
 * @throws {ApiError} `BadRequest` when it holds what JSON cannot
 */
export type Decoder = (body: unknown, known?: object) => Decoded;

/** How one place of the schema is copied. Invariant: the fields after `schema` are filled in exactly when `compiled` is true. */
interface Node {
  readonly schema: Schema;
  compiled: boolean;
  properties: Map<string, Node> | undefined;
  /** For keys that `properties` does not have. */
  rest: Node | undefined;
  items: Node | undefined;
  keepsUnknown: boolean;
}

/** Where a copy is under way. */
interface Run {
  pruned: boolean;
  /** What is known of the place whose copy comes next: its fields or items that the body has, too, need no copy. */
  known: object | undefined;
  readonly compile: (node: Node) => void;
}

type Fields = Record<string, unknown>;

/** Deeper data is refused: it would end the stack before it ends. */
const MAX_DEPTH = 500;

/**
 * Compiles a decoder for a schema.
 *
 * Fields that are `null` or undefined are left out, as Kubernetes' decoder leaves pointers and lists unset for a JSON null; unless the schema says that
 * null is a value.
 *
 * @param identity what the copy says it is, whatever the body says; it comes first in the copy, and metadata follows
 */
export function compileDecoder(schema: Schema, identity: { readonly apiVersion: string; readonly kind: string }): Decoder {
  const { apiVersion, kind } = identity;
  const nodes = new Map<Schema, Node>();
  const nodeOf = (of: Schema): Node => {
    let node = nodes.get(of);
    if (node === undefined)
      nodes.set(of, (node = { schema: of, compiled: false, properties: undefined, rest: undefined, items: undefined, keepsUnknown: false }));
    return node;
  };
  const root = nodeOf(schema);
  const compile = (node: Node): void => compileNode(node, nodeOf);
  return (body, known) => {
    if (typeof body !== 'object' || body === null || Array.isArray(body)) throw badRequest('the body of the request is not an object');
    const run: Run = { pruned: false, known, compile };
    const object: MutableJson = { apiVersion, kind, metadata: undefined };
    copyFields(run, body as Fields, root, object, 0);
    object.apiVersion = apiVersion;
    object.kind = kind;
    object.metadata ??= {};
    if (object.metadata === (known as Fields | undefined)?.metadata) object.metadata = { ...object.metadata };
    return { object, pruned: run.pruned };
  };
}

/** Children are looked at when their parent is first met, since schemas may be cyclic. */
function compileNode(node: Node, nodeOf: (schema: Schema) => Node): void {
  const { type, properties, items, additionalProperties, preserveUnknownFields } = node.schema;
  const shapeless = properties === undefined && items === undefined && additionalProperties === undefined && (type === undefined || type === 'object');
  if (properties !== undefined) node.properties = new Map(Object.entries(properties).map(([name, child]) => [name, nodeOf(child)]));
  if (items !== undefined) node.items = nodeOf(items);
  if (additionalProperties !== undefined) node.rest = nodeOf(additionalProperties);
  node.keepsUnknown = preserveUnknownFields === true || shapeless;
  node.compiled = true;
}

// The walk below is the hottest code of a write: no closures, no options objects, one Map look-up per field.

/** `node` is undefined below what the schema describes: there everything is kept. */
function copyValue(run: Run, value: unknown, node: Node | undefined, depth: number): unknown {
  if (typeof value !== 'object') return scalar(value);
  if (value === null) return null;
  if (depth > MAX_DEPTH) throw badRequest(`the object is nested deeper than ${MAX_DEPTH} levels`);
  return Array.isArray(value) ? copyArray(run, value, node, depth) : copyObject(run, value as Fields, node, depth);
}

/** A part that is known already is taken as it is; else a copy of it. */
function copyPart(run: Run, value: unknown, node: Node | undefined, depth: number, known: unknown): unknown {
  if (value === known) return value;
  run.known = typeof known === 'object' && known !== null ? known : undefined;
  return copyValue(run, value, node, depth);
}

function copyArray(run: Run, value: readonly unknown[], node: Node | undefined, depth: number): unknown[] {
  if (node !== undefined && !node.compiled) run.compile(node);
  const known = run.known as readonly unknown[] | undefined;
  const items = node?.items;
  const out = new Array<unknown>(value.length);
  for (let i = 0; i < value.length; i++) {
    const item = value[i];
    out[i] = typeof item === 'string' ? item : item === undefined ? null : copyPart(run, item, items, depth + 1, known?.[i]);
  }
  return out;
}

function copyObject(run: Run, value: Fields, node: Node | undefined, depth: number): Fields {
  if (node === undefined) return copyAny(run, value, depth);
  if (!node.compiled) run.compile(node);
  if (node.properties === undefined && node.rest === undefined) return copyAny(run, value, depth);
  return copyFields(run, value, node, {}, depth);
}

function copyFields(run: Run, value: Fields, node: Node, out: Fields, depth: number): Fields {
  if (!node.compiled) run.compile(node);
  const { properties, rest } = node;
  const known = run.known as Fields | undefined;
  for (const key in value) {
    const item = value[key];
    if (item === undefined) continue;
    const child = properties?.get(key) ?? rest;
    if (item === null && child?.schema.nullable !== true) continue;
    if (child === undefined && !node.keepsUnknown) run.pruned = true;
    else if (key === '__proto__') setOwn(out, key, copyPart(run, item, child, depth + 1, known?.[key]));
    else out[key] = typeof item === 'string' ? item : copyPart(run, item, child, depth + 1, known?.[key]);
  }
  return out;
}

/** Fields of which nothing is known are kept, nulls as well. */
function copyAny(run: Run, value: Fields, depth: number): Fields {
  const out: Fields = {};
  const known = run.known as Fields | undefined;
  for (const key in value) {
    const item = value[key];
    if (item === undefined) continue;
    const copy = copyPart(run, item, undefined, depth + 1, known?.[key]);
    if (key === '__proto__') setOwn(out, key, copy);
    else out[key] = copy;
  }
  return out;
}

/** Assigning to `__proto__` would set the prototype; as a key of data it must become a property like any other. */
function setOwn(target: Fields, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
}

function scalar(value: unknown): unknown {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      if (Number.isFinite(value)) return value;
      throw badRequest(`${value} is not a JSON number`);
    default:
      throw badRequest(`a ${typeof value} is not JSON data`);
  }
}
