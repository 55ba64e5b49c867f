import type { KindDefinition } from '../define-kind.ts';
import type { FieldError, KindModel } from '../kind-model.ts';
import type { KindSchema } from '../kind-schema.ts';
import { deepFreeze, getOwn, isJsonObject } from '../json-data.ts';
import { apiVersionOf } from '../kind.ts';
import { unknownFields } from '../kinds/models/unknown-fields.ts';
import { fillDefaults } from './schema-defaults.ts';
import { CONDITIONS, METADATA, toSchema } from './structural-schema.ts';
import { compileValidator, type Validator } from './validator.ts';

/** The model of a kind of one's own, with what it was made from. */
export interface DefinedModel extends KindModel {
  /** The schema of whole objects. */
  readonly structural: KindSchema;
}

/** Makes the model of a kind from its definition. The validator is compiled at its first use. */
export function createDefinedModel(definition: KindDefinition): DefinedModel {
  const whole = deepFreeze(objectSchema(definition));
  const schema = toSchema(whole);
  let validator: Validator | undefined;
  return Object.freeze({
    schema,
    structural: whole,
    validate: (object: unknown) => {
      validator ??= compileValidator(whole);
      return [...validator(object), ...duplicates(whole, object, '')];
    },
    unknownFields: (object: unknown) => unknownFields(schema, object),
    setDefaults: (object: unknown) => fillDefaults(whole, object),
  });
}

/** The schema of whole objects. */
function objectSchema(definition: KindDefinition): KindSchema {
  const { spec, status, schema } = definition;
  const withConditions = status === undefined ? undefined : { ...status, properties: { conditions: CONDITIONS, ...status.properties } };
  return {
    ...schema,
    type: 'object',
    required: ['apiVersion', 'kind', 'metadata', ...(spec === undefined ? [] : ['spec']), ...(schema?.required ?? [])],
    properties: {
      apiVersion: { type: 'string', enum: [apiVersionOf(definition)] },
      kind: { type: 'string', enum: [definition.kind] },
      metadata: METADATA,
      ...schema?.properties,
      ...(spec === undefined ? {} : { spec: withDefault(spec) }),
      ...(withConditions === undefined ? {} : { status: withConditions }),
    },
  };
}

/** A spec that may be empty is there even when nobody wrote it, so that it can always be read. */
function withDefault(spec: KindSchema): KindSchema {
  const filledIn = (name: string): boolean => spec.properties?.[name]?.default !== undefined;
  return spec.default === undefined && (spec.required ?? []).every(filledIn) ? { ...spec, default: {} } : spec;
}

/** Elements of sets and keyed lists that are there twice, which JSON schema has no words for. */
function duplicates(schema: KindSchema, value: unknown, path: string): readonly FieldError[] {
  const { properties, items, additionalProperties } = schema;
  if (Array.isArray(value))
    return items === undefined ? [] : [...repeated(schema, value, path), ...value.flatMap((item, i) => duplicates(items, item, `${path}[${i}]`))];
  if (!isJsonObject(value)) return [];
  return Object.keys(value).flatMap((name) => {
    const field = properties === undefined ? undefined : (getOwn(properties, name) as KindSchema | undefined);
    if (field !== undefined) return duplicates(field, getOwn(value, name), path === '' ? name : `${path}.${name}`);
    return additionalProperties === undefined || additionalProperties === true ? [] : duplicates(additionalProperties, getOwn(value, name), `${path}[${name}]`);
  });
}

function repeated(schema: KindSchema, list: readonly unknown[], path: string): readonly FieldError[] {
  const type = schema['x-kubernetes-list-type'];
  if (type !== 'set' && type !== 'map') return [];
  const keys = schema['x-kubernetes-list-map-keys'];
  const seen = new Set<string>();
  return list.flatMap((item, i) => {
    const shown = keys !== undefined && isJsonObject(item) ? Object.fromEntries(keys.map((key) => [key, getOwn(item, key)])) : item;
    const identity = JSON.stringify(shown) ?? '';
    if (!seen.has(identity)) {
      seen.add(identity);
      return [];
    }
    return [{ field: `${path}[${i}]`, reason: 'FieldValueDuplicate' as const, message: `Duplicate value: ${identity}` }];
  });
}
