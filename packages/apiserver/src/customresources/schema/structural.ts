import type { JSONSchemaProps } from '@kybern/core/kinds';
import { compileChecks, type Check } from './checks.ts';

/** A place of a schema, compiled: what pruning, defaulting and validation ask of it at every value. */
export interface Structural {
  readonly raw: JSONSchemaProps;
  readonly type: string | undefined;
  readonly properties: ReadonlyMap<string, Structural> | undefined;
  readonly required: readonly string[];
  readonly items: Structural | undefined;
  /** The values of a map; `true`: anything. */
  readonly rest: Structural | true | undefined;
  readonly nullable: boolean;
  readonly intOrString: boolean;
  /** Fields that the schema does not name are kept. */
  readonly preserve: boolean;
  /** The value is a whole object: `apiVersion`, `kind` and `metadata` are always kept. */
  readonly embedded: boolean;
  /** Something here or below has a default. */
  readonly hasDefaults: boolean;
  /** Something here or below is a set or a keyed list. */
  readonly hasKeyedLists: boolean;
  /** Something here or below is an embedded resource. */
  readonly hasEmbedded: boolean;
  readonly checks: readonly Check[];
  readonly allOf: readonly Structural[];
  readonly anyOf: readonly Structural[];
  readonly oneOf: readonly Structural[];
  readonly not: Structural | undefined;
}

const NONE: readonly never[] = Object.freeze([]);

/** The schema of a list's items, where it is one schema. */
export function itemsOf({ items }: JSONSchemaProps): JSONSchemaProps | undefined {
  return Array.isArray(items) ? undefined : (items as JSONSchemaProps | undefined);
}

/** The schema of a map's values. */
export function valuesOf({ additionalProperties }: JSONSchemaProps): JSONSchemaProps | undefined {
  return typeof additionalProperties === 'object' ? additionalProperties : undefined;
}

/** Compiles a schema. It must be a valid one: patterns are compiled without being checked. */
export function compileStructural(raw: JSONSchemaProps): Structural {
  const { allOf = NONE, anyOf = NONE, oneOf = NONE, not, additionalProperties, required = NONE } = raw;
  const properties =
    raw.properties === undefined ? undefined : new Map(Object.entries(raw.properties).map(([name, child]) => [name, compileStructural(child)]));
  const item = itemsOf(raw);
  const items = item === undefined ? undefined : compileStructural(item);
  const rest = typeof additionalProperties === 'object' ? compileStructural(additionalProperties) : additionalProperties === true ? true : undefined;
  const children = [...(properties?.values() ?? NONE), ...(items === undefined ? NONE : [items]), ...(rest === undefined || rest === true ? NONE : [rest])];
  const some = (name: 'hasDefaults' | 'hasKeyedLists' | 'hasEmbedded'): boolean => children.some((child) => child[name]);
  const listType = raw['x-kubernetes-list-type'];
  const embedded = raw['x-kubernetes-embedded-resource'] === true;
  return {
    raw,
    type: raw.type === '' ? undefined : raw.type,
    properties,
    required,
    items,
    rest,
    nullable: raw.nullable === true,
    intOrString: raw['x-kubernetes-int-or-string'] === true,
    preserve: raw['x-kubernetes-preserve-unknown-fields'] === true,
    embedded,
    hasDefaults: raw.default !== undefined || some('hasDefaults'),
    hasKeyedLists: listType === 'set' || listType === 'map' || some('hasKeyedLists'),
    hasEmbedded: embedded || some('hasEmbedded'),
    checks: compileChecks(raw),
    allOf: allOf.map(compileStructural),
    anyOf: anyOf.map(compileStructural),
    oneOf: oneOf.map(compileStructural),
    not: not === undefined ? undefined : compileStructural(not),
  };
}

/** The schema of the value of one field of a map or object; undefined when it says nothing of it. */
export function fieldOf(node: Structural, name: string): Structural | undefined {
  const known = node.properties?.get(name);
  if (known !== undefined) return known;
  return node.rest === true ? undefined : node.rest;
}
