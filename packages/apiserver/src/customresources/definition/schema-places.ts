import type { JSONSchemaProps } from '@kybern/core/kinds';
import { itemsOf, valuesOf } from '../schema/structural.ts';

/** One place of a schema on a walk over all of it. */
export interface SchemaPlace {
  readonly schema: JSONSchemaProps;
  readonly path: string;
  readonly parent: SchemaPlace | undefined;
  /** What the place is to its parent. */
  readonly role: 'root' | 'field' | 'items' | 'values' | 'allOf' | 'anyOf' | 'oneOf' | 'not';
  /** The name of a field. */
  readonly name?: string;
}

/** All places of a schema: first those that say what values are, then what restricts them (`allOf` and its like). */
export function* schemaPlaces(place: SchemaPlace, restricting = true): Generator<SchemaPlace> {
  yield place;
  for (const child of childPlaces(place)) yield* schemaPlaces(child, restricting);
  if (restricting) for (const child of restrictingPlaces(place)) yield* schemaPlaces(child, restricting);
}

/** The fields, items and values of a place. */
export function childPlaces(parent: SchemaPlace): SchemaPlace[] {
  const { schema, path } = parent;
  const items = itemsOf(schema);
  const values = valuesOf(schema);
  return [
    ...Object.entries(schema.properties ?? {}).map(
      ([name, child]): SchemaPlace => ({ schema: child, path: `${path}.properties[${name}]`, parent, role: 'field', name }),
    ),
    ...(items === undefined ? [] : [{ schema: items, path: `${path}.items`, parent, role: 'items' as const }]),
    ...(values === undefined ? [] : [{ schema: values, path: `${path}.additionalProperties`, parent, role: 'values' as const }]),
  ];
}

/** The schemas that a place combines. */
export function restrictingPlaces(parent: SchemaPlace): SchemaPlace[] {
  const { schema, path } = parent;
  return [
    ...(['allOf', 'anyOf', 'oneOf'] as const).flatMap((role) =>
      (schema[role] ?? []).map((child, i) => ({ schema: child, path: `${path}.${role}[${i}]`, parent, role })),
    ),
    ...(schema.not === undefined ? [] : [{ schema: schema.not, path: `${path}.not`, parent, role: 'not' as const }]),
  ];
}
