import { readFile } from 'node:fs/promises';
import { isApiError, parseTime, type Schema } from '@kybern/core';
import { builtinKinds, Deployment, Pod } from '@kybern/core/kinds';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeMessage, openEnvelope } from './decode.ts';
import { readFieldTable, type FieldTable, type MessageFields } from './field-table.ts';

const table = readFieldTable();
/** Its types have a JSON form only. */
const JSON_ONLY = new Set(['CustomResourceDefinition']);

const varint = (value: number | bigint): Buffer => {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return Buffer.from([...bytes, Number(rest)]);
};
const nested = (number: number, bytes: Uint8Array): Buffer => Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes]);
const whole = (number: number, value: number | bigint): Buffer => Buffer.concat([varint(number * 8), varint(value)]);

function timeBytes(time: string | null): Buffer {
  if (time === null) return Buffer.alloc(0);
  return Buffer.concat([whole(1, Math.floor(parseTime(time) / 1000)), whole(2, Number(/\.(\d{6})Z/.exec(time)?.[1] ?? 0) * 1000)]);
}

/** An encoder that is as plain as can be: the other route to the same object. */
function encode(value: Record<string, unknown>, schema: Schema, fields: MessageFields | undefined = table.get(schema.named?.name ?? '')): Buffer {
  return Buffer.concat(
    [...(fields ?? [])].flatMap(([number, entry]) => {
      if (entry.type === 'inline') {
        const inlined = encode(value, schema, entry.fields);
        return inlined.length === 0 ? [] : [nested(number, inlined)];
      }
      const [item, property] = [value[entry.name], schema.properties?.[entry.name]];
      if (item === undefined || property === undefined) return [];
      if (property.type === 'array') return (item as unknown[]).map((each) => field(number, each, property.items ?? {}));
      if (property.additionalProperties === undefined) return [field(number, item, property)];
      const { additionalProperties } = property;
      const isList = additionalProperties.type === 'array';
      return Object.entries(item as object).map(([key, each]: [string, unknown]) =>
        nested(
          number,
          Buffer.concat([
            field(1, key, { type: 'string' }),
            isList
              ? nested(2, Buffer.concat((each as unknown[]).map((one) => field(1, one, additionalProperties.items ?? {}))))
              : field(2, each, additionalProperties),
          ]),
        ),
      );
    }),
  );
}

function field(number: number, value: unknown, schema: Schema): Buffer {
  if (typeof value === 'boolean') return whole(number, value ? 1 : 0);
  if (schema.format === 'quantity') return nested(number, nested(1, Buffer.from(String(value))));
  if (schema.format === 'int-or-string')
    return nested(number, typeof value === 'number' ? whole(2, value) : Buffer.concat([whole(1, 1), nested(3, Buffer.from(String(value)))]));
  if (schema.format === 'date-time' || schema.format === 'micro-time') return nested(number, timeBytes(value as string | null));
  if (schema.format === 'byte') return nested(number, Buffer.from(String(value), 'base64'));
  if (typeof value === 'number') return whole(number, value);
  if (typeof value === 'string') return nested(number, Buffer.from(value));
  if (schema.named !== undefined) return nested(number, encode(value as Record<string, unknown>, schema));
  return nested(number, nested(1, Buffer.from(JSON.stringify(value))));
}

function namesOf(fields: MessageFields | undefined): Map<string, boolean> {
  return new Map(
    [...(fields?.values() ?? [])].flatMap((entry) => (entry.type === 'field' ? [[entry.name, entry.keepsZero] as const] : [...namesOf(entry.fields)])),
  );
}

describe('the field table', () => {
  it('has all fields of all kinds', async () => {
    const missing: string[] = [];
    const seen = new Set<string>();
    const look = (schema: Schema, from: FieldTable): void => {
      const name = schema.named?.name;
      if (name === undefined || seen.has(name)) {
        if (name === undefined) for (const child of [schema.items, schema.additionalProperties]) if (child !== undefined) look(child, from);
        return;
      }
      seen.add(name);
      const names = namesOf(from.get(name));
      for (const [property, child] of Object.entries(schema.properties ?? {})) {
        if (property !== 'kind' && property !== 'apiVersion' && !names.has(property)) missing.push(`${name}.${property}`);
        look(child, from);
      }
    };
    for (const kind of builtinKinds) if (!JSON_ONLY.has(kind.kind)) look((await kind.model()).schema, table);
    // A reference to an object holds `kind` and `apiVersion` as fields of its own.
    expect(missing).toEqual([]);
  });
});

describe('decodeMessage', () => {
  it.each(
    builtinKinds
      .filter(({ kind }) => !JSON_ONLY.has(kind))
      .map((kind) => ({ name: `${kind.group === '' ? 'core' : kind.group}.${kind.version}.${kind.kind}`, kind })),
  )('gives back every field that was encoded: $name', async ({ name, kind }) => {
    const { schema } = await kind.model();
    const text = await readFile(new URL(`../../../../core/testdata/golden/${name}.json`, import.meta.url), 'utf8').catch(() => undefined);
    const { apiVersion: _, kind: _kind, ...object } = (text === undefined ? { metadata: { name: 'a' } } : JSON.parse(text)) as Record<string, unknown>;
    expect(decodeMessage(encode(object, schema), schema, table)).toEqual(object);
  });

  it('keeps a zero that was meant, and drops one that was not', async () => {
    const { schema } = await Deployment.model();
    const spec = Buffer.concat([whole(1, 0), whole(5, 0)]);
    expect(decodeMessage(nested(2, spec), schema, table)).toEqual({ spec: { replicas: 0 } });
  });

  it('fails on nothing but with BadRequest', async () => {
    const { schema } = await Pod.model();
    const good = encode({ metadata: { name: 'a' }, spec: { containers: [{ name: 'a', image: 'b' }] } }, schema);
    const damaged = fc
      .tuple(fc.nat(good.length), fc.uint8Array({ maxLength: 8 }))
      .map(([at, bytes]) => Buffer.concat([good.subarray(0, at), bytes, good.subarray(at + bytes.length)]));
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array().map((bytes) => Buffer.from(bytes)),
          damaged,
        ),
        (bytes) => {
          for (const decode of [
            () => decodeMessage(bytes, schema, table),
            () => openEnvelope(bytes),
            () => openEnvelope(Buffer.concat([Buffer.from('k8s\0'), bytes])),
          ]) {
            try {
              decode();
            } catch (error) {
              expect(isApiError(error) && error.reason).toBe('BadRequest');
            }
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
