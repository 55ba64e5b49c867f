import type { Schema } from '@kybern/core';
import type { Structural } from './structural.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** A schema as merging, ownership and printing want it. */
export function toCoreSchema(node: Structural): Schema {
  const { raw, type, properties, required, items, rest, intOrString, nullable, preserve, embedded } = node;
  const schema: Mutable<Schema> = {};
  if (type !== undefined && !intOrString) schema.type = type as NonNullable<Schema['type']>;
  if (intOrString) schema.format = 'int-or-string';
  else if (raw.format !== undefined) schema.format = raw.format;
  if (properties !== undefined) schema.properties = propertiesOf(properties);
  if (required.length > 0) schema.required = required;
  if (items !== undefined) schema.items = toCoreSchema(items);
  if (rest !== undefined) schema.additionalProperties = rest === true ? { preserveUnknownFields: true } : toCoreSchema(rest);
  if (raw.default !== undefined) schema.default = raw.default;
  if (raw.enum !== undefined) schema.enum = raw.enum;
  const { 'x-kubernetes-list-type': listType, 'x-kubernetes-list-map-keys': listMapKeys, 'x-kubernetes-map-type': mapType } = raw;
  if (listType !== undefined) schema.listType = listType as NonNullable<Schema['listType']>;
  if (listMapKeys !== undefined) schema.listMapKeys = listMapKeys;
  if (mapType !== undefined) schema.mapType = mapType as NonNullable<Schema['mapType']>;
  if (nullable) schema.nullable = true;
  if (preserve || embedded) schema.preserveUnknownFields = true;
  return schema;
}

/** A null prototype, because a property may be named `__proto__`. */
function propertiesOf(properties: ReadonlyMap<string, Structural>): Record<string, Schema> {
  const result = Object.create(null) as Record<string, Schema>;
  for (const [name, child] of properties) result[name] = toCoreSchema(child);
  return result;
}

/** The schema of whole objects: the identity and metadata are those of every object. */
export function objectSchema(node: Structural, metadata: Structural): Schema {
  const schema = toCoreSchema(node);
  const properties = Object.assign(Object.create(null) as Record<string, Schema>, schema.properties);
  properties['apiVersion'] = { type: 'string' };
  properties['kind'] = { type: 'string' };
  properties['metadata'] = toCoreSchema(metadata);
  return { ...schema, type: 'object', properties };
}
