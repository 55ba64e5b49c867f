import type { Schema } from '../../kind-model.ts';

/** Paths of fields that the schema does not know, in the order of the object, such as `spec.containers[0].imagee`. */
export function unknownFields(schema: Schema, value: unknown): readonly string[] {
  const found: string[] = [];
  visit(schema, value, '', found);
  return found;
}

function visit(schema: Schema, value: unknown, path: string, found: string[]): void {
  if (typeof value !== 'object' || value === null || schema.preserveUnknownFields === true) return;
  if (Array.isArray(value)) {
    const { items } = schema;
    if (items !== undefined) value.forEach((item, index) => visit(items, item, `${path}[${index}]`, found));
    return;
  }
  visitFields(schema, value, path, found);
}

function visitFields(schema: Schema, value: object, path: string, found: string[]): void {
  const { properties, additionalProperties } = schema;
  for (const [name, child] of Object.entries(value)) {
    const known = properties !== undefined && Object.hasOwn(properties, name) ? properties[name] : undefined;
    if (known !== undefined) visit(known, child, path === '' ? name : `${path}.${name}`, found);
    else if (additionalProperties !== undefined) visit(additionalProperties, child, `${path}[${name}]`, found);
    else found.push(path === '' ? name : `${path}.${name}`);
  }
}
