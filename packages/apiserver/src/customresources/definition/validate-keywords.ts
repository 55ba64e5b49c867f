import type { FieldError } from '@kybern/core';
import type { JSONSchemaProps } from '@kybern/core/kinds';
import { forbiddenField, invalidValue, notSupported, required } from '../../validation/field-errors.ts';
import { itemsOf } from '../schema/structural.ts';
import type { SchemaPlace } from './schema-places.ts';

const UNSUPPORTED = ['id', 'additionalItems', 'patternProperties', 'definitions', 'dependencies', '$ref'] as const;
const TYPES = ['array', 'boolean', 'integer', 'number', 'object', 'string'];

/**
 * Keywords that definitions cannot have, and those that go together.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation/validation.go (specStandardValidatorV3, ValidateCustomResourceDefinitionOpenAPISchema)
 */
export function validateKeywords({ schema, path, role }: SchemaPlace, errors: FieldError[]): void {
  for (const name of UNSUPPORTED)
    if (schema[name] !== undefined && schema[name] !== '') errors.push(forbiddenField(`${path}.${name}`, `${name} is not supported`));
  if (schema.uniqueItems === true)
    errors.push(forbiddenField(`${path}.uniqueItems`, 'uniqueItems cannot be set to true since the runtime complexity becomes quadratic'));
  if (schema.type === 'null') errors.push(forbiddenField(`${path}.type`, 'type cannot be set to null, use nullable as an alternative'));
  else if (schema.type !== undefined && schema.type !== '' && !TYPES.includes(schema.type)) errors.push(notSupported(`${path}.type`, schema.type, TYPES));
  if (Array.isArray(schema.items)) errors.push(forbiddenField(`${path}.items`, 'items must be a schema object and not an array'));
  if (schema.additionalProperties === false) errors.push(forbiddenField(`${path}.additionalProperties`, 'additionalProperties cannot be set to false'));
  else if (typeof schema.additionalProperties === 'object' && Object.keys(schema.properties ?? {}).length > 0)
    errors.push(forbiddenField(`${path}.additionalProperties`, 'additionalProperties and properties are mutual exclusive'));
  if (schema['x-kubernetes-preserve-unknown-fields'] === false)
    errors.push(invalidValue(`${path}.x-kubernetes-preserve-unknown-fields`, false, 'must be true or undefined'));
  if (role === 'root' && schema.nullable === true) errors.push(forbiddenField(`${path}.nullable`, 'nullable cannot be true at the root'));
  validateMapType(schema, path, errors);
  validateListType(schema, path, errors);
}

function mustBe(schema: JSONSchemaProps, path: string, wanted: { readonly type: string; readonly because: string }): FieldError[] {
  const { type = '' } = schema;
  if (type === wanted.type) return [];
  const text = `must be ${wanted.type} if ${wanted.because} is specified`;
  return [type === '' ? required(`${path}.type`, text) : invalidValue(`${path}.type`, type, text)];
}

function validateMapType(schema: JSONSchemaProps, path: string, errors: FieldError[]): void {
  const mapType = schema['x-kubernetes-map-type'];
  if (mapType === undefined) return;
  errors.push(...mustBe(schema, path, { type: 'object', because: 'x-kubernetes-map-type' }));
  if (mapType !== 'atomic' && mapType !== 'granular') errors.push(notSupported(`${path}.x-kubernetes-map-type`, mapType, ['atomic', 'granular']));
}

function validateListType(schema: JSONSchemaProps, path: string, errors: FieldError[]): void {
  const listType = schema['x-kubernetes-list-type'];
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  if (listType !== undefined) {
    errors.push(...mustBe(schema, path, { type: 'array', because: 'x-kubernetes-list-type' }));
    if (!['atomic', 'set', 'map'].includes(listType)) errors.push(notSupported(`${path}.x-kubernetes-list-type`, listType, ['atomic', 'map', 'set']));
  }
  if (keys.length > 0 && listType !== 'map') {
    const text = 'must be map if x-kubernetes-list-map-keys is non-empty';
    const at = `${path}.x-kubernetes-list-type`;
    errors.push(listType === undefined ? required(at, text) : invalidValue(at, listType, text));
  }
  if (listType === 'set') validateSetItems(schema, path, errors);
  if (listType === 'map') validateKeyedItems(schema, path, errors);
}

function validateSetItems(schema: JSONSchemaProps, path: string, errors: FieldError[]): void {
  const items = itemsOf(schema);
  if (items === undefined) return;
  if (items.nullable === true) errors.push(forbiddenField(`${path}.items.nullable`, 'cannot be nullable when x-kubernetes-list-type is "set"'));
  for (const [type, keyword] of [
    ['object', 'x-kubernetes-map-type'],
    ['array', 'x-kubernetes-list-type'],
  ] as const) {
    const given = items[keyword];
    const isDefault = type === 'array' && given === undefined;
    if (items.type !== type || given === 'atomic' || isDefault) continue;
    const text = 'must be atomic as item of a list with x-kubernetes-list-type=set';
    errors.push(given === undefined ? required(`${path}.items.${keyword}`, text) : invalidValue(`${path}.items.${keyword}`, given, text));
  }
}

function validateKeyedItems(schema: JSONSchemaProps, path: string, errors: FieldError[]): void {
  const items = itemsOf(schema);
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  const at = `${path}.x-kubernetes-list-map-keys`;
  if (keys.length === 0) errors.push(required(at, 'must not be empty if x-kubernetes-list-type is map'));
  if (items === undefined) {
    errors.push(required(`${path}.items`, 'must have a schema if x-kubernetes-list-type is map'));
    return;
  }
  if (items.type !== 'object')
    errors.push(invalidValue(`${path}.items.type`, items.type ?? '', "must be object if parent array's x-kubernetes-list-type is map"));
  if (items.nullable === true) errors.push(forbiddenField(`${path}.items.nullable`, 'cannot be nullable when x-kubernetes-list-type is "map"'));
  if (new Set(keys).size < keys.length) errors.push(invalidValue(at, keys, 'must not contain duplicate entries'));
  keys.forEach((key, i) => validateKey(key, { items, path, at: `${at}[${i}]`, errors }));
}

function validateKey(key: string, { items, path, at, errors }: { items: JSONSchemaProps; path: string; at: string; errors: FieldError[] }): void {
  const property = items.properties !== undefined && Object.hasOwn(items.properties, key) ? items.properties[key] : undefined;
  const place = `${path}.items.properties[${key}]`;
  if (property === undefined) {
    errors.push(invalidValue(at, key, 'entries must all be names of item properties'));
    return;
  }
  if (property.type === 'object' || property.type === 'array')
    errors.push(invalidValue(`${place}.type`, property.type, "must be a scalar type if parent array's x-kubernetes-list-type is map"));
  if (property.nullable === true) errors.push(forbiddenField(`${place}.nullable`, 'this property is in x-kubernetes-list-map-keys, so it cannot be nullable'));
  if (items.required?.includes(key) !== true && property.default === undefined)
    errors.push(required(`${place}.default`, 'this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property'));
}
