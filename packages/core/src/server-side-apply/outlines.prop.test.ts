import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyObject, applySchema } from '../../test/apply-schema.ts';
import { anyJsonObject } from '../../test/arbitrary-json.ts';
import { compareFields } from './compare-fields.ts';
import { fieldsV1Text, formatFieldsV1, type FieldSet } from './field-set.ts';
import { fieldTypeOf } from './field-type.ts';
import { fieldsOf } from './fields-of.ts';
import { formatManagedFields, managedFieldsText } from './managers.ts';
import { createOutlines } from './outlines.ts';

const type = fieldTypeOf(applySchema);
const object = fc.oneof({ weight: 4, arbitrary: applyObject }, anyJsonObject);

describe('outlines', () => {
  it('are the same only for objects whose fields are owned in the same way', () => {
    fc.assert(
      fc.property(fc.array(object, { minLength: 1, maxLength: 12 }), fc.integer({ min: 1, max: 200 }), (objects, maxSteps) => {
        const added = createOutlines<FieldSet>(type, maxSteps);
        const applied = createOutlines<FieldSet>(type, maxSteps);
        for (const each of [...objects, ...objects]) {
          const fields = added.of(each, () => compareFields({}, each, type).added);
          expect(formatFieldsV1(fields)).toEqual(formatFieldsV1(compareFields({}, each, type).added));
          expect(formatFieldsV1(applied.of(each, () => fieldsOf(each, type)))).toEqual(formatFieldsV1(fieldsOf(each, type)));
        }
      }),
    );
  });

  it('of objects that differ in values alone are the same', () => {
    const outlines = createOutlines<number>(type);
    const make = (text: string): object => ({ metadata: { name: text, labels: { app: text } }, spec: { text, parts: [{ name: 'a', value: text }] } });
    let found = 0;
    for (const text of ['x', 'y', 'z']) outlines.of(make(text), () => (found += 1));
    expect(found).toBe(1);
    expect(outlines.of({ ...make('x'), spec: { parts: [{ name: 'b' }] } }, () => 7)).toBe(7);
  });

  it('that go too deep are not remembered', () => {
    const deep = (depth: number): object => (depth === 0 ? {} : { a: deep(depth - 1) });
    const outlines = createOutlines<number>(fieldTypeOf(undefined));
    expect(outlines.of(deep(200), () => 1)).toBe(1);
    expect(outlines.of(deep(200), () => 2)).toBe(2);
  });
});

describe('the text of fieldsV1', () => {
  it('is the JSON of it, whatever was written before', () => {
    const memory = new WeakMap<FieldSet, string>();
    fc.assert(
      fc.property(object, (each) => {
        const fields = fieldsOf(each, type);
        const json = JSON.stringify(formatFieldsV1(fields));
        expect(fieldsV1Text(fields)).toBe(json);
        expect(fieldsV1Text(fields, memory)).toBe(json);
        expect(fieldsV1Text(fields, memory)).toBe(json);
      }),
    );
  });

  it('stands in managedFields as it would be written there', () => {
    const manager = fc.record({
      manager: fc.string(),
      operation: fc.constantFrom('Apply' as const, 'Update' as const),
      apiVersion: fc.constantFrom('v1', 'apps/v1'),
      subresource: fc.constantFrom(undefined, 'status', 'scale'),
      timeMs: fc.constantFrom(undefined, 0, 1_700_000_000_000, 1_700_000_001_000),
      fields: object.map((each) => fieldsOf(each, type)),
    });
    fc.assert(
      fc.property(fc.array(manager, { maxLength: 4 }), (managers) => {
        expect(managedFieldsText(managers, fieldsV1Text)).toBe(JSON.stringify(formatManagedFields(managers)));
      }),
    );
  });
});
