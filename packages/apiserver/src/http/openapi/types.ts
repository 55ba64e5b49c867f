import { apiVersionOf, type Kind, type Schema } from '@kybern/core';
import type { TypedKind } from './documents.ts';

/** A part of an OpenAPI document. */
export type Doc = Readonly<Record<string, unknown>>;

/** 2 is Swagger 2.0 (`/openapi/v2`), 3 is OpenAPI 3.0 (`/openapi/v3`). */
export type Dialect = 2 | 3;

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1';
const QUANTITY = 'io.k8s.apimachinery.pkg.api.resource.Quantity';
const INT_OR_STRING = 'io.k8s.apimachinery.pkg.util.intstr.IntOrString';

/** Formats that are types of their own in Kubernetes' documents. */
const FORMAT_TYPES: Readonly<Record<string, string>> = {
  quantity: QUANTITY,
  'int-or-string': INT_OR_STRING,
  'date-time': `${META}.Time`,
  'micro-time': `${META}.MicroTime`,
};

const FORMAT_DEFINITIONS: Readonly<Record<string, Readonly<Record<Dialect, Doc>>>> = {
  [QUANTITY]: { 2: { type: 'string' }, 3: { oneOf: [{ type: 'string' }, { type: 'number' }] } },
  [INT_OR_STRING]: { 2: { type: 'string', format: 'int-or-string' }, 3: { format: 'int-or-string', oneOf: [{ type: 'integer' }, { type: 'string' }] } },
  [`${META}.Time`]: { 2: { type: 'string', format: 'date-time' }, 3: { type: 'string', format: 'date-time' } },
  [`${META}.MicroTime`]: { 2: { type: 'string', format: 'date-time' }, 3: { type: 'string', format: 'date-time' } },
};

const LIST_META: Doc = {
  type: 'object',
  properties: {
    continue: { type: 'string' },
    remainingItemCount: { type: 'integer', format: 'int64' },
    resourceVersion: { type: 'string' },
    selfLink: { type: 'string' },
  },
};
const STATUS: Doc = {
  type: 'object',
  properties: {
    apiVersion: { type: 'string' },
    kind: { type: 'string' },
    status: { type: 'string' },
    message: { type: 'string' },
    reason: { type: 'string' },
    code: { type: 'integer', format: 'int32' },
    details: { type: 'object' },
  },
  'x-kubernetes-group-version-kind': [{ group: '', kind: 'Status', version: 'v1' }],
};

/** Collects the types that a document refers to, each once. */
export interface TypeCollector {
  /** A reference to the objects of a kind. */
  kind(typed: TypedKind): Doc;
  /** A reference to the lists of a kind. */
  list(typed: TypedKind): Doc;
  /** A reference to `meta/v1.Status`. */
  status(): Doc;
  /** All types so far, by name. */
  definitions(): Doc;
}

/** Makes a {@link TypeCollector}. */
export function createTypeCollector(dialect: Dialect): TypeCollector {
  const found = new Map<string, Doc>();
  const reference = (name: string): Doc => ({ $ref: `${dialect === 2 ? '#/definitions/' : '#/components/schemas/'}${name}` });
  /** The types are entered before they are looked into, because they may refer to themselves. */
  const define = (name: string, make: () => Doc): Doc => {
    if (!found.has(name)) {
      found.set(name, {});
      found.set(name, make());
    }
    return reference(name);
  };
  const formatType = (schema: Schema, builtin: boolean): Doc | undefined => {
    const name = builtin && schema.format !== undefined ? FORMAT_TYPES[schema.format] : undefined;
    return name === undefined ? undefined : define(name, () => FORMAT_DEFINITIONS[name]?.[dialect] ?? {});
  };
  const value = (schema: Schema, builtin: boolean): Doc => {
    const { named } = schema;
    if (named === undefined) return formatType(schema, builtin) ?? body(schema, builtin);
    const type = define(named.name, () => body(named.schema, true));
    const own = named.schema === schema ? {} : extensionsOf(schema);
    if (Object.keys(own).length === 0) return type;
    return dialect === 2 ? { ...type, ...own } : { allOf: [type], ...own };
  };
  const body = (schema: Schema, builtin: boolean): Doc => {
    const { type, format, properties, required, items, additionalProperties } = schema;
    return {
      ...(type === undefined ? {} : { type }),
      ...(format === undefined || (!builtin && format === 'int-or-string') ? {} : { format }),
      ...(properties === undefined ? {} : { properties: Object.fromEntries(Object.entries(properties).map(([name, child]) => [name, value(child, builtin)])) }),
      ...(required === undefined || required.length === 0 ? {} : { required }),
      ...(items === undefined ? {} : { items: value(items, builtin) }),
      ...(additionalProperties === undefined ? {} : { additionalProperties: value(additionalProperties, builtin) }),
      ...(schema.default === undefined ? {} : { default: schema.default }),
      ...(schema.enum === undefined ? {} : { enum: schema.enum }),
      ...extensionsOf(schema),
      ...(builtin ? {} : customExtensionsOf(schema)),
    };
  };
  const objectType = (typed: TypedKind): Doc => {
    const { kind, schema, custom } = typed;
    const fields = schema.properties?.['metadata'];
    const metadata = (): Doc => (fields === undefined ? {} : { metadata: define(`${META}.ObjectMeta`, () => body(fields, true)) });
    return define(typeName(kind, schema), () => ({
      ...(custom === undefined ? body(schema, schema.named !== undefined) : customBody(custom(dialect), metadata())),
      ...groupVersionKind(kind, kind.kind),
    }));
  };
  return {
    kind: objectType,
    list(typed) {
      const { kind, schema } = typed;
      const item = objectType(typed);
      return define(`${typeName(kind, schema).slice(0, -kind.kind.length)}${kind.listKind}`, () => ({
        type: 'object',
        required: ['items'],
        properties: {
          apiVersion: { type: 'string' },
          items: { type: 'array', items: item },
          kind: { type: 'string' },
          metadata: define(`${META}.ListMeta`, () => LIST_META),
        },
        ...groupVersionKind(kind, kind.listKind),
      }));
    },
    status: () => define(`${META}.Status`, () => STATUS),
    definitions: () => Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

/** What every object has comes before what its definition says. */
function customBody(doc: Doc, metadata: Doc): Doc {
  const { properties, ...rest } = doc as { readonly properties?: Doc };
  return { ...rest, type: 'object', properties: { apiVersion: { type: 'string' }, kind: { type: 'string' }, ...properties, ...metadata } };
}

/** Types of one's own are named by their group, turned round: `com.example.v1.Site`. */
function typeName(kind: Kind, { named }: Schema): string {
  if (named !== undefined) return named.name;
  return [...kind.group.split('.').reverse(), kind.version, kind.kind].filter((part) => part !== '').join('.');
}

function groupVersionKind({ group, version }: Kind, kind: string): Doc {
  return { 'x-kubernetes-group-version-kind': [{ group, kind, version }] };
}

function extensionsOf({ listType, listMapKeys, mapType, patchStrategy, patchMergeKey }: Schema): Doc {
  return {
    ...(listType === undefined ? {} : { 'x-kubernetes-list-type': listType }),
    ...(listMapKeys === undefined ? {} : { 'x-kubernetes-list-map-keys': listMapKeys }),
    ...(mapType === undefined ? {} : { 'x-kubernetes-map-type': mapType }),
    ...(patchStrategy === undefined ? {} : { 'x-kubernetes-patch-strategy': patchStrategy }),
    ...(patchMergeKey === undefined ? {} : { 'x-kubernetes-patch-merge-key': patchMergeKey }),
  };
}

function customExtensionsOf({ format, preserveUnknownFields, nullable }: Schema): Doc {
  return {
    ...(format === 'int-or-string' ? { 'x-kubernetes-int-or-string': true } : {}),
    ...(preserveUnknownFields === true ? { 'x-kubernetes-preserve-unknown-fields': true } : {}),
    ...(nullable === true ? { nullable } : {}),
  };
}

/** The path under which a group and version is served: `api/v1`, `apis/apps/v1`. */
export function rootOf(kind: { readonly group: string; readonly version: string }): string {
  return `${kind.group === '' ? 'api' : 'apis'}/${apiVersionOf(kind)}`;
}
