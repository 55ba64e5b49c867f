import type { Doc } from './types.ts';

/**
 * A Swagger 2.0 document as protocol buffers, which older clients ask for. Holds what our documents hold; what they never hold is left out.
 *
 * @param document what `openApiV2` makes
 * @see google/gnostic-models openapiv2/OpenAPIv2.proto (Document)
 */
export function encodeOpenApiV2(document: Doc): Uint8Array {
  const info = record(document['info']);
  return message([
    string(1, document['swagger']),
    nested(2, message([string(1, info['title']), string(2, info['version'])])),
    nested(8, message(named(2, document['paths'], pathItem))),
    nested(9, message(named(1, document['definitions'], schema))),
  ]);
}

type Field = readonly Uint8Array[];

const METHODS = { get: 2, put: 3, post: 4, delete: 5, patch: 8 } as const;

function pathItem(item: Doc): Uint8Array {
  const methods = Object.entries(METHODS).flatMap(([name, field]) => (item[name] === undefined ? [] : [nested(field, operation(record(item[name])))]));
  return message([...methods, ...parameters(9, item)]);
}

function operation(of: Doc): Uint8Array {
  const responses = named(1, of['responses'], (response) =>
    message([nested(1, message([string(1, response['description']), ...schemaItem(response['schema'])]))]),
  );
  return message([
    ...strings(1, of['tags']),
    string(5, of['operationId']),
    ...strings(6, of['produces']),
    ...strings(7, of['consumes']),
    ...parameters(8, of),
    nested(9, message(responses)),
    ...strings(10, of['schemes']),
    ...extensions(13, of),
  ]);
}

function schemaItem(of: unknown): Field[] {
  return of === undefined ? [] : [nested(2, message([nested(1, schema(record(of)))]))];
}

/** `ParametersItem { Parameter { BodyParameter | NonBodyParameter { … } } }` */
function parameters(field: number, holder: Doc): Field[] {
  return list(holder['parameters']).map((each) => nested(field, message([nested(1, parameter(record(each)))])));
}

function parameter(of: Doc): Uint8Array {
  if (of['in'] === 'body')
    return message([nested(1, message([string(2, of['name']), string(3, of['in']), bool(4, of['required']), nested(5, schema(record(of['schema'])))]))]);
  const path = of['in'] === 'path';
  const body = [bool(1, of['required']), string(2, of['in']), string(4, of['name']), string(path ? 5 : 6, of['type']), bool(path ? 19 : 20, of['uniqueItems'])];
  return message([nested(2, message([nested(path ? 4 : 3, message(body))]))]);
}

function schema(of: Doc): Uint8Array {
  return message([
    string(1, of['$ref']),
    string(2, of['format']),
    ...(of['default'] === undefined ? [] : [nested(5, any(of['default']))]),
    ...strings(19, of['required']),
    ...list(of['enum']).map((value) => nested(20, any(value))),
    ...(of['additionalProperties'] === undefined ? [] : [nested(21, message([nested(1, schema(record(of['additionalProperties'])))]))]),
    ...(of['type'] === undefined ? [] : [nested(22, message([string(1, of['type'])]))]),
    ...(of['items'] === undefined ? [] : [nested(23, message([nested(1, schema(record(of['items'])))]))]),
    ...(of['properties'] === undefined ? [] : [nested(25, message(named(1, of['properties'], schema)))]),
    ...extensions(31, of),
  ]);
}

function extensions(field: number, of: Doc): Field[] {
  return Object.entries(of).flatMap(([name, value]) => (name.startsWith('x-') ? [nested(field, message([string(1, name), nested(2, any(value))]))] : []));
}

/** JSON is YAML. */
function any(value: unknown): Uint8Array {
  return message([string(2, `${JSON.stringify(value)}\n`)]);
}

function named(field: number, of: unknown, encode: (value: Doc) => Uint8Array): Field[] {
  return Object.entries(record(of)).map(([name, value]) => nested(field, message([string(1, name), nested(2, encode(record(value)))])));
}

const LENGTH_DELIMITED = 2;
const encoder = new TextEncoder();
const NOTHING: Field = [];

function message(fields: readonly Field[]): Uint8Array {
  return Buffer.concat(fields.flat());
}

function nested(field: number, bytes: Uint8Array): Field {
  return [varint(field * 8 + LENGTH_DELIMITED), varint(bytes.length), bytes];
}

function string(field: number, value: unknown): Field {
  return typeof value === 'string' && value !== '' ? nested(field, encoder.encode(value)) : NOTHING;
}

function strings(field: number, values: unknown): Field[] {
  return list(values).map((value) => string(field, value));
}

function bool(field: number, value: unknown): Field {
  return value === true ? [varint(field * 8), varint(1)] : NOTHING;
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  bytes.push(rest);
  return Uint8Array.from(bytes);
}

function record(value: unknown): Doc {
  return typeof value === 'object' && value !== null ? (value as Doc) : {};
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
