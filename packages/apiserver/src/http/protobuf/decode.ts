import { ApiError, formatTime, type Schema } from '@kybern/core';
import type { FieldTable, MessageFields } from './field-table.ts';
import { readFields, readVarint, type WireField } from './wire-reader.ts';

/** The media type. */
export const PROTOBUF_TYPE = 'application/vnd.kubernetes.protobuf';

/** What a body in {@link PROTOBUF_TYPE} says of itself. */
export interface ProtobufEnvelope {
  readonly apiVersion: string;
  readonly kind: string;
  readonly raw: Buffer;
}

const MAGIC = Buffer.from('k8s\0', 'latin1');

/**
 * Takes the envelope off a body.
 *
 * @throws {ApiError} `BadRequest`
 * @see kubernetes v1.36 staging/src/k8s.io/apimachinery/pkg/runtime/serializer/protobuf/protobuf.go
 */
export function openEnvelope(bytes: Buffer): ProtobufEnvelope {
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) throw malformed('it does not begin with the bytes "k8s\\0"');
  return guarded(() => {
    let [apiVersion, kind] = ['', ''];
    let raw: Buffer = Buffer.alloc(0);
    for (const { number, value } of readFields(bytes.subarray(MAGIC.length))) {
      if (!Buffer.isBuffer(value)) continue;
      if (number === 2) raw = value;
      else if (number === 1)
        for (const part of readFields(value))
          if (Buffer.isBuffer(part.value)) [apiVersion, kind] = part.number === 1 ? [text(part.value), kind] : [apiVersion, text(part.value)];
    }
    return { apiVersion, kind, raw };
  });
}

/** Decodes a message of a type with a name in OpenAPI into its JSON form. @throws {ApiError} `BadRequest`, also for types that are not in the table */
export function decodeMessage(bytes: Buffer, schema: Schema, table: FieldTable): Record<string, unknown> {
  return guarded(() => messageOf(bytes, schema, { table, depth: 0 }));
}

interface Run {
  readonly table: FieldTable;
  readonly depth: number;
}

/** Deeper messages are refused. */
const MAX_DEPTH = 100;

function messageOf(bytes: Buffer, schema: Schema, run: Run): Record<string, unknown> {
  const fields = run.table.get(schema.named?.name ?? '');
  if (fields === undefined) throw new RangeError(`there are no field numbers of ${schema.named?.name ?? 'a type without a name'}`);
  if (run.depth > MAX_DEPTH) throw new RangeError('it is nested too deep');
  const out: Record<string, unknown> = {};
  collect(bytes, { schema, fields, out }, { ...run, depth: run.depth + 1 });
  return out;
}

function collect(bytes: Buffer, into: { readonly schema: Schema; readonly fields: MessageFields; readonly out: Record<string, unknown> }, run: Run): void {
  const { schema, fields, out } = into;
  for (const wire of readFields(bytes)) {
    const entry = fields.get(wire.number);
    if (entry === undefined) continue;
    if (entry.type === 'inline') {
      if (Buffer.isBuffer(wire.value)) collect(wire.value, { schema, fields: entry.fields, out }, run);
      continue;
    }
    const property = schema.properties?.[entry.name];
    if (property === undefined) continue;
    if (property.type === 'array') append(out, entry.name, { wire, items: property.items ?? {}, run });
    else if (property.additionalProperties !== undefined) enter(out, entry.name, { wire, values: property.additionalProperties, run });
    else {
      const value = valueOf(wire, property, run);
      if (value !== undefined && (entry.keepsZero || (value !== 0 && value !== '' && value !== false))) out[entry.name] = value;
    }
  }
}

interface Repeated {
  readonly wire: WireField;
  readonly run: Run;
}

function append(out: Record<string, unknown>, name: string, { wire, items, run }: Repeated & { readonly items: Schema }): void {
  const list = (out[name] ??= []) as unknown[];
  if (items.type === 'integer' && Buffer.isBuffer(wire.value)) {
    for (const at = { offset: 0 }; at.offset < wire.value.length; ) list.push(Number(BigInt.asIntN(64, readVarint(wire.value, at))));
    return;
  }
  list.push(valueOf(wire, items, run) ?? null);
}

function enter(out: Record<string, unknown>, name: string, { wire, values, run }: Repeated & { readonly values: Schema }): void {
  if (!Buffer.isBuffer(wire.value)) throw new RangeError('a map entry is no message');
  const map = (out[name] ??= {}) as Record<string, unknown>;
  let key = '';
  let value: unknown = values.type === 'string' ? '' : values.type === 'array' ? [] : {};
  for (const part of readFields(wire.value)) {
    if (part.number === 1 && Buffer.isBuffer(part.value)) key = text(part.value);
    else if (part.number === 2)
      value = values.type === 'array' ? itemsOf(part, values.items ?? {}, run) : (valueOf(part, values, run) ?? (values.format === 'date-time' ? null : value));
  }
  Object.defineProperty(map, key, { value, enumerable: true, configurable: true, writable: true }); // `__proto__` is a key like any other
}

/** A list in a map is a message with the list as its first field. */
function itemsOf({ value }: WireField, items: Schema, run: Run): unknown[] {
  return Buffer.isBuffer(value) ? [...readFields(value)].map((item) => valueOf(item, items, run)) : [];
}

/** Undefined stands for a value that is not set, such as the zero time. */
function valueOf({ value }: WireField, schema: Schema, run: Run): unknown {
  if (typeof value === 'bigint') return schema.type === 'boolean' ? value !== 0n : Number(BigInt.asIntN(64, value));
  if (typeof value === 'number') return value;
  switch (schema.format) {
    case 'quantity':
      return text(firstBytes(value));
    case 'int-or-string':
      return intOrString(value);
    case 'date-time':
    case 'micro-time':
      return timeOf(value, schema.format);
    case 'byte':
      return value.toString('base64');
    default:
      if (schema.named !== undefined) return messageOf(value, schema, run);
      if (schema.preserveUnknownFields === true) return jsonOf(firstBytes(value));
      return text(value);
  }
}

function firstBytes(bytes: Buffer): Buffer {
  for (const { number, value } of readFields(bytes)) if (number === 1 && Buffer.isBuffer(value)) return value;
  return Buffer.alloc(0);
}

function jsonOf(bytes: Buffer): unknown {
  return bytes.length === 0 ? undefined : (JSON.parse(text(bytes)) as unknown);
}

function intOrString(bytes: Buffer): number | string {
  let [isText, number, string] = [false, 0, ''];
  for (const { number: field, value } of readFields(bytes)) {
    if (field === 1) isText = value === 1n;
    else if (field === 2 && typeof value === 'bigint') number = Number(BigInt.asIntN(64, value));
    else if (field === 3 && Buffer.isBuffer(value)) string = text(value);
  }
  return isText ? string : number;
}

function timeOf(bytes: Buffer, format: 'date-time' | 'micro-time'): string | undefined {
  if (bytes.length === 0) return undefined;
  let [seconds, nanos] = [0, 0];
  for (const { number, value } of readFields(bytes)) {
    if (typeof value !== 'bigint') continue;
    if (number === 1) seconds = Number(BigInt.asIntN(64, value));
    else if (number === 2) nanos = Number(BigInt.asIntN(64, value));
  }
  if (Math.abs(seconds * 1000) > MAX_TIME_MS || nanos < 0 || nanos >= 1e9) throw new RangeError('a time is out of range');
  const whole = formatTime(seconds * 1000);
  return format === 'date-time' ? whole : `${whole.slice(0, -1)}.${String(Math.floor(nanos / 1000)).padStart(6, '0')}Z`;
}

/** The last time that a Date can hold. */
const MAX_TIME_MS = 8.64e15;

const decoder = new TextDecoder('utf-8', { fatal: true });

function text(bytes: Buffer): string {
  return decoder.decode(bytes);
}

/** Whatever is wrong with the bytes is the sender's fault. */
function guarded<T>(decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError || error instanceof SyntaxError) throw malformed(error.message, error);
    throw error;
  }
}

function malformed(why: string, cause?: unknown): ApiError {
  return new ApiError('BadRequest', `the body of the request was in an unknown format - not a protocol buffer: ${why}`, cause === undefined ? {} : { cause });
}
