import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyJson, anyJsonObject } from '../test/arbitrary-json.ts';
import { isApiError } from './api-error.ts';
import { deepEqual, deepFreeze } from './json-data.ts';
import type { Schema } from './kind-model.ts';
import { applyMergePatch } from './merge-patch.ts';
import type { JsonObject } from './object.ts';
import { applyStrategicMergePatch } from './strategic-merge-patch.ts';
import { createThreeWayPatch } from './three-way-patch.ts';

const text: Schema = { type: 'string' };
const texts: Schema = { type: 'object', additionalProperties: text };
const item: Schema = { type: 'object', properties: { name: text, value: text, labels: texts, list: { type: 'array', items: text } } };
const container: Schema = { ...item, properties: { ...item.properties, items: { type: 'array', items: item, patchStrategy: 'merge', patchMergeKey: 'name' } } };
const schema: Schema = {
  type: 'object',
  properties: {
    containers: { type: 'array', items: container, patchStrategy: 'merge', patchMergeKey: 'name' },
    finalizers: { type: 'array', items: text, patchStrategy: 'merge' },
    labels: texts,
    list: { type: 'array', items: text },
    spec: { type: 'object', properties: { a: text, b: text, labels: texts } },
  },
};

const name = fc.constantFrom('a', 'b', 'c', '__proto__');
const value = fc.constantFrom('1', '2');
const labels = fc.dictionary(name, value, { maxKeys: 3 }).map((fields) => Object.fromEntries(Object.entries(fields)));
const set = fc.uniqueArray(fc.constantFrom('f', 'g', 'h', 'i'), { maxLength: 4 });
const list = fc.array(value, { maxLength: 3 });
const part = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined });
const clean = <T extends object>(object: T): object => Object.fromEntries(Object.entries(object).filter(([, each]) => each !== undefined));
const keyed = (fields: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<object[]> =>
  fc.uniqueArray(fc.record({ name, ...fields }).map(clean), { maxLength: 3, selector: (each) => (each as { name: string }).name });
const itemFields = { value: part(value), labels: part(labels), list: part(list) };
const document = fc
  .record({
    containers: part(keyed({ ...itemFields, items: part(keyed(itemFields)) })),
    finalizers: part(set),
    labels: part(labels),
    list: part(list),
    spec: part(fc.record({ a: part(value), b: part(value), labels: part(labels) }).map(clean)),
  })
  .map(clean);

type Fields = Readonly<Record<string, unknown>>;
const isFields = (each: unknown): each is Fields => typeof each === 'object' && each !== null && !Array.isArray(each);
const own = (object: unknown, field: string): unknown => (isFields(object) && Object.hasOwn(object, field) ? object[field] : undefined);
const byName = (elements: unknown, wanted: unknown): unknown => (Array.isArray(elements) ? elements.find((each) => own(each, 'name') === wanted) : undefined);
const merges = (field: string): boolean => field === 'containers' || field === 'items';

/** Everything in `wanted` is in `found`, lists with a key in the wanted order. */
function expectCovers(found: unknown, wanted: unknown, field = ''): void {
  if (merges(field) && Array.isArray(wanted)) {
    const order = (elements: unknown): unknown[] => (elements as unknown[]).map((each) => own(each, 'name'));
    expect(order(found).filter((each) => order(wanted).includes(each))).toEqual(order(wanted));
    for (const each of wanted) expectCovers(byName(found, own(each, 'name')), each);
  } else if (field === 'finalizers' && Array.isArray(wanted)) {
    expect((found as unknown[]).filter((each) => wanted.includes(each))).toEqual(wanted);
  } else if (isFields(wanted)) {
    for (const each of Object.keys(wanted)) expectCovers(own(found, each), own(wanted, each), each);
  } else expect(found).toEqual(wanted);
}

interface States {
  readonly original: unknown;
  readonly modified: unknown;
  readonly current: unknown;
}

/** What was applied and no longer is, is gone; what was never applied, is as it was. */
function expectRest(found: unknown, { original, modified, current }: States, field = ''): void {
  if (merges(field) || isFields(modified)) {
    const at = merges(field) ? byName : (object: unknown, each: unknown): unknown => own(object, each as string);
    const keys = (object: unknown): unknown[] =>
      merges(field) ? (Array.isArray(object) ? object.map((each) => own(each, 'name')) : []) : isFields(object) ? Object.keys(object) : [];
    for (const each of new Set([...keys(original), ...keys(current)])) {
      const inner = { original: at(original, each), modified: at(modified, each), current: at(current, each) };
      if (inner.modified !== undefined) expectRest(at(found, each), inner, merges(field) ? '' : (each as string));
      else if (inner.original !== undefined) expect(at(found, each)).toBeUndefined();
      else expect(at(found, each)).toEqual(inner.current);
    }
  }
}

describe('strategic merge patches', () => {
  it('of kubectl apply bring in what is wanted, remove what no longer is, and leave the rest', () => {
    fc.assert(
      fc.property(document, document, document, (original, modified, current) => {
        for (const each of [original, modified, current]) deepFreeze(each);
        const patch = createThreeWayPatch({ original, modified, current }, schema);
        const result = applyStrategicMergePatch<unknown>(current, patch, schema);
        expectCovers(result, modified);
        expectRest(result, { original, modified, current });
        const again = createThreeWayPatch({ original: modified, modified, current: result as object }, schema);
        expect(applyStrategicMergePatch(result, again, schema)).toBe(result);
      }),
      { numRuns: 1000 },
    );
  });

  it('without merge keys do what JSON merge patches do', () => {
    const plain: Schema = { type: 'object', preserveUnknownFields: true };
    const noDirectives = anyJsonObject.filter((patch) => !JSON.stringify(patch).includes('null'));
    fc.assert(
      fc.property(anyJsonObject, noDirectives, (target, patch) => {
        deepFreeze(target);
        expect(deepEqual(applyStrategicMergePatch(target, patch as JsonObject, plain), applyMergePatch(target, patch as JsonObject))).toBe(true);
      }),
    );
  });

  it('of an object to itself change nothing', () => {
    fc.assert(fc.property(document, (each) => void expect(applyStrategicMergePatch(deepFreeze(each), each as JsonObject, schema)).toBe(each)));
  });

  it('fail with an ApiError, whatever they are', () => {
    const directive = fc.constantFrom(
      '$patch',
      '$retainKeys',
      '$setElementOrder/containers',
      '$setElementOrder/finalizers',
      '$deleteFromPrimitiveList/finalizers',
      '$setElementOrder/',
      'containers',
      'finalizers',
      'labels',
      'name',
    );
    const hostile = fc.letrec<{ any: unknown }>((tie) => ({
      any: fc.oneof(
        { depthSize: 'small' },
        anyJson,
        fc.constantFrom('delete', 'replace', 'merge'),
        fc.array(tie('any'), { maxLength: 3 }),
        fc.array(fc.tuple(directive, tie('any')), { maxLength: 4 }).map((fields) => Object.fromEntries(fields)),
      ),
    })).any;
    fc.assert(
      fc.property(fc.oneof(document, hostile), hostile, hostile, (target, patch, original) => {
        deepFreeze(target);
        attempt(() => applyStrategicMergePatch(target, patch as JsonObject, schema));
        attempt(() => createThreeWayPatch({ original: original as object, modified: patch as object, current: target as object }, schema));
        expect(Object.keys(Object.prototype)).toEqual([]);
      }),
      { numRuns: 1000 },
    );
  });
});

function attempt(run: () => unknown): void {
  try {
    run();
  } catch (error) {
    if (!isApiError(error)) throw error;
  }
}
