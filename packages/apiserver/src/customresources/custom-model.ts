import { apiVersionOf, cloneJson, deepFreeze, type FieldError, type KindModel, type KubernetesObject, type MutableJson, type Schema } from '@kybern/core';
import type { JSONSchemaProps } from '@kybern/core/kinds';
import type { Decoder } from '../decode.ts';
import type { CelRules } from './cel/rules.ts';
import type { CustomVersion } from './custom-kind.ts';
import { objectSchema } from './schema/core-schema.ts';
import { fillDefaults, lacksDefaults } from './schema/defaults.ts';
import { validateEmbedded } from './schema/embedded.ts';
import { findDuplicates } from './schema/list-types.ts';
import { compileObjectFields, type ObjectFields } from './schema/object-meta-schema.ts';
import { openApiSchema } from './schema/open-api.ts';
import { compilePruner, prunedFields } from './schema/prune.ts';
import { compileStructural, type Structural } from './schema/structural.ts';
import { NOTHING, validateValue } from './schema/validate.ts';

/** A kind's model with what only custom kinds have. */
export interface CustomModel extends KindModel {
  readonly custom: CustomParts;
}

/** What is compiled from one version of a definition. */
export interface CustomParts {
  readonly decode: Decoder;
  /** A stored object as this version has it; the same reference when it is that already. Frozen. */
  read(stored: KubernetesObject): KubernetesObject;
  /** What the definition says is wrong with an object; `old` is undefined on create. What was wrong before and stays as it is passes. */
  check(object: MutableJson, old: MutableJson | undefined, errors: FieldError[]): void;
  /** The schema of the objects as an OpenAPI document has it, without identity and metadata. */
  openApi(dialect: 2 | 3): Record<string, unknown>;
}

const ANYTHING: JSONSchemaProps = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };

/** Compiles one version of a definition. The rules are loaded only where there are some. */
export async function createCustomModel({ definition, version }: CustomVersion): Promise<CustomModel> {
  const { group, names, preserveUnknownFields } = definition.spec;
  const raw = version.schema?.openAPIV3Schema ?? ANYTHING;
  const schema = compileStructural(preserveUnknownFields === true ? { ...raw, 'x-kubernetes-preserve-unknown-fields': true } : raw);
  const fields = compileObjectFields();
  const rules = hasRules(raw) ? (await import('./cel/rules.ts')).compileRules(schema) : undefined;
  const identity = { apiVersion: apiVersionOf({ group, version: version.name }), kind: names.kind };
  const prune = compilePruner({ schema, fields }, identity);
  const parts: CustomParts = {
    decode: prune,
    read: (stored) => readStored(stored, { schema, apiVersion: identity.apiVersion, prune }),
    check: (object, old, errors) => checkObject(object, old, { schema, fields, rules, errors }),
    openApi: (dialect) => openApiSchema(raw, dialect),
  };
  let coreSchema: Schema | undefined;
  return {
    get schema() {
      return (coreSchema ??= deepFreeze(objectSchema(schema, fields.metadata)));
    },
    validate: (object) => checkMetadata(object, fields),
    unknownFields: (object) => prunedFields({ schema, fields }, object),
    setDefaults: (object) => fillDefaults(schema, object),
    custom: parts,
  };
}

/** Whether a schema has rules anywhere. */
export function hasRules(raw: JSONSchemaProps): boolean {
  if ((raw['x-kubernetes-validations']?.length ?? 0) > 0) return true;
  const { properties = {}, items, additionalProperties, allOf = [] } = raw;
  const children = [...Object.values(properties), ...(Array.isArray(items) ? items : [items]), additionalProperties, ...allOf];
  return children.some((child: unknown) => typeof child === 'object' && child !== null && hasRules(child as JSONSchemaProps));
}

/** The rest of the pipeline relies on the types in metadata alone. */
function checkMetadata(object: unknown, { metadata }: ObjectFields): FieldError[] {
  const errors: FieldError[] = [];
  validateValue(metadata, (object as MutableJson).metadata, { path: 'metadata', old: NOTHING, errors });
  return errors;
}

interface Reading {
  readonly schema: Structural;
  readonly apiVersion: string;
  readonly prune: Decoder;
}

/**
 * Objects may have been stored in another version, or before a field had its default.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/apiextensions-apiserver/pkg/apiserver/conversion/nop_converter.go
 */
function readStored(stored: KubernetesObject, { schema, apiVersion, prune }: Reading): KubernetesObject {
  if (stored.apiVersion === apiVersion && !lacksDefaults(schema, stored)) return stored;
  const object: MutableJson = stored.apiVersion === apiVersion ? cloneJson(stored) : prune(stored).object;
  fillDefaults(schema, object);
  return deepFreeze(object as KubernetesObject);
}

interface Checking {
  readonly schema: Structural;
  readonly fields: ObjectFields;
  readonly rules: CelRules | undefined;
  readonly errors: FieldError[];
}

/** Reasons after which rules are not asked: they would stumble over what is wrong already. */
const STOPPING: ReadonlySet<FieldError['reason']> = new Set(['FieldValueTypeInvalid', 'FieldValueRequired', 'FieldValueTooLong', 'FieldValueTooMany']);

/** @see kubernetes v1.36 staging/src/k8s.io/apiextensions-apiserver/pkg/registry/customresource/strategy.go (Validate, ValidateUpdate) */
function checkObject(object: MutableJson, old: MutableJson | undefined, { schema, fields, rules, errors }: Checking): void {
  const before = errors.length;
  validateValue(schema, object, { path: '', old: old ?? NOTHING, errors });
  validateEmbedded(schema, object, { path: '', fields, errors });
  if (old === undefined || duplicatesOf(schema, old).length === 0) errors.push(...duplicatesOf(schema, object));
  const wrong = errors.slice(before);
  if (rules === undefined) return;
  if (wrong.some(({ reason }) => STOPPING.has(reason))) {
    if (rules.mayFail) errors.push(SKIPPED);
    return;
  }
  rules.check(object, old, errors);
}

/** Says that there may be more. */
const SKIPPED: FieldError = {
  field: '<nil>',
  reason: 'FieldValueInvalid',
  message: 'Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
};

function duplicatesOf(schema: Structural, object: unknown): FieldError[] {
  const errors: FieldError[] = [];
  findDuplicates(schema, object, '', errors);
  return errors;
}
