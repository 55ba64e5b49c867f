import { readFile } from 'node:fs/promises';
import type { KubernetesObject, Schema } from '@kybern/core';
import { builtinKinds, Pod } from '@kybern/core/kinds';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createKindRegistry } from '../../registry.ts';
import { createProtobufAnswers } from './answers.ts';
import { BackwardWriter } from './backward-writer.ts';
import { decodeMessage, openEnvelope } from './decode.ts';
import { createMessageWriters } from './encode.ts';
import { readFieldTable } from './field-table.ts';
import { readFields } from './wire-reader.ts';

const table = readFieldTable();
const writers = createMessageWriters(table);
/** Its types have a JSON form only. */
const JSON_ONLY = new Set(['CustomResourceDefinition']);

function encode(object: Record<string, unknown>, schema: Schema): Buffer {
  const writer = new BackwardWriter();
  writers.of(schema)?.(writer, object);
  return writer.take();
}

describe('createMessageWriters', () => {
  it.each(
    builtinKinds
      .filter(({ kind }) => !JSON_ONLY.has(kind))
      .map((kind) => ({ name: `${kind.group === '' ? 'core' : kind.group}.${kind.version}.${kind.kind}`, kind })),
  )('writes what is read as the same: $name', async ({ name, kind }) => {
    const { schema } = await kind.model();
    const text = await readFile(new URL(`../../../../core/testdata/golden/${name}.json`, import.meta.url), 'utf8').catch(() => undefined);
    const { apiVersion: _, kind: _kind, ...object } = (text === undefined ? { metadata: { name: 'a' } } : JSON.parse(text)) as Record<string, unknown>;
    expect(decodeMessage(encode(object, schema), schema, table)).toEqual(object);
  });

  it('writes any text, number, map and time as it is', async () => {
    const { schema } = await Pod.model();
    const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 12 }).filter((value) => value.isWellFormed());
    const pod = fc.record({
      metadata: fc.record({
        name: text,
        labels: fc.dictionary(text, text, { minKeys: 1, maxKeys: 5 }),
        generation: fc.maxSafeInteger().filter((value) => value !== 0),
      }),
      spec: fc.record({ priority: fc.integer(), hostNetwork: fc.constant(true), terminationGracePeriodSeconds: fc.integer() }),
    });
    fc.assert(
      fc.property(pod, (object) => {
        expect(decodeMessage(encode(object, schema), schema, table)).toEqual(object);
      }),
    );
  });
});

describe('createProtobufAnswers', () => {
  const answers = createProtobufAnswers(createKindRegistry([...builtinKinds]), { withManagedFields: (object) => object });
  const pod = (name: string): KubernetesObject => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name } });

  it('says how long a list is before it begins, however it is cut', async () => {
    expect(await answers.prepare(Pod)).toBe(true);
    const items = Array.from({ length: 300 }, (_, i) => ({
      ...pod(`p-${String(i)}`),
      metadata: { name: `p-${String(i)}`, annotations: { a: 'x'.repeat(70_000) } },
    }));
    const metadata = { resourceVersion: '7', continue: 'next', remainingItemCount: 3 };
    const pieces = [...answers.list({ apiVersion: 'v1', kind: 'PodList', metadata, items })];
    const { apiVersion, kind, raw } = openEnvelope(Buffer.concat(pieces));
    expect({ apiVersion, kind }).toEqual({ apiVersion: 'v1', kind: 'PodList' });
    const { schema } = await Pod.model();
    const found = [...readFields(raw)].filter(({ number }) => number === 2).map(({ value }) => decodeMessage(value as Buffer, schema, table));
    expect(found.map(({ metadata }) => (metadata as { readonly name: string }).name)).toEqual(items.map(({ metadata: { name } }) => name));
  });

  it('frames an event with its length', async () => {
    await answers.prepare(Pod);
    const frame = answers.frame({ type: 'ADDED', object: pod('a') });
    expect(frame.readUInt32BE()).toBe(frame.length - 4);
    const [type, object] = [...readFields(frame.subarray(4))];
    expect(String(type?.value)).toBe('ADDED');
    const [raw] = [...readFields(object?.value as Buffer)];
    expect(openEnvelope(raw?.value as Buffer)).toMatchObject({ apiVersion: 'v1', kind: 'Pod' });
  });
});
