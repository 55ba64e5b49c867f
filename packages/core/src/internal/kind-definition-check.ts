import { ApiError } from '../api-error.ts';
import type { FieldError } from '../kind-model.ts';
import type { KindSchema } from '../kind-schema.ts';
import { isJsonObject } from '../json-data.ts';
import { isDns1035Label, isDns1123Subdomain } from '../names.ts';

const TYPES: ReadonlySet<unknown> = new Set(['object', 'array', 'string', 'integer', 'number', 'boolean']);
const TEXT = ['format', 'title', 'description', 'pattern'] as const;
const FLAGS = ['nullable', 'exclusiveMinimum', 'exclusiveMaximum', 'x-kubernetes-int-or-string', 'x-kubernetes-preserve-unknown-fields'] as const;
const NUMBERS = ['minimum', 'maximum', 'multipleOf', 'minLength', 'maxLength', 'minItems', 'maxItems', 'minProperties', 'maxProperties'] as const;
const SCHEMA_LISTS = ['allOf', 'anyOf', 'oneOf'] as const;
const KNOWN: ReadonlySet<string> = new Set([
  ...TEXT,
  ...FLAGS,
  ...NUMBERS,
  ...SCHEMA_LISTS,
  'type',
  'default',
  'example',
  'enum',
  'properties',
  'required',
  'items',
  'additionalProperties',
  'not',
  'x-kubernetes-list-type',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-map-type',
]);
const MAX_DEPTH = 100;

type Definition = Readonly<Record<string, unknown>>;
type Report = (field: string, message: string, reason?: FieldError['reason']) => void;

/**
 * Refuses a definition that is not valid, with all that is wrong.
 *
 * @throws {ApiError} `Invalid`
 */
export function checkDefinition(definition: object): void {
  const errors: FieldError[] = [];
  const report: Report = (field, message, reason = 'FieldValueInvalid') => errors.push({ field, message, reason });
  const input = definition as Definition;
  checkNames(input, report);
  for (const part of ['spec', 'status', 'schema']) {
    if (input[part] === undefined) continue;
    checkSchema(input[part], part, { report, depth: 0 });
    if (isJsonObject(input[part]) && input[part]['type'] !== 'object') report(`${part}.type`, 'must be object');
  }
  checkFields(input, report);
  if (errors.length === 0) return;
  const texts = errors.map((error) => `${error.field}: ${error.message}`);
  throw new ApiError('Invalid', `the definition of kind "${String(input['kind'])}" is invalid: ${texts.join('; ')}`, {
    details: { kind: 'CustomResourceDefinition', name: String(input['kind']), causes: errors },
  });
}

function checkNames(input: Definition, report: Report): void {
  const { group, version, kind, scope } = input;
  if (typeof group !== 'string' || !isDns1123Subdomain(group)) report('group', `must be a DNS name such as tools.example.com, not ${show(group)}`);
  if (typeof version !== 'string' || !isDns1035Label(version)) report('version', `must be a name such as v1, not ${show(version)}`);
  if (typeof kind !== 'string' || !/^[A-Z][A-Za-z0-9]{0,62}$/.test(kind))
    report('kind', `must be letters and digits beginning with a capital, not ${show(kind)}`);
  if (scope !== 'Namespaced' && scope !== 'Cluster') report('scope', `must be Namespaced or Cluster, not ${show(scope)}`, 'FieldValueNotSupported');
  for (const name of ['plural', 'singular']) if (input[name] !== undefined) checkLabel(name, input[name], report);
  for (const name of ['shortNames', 'categories']) {
    const list = input[name];
    if (list === undefined) continue;
    if (Array.isArray(list)) list.forEach((item, i) => checkLabel(`${name}[${i}]`, item, report));
    else report(name, 'must be a list of names', 'FieldValueTypeInvalid');
  }
}

function checkLabel(field: string, value: unknown, report: Report): void {
  if (typeof value !== 'string' || !isDns1035Label(value))
    report(field, `must be lower case letters, digits and "-", beginning with a letter, not ${show(value)}`);
}

const show = (value: unknown): string => JSON.stringify(value) ?? String(value);

/** The envelope is implied, and each field is defined once. */
function checkFields(input: Definition, report: Report): void {
  const schema = input['schema'] as KindSchema | undefined;
  for (const name of ['apiVersion', 'kind', 'metadata']) {
    if (schema?.properties !== undefined && Object.hasOwn(schema.properties, name)) report(`schema.properties.${name}`, 'is implied', 'FieldValueForbidden');
  }
  for (const name of ['spec', 'status']) {
    const twice = schema?.properties !== undefined && Object.hasOwn(schema.properties, name);
    if (twice) report(`schema.properties.${name}`, `must be given as ${name}`, 'FieldValueForbidden');
  }
}

interface Context {
  readonly report: Report;
  readonly depth: number;
  /** Inside allOf, anyOf, oneOf and not: such schemas restrict values and say nothing of types. */
  readonly restricting?: boolean;
}

function checkSchema(schema: unknown, path: string, context: Context): void {
  const { report, depth, restricting = false } = context;
  if (!isJsonObject(schema)) return report(path, 'must be a schema', 'FieldValueTypeInvalid');
  if (depth > MAX_DEPTH) return report(path, `is nested deeper than ${MAX_DEPTH} levels`);
  for (const name of Object.keys(schema)) if (!KNOWN.has(name)) report(`${path}.${name}`, 'is not part of structural schemas', 'FieldValueForbidden');
  checkKeywords(schema, path, report);
  if (!restricting) checkType(schema, path, report);
  checkLists(schema, path, report);
  checkChildren(schema, path, context);
}

function checkKeywords(schema: Definition, path: string, report: Report): void {
  const expect = (names: readonly string[], type: string): void => {
    for (const name of names) {
      if (schema[name] !== undefined && typeof schema[name] !== type) report(`${path}.${name}`, `must be a ${type}`, 'FieldValueTypeInvalid');
    }
  };
  expect(TEXT, 'string');
  expect(FLAGS, 'boolean');
  expect(NUMBERS, 'number');
  const { pattern } = schema;
  if (typeof pattern === 'string' && !isPattern(pattern)) report(`${path}.pattern`, `is not a regular expression: ${show(pattern)}`);
  if (schema['enum'] !== undefined && !(Array.isArray(schema['enum']) && schema['enum'].length > 0))
    report(`${path}.enum`, 'must be a list of at least one value');
}

function isPattern(pattern: string): boolean {
  try {
    return new RegExp(pattern, 'u') instanceof RegExp;
  } catch {
    return false;
  }
}

function checkType(schema: Definition, path: string, report: Report): void {
  const { type } = schema;
  const free = schema['x-kubernetes-int-or-string'] === true || schema['x-kubernetes-preserve-unknown-fields'] === true;
  if (type === undefined && !free) report(`${path}.type`, 'is required', 'FieldValueRequired');
  if (type !== undefined && !TYPES.has(type)) report(`${path}.type`, `must be one of ${[...TYPES].join(', ')}, not ${show(type)}`, 'FieldValueNotSupported');
  if (type !== undefined && schema['x-kubernetes-int-or-string'] === true)
    report(`${path}.type`, 'must not be given beside x-kubernetes-int-or-string', 'FieldValueForbidden');
  if (type === 'array' && schema['items'] === undefined) report(`${path}.items`, 'is required', 'FieldValueRequired');
  const misplaced = (name: string, wanted: string): void => {
    if (schema[name] !== undefined && type !== wanted) report(`${path}.${name}`, `needs type ${wanted}`, 'FieldValueForbidden');
  };
  for (const name of ['properties', 'additionalProperties', 'required', 'x-kubernetes-map-type']) misplaced(name, 'object');
  for (const name of ['items', 'x-kubernetes-list-type', 'x-kubernetes-list-map-keys']) misplaced(name, 'array');
  if (schema['properties'] !== undefined && schema['additionalProperties'] !== undefined) {
    report(`${path}.additionalProperties`, 'cannot stand beside properties', 'FieldValueForbidden');
  }
}

function checkLists(schema: Definition, path: string, report: Report): void {
  const { required, properties, items } = schema;
  if (required !== undefined) {
    if (!Array.isArray(required)) report(`${path}.required`, 'must be a list of names', 'FieldValueTypeInvalid');
    else if (isJsonObject(properties)) {
      for (const name of required as readonly unknown[]) {
        if (typeof name !== 'string' || !Object.hasOwn(properties, name))
          report(`${path}.required`, `there is no property ${show(name)}`, 'FieldValueNotFound');
      }
    }
  }
  const keys = schema['x-kubernetes-list-map-keys'];
  const isMap = schema['x-kubernetes-list-type'] === 'map';
  if (isMap !== (keys !== undefined)) report(`${path}.x-kubernetes-list-map-keys`, 'goes together with x-kubernetes-list-type: map');
  if (!isMap || !Array.isArray(keys)) return;
  const fields = isJsonObject(items) && isJsonObject(items['properties']) ? items['properties'] : {};
  for (const key of keys as readonly unknown[]) {
    if (typeof key !== 'string' || !Object.hasOwn(fields, key))
      report(`${path}.x-kubernetes-list-map-keys`, `items have no property ${show(key)}`, 'FieldValueNotFound');
  }
}

function checkChildren(schema: Definition, path: string, context: Context): void {
  const inner: Context = { ...context, depth: context.depth + 1 };
  const { properties, items, additionalProperties, not } = schema;
  if (isJsonObject(properties)) for (const name of Object.keys(properties)) checkSchema(properties[name], `${path}.properties.${name}`, inner);
  else if (properties !== undefined) context.report(`${path}.properties`, 'must be an object of schemas', 'FieldValueTypeInvalid');
  if (items !== undefined) checkSchema(items, `${path}.items`, inner);
  if (additionalProperties !== undefined && additionalProperties !== true) checkSchema(additionalProperties, `${path}.additionalProperties`, inner);
  const restricting: Context = { ...inner, restricting: true };
  if (not !== undefined) checkSchema(not, `${path}.not`, restricting);
  for (const name of SCHEMA_LISTS) {
    const list = schema[name];
    if (list === undefined) continue;
    if (Array.isArray(list)) list.forEach((item, i) => checkSchema(item, `${path}.${name}[${i}]`, restricting));
    else context.report(`${path}.${name}`, 'must be a list of schemas', 'FieldValueTypeInvalid');
  }
}
