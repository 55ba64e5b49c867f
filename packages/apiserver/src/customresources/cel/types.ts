import { isJsonObject } from '@kybern/core';
import type { Environment } from '@marcbachmann/cel-js';
import type { Structural } from '../schema/structural.ts';
import { escapeName } from './names.ts';

/** Makes the value that rules see of JSON data. */
export type Convert = (value: unknown) => unknown;

/** How rules see one place of a schema. */
export interface CelType {
  /** In the words of the library: `int`, `list<string>`, `object3`. */
  readonly name: string;
  readonly convert: Convert;
}

/** Registers the types of a schema with an environment. */
export interface TypeTable {
  /** @param resource the place is a whole object, with identity and metadata */
  of(node: Structural, resource?: boolean): CelType;
}

const DYN: CelType = { name: 'dyn', convert: convertAny };
const TEXT: CelType = { name: 'string', convert: (value) => value };

/**
 * Makes a {@link TypeTable}. Objects with fields become types of their own, so that a rule that names a field that there is not does not compile. The
 * names of the types repeat from schema to schema, because the library remembers each for ever.
 */
export function createTypeTable(env: Environment): TypeTable {
  const Duration = (env.evaluate('duration("0s")') as object).constructor as DurationType;
  const known = new Map<Structural, CelType>();
  let objects = 0;
  const object = (fields: ReadonlyMap<string, { readonly escaped: string; readonly type: CelType }>): CelType => {
    const name = `object${objects++}`;
    const Ctor = class extends Map<string, unknown> {};
    env.registerType(name, { ctor: Ctor, fields: Object.fromEntries([...fields.values()].map(({ escaped, type }) => [escaped, type.name])) } as never);
    env.registerOperator(`${name} == ${name}`, (a: Map<string, unknown>, b: Map<string, unknown>) => celEquals(a, b));
    const convert: Convert = (value) => {
      const result = new Ctor();
      if (!isJsonObject(value)) return result;
      for (const key of Object.keys(value)) {
        const field = fields.get(key);
        if (field !== undefined && value[key] !== null) result.set(field.escaped, field.type.convert(value[key]));
        else if (field !== undefined && field.type.name === 'dyn') result.set(field.escaped, null);
      }
      return result;
    };
    return { name, convert };
  };
  const names: CelType = object(
    fieldMap([
      ['name', TEXT],
      ['generateName', TEXT],
    ]),
  );
  const typeOf = (node: Structural, resource = false): CelType => {
    let type = resource ? undefined : known.get(node);
    if (type === undefined) {
      type = compile(node, resource);
      if (!resource) known.set(node, type);
    }
    return type;
  };
  const compile = (node: Structural, resource: boolean): CelType => {
    if (node.nullable) return DYN;
    if (node.intOrString) return DYN;
    switch (node.type) {
      case 'array': {
        const items = node.items === undefined ? DYN : typeOf(node.items);
        return { name: `list<${items.name}>`, convert: (value) => (Array.isArray(value) ? value.map(items.convert) : value) };
      }
      case 'object':
        return resource || node.embedded || node.properties !== undefined ? objectType(node, resource) : mapType(node);
      default:
        return scalarType(node, Duration);
    }
  };
  const objectType = (node: Structural, resource: boolean): CelType => {
    const fields: [string, CelType][] = [];
    for (const [name, child] of node.properties ?? []) if (name !== 'metadata' || !(resource || node.embedded)) fields.push([name, typeOf(child)]);
    if (resource || node.embedded) fields.push(['apiVersion', TEXT], ['kind', TEXT], ['metadata', names]);
    return object(fieldMap(fields));
  };
  const mapType = ({ rest }: Structural): CelType => {
    const values = rest === undefined || rest === true ? DYN : typeOf(rest);
    return {
      name: `map<string, ${values.name}>`,
      convert: (value) => (isJsonObject(value) ? new Map(Object.keys(value).map((key) => [key, values.convert(value[key])])) : value),
    };
  };
  return { of: typeOf };
}

function fieldMap(fields: readonly (readonly [string, CelType])[]): ReadonlyMap<string, { readonly escaped: string; readonly type: CelType }> {
  return new Map(
    fields.flatMap(([name, type]) => {
      const escaped = escapeName(name);
      return escaped === undefined ? [] : [[name, { escaped, type }] as const];
    }),
  );
}

/** @see kubernetes v1.36 staging/src/k8s.io/apiserver/pkg/cel/common/schemas.go (SchemaDeclType) */
function scalarType({ type, raw }: Structural, Duration: DurationType): CelType {
  switch (type) {
    case 'integer':
      return { name: 'int', convert: (value) => (typeof value === 'number' && Number.isInteger(value) ? BigInt(value) : value) };
    case 'number':
      return { name: 'double', convert: (value) => value };
    case 'boolean':
      return { name: 'bool', convert: (value) => value };
    case 'string':
      return textType(raw.format, Duration);
    default:
      return DYN;
  }
}

function textType(format: string | undefined, Duration: DurationType): CelType {
  switch (format) {
    case 'byte':
      return { name: 'bytes', convert: (value) => Buffer.from(String(value), 'base64') };
    case 'date-time':
    case 'date':
      return { name: 'google.protobuf.Timestamp', convert: (value) => new Date(String(value)) };
    case 'duration':
      return { name: 'google.protobuf.Duration', convert: (value) => durationOf(String(value), Duration) };
    default:
      return TEXT;
  }
}

const PART = /([\d.]+)(ns|us|µs|ms|s|m|h|d|w)/g;
const SECONDS: Readonly<Record<string, number>> = { ns: 1e-9, us: 1e-6, µs: 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** The library's own type of time spans, which it does not export. */
type DurationType = new (seconds: bigint, nanos: number) => object;

function durationOf(text: string, Duration: DurationType): object {
  let total = 0;
  for (const [, number, unit] of text.matchAll(PART)) total += Number(number) * (SECONDS[unit ?? ''] ?? 0);
  const signed = text.startsWith('-') ? -total : total;
  const seconds = Math.trunc(signed);
  return new Duration(BigInt(seconds), Math.round((signed - seconds) * 1e9));
}

/** Where nothing says what a value is, whole numbers are integers. */
function convertAny(value: unknown): unknown {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value);
  if (Array.isArray(value)) return value.map(convertAny);
  return isJsonObject(value) ? new Map(Object.keys(value).map((key) => [key, convertAny(value[key])])) : value;
}

/** Equality as rules have it: of content. Numbers are equal whatever their type. */
export function celEquals(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  // An integer equals a double of the same value.
  if (typeof a === 'bigint' || typeof a === 'number')
    return (typeof b === 'bigint' || typeof b === 'number') && typeof a !== typeof b && Number(a) === Number(b);
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((item, i) => celEquals(item, b[i]));
  if (a instanceof Map) return b instanceof Map && a.size === b.size && [...a].every(([key, value]) => b.has(key) && celEquals(value, b.get(key)));
  if (a instanceof Date) return b instanceof Date && a.getTime() === b.getTime();
  if (isDuration(a)) return isDuration(b) && a.seconds === b.seconds && a.nanos === b.nanos;
  return a instanceof Uint8Array && b instanceof Uint8Array && Buffer.compare(a, b) === 0;
}

function isDuration(value: unknown): value is { readonly seconds: bigint; readonly nanos: number } {
  return typeof value === 'object' && value !== null && 'seconds' in value && 'nanos' in value;
}
