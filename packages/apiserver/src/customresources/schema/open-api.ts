import type { JSONSchemaProps } from '@kybern/core/kinds';
import { itemsOf } from './structural.ts';

type Doc = Record<string, unknown>;

const BOTH = ['description', 'type', 'format', 'title', 'required', 'enum', 'default', 'example', 'externalDocs'] as const;
const LIMITS = [
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'multipleOf',
  'minLength',
  'maxLength',
  'pattern',
  'minItems',
  'maxItems',
  'uniqueItems',
  'minProperties',
  'maxProperties',
] as const;

/**
 * A schema as an OpenAPI document has it. Version 2 has no words for alternatives and for nulls: below a place that uses them nothing is said of the
 * value, so that clients do not refuse what the server takes.
 *
 * @param dialect 2: Swagger 2.0; 3: OpenAPI 3.0
 * @see kubernetes v1.36 staging/src/k8s.io/apiextensions-apiserver/pkg/controller/openapi/v2/conversion.go (ToStructuralOpenAPIV2)
 */
export function openApiSchema(raw: JSONSchemaProps, dialect: 2 | 3): Doc {
  const doc: Doc = {};
  for (const name of [...BOTH, ...LIMITS]) if (raw[name] !== undefined) doc[name] = raw[name];
  for (const [name, value] of Object.entries(raw)) if (name.startsWith('x-kubernetes-')) doc[name] = value;
  const items = itemsOf(raw);
  if (items !== undefined) doc['items'] = openApiSchema(items, dialect);
  if (raw.properties !== undefined) doc['properties'] = fieldsOf(raw.properties, dialect);
  const { additionalProperties } = raw;
  if (typeof additionalProperties === 'object') doc['additionalProperties'] = openApiSchema(additionalProperties, dialect);
  else if (additionalProperties !== undefined && dialect === 3) doc['additionalProperties'] = additionalProperties;
  return dialect === 3 ? withCombinations(raw, doc) : withoutCombinations(raw, doc);
}

function fieldsOf(properties: NonNullable<JSONSchemaProps['properties']>, dialect: 2 | 3): Doc {
  const fields = Object.create(null) as Doc;
  for (const [name, child] of Object.entries(properties)) fields[name] = openApiSchema(child, dialect);
  return fields;
}

function withCombinations(raw: JSONSchemaProps, doc: Doc): Doc {
  if (raw.nullable === true) doc['nullable'] = true;
  for (const name of ['allOf', 'anyOf', 'oneOf'] as const) {
    const list = raw[name];
    if (list !== undefined) doc[name] = list.map((each) => openApiSchema(each, 3));
  }
  if (raw.not !== undefined) doc['not'] = openApiSchema(raw.not, 3);
  return doc;
}

function withoutCombinations(raw: JSONSchemaProps, doc: Doc): Doc {
  delete doc['example'];
  if (raw.nullable === true) {
    delete doc['type'];
    delete doc['items'];
    delete doc['properties'];
  }
  if (raw['x-kubernetes-preserve-unknown-fields'] === true) {
    delete doc['items'];
    delete doc['properties'];
    if (raw.type !== 'object') delete doc['type'];
  }
  if (raw['x-kubernetes-int-or-string'] === true) delete doc['type'];
  return doc;
}
