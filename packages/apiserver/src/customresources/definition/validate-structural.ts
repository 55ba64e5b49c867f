import { deepEqual, type FieldError } from '@kybern/core';
import type { JSONSchemaProps } from '@kybern/core/kinds';
import { RE2JS } from 're2js';
import { forbiddenField, invalidValue, required } from '../../validation/field-errors.ts';
import { childPlaces, restrictingPlaces, schemaPlaces, type SchemaPlace } from './schema-places.ts';

type Errors = FieldError[];

/**
 * Checks that a schema is structural: that it says of every value what it is, and only restricts values in `allOf` and its like.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/apiextensions-apiserver/pkg/apiserver/schema/validation.go (ValidateStructural), …/complete.go
 */
export function validateStructural(root: SchemaPlace, errors: Errors): void {
  for (const place of schemaPlaces(root, false)) {
    checkInvariants(place, errors);
    for (const nested of restrictingPlaces(place)) checkNested(nested, { skipTypes: isIntOrStringPattern(place, nested), structural: place, errors });
    checkPattern(place, errors);
  }
}

const MISSING_TYPE = {
  root: 'must not be empty at the root',
  items: 'must not be empty for specified array items',
  other: 'must not be empty for specified object fields',
} as const;

function checkInvariants({ schema, path, role }: SchemaPlace, errors: Errors): void {
  const { type = '', items, additionalProperties } = schema;
  const embedded = schema['x-kubernetes-embedded-resource'] === true;
  const intOrString = schema['x-kubernetes-int-or-string'] === true;
  const preserve = schema['x-kubernetes-preserve-unknown-fields'] === true;
  if (type === 'array' && items === undefined) errors.push(required(`${path}.items`, 'must be specified'));
  if (additionalProperties !== undefined && role === 'root') errors.push(forbiddenField(`${path}.additionalProperties`, 'must not be used at the root'));
  if (intOrString && preserve)
    errors.push(invalidValue(`${path}.x-kubernetes-preserve-unknown-fields`, true, 'must be false if x-kubernetes-int-or-string is true'));
  if (intOrString && embedded) errors.push(invalidValue(`${path}.x-kubernetes-embedded-resource`, true, 'must be false if x-kubernetes-int-or-string is true'));
  if (embedded) checkEmbedded({ schema, path }, errors);
  else if (type === '' && !intOrString && !preserve)
    errors.push(required(`${path}.type`, role === 'root' || role === 'items' ? MISSING_TYPE[role] : MISSING_TYPE.other));
  if (role === 'root' && type !== '' && type !== 'object') errors.push(invalidValue(`${path}.type`, type, 'must be object at the root'));
  if (role === 'root' || embedded) checkObjectFields({ schema, path, role }, errors);
}

function checkEmbedded({ schema, path }: Pick<SchemaPlace, 'schema' | 'path'>, errors: Errors): void {
  const { type = '', additionalProperties, properties } = schema;
  if (type !== 'object') {
    const text = 'must be object if x-kubernetes-embedded-resource is true';
    errors.push(type === '' ? required(`${path}.type`, text) : invalidValue(`${path}.type`, type, text));
  }
  if (additionalProperties !== undefined)
    errors.push(forbiddenField(`${path}.additionalProperties`, 'must not be used if x-kubernetes-embedded-resource is set'));
  if (schema['x-kubernetes-preserve-unknown-fields'] !== true && Object.keys(properties ?? {}).length === 0)
    errors.push(required(`${path}.properties`, 'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields'));
}

/** What every object has may be restricted a little, but not described anew. */
function checkObjectFields({ schema: { properties = {} }, path, role }: Pick<SchemaPlace, 'schema' | 'path' | 'role'>, errors: Errors): void {
  for (const name of ['kind', 'apiVersion'] as const) {
    const field = own(properties, name);
    if (field !== undefined && field.type !== 'string') errors.push(invalidValue(`${path}.properties[${name}].type`, field.type ?? '', 'must be string'));
  }
  const metadata = own(properties, 'metadata');
  if (metadata === undefined) return;
  const at = `${path}.properties[metadata]`;
  if (metadata.type !== 'object') errors.push(invalidValue(`${at}.type`, metadata.type ?? '', 'must be object'));
  if (role !== 'root') return;
  const { type: _, properties: fields = {}, description: __, title: ___, default: ____, ...others } = metadata;
  const onlyNames = Object.keys(fields).every((name) => name === 'name' || name === 'generateName');
  if (!onlyNames || Object.keys(others).length > 0)
    errors.push(forbiddenField(at, 'must not specify anything other than name and generateName, but metadata is implicitly specified'));
}

function own<V>(object: Readonly<Record<string, V>>, name: string): V | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

const INT_OR_STRING: readonly JSONSchemaProps[] = [{ type: 'integer' }, { type: 'string' }];

/** `anyOf: [integer, string]` says only what `x-kubernetes-int-or-string` says too, and may stand beside it. */
function isIntOrStringPattern({ schema }: SchemaPlace, nested: SchemaPlace): boolean {
  if (nested.role === 'anyOf') return deepEqual(schema.anyOf, INT_OR_STRING);
  return nested.role === 'allOf' && nested.schema === schema.allOf?.[0] && deepEqual(nested.schema.anyOf, INT_OR_STRING);
}

const EMPTY_TEXTS = ['type', 'title', 'description'] as const;
const FALSE_FLAGS = ['nullable', 'x-kubernetes-preserve-unknown-fields', 'x-kubernetes-embedded-resource', 'x-kubernetes-int-or-string'] as const;
const UNDEFINED = ['additionalProperties', 'default', 'externalDocs', 'x-kubernetes-list-type', 'x-kubernetes-map-type'] as const;
const EMPTY_LISTS = ['x-kubernetes-list-map-keys', 'x-kubernetes-validations'] as const;

interface Nested {
  /** Types are allowed here: it is the pattern for numbers or texts. */
  readonly skipTypes: boolean;
  /** The place that the nested schema restricts; undefined: there is none, which was reported. */
  readonly structural: SchemaPlace | undefined;
  readonly errors: Errors;
}

function checkNested(place: SchemaPlace, { skipTypes, structural, errors }: Nested): void {
  const { schema, path } = place;
  const forbid = (name: string, what: string): void => void errors.push(forbiddenField(`${path}.${name}`, `must be ${what} to be structural`));
  if (!(skipTypes && place.role === 'anyOf')) for (const name of EMPTY_TEXTS) if ((schema[name] ?? '') !== '') forbid(name, 'empty');
  for (const name of FALSE_FLAGS) if (schema[name] === true) forbid(name, 'false');
  for (const name of UNDEFINED) if (schema[name] !== undefined) forbid(name, 'undefined');
  for (const name of EMPTY_LISTS) if ((schema[name]?.length ?? 0) > 0) forbid(name, 'empty');
  if (schema.properties !== undefined && Object.hasOwn(schema.properties, 'metadata'))
    errors.push(forbiddenField(`${path}.properties[metadata]`, 'must not be specified in a nested context'));
  checkPattern(place, errors);
  for (const child of childPlaces(place)) checkNested(child, { skipTypes: false, structural: counterpart(child, structural, errors), errors });
  for (const child of restrictingPlaces(place)) checkNested(child, { skipTypes, structural, errors });
}

/** What a restriction is about must be described outside of restrictions too. */
function counterpart(child: SchemaPlace, structural: SchemaPlace | undefined, errors: Errors): SchemaPlace | undefined {
  if (structural === undefined) return undefined;
  const found = childPlaces(structural).find(({ role, name }) => role === child.role && name === child.name);
  if (found !== undefined) return found;
  const at = child.role === 'items' ? `${structural.path}.items` : `${structural.path}.properties[${child.name ?? ''}]`;
  if (child.role !== 'values') errors.push(required(at, `because it is defined in ${child.path}`));
  return undefined;
}

function checkPattern({ schema: { pattern = '' }, path }: SchemaPlace, errors: Errors): void {
  if (pattern === '') return;
  try {
    RE2JS.compile(pattern);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    errors.push(invalidValue(`${path}.pattern`, pattern, `must be a valid regular expression, but isn't: ${why}`));
  }
}
