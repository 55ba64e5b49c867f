import type { Schema } from '../../src/kind-model.ts';
import { resolveRef, type ApiInput, type Definition, type OpenApiSchema } from './input.ts';
import type { ModulePlan } from './plan.ts';

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1.';
const EXTENSIONS = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.';

/** Types that decode by code of their own in Kubernetes: written in place, because they have no structure to share. */
const LEAVES: Readonly<Record<string, Schema>> = {
  'io.k8s.apimachinery.pkg.api.resource.Quantity': { type: 'string', format: 'quantity' },
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': { format: 'int-or-string' },
  'io.k8s.apimachinery.pkg.runtime.RawExtension': { type: 'object', preserveUnknownFields: true },
  [`${META}FieldsV1`]: { type: 'object', preserveUnknownFields: true },
  [`${META}Time`]: { type: 'string', format: 'date-time' },
  [`${META}MicroTime`]: { type: 'string', format: 'micro-time' },
  [`${META}Duration`]: { type: 'string' },
  [`${EXTENSIONS}JSON`]: { preserveUnknownFields: true },
  [`${EXTENSIONS}JSONSchemaPropsOrArray`]: { preserveUnknownFields: true },
  [`${EXTENSIONS}JSONSchemaPropsOrBool`]: { preserveUnknownFields: true },
  [`${EXTENSIONS}JSONSchemaPropsOrStringArray`]: { preserveUnknownFields: true },
};

/** Whether a definition has no structure of its own, so that it is written where it is used. */
export const leafOf = (definition: Definition): Schema | undefined => LEAVES[definition.id];

/** A schema as it is stored: references are `Name` of the same module or `module/Name`, and may have siblings that add to what they refer to. */
export type StoredSchema = Omit<Schema, 'properties' | 'items' | 'additionalProperties'> & {
  readonly $ref?: string;
  readonly properties?: Readonly<Record<string, StoredSchema>>;
  readonly items?: StoredSchema;
  readonly additionalProperties?: StoredSchema;
};

/** Turns a schema of the input into one of ours. */
export function toStored(input: ApiInput, module: ModulePlan, schema: OpenApiSchema): StoredSchema {
  const own = ownKeywords(schema);
  if (schema.$ref !== undefined) {
    const target = resolveRef(input, schema.$ref);
    return { ...(leafOf(target) ?? { $ref: target.module === module.name ? target.name : `${target.module}/${target.name}` }), ...own };
  }
  if (isAnything(schema)) return { preserveUnknownFields: true, ...own };
  const child = (part: OpenApiSchema): StoredSchema => toStored(input, module, part);
  return {
    ...own,
    ...(schema.properties === undefined
      ? {}
      : { properties: Object.fromEntries(Object.entries(schema.properties).map(([name, part]) => [name, child(part)])) }),
    ...(schema.items === undefined ? {} : { items: child(schema.items) }),
    ...(schema.additionalProperties === undefined ? {} : { additionalProperties: child(schema.additionalProperties) }),
  };
}

/** A nested `{ "type": "object" }` stands for Go's `interface{}`: the cells of a Table. */
const isAnything = (schema: OpenApiSchema): boolean => schema.type === 'object' && schema.properties === undefined && schema.additionalProperties === undefined;

function ownKeywords(schema: OpenApiSchema): StoredSchema {
  const found: Record<string, unknown> = {
    type: schema.type,
    format: schema.format,
    enum: schema.enum,
    required: schema.required,
    default: isZero(schema.default) ? undefined : schema.default,
    listType: schema['x-kubernetes-list-type'],
    listMapKeys: schema['x-kubernetes-list-map-keys'],
    mapType: schema['x-kubernetes-map-type'],
    patchStrategy: schema['x-kubernetes-patch-strategy'],
    patchMergeKey: schema['x-kubernetes-patch-merge-key'],
  };
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined));
}

/** Go's zero values, which the input gives as defaults of required fields. */
const isZero = (value: unknown): boolean => value === undefined || value === '' || value === 0 || value === false || JSON.stringify(value) === '{}';

/** Name → schema as JSON text, for every definition of a module. */
export function writeSchemas(input: ApiInput, module: ModulePlan): string {
  const lines = module.definitions
    .filter((definition) => leafOf(definition) === undefined)
    .map((definition) => {
      const stored = isAnything(definition.schema) ? { type: 'object' } : toStored(input, module, definition.schema);
      return `  ${definition.name}: '${JSON.stringify(stored).replaceAll('\\', '\\\\').replaceAll("'", "\\'")}',\n`;
    });
  return `const texts = {\n${lines.join('')}};\n`;
}

/** The modules that the schemas of `module` refer to. */
export function importedModules(input: ApiInput, module: ModulePlan): string[] {
  const found = new Set<string>();
  JSON.stringify(
    module.definitions.map(({ schema }) => toStored(input, module, schema)),
    (key: string, value: unknown) => {
      if (key === '$ref' && typeof value === 'string' && value.includes('/')) found.add(value.slice(0, value.indexOf('/')));
      return value;
    },
  );
  return [...found].sort();
}
