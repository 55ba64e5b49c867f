import type { JSONSchemaProps } from '@kybern/core/kinds';
import type { SchemaPlace } from '../definition/schema-places.ts';
import { itemsOf, valuesOf } from '../schema/structural.ts';
import { escapeName } from './names.ts';
import type { Loop } from './expression.ts';

/** The largest request. What a schema does not bound is bounded by it. */
const MAX_REQUEST_BYTES = 3 * 1024 * 1024;
/** How many items something computed is taken to have: less than Kubernetes takes, so that no rule is refused that Kubernetes takes. */
const COMPUTED_ITEMS = 10;

/**
 * What a rule costs at most: how often the innermost parts of its loops run, by the limits of the schema.
 *
 * Differs from Kubernetes, which counts every operation and the length of texts as well.
 */
export function costOfLoops(loops: readonly Loop[], schema: JSONSchemaProps): number {
  return (
    1 +
    loops.reduce(
      (sum, loop) =>
        sum +
        costOfLoop(
          loop,
          new Map([
            ['self', schema],
            ['oldSelf', schema],
          ]),
        ),
      0,
    )
  );
}

type Scope = ReadonlyMap<string, JSONSchemaProps | undefined>;

function costOfLoop({ over, variable, inner }: Loop, scope: Scope): number {
  const list = over === undefined ? undefined : find(over, scope);
  const size = list === undefined ? COMPUTED_ITEMS : sizeOf(list);
  const within = new Map(scope).set(variable, list?.type === 'array' ? itemsOf(list) : undefined);
  return size * (1 + inner.reduce((sum, loop) => sum + costOfLoop(loop, within), 0));
}

function find([root = '', ...names]: readonly string[], scope: Scope): JSONSchemaProps | undefined {
  return names.reduce<JSONSchemaProps | undefined>((schema, name) => {
    const { properties } = schema ?? {};
    return properties === undefined ? undefined : Object.entries(properties).find(([key]) => escapeName(key) === name)?.[1];
  }, scope.get(root));
}

function sizeOf(schema: JSONSchemaProps): number {
  if (schema.type === 'array') return schema.maxItems ?? Math.floor(MAX_REQUEST_BYTES / (bytesOf(itemsOf(schema)) + 1));
  return schema.maxProperties ?? Math.floor(MAX_REQUEST_BYTES / (bytesOf(valuesOf(schema)) + MIN_KEY_BYTES));
}

const MIN_KEY_BYTES = 4;

/** The shortest JSON of a value. */
function bytesOf(schema: JSONSchemaProps | undefined): number {
  const required = schema?.required ?? [];
  const fields = required.reduce((sum, name) => sum + name.length + MIN_KEY_BYTES + bytesOf(schema?.properties?.[name]), 0);
  return 2 + fields;
}

/** How often a place can occur in one object. */
export function occurrences(place: SchemaPlace): number {
  let times = 1;
  for (let at: SchemaPlace | undefined = place; at?.parent !== undefined; at = at.parent) {
    if (at.role === 'items' || at.role === 'values') times *= sizeOf(at.parent.schema);
  }
  return times;
}
