import { ProtoReader } from './proto-reader.ts';
import type { FieldSchema, ProtoSchema } from './schema.ts';
import { ProtoWriter } from './proto-writer.ts';

/** A message as TypeScript has it. */
export type ProtoMessage = Readonly<Record<string, unknown>>;

/** Writes and reads the messages of a schema. */
export interface ProtoCodec {
  encode(message: string, value: object): Buffer;
  /** @throws {RangeError} when the bytes are no such message */
  decode(message: string, bytes: Buffer): ProtoMessage;
}

const INTEGERS = new Set(['int32', 'uint32', 'int64', 'uint64']);
const encoder = new TextEncoder();

/** What a message is read with: its fields by number, and those that are always there. */
interface Compiled {
  readonly fields: readonly FieldSchema[];
  readonly byNumber: ReadonlyMap<number, FieldSchema>;
  readonly required: readonly FieldSchema[];
}

/**
 * Makes a codec from a schema. Fields that the schema does not have are passed over, enum values that it does not have read as the first one, as proto3 has it for
 * a reader of an older version.
 */
export function createProtoCodec(schema: ProtoSchema): ProtoCodec {
  return new SchemaCodec(schema);
}

class SchemaCodec implements ProtoCodec {
  readonly #schema: ProtoSchema;
  readonly #compiled = new Map<string, Compiled>();
  readonly #enumNames = new Map<string, ReadonlyMap<number, string>>();

  constructor(schema: ProtoSchema) {
    this.#schema = schema;
  }

  encode(message: string, value: object): Buffer {
    const writer = new ProtoWriter();
    for (const field of this.#compile(message).fields) {
      const given = (value as ProtoMessage)[field.key];
      if (given !== undefined && given !== null) this.#writeField(writer, field, given);
    }
    return writer.finish();
  }

  decode(message: string, bytes: Buffer): ProtoMessage {
    return this.#read(message, new ProtoReader(bytes));
  }

  #compile(message: string): Compiled {
    const known = this.#compiled.get(message);
    if (known !== undefined) return known;
    const fields = this.#schema.messages[message];
    if (fields === undefined) throw new TypeError(`the schema has no message ${message}`);
    const compiled = { fields, byNumber: new Map(fields.map((field) => [field.number, field])), required: fields.filter(({ required }) => required === true) };
    this.#compiled.set(message, compiled);
    return compiled;
  }

  // Writing

  #writeField(writer: ProtoWriter, field: FieldSchema, value: unknown): void {
    if (field.label === 'map') {
      for (const [key, each] of Object.entries(value as Record<string, string>)) this.#writeEntry(writer, field.number, [key, each]);
    } else if (field.label === 'repeated') this.#writeList(writer, field, value as readonly unknown[]);
    else if (!this.#isZero(field.type, value)) this.#writeOne(writer, field, value);
  }

  #writeEntry(writer: ProtoWriter, number: number, [key, value]: readonly [string, string]): void {
    const entry = new ProtoWriter();
    entry.tag(1, 2);
    entry.delimited(encoder.encode(key));
    entry.tag(2, 2);
    entry.delimited(encoder.encode(value));
    writer.tag(number, 2);
    writer.delimited(entry.finish());
  }

  #isPackable(type: string): boolean {
    return type === 'bool' || INTEGERS.has(type) || this.#schema.enums[type] !== undefined;
  }

  /** Numbers are packed into one field. */
  #writeList(writer: ProtoWriter, field: FieldSchema, values: readonly unknown[]): void {
    if (values.length === 0) return;
    if (!this.#isPackable(field.type)) {
      for (const each of values) this.#writeOne(writer, field, each);
      return;
    }
    const packed = new ProtoWriter();
    const numbers = this.#schema.enums[field.type];
    for (const each of values) packed.varint(numbers === undefined ? Number(each) : (numbers[each as string] ?? 0));
    writer.tag(field.number, 2);
    writer.delimited(packed.finish());
  }

  #isZero(type: string, value: unknown): boolean {
    if (value === 0 || value === false || value === '') return true;
    if (value instanceof Uint8Array) return value.length === 0;
    return typeof value === 'string' && this.#schema.enums[type]?.[value] === 0;
  }

  #writeOne(writer: ProtoWriter, { number, type }: FieldSchema, value: unknown): void {
    const values = this.#schema.enums[type];
    if (type === 'double') {
      writer.tag(number, 1);
      writer.double(value as number);
    } else if (type === 'bool' || INTEGERS.has(type) || values !== undefined) {
      writer.tag(number, 0);
      writer.varint(values === undefined ? Number(value) : (values[value as string] ?? 0));
    } else {
      writer.tag(number, 2);
      writer.delimited(this.#bytesOf(type, value));
    }
  }

  #bytesOf(type: string, value: unknown): Uint8Array {
    if (type === 'string') return encoder.encode(value as string);
    return type === 'bytes' ? (value as Uint8Array) : this.encode(type, value as object);
  }

  // Reading

  #read(message: string, reader: ProtoReader): ProtoMessage {
    const { byNumber, required } = this.#compile(message);
    const value: Record<string, unknown> = {};
    while (!reader.done) {
      const field = byNumber.get(reader.field());
      if (field === undefined) reader.skip();
      else this.#readField(value, field, reader);
    }
    for (const field of required) value[field.key] ??= this.#zeroOf(field);
    return value;
  }

  #readField(value: Record<string, unknown>, field: FieldSchema, reader: ProtoReader): void {
    const { key, type, label } = field;
    if (label === 'map') this.#readEntry((value[key] ??= {}) as Record<string, string>, reader.message());
    else if (label !== 'repeated') value[key] = this.#readOne(type, reader);
    else {
      const list = (value[key] ??= []) as unknown[];
      if (!this.#isPackable(type) || reader.wireType !== 2) list.push(this.#readOne(type, reader));
      else for (const packed = reader.message(); !packed.done; ) list.push(this.#readOne(type, packed));
    }
  }

  #readEntry(map: Record<string, string>, reader: ProtoReader): void {
    let key = '';
    let value = '';
    while (!reader.done) {
      const number = reader.field();
      if (number === 1) key = reader.string();
      else if (number === 2) value = reader.string();
      else reader.skip();
    }
    Object.defineProperty(map, key, { value, enumerable: true, configurable: true, writable: true });
  }

  #readOne(type: string, reader: ProtoReader): unknown {
    if (type === 'string') return reader.string();
    if (type === 'bytes') return reader.bytes();
    if (type === 'bool') return reader.varint() !== 0;
    if (type === 'double') return reader.double();
    if (INTEGERS.has(type)) return reader.varint();
    const names = this.#namesOf(type);
    return names === undefined ? this.#read(type, reader.message()) : (names.get(reader.varint()) ?? names.get(0));
  }

  #namesOf(type: string): ReadonlyMap<number, string> | undefined {
    const values = this.#schema.enums[type];
    if (values === undefined) return undefined;
    const known = this.#enumNames.get(type);
    if (known !== undefined) return known;
    const names = new Map(Object.entries(values).map(([name, number]) => [number, name]));
    this.#enumNames.set(type, names);
    return names;
  }

  #zeroOf({ type, label }: FieldSchema): unknown {
    if (label === 'map') return {};
    if (label === 'repeated') return [];
    if (type === 'string') return '';
    if (type === 'bytes') return new Uint8Array(0);
    if (type === 'bool') return false;
    if (type === 'double' || INTEGERS.has(type)) return 0;
    return this.#namesOf(type)?.get(0) ?? this.#read(type, new ProtoReader(Buffer.alloc(0)));
  }
}
