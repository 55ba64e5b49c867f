import type { MutableJson, Schema } from '@kybern/core';
import { badRequest } from './errors.ts';

/** What {@link Decoder} made of a body. */
export interface Decoded {
  /** A private, unfrozen copy without the fields that the schema does not know. */
  readonly object: MutableJson;
  /** Whether fields were left out because the schema does not know them. */
  readonly pruned: boolean;
}

/** Copies a body and drops what the schema does not know, in one pass. @throws {ApiError} `BadRequest` when it holds what JSON cannot */
export type Decoder = (body: unknown) => Decoded;

/** How one place of the schema is copied. Children are compiled when they are first met, since schemas may be cyclic. */
interface Node {
  readonly schema: Schema;
  readonly properties: Map<string, Node | Schema> | undefined;
  readonly rest: Schema | undefined;
  readonly items: Schema | undefined;
  readonly keepsUnknown: boolean;
}

/** Deeper data is refused: it would end the stack before it ends. */
const MAX_DEPTH = 500;

/**
 * Compiles a decoder for a schema.
 *
 * Fields that are `null` or undefined are left out, as Kubernetes' decoder leaves pointers and lists unset for a JSON null.
 */
export function compileDecoder(schema: Schema): Decoder {
  const nodes = new Map<Schema, Node>();
  const nodeOf = (of: Schema): Node => {
    let node = nodes.get(of);
    if (node === undefined) nodes.set(of, (node = createNode(of)));
    return node;
  };
  let pruned = false;

  const copy = (value: unknown, node: Node, depth: number): unknown => {
    if (typeof value !== 'object') return scalar(value);
    if (value === null) return null;
    if (depth > MAX_DEPTH) throw badRequest(`the object is nested deeper than ${MAX_DEPTH} levels`);
    if (Array.isArray(value)) return copyArray(value, node, depth);
    return node.keepsUnknown && node.properties === undefined && node.rest === undefined ? copyAny(value, depth) : copyObject(value as Record<string, unknown>, node, depth);
  };
  const copyArray = (value: readonly unknown[], node: Node, depth: number): unknown[] => {
    const items = node.items === undefined ? undefined : nodeOf(node.items);
    const out = new Array<unknown>(value.length);
    for (let i = 0; i < value.length; i++) {
      const item = value[i];
      out[i] = typeof item === 'string' ? item : item === undefined ? null : items === undefined ? copyAny(item, depth + 1) : copy(item, items, depth + 1);
    }
    return out;
  };
  const copyObject = (value: Record<string, unknown>, node: Node, depth: number): Record<string, unknown> => {
    const out: Record<string, unknown> = {};
    for (const key of Object.keys(value)) {
      const item = value[key];
      if (item === undefined || item === null) continue;
      const child = childOf(node, key);
      if (child === undefined) {
        if (node.keepsUnknown) put(out, key, copyAny(item, depth + 1));
        else pruned = true;
      } else if (key === '__proto__') put(out, key, copy(item, child, depth + 1));
      else out[key] = typeof item === 'string' ? item : copy(item, child, depth + 1);
    }
    return out;
  };
  const childOf = (node: Node, key: string): Node | undefined => {
    const child = node.properties?.get(key);
    if (child === undefined) return node.rest === undefined ? undefined : nodeOf(node.rest);
    if ('keepsUnknown' in child) return child;
    const compiled = nodeOf(child);
    node.properties?.set(key, compiled);
    return compiled;
  };
  return (body) => {
    if (typeof body !== 'object' || body === null || Array.isArray(body)) throw badRequest('the body of the request is not an object');
    pruned = false;
    const object = copy(body, nodeOf(schema), 0) as MutableJson;
    return { object, pruned };
  };
}

function createNode(schema: Schema): Node {
  const properties = schema.properties === undefined ? undefined : new Map<string, Node | Schema>(Object.entries(schema.properties));
  const untyped = schema.type === undefined && properties === undefined && schema.items === undefined && schema.additionalProperties === undefined;
  const bare = schema.type === 'object' && properties === undefined && schema.additionalProperties === undefined;
  return { schema, properties, rest: schema.additionalProperties, items: schema.items, keepsUnknown: schema.preserveUnknownFields === true || untyped || bare };
}

/** A copy of JSON data of unknown shape. */
function copyAny(value: unknown, depth: number): unknown {
  if (typeof value !== 'object') return scalar(value);
  if (value === null) return null;
  if (depth > MAX_DEPTH) throw badRequest(`the object is nested deeper than ${MAX_DEPTH} levels`);
  if (Array.isArray(value)) return value.map((item) => (item === undefined ? null : copyAny(item, depth + 1)));
  const out: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    const item = (value as Record<string, unknown>)[key];
    if (item !== undefined) put(out, key, copyAny(item, depth + 1));
  }
  return out;
}

/** Assigning to `__proto__` would set the prototype; as a key of data it must become a property like any other. */
function put(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
  else target[key] = value;
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
