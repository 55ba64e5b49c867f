import { Ajv, type ErrorObject, type SchemaObject } from 'ajv';
import type { FieldError } from '../kind-model.ts';
import type { KindSchema } from '../kind-schema.ts';
import { parseQuantity } from '../quantity.ts';
import { formatFieldPath } from './field-path.ts';

/** Tells what is wrong with a value. */
export type Validator = (value: unknown) => readonly FieldError[];

const DATE_TIME = /^\d{4}-(0\d|1[0-2])-([0-2]\d|3[01])[Tt]([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)$/;
const IPV4 = /^((25[0-5]|2[0-4]\d|1?\d?\d)(\.|$)){4}(?<!\.)$/;
const IPV6 = /^(?=.*:)[0-9A-Fa-f:]{2,39}(?:(?<=:)\d{1,3}(\.\d{1,3}){3})?$/;
const FORMATS = {
  'date-time': (text: string): boolean => DATE_TIME.test(text) && !Number.isNaN(Date.parse(text.toUpperCase().replace(':60', ':59'))),
  date: (text: string): boolean => /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text)),
  byte: /^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/,
  uuid: /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i,
  ipv4: IPV4,
  ipv6: IPV6,
  quantity: isQuantity,
  int32: { type: 'number', validate: (n: number): boolean => n >= -(2 ** 31) && n < 2 ** 31 },
  int64: { type: 'number', validate: (n: number): boolean => n >= -(2 ** 63) && n < 2 ** 63 },
} as const;
const COPIED = [
  'type',
  'pattern',
  'multipleOf',
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
  'minProperties',
  'maxProperties',
  'required',
  'enum',
] as const;

function isQuantity(text: string): boolean {
  try {
    return parseQuantity(text) !== undefined;
  } catch {
    return false;
  }
}

/** Compiles the validator of a structural schema. Uses ajv, which generates code. */
export function compileValidator(schema: KindSchema): Validator {
  const ajv = new Ajv({ strict: false, allErrors: true, verbose: true, formats: FORMATS });
  const validate = ajv.compile(toJsonSchema(schema));
  return (value) => {
    if (validate(value)) return [];
    return fieldErrors(validate.errors ?? []);
  };
}

/** The JSON schema that means what the structural schema means. Fields that it does not name are none of its business. */
function toJsonSchema(schema: KindSchema): SchemaObject {
  const target: SchemaObject = {};
  for (const name of COPIED) if (schema[name] !== undefined) target[name] = schema[name];
  if (schema['x-kubernetes-int-or-string'] === true) target['type'] = ['integer', 'string'];
  if (schema.format !== undefined && Object.hasOwn(FORMATS, schema.format)) target['format'] = schema.format;
  if (schema.minimum !== undefined) target[schema.exclusiveMinimum === true ? 'exclusiveMinimum' : 'minimum'] = schema.minimum;
  if (schema.maximum !== undefined) target[schema.exclusiveMaximum === true ? 'exclusiveMaximum' : 'maximum'] = schema.maximum;
  if (schema.items !== undefined) target['items'] = toJsonSchema(schema.items);
  if (schema.additionalProperties !== undefined)
    target['additionalProperties'] = schema.additionalProperties === true ? true : toJsonSchema(schema.additionalProperties);
  if (schema.properties !== undefined) target['properties'] = mapSchemas(schema.properties);
  if (schema.not !== undefined) target['not'] = toJsonSchema(schema.not);
  for (const name of ['allOf', 'anyOf', 'oneOf'] as const) if (schema[name] !== undefined) target[name] = schema[name].map(toJsonSchema);
  return schema.nullable === true ? { if: { type: 'null' }, else: target } : target;
}

function mapSchemas(schemas: Readonly<Record<string, KindSchema>>): Record<string, SchemaObject> {
  return Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, toJsonSchema(schema)]));
}

function fieldErrors(errors: readonly ErrorObject[]): readonly FieldError[] {
  const found = new Map<string, FieldError>();
  for (const error of errors) {
    if (error.keyword === 'if') continue;
    const path = pathOf(error);
    const result = describe(error, formatFieldPath(path));
    const key = `${result.field}\n${result.message}`;
    if (!found.has(key)) found.set(key, result);
  }
  return [...found.values()];
}

function pathOf(error: ErrorObject): string[] {
  const path = error.instancePath
    .split('/')
    .slice(1)
    .map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'));
  return error.keyword === 'required' ? [...path, String(error.params['missingProperty'])] : path;
}

const show = (value: unknown): string => JSON.stringify(value) ?? 'null';

/** In the words of Kubernetes' validation errors. */
function describe(error: ErrorObject, field: string): FieldError {
  const { keyword, params, data } = error;
  const bad = (why: string): FieldError => ({ field, reason: 'FieldValueInvalid', message: `Invalid value: ${show(data)}: ${why}` });
  switch (keyword) {
    case 'required':
      return { field, reason: 'FieldValueRequired', message: 'Required value' };
    case 'type':
      return { field, reason: 'FieldValueTypeInvalid', message: `Invalid value: ${show(data)}: must be of type ${[params['type']].flat().join(' or ')}` };
    case 'enum':
      return {
        field,
        reason: 'FieldValueNotSupported',
        message: `Unsupported value: ${show(data)}: supported values: ${(params['allowedValues'] as unknown[]).map(show).join(', ')}`,
      };
    case 'maxLength':
      return { field, reason: 'FieldValueTooLong', message: `Too long: may not be more than ${String(params['limit'])} characters` };
    case 'maxItems':
    case 'maxProperties':
      return { field, reason: 'FieldValueTooMany', message: `Too many: must have at most ${String(params['limit'])} items` };
    case 'pattern':
      return bad(`must match the regular expression ${String(params['pattern'])}`);
    case 'format':
      return bad(`must be of format ${String(params['format'])}`);
    default:
      return bad(error.message ?? `does not satisfy ${keyword}`);
  }
}
