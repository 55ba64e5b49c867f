import type { KindSchema } from '../kind-schema.ts';
import { cloneJson, getOwn, isJsonObject, setOwn } from '../json-data.ts';

/**
 * Fills in the defaults of a structural schema, in place. A null where the schema allows none is taken as absent.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting/algorithm.go
 */
export function fillDefaults(schema: KindSchema, value: unknown): void {
  const { properties, items, additionalProperties } = schema;
  if (Array.isArray(value)) {
    if (items !== undefined) for (const item of value) fillDefaults(items, item);
    return;
  }
  if (!isJsonObject(value)) return;
  if (properties !== undefined) for (const name of Object.keys(properties)) fillField(value, name, properties[name] as KindSchema);
  if (additionalProperties !== undefined && additionalProperties !== true)
    for (const name of Object.keys(value)) fillDefaults(additionalProperties, getOwn(value, name));
}

function fillField(object: Record<string, unknown>, name: string, schema: KindSchema): void {
  const value = getOwn(object, name);
  const absent = value === undefined || (value === null && schema.nullable !== true);
  if (absent && schema.default !== undefined) setOwn(object, name, cloneJson(schema.default));
  fillDefaults(schema, getOwn(object, name));
}
