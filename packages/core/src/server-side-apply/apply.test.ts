import { describe, expect, it } from 'vitest';
import { applySchema } from '../../test/apply-schema.ts';
import { isApiError } from '../api-error.ts';
import { applyFields, type ApplyInput } from './apply.ts';
import { applyConflictError } from './conflict-error.ts';
import { differenceWithBelow, fieldSetOf, formatFieldsV1, type FieldSet } from './field-set.ts';
import { fieldTypeOf } from './field-type.ts';
import { formatManagedFields, parseManagedFields, type Manager } from './managers.ts';
import { updateManagers } from './update.ts';

const type = fieldTypeOf(applySchema);

interface State {
  readonly object: object | undefined;
  readonly managers: readonly Manager[];
}
type Step = { readonly by: string; readonly at?: number; readonly subresource?: string; readonly apiVersion?: string } & (
  | { readonly apply: object; readonly force?: boolean }
  | { readonly update: object }
);

const nobody: State = { object: undefined, managers: [] };
const idOf = (step: Step): ApplyInput['manager'] => ({ manager: step.by, apiVersion: step.apiVersion ?? 'v1', subresource: step.subresource });

function run(steps: readonly Step[], from: State = nobody): State {
  let state = from;
  for (const step of steps) {
    const base = { type, managers: state.managers, manager: idOf(step), nowMs: (step.at ?? 0) * 1000 };
    if ('update' in step) state = { object: step.update, managers: updateManagers({ ...base, before: state.object, after: step.update }) };
    else {
      const result = applyFields({ ...base, live: state.object, applied: step.apply, force: step.force });
      if (result.conflicts.length > 0) throw applyConflictError(result.conflicts);
      state = { object: result.object as object, managers: result.managers };
    }
  }
  return state;
}

const owned = ({ managers }: State): object =>
  Object.fromEntries(managers.map(({ manager, operation, fields }) => [`${manager} ${operation}`, formatFieldsV1(fields)]));
const spec = (fields: object): object => ({ spec: fields });
const failure = (work: () => unknown): unknown => {
  try {
    return work();
  } catch (error) {
    return isApiError(error) ? error.toStatus() : error;
  }
};

describe('server-side apply', () => {
  it('makes an object of what is applied, owned by who applied it', () => {
    const state = run([{ by: 'a', apply: { apiVersion: 'v1', kind: 'X', metadata: { name: 'x', labels: { l: '1' } }, ...spec({ replicas: 1 }) } }]);
    expect(state.object).toEqual({ apiVersion: 'v1', kind: 'X', metadata: { name: 'x', labels: { l: '1' } }, spec: { replicas: 1 } });
    expect(owned(state)).toEqual({ 'a Apply': { 'f:metadata': { 'f:labels': { 'f:l': {} } }, 'f:spec': { 'f:replicas': {} } } });
  });

  it.each<{ name: string; steps: readonly Step[]; object: object; owners: object }>([
    {
      name: 'keeps what others applied',
      steps: [
        { by: 'a', apply: spec({ replicas: 1 }) },
        { by: 'b', apply: spec({ text: '1' }) },
      ],
      object: spec({ replicas: 1, text: '1' }),
      owners: { 'a Apply': { 'f:spec': { 'f:replicas': {} } }, 'b Apply': { 'f:spec': { 'f:text': {} } } },
    },
    {
      name: 'shares what several apply with the same value',
      steps: [
        { by: 'a', apply: spec({ replicas: 1 }) },
        { by: 'b', apply: spec({ replicas: 1 }) },
      ],
      object: spec({ replicas: 1 }),
      owners: { 'a Apply': { 'f:spec': { 'f:replicas': {} } }, 'b Apply': { 'f:spec': { 'f:replicas': {} } } },
    },
    {
      name: 'removes what is no longer applied',
      steps: [
        { by: 'a', apply: spec({ replicas: 1, text: '1', parts: [{ name: 'a' }, { name: 'b', value: '1' }] }) },
        { by: 'a', apply: spec({ text: '1', parts: [{ name: 'a' }] }) },
      ],
      object: spec({ text: '1', parts: [{ name: 'a' }] }),
      owners: { 'a Apply': { 'f:spec': { 'f:text': {}, 'f:parts': { 'k:{"name":"a"}': { '.': {}, 'f:name': {} } } } } },
    },
    {
      name: 'keeps what is no longer applied by one but by another',
      steps: [
        { by: 'a', apply: spec({ replicas: 1 }) },
        { by: 'b', apply: spec({ replicas: 1 }) },
        { by: 'a', apply: spec({ text: '1' }) },
      ],
      object: spec({ replicas: 1, text: '1' }),
      owners: { 'b Apply': { 'f:spec': { 'f:replicas': {} } }, 'a Apply': { 'f:spec': { 'f:text': {} } } },
    },
    {
      name: 'keeps elements that others added',
      steps: [
        { by: 'a', apply: spec({ parts: [{ name: 'a' }] }) },
        { by: 'b', update: spec({ parts: [{ name: 'a' }, { name: 'b' }] }) },
        { by: 'a', apply: spec({ parts: [{ name: 'c' }] }) },
      ],
      object: spec({ parts: [{ name: 'b' }, { name: 'c' }] }),
      owners: {
        'b Update': { 'f:spec': { 'f:parts': { 'k:{"name":"b"}': { '.': {}, 'f:name': {} } } } },
        'a Apply': { 'f:spec': { 'f:parts': { 'k:{"name":"c"}': { '.': {}, 'f:name': {} } } } },
      },
    },
    {
      name: 'keeps an empty object that is applied as such',
      steps: [
        { by: 'a', apply: spec({ replicas: 1 }) },
        { by: 'a', apply: spec({}) },
      ],
      object: spec({}),
      owners: { 'a Apply': { 'f:spec': {} } },
    },
    {
      name: 'keeps fields that nobody owns',
      steps: [
        { by: 'a', apply: spec({ replicas: 1 }) },
        { by: 'b', update: spec({ replicas: 2, text: '1' }) },
        { by: 'c', apply: spec({ text: '1' }) },
        { by: 'a', apply: {} },
      ],
      object: spec({ replicas: 2, text: '1' }),
      owners: { 'b Update': { 'f:spec': { 'f:replicas': {}, 'f:text': {} } }, 'c Apply': { 'f:spec': { 'f:text': {} } } },
    },
    {
      name: 'gives an update what it changed',
      steps: [
        { by: 'a', apply: spec({ replicas: 1, text: '1' }) },
        { by: 'b', update: spec({ replicas: 2, text: '1' }) },
      ],
      object: spec({ replicas: 2, text: '1' }),
      owners: { 'a Apply': { 'f:spec': { 'f:text': {} } }, 'b Update': { 'f:spec': { 'f:replicas': {} } } },
    },
    {
      name: 'takes from everybody what an update removed',
      steps: [
        { by: 'a', apply: spec({ replicas: 1, text: '1' }) },
        { by: 'b', apply: spec({ replicas: 1 }) },
        { by: 'c', update: spec({ text: '1' }) },
      ],
      object: spec({ text: '1' }),
      owners: { 'a Apply': { 'f:spec': { 'f:text': {} } } },
    },
    {
      name: 'takes what others own when forced',
      steps: [
        { by: 'a', apply: spec({ replicas: 1, text: '1' }) },
        { by: 'b', apply: spec({ replicas: 2 }), force: true },
      ],
      object: spec({ replicas: 2, text: '1' }),
      owners: { 'a Apply': { 'f:spec': { 'f:text': {} } }, 'b Apply': { 'f:spec': { 'f:replicas': {} } } },
    },
    {
      name: 'lets somebody own again what another no longer applies',
      steps: [
        { by: 'a', apply: spec({ replicas: 1 }) },
        { by: 'b', apply: spec({ replicas: 2 }), force: true },
        { by: 'b', apply: spec({ text: '1' }) },
        { by: 'a', apply: spec({ replicas: 1 }) },
      ],
      object: spec({ text: '1', replicas: 1 }),
      owners: { 'b Apply': { 'f:spec': { 'f:text': {} } }, 'a Apply': { 'f:spec': { 'f:replicas': {} } } },
    },
    {
      name: 'treats an atomic list as one field',
      steps: [
        { by: 'a', apply: spec({ list: ['1', '2'] }) },
        { by: 'b', apply: spec({ list: ['3'] }), force: true },
      ],
      object: spec({ list: ['3'] }),
      owners: { 'b Apply': { 'f:spec': { 'f:list': {} } } },
    },
    {
      name: 'removes elements of sets',
      steps: [
        { by: 'a', apply: { metadata: { finalizers: ['f', 'g'] } } },
        { by: 'b', apply: { metadata: { finalizers: ['h'] } } },
        { by: 'a', apply: { metadata: { finalizers: ['g'] } } },
      ],
      object: { metadata: { finalizers: ['g', 'h'] } },
      owners: { 'b Apply': { 'f:metadata': { 'f:finalizers': { 'v:"h"': {} } } }, 'a Apply': { 'f:metadata': { 'f:finalizers': { 'v:"g"': {} } } } },
    },
    {
      name: 'removes the object around the last field',
      steps: [
        { by: 'a', apply: spec({ text: '1', parts: [{ name: 'a', limits: { a: '1' } }] }) },
        { by: 'a', apply: spec({ text: '1', parts: [{ name: 'a' }] }) },
      ],
      object: spec({ text: '1', parts: [{ name: 'a' }] }),
      owners: { 'a Apply': { 'f:spec': { 'f:text': {}, 'f:parts': { 'k:{"name":"a"}': { '.': {}, 'f:name': {} } } } } },
    },
    {
      name: 'removes an element of its own although somebody changed a field of it',
      steps: [
        { by: 'a', apply: spec({ parts: [{ name: 'a', value: '1' }, { name: 'b' }] }) },
        { by: 'b', update: spec({ parts: [{ name: 'a', value: '2' }, { name: 'b' }] }) },
        { by: 'a', apply: spec({ parts: [{ name: 'b' }] }) },
      ],
      object: spec({ parts: [{ name: 'b' }] }),
      owners: { 'a Apply': { 'f:spec': { 'f:parts': { 'k:{"name":"b"}': { '.': {}, 'f:name': {} } } } } },
    },
    {
      name: 'keeps separate books per operation',
      steps: [
        { by: 'a', update: spec({ replicas: 1 }) },
        { by: 'a', apply: spec({ replicas: 1 }) },
      ],
      object: spec({ replicas: 1 }),
      owners: { 'a Update': { 'f:spec': { '.': {}, 'f:replicas': {} } }, 'a Apply': { 'f:spec': { 'f:replicas': {} } } },
    },
  ])('$name', ({ steps, object, owners }) => {
    const state = run(steps);
    expect(state.object).toEqual(object);
    expect(owned(state)).toEqual(owners);
  });

  it('notes what was there before anybody was', () => {
    const state = run([{ by: 'a', apply: spec({ replicas: 1 }) }], { object: spec({ replicas: 1, text: '1' }), managers: [] });
    expect(owned(state)).toEqual({
      'before-first-apply Update': { 'f:spec': { '.': {}, 'f:replicas': {}, 'f:text': {} } },
      'a Apply': { 'f:spec': { 'f:replicas': {} } },
    });
  });

  it('does nothing when nothing changes, whatever the time is', () => {
    const first = run([{ by: 'a', at: 1, apply: spec({ replicas: 1 }) }]);
    const second = run([{ by: 'a', at: 5, apply: spec({ replicas: 1 }) }], first);
    expect(second.object).toBe(first.object);
    expect(second.managers).toBe(first.managers);
  });

  it('keeps only what a filter lets through', () => {
    const filter = (fields: FieldSet): FieldSet => differenceWithBelow(fields, fieldSetOf([['f:status']]));
    const { managers } = applyFields({
      live: undefined,
      applied: { ...spec({ text: '1' }), status: { phase: 'x' } },
      type,
      managers: [],
      manager: idOf({ by: 'a', apply: {} }),
      nowMs: 0,
      filter,
    });
    expect(managers.map(({ fields }) => formatFieldsV1(fields))).toEqual([{ 'f:spec': { 'f:text': {} } }]);
  });
});

describe('conflicts', () => {
  const base: readonly Step[] = [
    { by: 'a', apply: spec({ replicas: 1, text: '1' }) },
    { by: 'b', subresource: 'scale', update: spec({ replicas: 1, text: '1', parts: [{ name: 'x', value: '1' }] }) },
  ];

  it('of one field', () => {
    expect(failure(() => run([...base, { by: 'c', apply: spec({ replicas: 2 }) }]))).toMatchObject({
      code: 409,
      reason: 'Conflict',
      message: 'Apply failed with 1 conflict: conflict with "a": .spec.replicas',
      details: { causes: [{ reason: 'FieldManagerConflict', message: 'conflict with "a"', field: '.spec.replicas' }] },
    });
  });

  it('of many fields, by manager', () => {
    expect(failure(() => run([...base, { by: 'c', apply: spec({ text: '2', replicas: 2, parts: [{ name: 'x', value: '2' }] }) }]))).toMatchObject({
      message: [
        'Apply failed with 3 conflicts: conflicts with "a":',
        '- .spec.replicas',
        '- .spec.text',
        'conflicts with "b" with subresource "scale" using v1:',
        '- .spec.parts[name="x"].value',
      ].join('\n'),
      details: {
        causes: [
          { field: '.spec.replicas' },
          { field: '.spec.text' },
          { field: '.spec.parts[name="x"].value', message: 'conflict with "b" with subresource "scale" using v1' },
        ],
      },
    });
  });

  it('change nothing', () => {
    const state = run(base);
    const result = applyFields({
      live: state.object,
      applied: spec({ replicas: 2 }),
      type,
      managers: state.managers,
      manager: idOf({ by: 'c', apply: {} }),
      nowMs: 0,
    });
    expect(result).toMatchObject({ conflicts: [{ manager: { manager: 'a' } }] });
    expect(result.object).toBe(state.object);
    expect(result.managers).toBe(state.managers);
  });

  it('are none for fields that are uncontested', () => {
    const state = run(base);
    const uncontested = fieldSetOf([['f:spec', 'f:replicas']]);
    const result = applyFields({
      live: state.object,
      applied: spec({ replicas: 2 }),
      type,
      managers: state.managers,
      manager: idOf({ by: 'c', apply: {} }),
      nowMs: 0,
      uncontested,
    });
    expect(result.conflicts).toEqual([]);
  });

  it('are none when a field that others own gets the value that it has', () => {
    expect(run([...base, { by: 'c', apply: spec({ replicas: 1 }) }]).managers).toHaveLength(3);
  });
});

describe('lists that are applied', () => {
  it.each([
    {
      name: 'elements without keys',
      parts: [{ value: '1' }],
      message: '.spec.parts: element 0: associative list with keys has an element that omits key field "name" (and doesn\'t have default value)',
    },
    { name: 'elements that are twice there', parts: [{ name: 'a' }, { name: 'a' }], message: '.spec.parts: duplicate entries for key [name="a"]' },
    { name: 'elements that are no objects', parts: ['a'], message: '.spec.parts: element 0: associative list with keys may not have non-map elements' },
  ])('may not have $name', ({ parts, message }) => {
    expect(failure(() => run([{ by: 'a', apply: { apiVersion: 'v1', kind: 'X', metadata: { name: 'x' }, ...spec({ parts }) } }]))).toMatchObject({
      code: 400,
      message: `failed to create typed patch object (/x; v1, Kind=X): ${message}`,
    });
  });
});

describe('the managers of updates', () => {
  it('are told apart by apiVersion and subresource', () => {
    const state = run([
      { by: 'a', at: 1, update: spec({ replicas: 1 }) },
      { by: 'a', at: 2, apiVersion: 'v2', update: spec({ replicas: 1, text: '1' }) },
      { by: 'a', at: 3, subresource: 'status', update: { ...spec({ replicas: 1, text: '1' }), status: { phase: 'x' } } },
    ]);
    expect(formatManagedFields(state.managers).map(({ fieldsV1, ...entry }) => entry)).toEqual([
      { manager: 'a', operation: 'Update', apiVersion: 'v1', time: '1970-01-01T00:00:01Z', fieldsType: 'FieldsV1' },
      { manager: 'a', operation: 'Update', apiVersion: 'v2', time: '1970-01-01T00:00:02Z', fieldsType: 'FieldsV1' },
      { manager: 'a', operation: 'Update', apiVersion: 'v1', time: '1970-01-01T00:00:03Z', fieldsType: 'FieldsV1', subresource: 'status' },
    ]);
  });

  it('keep their time when they only lose fields', () => {
    const state = run([
      { by: 'a', at: 1, update: spec({ replicas: 1, text: '1' }) },
      { by: 'a', at: 2, update: spec({ replicas: 1 }) },
    ]);
    expect(formatManagedFields(state.managers)).toMatchObject([{ time: '1970-01-01T00:00:01Z', fieldsV1: { 'f:spec': { '.': {}, 'f:replicas': {} } } }]);
  });

  it('never own what an object is called and what the system writes', () => {
    const metadata = { name: 'x', namespace: 'd', uid: 'u', resourceVersion: '1', generation: 1, creationTimestamp: 't', managedFields: [], generateName: 'g' };
    const state = run([{ by: 'a', update: { apiVersion: 'v1', kind: 'X', metadata } }]);
    expect(owned(state)).toEqual({ 'a Update': { 'f:metadata': { 'f:generateName': {} } } });
  });

  it('are at most ten: the oldest become one', () => {
    const labels: Record<string, string> = {};
    const steps = Array.from({ length: 12 }, (_, i): Step => {
      labels[`l${i}`] = '1';
      return { by: `m${i}`, at: i, update: { metadata: { labels: { ...labels } } } };
    });
    const entries = formatManagedFields(run(steps).managers);
    expect(entries.map(({ manager }) => manager)).toEqual(['ancient-changes', ...Array.from({ length: 9 }, (_, i) => `m${i + 3}`)]);
    expect(entries[0]).toEqual({
      manager: 'ancient-changes',
      operation: 'Update',
      apiVersion: 'v1',
      time: '1970-01-01T00:00:02Z',
      fieldsType: 'FieldsV1',
      fieldsV1: { 'f:metadata': { 'f:labels': { '.': {}, 'f:l0': {}, 'f:l1': {}, 'f:l2': {} } } },
    });
  });
});

describe('managedFields', () => {
  const entry = {
    manager: 'a',
    operation: 'Update',
    apiVersion: 'v1',
    time: '2026-01-01T00:00:00Z',
    fieldsType: 'FieldsV1',
    fieldsV1: { 'f:spec': { 'f:a': {} } },
  };

  it('are written with applies first, then by age and name', () => {
    const entries = [
      { ...entry, manager: 'z' },
      entry,
      { ...entry, manager: 'old', time: '2025-01-01T00:00:00Z' },
      { ...entry, operation: 'Apply', subresource: 'status' },
    ];
    expect(formatManagedFields(parseManagedFields(entries)).map(({ manager, operation }) => `${operation} ${manager}`)).toEqual([
      'Apply a',
      'Update old',
      'Update a',
      'Update z',
    ]);
    expect(formatManagedFields(parseManagedFields([entry]))).toEqual([entry]);
  });

  it.each([
    { name: 'no operation', change: { operation: undefined } },
    { name: 'another operation', change: { operation: 'Patch' } },
    { name: 'another type of fields', change: { fieldsType: 'FieldsV2' } },
    { name: 'no apiVersion', change: { apiVersion: '' } },
    { name: 'malformed fields', change: { fieldsV1: { x: {} } } },
  ])('are refused with $name', ({ change }) => {
    expect(failure(() => parseManagedFields([{ ...entry, ...change } as never]))).toMatchObject({ code: 400 });
  });
});
