import fc from 'fast-check';
import type { Schema } from '../src/kind-model.ts';

const text: Schema = { type: 'string' };
const integer: Schema = { type: 'integer' };

const port: Schema = { type: 'object', properties: { port: integer, protocol: { ...text, default: 'TCP' }, name: text } };
const part: Schema = {
  type: 'object',
  properties: {
    name: text,
    value: text,
    ports: { type: 'array', items: port, listType: 'map', listMapKeys: ['port', 'protocol'] },
    limits: { type: 'object', properties: { a: text, b: text } },
  },
};

/** One of each way in which fields can be owned. For tests. */
export const applySchema: Schema = {
  type: 'object',
  properties: {
    apiVersion: text,
    kind: text,
    metadata: {
      type: 'object',
      properties: {
        name: text,
        labels: { type: 'object', additionalProperties: text },
        finalizers: { type: 'array', items: text, listType: 'set', patchStrategy: 'merge' },
      },
    },
    spec: {
      type: 'object',
      properties: {
        replicas: integer,
        text,
        parts: { type: 'array', items: part, listType: 'map', listMapKeys: ['name'] },
        merged: { type: 'array', items: part, patchStrategy: 'merge', patchMergeKey: 'name' },
        list: { type: 'array', items: text },
        selector: { type: 'object', mapType: 'atomic', additionalProperties: text },
        anything: { type: 'object', preserveUnknownFields: true },
        raw: {},
      },
    },
    status: { type: 'object', properties: { phase: text } },
  },
};

const name = fc.constantFrom('a', 'b', 'c', '__proto__');
const value = fc.constantFrom('1', '2');
const optional = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined });
const clean = <T extends object>(object: T): object => Object.fromEntries(Object.entries(object).filter(([, each]) => each !== undefined));
const texts = fc.dictionary(name, value, { maxKeys: 3 }).map((fields) => Object.fromEntries(Object.entries(fields)));

const ports = fc.uniqueArray(
  fc.record({ port: fc.constantFrom(80, 443), protocol: optional(fc.constantFrom('TCP', 'UDP')), name: optional(value) }).map(clean),
  {
    maxLength: 3,
    selector: (each) => `${(each as { port: number }).port}/${(each as { protocol?: string }).protocol ?? 'TCP'}`,
  },
);
const parts = fc.uniqueArray(
  fc
    .record({ name, value: optional(value), ports: optional(ports), limits: optional(fc.record({ a: optional(value), b: optional(value) }).map(clean)) })
    .map(clean),
  { maxLength: 4, selector: (each) => (each as { name: string }).name },
);

/** Valid objects of {@link applySchema}. For tests. */
export const applyObject: fc.Arbitrary<object> = fc
  .record({
    metadata: optional(
      fc.record({ labels: optional(texts), finalizers: optional(fc.uniqueArray(fc.constantFrom('f', 'g', 'h'), { maxLength: 3 })) }).map(clean),
    ),
    spec: optional(
      fc
        .record({
          replicas: optional(fc.constantFrom(1, 2)),
          text: optional(value),
          parts: optional(parts),
          merged: optional(parts),
          list: optional(fc.array(value, { maxLength: 2 })),
          selector: optional(texts),
          anything: optional(
            fc
              .dictionary(name, fc.oneof(value, texts, fc.array(value, { maxLength: 2 })), { maxKeys: 2 })
              .map((all) => Object.fromEntries(Object.entries(all))),
          ),
          raw: optional(fc.oneof(value, texts)),
        })
        .map(clean),
    ),
  })
  .map(clean);
