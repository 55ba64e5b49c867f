import type { Schema } from '../kind-model.ts';

/** How one place of an object is owned: as one value, or part by part. Made by {@link fieldTypeOf}; types are made as they are met, so they may be cyclic. */
export interface FieldType {
  /** A map here is one value: its fields are not owned one by one. */
  readonly atomicMap: boolean;
  /** What tells the elements of a list apart: nothing (the list is one value), their value, or some of their fields. */
  readonly list: ListIdentity;
  /** A field of a map here. */
  field(name: string): FieldPlace;
  /** The elements of a list here. */
  items(): FieldType;
}

/** What tells the elements of a list apart. `keys` are sorted by name. */
export type ListIdentity = { readonly by: 'nothing' } | { readonly by: 'value' } | { readonly by: 'keys'; readonly keys: readonly ListKey[] };

/** A field that is part of an element's identity. */
export interface ListKey {
  readonly name: string;
  /** What an element without the field is taken to have; undefined: there is no default. */
  readonly default: unknown;
}

/** One field of a map. */
export interface FieldPlace {
  /** The field as an element of a path: `f:name`. */
  readonly element: string;
  /** The schema names this field; otherwise it is a key of a map. */
  readonly named: boolean;
  readonly type: FieldType;
}

const ATOMIC: ListIdentity = { by: 'nothing' };
const BY_VALUE: ListIdentity = { by: 'value' };

const schemaless = (atomicMap: boolean): FieldType => {
  const type: FieldType = {
    atomicMap,
    list: ATOMIC,
    field: (name) => ({ element: `f:${name}`, named: false, type }),
    items: () => type,
  };
  return type;
};

/** Nothing is known: maps are owned field by field, lists as a whole. */
const DEDUCED: FieldType = schemaless(false);
/** A value of any shape that the schema does not describe further. */
const OPAQUE: FieldType = schemaless(true);

/**
 * Compiles how objects of a schema are owned: `listType`, `listMapKeys` and `mapType`, or where a list has none of them its strategic merge keys; lists are
 * otherwise one value, maps are not. Keep the result: what it learns is shared by all calls that use it.
 *
 * @param schema undefined: nothing is known, so maps are owned field by field and lists as a whole
 * @see kubernetes v1.36 sigs.k8s.io/structured-merge-diff and kube-openapi pkg/schemaconv (how OpenAPI becomes their schema)
 */
export function fieldTypeOf(schema: Schema | undefined): FieldType {
  const types = new Map<Schema, FieldType>();
  const typeOf = (of: Schema): FieldType => {
    let type = types.get(of);
    if (type === undefined) types.set(of, (type = compile(of, typeOf)));
    return type;
  };
  return schema === undefined ? DEDUCED : typeOf(schema);
}

function compile(schema: Schema, typeOf: (schema: Schema) => FieldType): FieldType {
  const { type, properties, items, additionalProperties, preserveUnknownFields, mapType } = schema;
  if (type === undefined && properties === undefined && items === undefined && additionalProperties === undefined)
    return preserveUnknownFields === true ? DEDUCED : OPAQUE;
  const fields = new Map<string, FieldPlace>();
  const rest = (): FieldType => (additionalProperties !== undefined ? typeOf(additionalProperties) : preserveUnknownFields === true ? DEDUCED : OPAQUE);
  return {
    atomicMap: mapType === 'atomic',
    list: listIdentity(schema),
    field(name) {
      const known = fields.get(name);
      if (known !== undefined) return known;
      const own = properties !== undefined && Object.hasOwn(properties, name) ? properties[name] : undefined;
      if (own === undefined) return { element: `f:${name}`, named: false, type: rest() };
      const place: FieldPlace = { element: `f:${name}`, named: true, type: typeOf(own) };
      fields.set(name, place);
      return place;
    },
    items: () => (items === undefined ? OPAQUE : typeOf(items)),
  };
}

function listIdentity({ listType, listMapKeys, patchStrategy, patchMergeKey, items }: Schema): ListIdentity {
  if (listType === 'atomic') return ATOMIC;
  if (listType === 'set') return BY_VALUE;
  if (listType === 'map') return byKeys(listMapKeys ?? [], items);
  if (patchStrategy?.split(',').includes('merge') !== true) return ATOMIC;
  return patchMergeKey === undefined ? BY_VALUE : byKeys([patchMergeKey], items);
}

function byKeys(names: readonly string[], items: Schema | undefined): ListIdentity {
  const properties = items?.properties ?? {};
  const keys = [...names].sort().map((name) => ({ name, default: Object.hasOwn(properties, name) ? properties[name]?.default : undefined }));
  return keys.length === 0 ? ATOMIC : { by: 'keys', keys };
}
