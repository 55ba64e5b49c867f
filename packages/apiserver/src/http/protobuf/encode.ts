import { parseTime, type Schema } from '@kybern/core';
import type { BackwardWriter } from './backward-writer.ts';
import type { FieldTable, MessageFields } from './field-table.ts';

/** Writes one value of a type that has a name in OpenAPI as the fields of its message. */
export type MessageWriter = (writer: BackwardWriter, value: Readonly<Record<string, unknown>>) => void;

/** Makes {@link MessageWriter}s. What it learns of a type is kept for all of its values. */
export interface MessageWriters {
  /** @returns undefined for types that are not in the table */
  of(schema: Schema): MessageWriter | undefined;
}

/** Writes one field with its key; what is not set writes nothing. */
type FieldWriter = (writer: BackwardWriter, field: number, value: unknown) => void;

/**
 * Writes objects in Kubernetes' protocol buffers: the other way of `decodeMessage`.
 *
 * Differs from Kubernetes: a field that is not set is left out, also where Go's encoder writes an empty value; both are read as the same.
 */
export function createMessageWriters(table: FieldTable): MessageWriters {
  const known = new Map<string, MessageWriter>();
  const named = (schema: Schema): MessageWriter | undefined => {
    const name = schema.named?.name ?? '';
    const fields = table.get(name);
    if (fields === undefined) return undefined;
    let writer = known.get(name);
    if (writer === undefined) known.set(name, (writer = lazily(() => messageWriter(schema, fields, valueWriter))));
    return writer;
  };
  const valueWriter = (schema: Schema): FieldWriter => {
    const scalar = scalarWriter(schema);
    if (scalar !== undefined) return scalar;
    const message = schema.named === undefined ? undefined : named(schema);
    if (message !== undefined) return nestedWriter(message);
    return schema.preserveUnknownFields === true || schema.type === 'object' || schema.type === undefined ? writeRaw : writeText;
  };
  return { of: named };
}

/** Types may be cyclic: what a type is made of is looked at when the first value comes. */
function lazily(make: () => MessageWriter): MessageWriter {
  let made: MessageWriter | undefined;
  return (writer, value) => (made ??= make())(writer, value);
}

/** One field of a message; without a name it stands for fields of the message itself. */
interface Part {
  readonly number: number;
  readonly name: string | undefined;
  readonly write: FieldWriter;
}

type ValueWriters = (schema: Schema) => FieldWriter;

function messageWriter(schema: Schema, fields: MessageFields, writerOf: ValueWriters): MessageWriter {
  // From the last to the first, as everything is written.
  const parts = [...fields]
    .sort(([a], [b]) => b - a)
    .flatMap(([number, entry]): Part[] => {
      if (entry.type === 'inline') return [{ number, name: undefined, write: skipEmpty(messageWriter(schema, entry.fields, writerOf)) }];
      const property = schema.properties?.[entry.name];
      return property === undefined ? [] : [{ number, name: entry.name, write: propertyWriter(property, writerOf) }];
    });
  return (writer, value) => {
    for (const { number, name, write } of parts) {
      const part = name === undefined ? value : value[name];
      if (part !== undefined && part !== null) write(writer, number, part);
    }
  };
}

/** The fields of an inlined type, if there are any. */
function skipEmpty(message: MessageWriter): FieldWriter {
  return (writer, field, value) => {
    const before = writer.length;
    message(writer, value as Readonly<Record<string, unknown>>);
    if (writer.length > before) writer.close(field, before);
  };
}

function propertyWriter(schema: Schema, writerOf: ValueWriters): FieldWriter {
  if (schema.type === 'array') return listWriter(writerOf(schema.items ?? {}));
  if (schema.additionalProperties !== undefined) return mapWriter(schema.additionalProperties, writerOf);
  return writerOf(schema);
}

function listWriter(item: FieldWriter): FieldWriter {
  return (writer, field, value) => {
    const items = value as readonly unknown[];
    for (let i = items.length - 1; i >= 0; i--) item(writer, field, items[i]);
  };
}

function mapWriter(values: Schema, writerOf: ValueWriters): FieldWriter {
  // A list in a map is a message with the list as its first field.
  const write = values.type === 'array' ? wrapped(listWriter(writerOf(values.items ?? {}))) : writerOf(values);
  return (writer, field, value) => {
    const map = value as Readonly<Record<string, unknown>>;
    const keys = Object.keys(map).sort();
    for (let i = keys.length - 1; i >= 0; i--) {
      const key = keys[i] as string;
      const before = writer.length;
      const entry = map[key];
      if (entry === null) writer.close(2, before);
      else if (entry !== undefined) write(writer, 2, entry);
      writeText(writer, 1, key);
      writer.close(field, before);
    }
  };
}

const wrapped =
  (inner: FieldWriter): FieldWriter =>
  (writer, field, value) => {
    const before = writer.length;
    inner(writer, 1, value);
    writer.close(field, before);
  };

function nestedWriter(message: MessageWriter): FieldWriter {
  return (writer, field, value) => {
    const before = writer.length;
    if (typeof value === 'object' && value !== null) message(writer, value as Readonly<Record<string, unknown>>);
    writer.close(field, before);
  };
}

function scalarWriter({ format, type }: Schema): FieldWriter | undefined {
  switch (format) {
    case 'quantity':
      return wrapped((writer, field, value) => writeText(writer, field, String(value)));
    case 'int-or-string':
      return writeIntOrString;
    case 'date-time':
    case 'micro-time':
      return writeTime;
    case 'byte':
      return (writer, field, value) => writeBytes(writer, field, Buffer.from(String(value), 'base64'));
    default:
  }
  switch (type) {
    case 'boolean':
      return (writer, field, value) => writeWhole(writer, field, value === true ? 1 : 0);
    case 'integer':
      return (writer, field, value) => writeWhole(writer, field, Number(value));
    case 'number':
      return (writer, field, value) => {
        writer.double(Number(value));
        writer.tag(field, 1);
      };
    case 'string':
      return writeText;
    default:
      return undefined;
  }
}

function writeWhole(writer: BackwardWriter, field: number, value: number): void {
  writer.varint(value);
  writer.tag(field, 0);
}

function writeText(writer: BackwardWriter, field: number, value: unknown): void {
  const before = writer.length;
  writer.text(String(value));
  writer.close(field, before);
}

function writeBytes(writer: BackwardWriter, field: number, bytes: Uint8Array): void {
  const before = writer.length;
  writer.bytes(bytes);
  writer.close(field, before);
}

/** What is of any shape travels as its JSON. */
function writeRaw(writer: BackwardWriter, field: number, value: unknown): void {
  const before = writer.length;
  writeText(writer, 1, JSON.stringify(value));
  writer.close(field, before);
}

function writeIntOrString(writer: BackwardWriter, field: number, value: unknown): void {
  const before = writer.length;
  if (typeof value === 'number') writeWhole(writer, 2, value);
  else {
    writeText(writer, 3, value);
    writeWhole(writer, 1, 1);
  }
  writer.close(field, before);
}

const FRACTION = /\.(\d{1,9})/;

function writeTime(writer: BackwardWriter, field: number, value: unknown): void {
  const before = writer.length;
  const text = String(value);
  const ms = parseTime(text);
  if (!Number.isNaN(ms)) {
    const nanos = Number((FRACTION.exec(text)?.[1] ?? '').padEnd(9, '0'));
    if (nanos !== 0) writeWhole(writer, 2, nanos);
    writeWhole(writer, 1, Math.floor(ms / 1000));
  }
  writer.close(field, before);
}
