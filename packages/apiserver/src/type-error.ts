import type { FieldError, MutableJson, Schema } from '@kybern/core';
import type { ApiError } from '@kybern/core';
import { badRequest } from './errors.ts';
import type { Resource } from './resource.ts';

/** A body that was checked against its schema. */
export interface CheckedBody {
  readonly resource: Pick<Resource, 'kind' | 'custom'>;
  readonly schema: Schema;
  readonly object: MutableJson;
}

/**
 * The error of a body that Kubernetes' decoder would not take: a value of the wrong type, of which it names the first. Custom kinds are decoded as
 * anything and validated later, so for them there is none.
 *
 * @param errors what the schema found
 * @returns 400 `BadRequest`, in the words of Go's decoder; undefined when all types are right
 * @see kubernetes v1.36 staging/src/k8s.io/apiserver/pkg/endpoints/handlers/create.go (transformDecodeError)
 */
export function typeErrorOf(errors: readonly FieldError[], { resource, schema, object }: CheckedBody): ApiError | undefined {
  if (resource.custom) return undefined;
  const first = errors.find(({ reason }) => reason === 'FieldValueTypeInvalid');
  if (first === undefined) return undefined;
  const { kind, version } = resource.kind;
  return badRequest(`${kind} in version "${version}" cannot be handled as a ${kind}: ${decoderText(first, schema, object)}`);
}

function decoderText({ field, message }: FieldError, schema: Schema, object: MutableJson): string {
  const found = walk(stepsOf(field), schema, object);
  const own = ownDecoder(found.node, found.value, message);
  if (own !== undefined) return own;
  const place = found.struct === undefined ? 'Go value' : `Go struct field ${found.struct}.${found.names.join('.')}`;
  return `json: cannot unmarshal ${jsonType(found.value, found.node)} into ${place} of type ${goType(found.node)}`;
}

/** Types that read themselves say what is wrong in words of their own. */
function ownDecoder(node: Schema | undefined, value: unknown, message: string): string | undefined {
  switch (node?.format) {
    case 'quantity':
      return message.slice(message.indexOf('quantities must match'));
    case 'int-or-string':
      return `json: cannot unmarshal ${jsonType(value, node)} into Go value of type int32`;
    case 'date-time':
    case 'micro-time':
      return typeof value === 'string'
        ? `parsing time ${JSON.stringify(value)} as "2006-01-02T15:04:05Z07:00": cannot parse ${JSON.stringify(value)} as "2006"`
        : `json: cannot unmarshal ${jsonType(value, node)} into Go value of type string`;
    case 'byte':
      return typeof value === 'string' ? `illegal base64 data at input byte ${String(badBase64At(value))}` : undefined;
    default:
      return undefined;
  }
}

function badBase64At(text: string): number {
  const at = text.search(/[^A-Za-z0-9+/]/);
  return at < 0 ? text.length - (text.length % 4) : at;
}

interface Place {
  readonly node: Schema | undefined;
  readonly value: unknown;
  /** The innermost type with a name on the way. */
  readonly struct: string | undefined;
  /** The fields on the way, without indices and keys. */
  readonly names: readonly string[];
}

type Step = { readonly field: string } | { readonly item: string };

/** `spec.containers[0].env[key]` in steps. */
function stepsOf(path: string): Step[] {
  return [...path.matchAll(/([^.[\]]+)|\[([^\]]*)\]/g)].map(([, field, item]) => (field === undefined ? { item: item ?? '' } : { field }));
}

function walk(steps: readonly Step[], schema: Schema, object: unknown): Place {
  let node: Schema | undefined = schema;
  let value = object;
  let struct = typeName(schema);
  const names: string[] = [];
  for (const step of steps) {
    const key = 'field' in step ? step.field : step.item;
    if ('field' in step) {
      names.push(step.field);
      struct = typeName(node) ?? struct;
      node = node?.properties?.[step.field] ?? node?.additionalProperties;
    } else node = node?.items ?? node?.additionalProperties;
    value = typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
  }
  return { node, value, struct, names };
}

/** `io.k8s.api.core.v1.PodSpec` → `PodSpec`. */
function typeName(node: Schema | undefined): string | undefined {
  return node?.named?.name.split('.').pop();
}

function jsonType(value: unknown, node: Schema | undefined): string {
  if (Array.isArray(value)) return 'array';
  switch (typeof value) {
    case 'boolean':
      return 'bool';
    case 'number':
      return node?.type === 'integer' ? `number ${String(value)}` : 'number';
    case 'string':
      return 'string';
    default:
      return value === null || value === undefined ? 'null' : 'object';
  }
}

function goType(node: Schema | undefined): string {
  const name = node?.named?.name.split('.').slice(-2).join('.');
  if (name !== undefined) return name;
  switch (node?.type) {
    case 'array':
      return `[]${goType(node.items)}`;
    case 'boolean':
      return 'bool';
    case 'integer':
      return node.format ?? 'int32';
    case 'number':
      return 'float64';
    case 'string':
      return node.format === 'byte' ? '[]uint8' : 'string';
    default:
      return node?.additionalProperties === undefined ? 'interface {}' : `map[string]${goType(node.additionalProperties)}`;
  }
}
