import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyObject, applySchema } from '../../test/apply-schema.ts';
import { anyJson, anyJsonObject } from '../../test/arbitrary-json.ts';
import { isApiError } from '../api-error.ts';
import { cloneJson, deepEqual, deepFreeze, isJsonObject } from '../json-data.ts';
import type { Schema } from '../kind-model.ts';
import { applyFields, type ApplyResult } from './apply.ts';
import { compareFields } from './compare-fields.ts';
import {
  difference,
  differenceWithBelow,
  equalSets,
  fieldSetOf,
  formatFieldsV1,
  hasPath,
  intersection,
  isEmptySet,
  isSubset,
  parseFieldsV1,
  pathsOf,
  union,
  type FieldSet,
} from './field-set.ts';
import { fieldTypeOf, type FieldType } from './field-type.ts';
import { allFields, fieldsOf } from './fields-of.ts';
import { formatManagedFields, isSameOwnership, parseManagedFields, withoutUntracked, type Manager } from './managers.ts';
import { mergeFields } from './merge-fields.ts';
import { itemElement } from './path-element.ts';
import { pruneFields } from './prune-fields.ts';
import { addChange, enterChange, ownershipChange, updateManagers, type OwnershipChange } from './update.ts';

const type = fieldTypeOf(applySchema);

const element = fc.constantFrom('f:a', 'f:b', 'f:__proto__', 'k:{"name":"a"}', 'k:{"name":"b","port":80}', 'v:"x"', 'v:1', 'i:0', 'i:10');
const paths = fc.array(fc.array(element, { minLength: 1, maxLength: 4 }), { maxLength: 8 });
/** The oracle: a set of paths as a set of texts. */
const naive = (set: FieldSet): Set<string> => new Set(pathsOf(set).map((path) => JSON.stringify(path)));
const isBelow = (path: string, above: ReadonlySet<string>): boolean => {
  const parts = JSON.parse(path) as string[];
  return parts.some((_, i) => above.has(JSON.stringify(parts.slice(0, i + 1))));
};

describe('field sets are sets of paths', () => {
  it('whatever is done with them', () => {
    fc.assert(
      fc.property(paths, paths, (some, others) => {
        const [a, b] = [fieldSetOf(some), fieldSetOf(others)];
        const [x, y] = [naive(a), naive(b)];
        expect(x).toEqual(new Set(some.map((path) => JSON.stringify(path))));
        expect(naive(union(a, b))).toEqual(new Set([...x, ...y]));
        expect(naive(intersection(a, b))).toEqual(new Set([...x].filter((path) => y.has(path))));
        expect(naive(difference(a, b))).toEqual(new Set([...x].filter((path) => !y.has(path))));
        expect(naive(differenceWithBelow(a, b))).toEqual(new Set([...x].filter((path) => !isBelow(path, y))));
        expect(equalSets(a, b)).toBe(x.size === y.size && [...x].every((path) => y.has(path)));
        expect(isEmptySet(a)).toBe(x.size === 0);
        expect(isSubset(a, b)).toBe([...x].every((path) => y.has(path)));
        expect(isSubset(intersection(a, b), a)).toBe(true);
        for (const path of some) expect(hasPath(a, path)).toBe(true);
      }),
    );
  });

  it('and are the same when written and read again', () => {
    fc.assert(
      fc.property(paths, (some) => {
        const set = fieldSetOf(some);
        const json = formatFieldsV1(set);
        expect(equalSets(parseFieldsV1(JSON.parse(JSON.stringify(json))), set)).toBe(true);
        expect(JSON.stringify(formatFieldsV1(fieldSetOf([...some].reverse())))).toBe(JSON.stringify(json));
      }),
    );
  });
});

const id = (manager: string): Pick<Manager, 'manager' | 'apiVersion' | 'subresource'> => ({ manager, apiVersion: 'v1', subresource: undefined });

interface State {
  readonly object: object | undefined;
  readonly managers: readonly Manager[];
}
const apply = ({ object, managers }: State, manager: string, { applied, force }: { applied: object; force?: boolean }): ApplyResult<object> =>
  applyFields<object>({ live: object, applied, type, managers, manager: id(manager), nowMs: 1000, force });
const update = ({ object, managers }: State, manager: string, after: object): State => ({
  object: after,
  managers: updateManagers({ before: object, after, type, managers, manager: id(manager), nowMs: 1000 }),
});

interface Step {
  readonly manager: string;
  readonly object: object;
  readonly applies: boolean;
}
const steps = fc.array(fc.record({ manager: fc.constantFrom('m', 'n', 'o'), object: applyObject, applies: fc.boolean() }), { maxLength: 6 });
const history = (all: readonly Step[]): State =>
  all.reduce<State>(
    (state, { manager, object, applies }) =>
      deepFreezeState(applies ? apply(state, manager, { applied: object, force: true }) : update(state, manager, object)),
    { object: undefined, managers: [] },
  );
const deepFreezeState = ({ object, managers }: State): State => ({ object: deepFreeze(object), managers });

const fieldsOfManager = ({ managers }: State, manager: string): FieldSet =>
  managers.find((entry) => entry.manager === manager && entry.operation === 'Apply')?.fields ?? fieldSetOf([]);

/** The same whatever the order of elements with keys is. */
function inOneOrder(value: unknown, at: FieldType): unknown {
  if (isJsonObject(value) && !at.atomicMap)
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, inOneOrder(item, at.field(name).type)]));
  if (!Array.isArray(value) || at.list.by === 'nothing') return value;
  const items = value.map((item, i) => [itemElement(at, item, i), inOneOrder(item, at.items())] as const);
  return items.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, item]) => item);
}

/** The parts of an object that one of two gets. */
function share(object: object, mask: readonly boolean[]): object {
  let at = 0;
  const parts = Object.entries(object).map(
    ([section, fields]) => [section, Object.fromEntries(Object.entries(fields as object).filter(() => mask[at++]))] as const,
  );
  return Object.fromEntries(parts.filter(([, fields]) => Object.keys(fields).length > 0));
}

describe('whatever happened before', () => {
  it('an apply is idempotent', () => {
    fc.assert(
      fc.property(steps, applyObject, (before, applied) => {
        const once = apply(history(before), 'm', { applied, force: true });
        fc.pre(once.managers.length > 0); // else nobody is noted, and all of it counts as found by the next apply
        const twice = apply(once, 'm', { applied });
        expect(twice.conflicts).toEqual([]);
        expect(twice.object).toBe(once.object);
        expect(twice.managers).toBe(once.managers);
      }),
    );
  });

  it('a manager owns exactly what it applied, and nobody who differs owns it with it', () => {
    fc.assert(
      fc.property(steps, applyObject, (before, applied) => {
        const state = history(before);
        const result = apply(state, 'm', { applied, force: true });
        expect(formatFieldsV1(fieldsOfManager(result, 'm'))).toEqual(formatFieldsV1(withoutUntracked(fieldsOf(applied, type))));
        const { modified } = compareFields(state.object ?? {}, result.object, type);
        for (const other of result.managers) if (other.manager !== 'm') expect(isEmptySet(intersection(other.fields, modified))).toBe(true);
      }),
    );
  });

  it('an object has what was applied, and a manager who may not take it changes nothing', () => {
    fc.assert(
      fc.property(steps, applyObject, (before, applied) => {
        const state = history(before);
        const result = apply(state, 'm', { applied });
        if (result.conflicts.length > 0) {
          expect(result.object).toBe(state.object);
          expect(result.managers).toBe(state.managers);
          expect(apply(state, 'm', { applied, force: true }).conflicts).toEqual([]);
        } else expect(mergeFields(result.object, applied, type)).toBe(result.object);
      }),
    );
  });

  it('nobody owns what is not there', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const { object, managers } = history(all);
        const there = allFields(object ?? {}, type, 0);
        for (const { fields } of managers) expect(pathsOf(difference(fields, there))).toEqual([]);
      }),
    );
  });

  it('managers are the same when written and read again', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const { managers } = history(all);
        expect(isSameOwnership(parseManagedFields(JSON.parse(JSON.stringify(formatManagedFields(managers))) as never), managers)).toBe(true);
      }),
    );
  });

  it('two who apply different fields may do so in either order', () => {
    fc.assert(
      fc.property(steps, applyObject, fc.array(fc.boolean(), { minLength: 12, maxLength: 12 }), (before, both, mask) => {
        const state = history(before.map((step) => ({ ...step, manager: 'o' })));
        const [one, two] = [
          share(both, mask),
          share(
            both,
            mask.map((bit) => !bit),
          ),
        ];
        fc.pre([one, two].every((applied) => !isEmptySet(withoutUntracked(fieldsOf(applied, type)))));
        const forwards = apply(apply(state, 'm', { applied: one, force: true }), 'n', { applied: two, force: true });
        const backwards = apply(apply(state, 'n', { applied: two, force: true }), 'm', { applied: one, force: true });
        expect(inOneOrder(forwards.object, type)).toEqual(inOneOrder(backwards.object, type));
        expect(isSameOwnership(forwards.managers, backwards.managers)).toBe(true);
      }),
    );
  });

  it('an update that changes nothing changes no owner, and one that does owns what it changed', () => {
    fc.assert(
      fc.property(steps, applyObject, (before, after) => {
        const state = history(before);
        if (state.object !== undefined) expect(update(state, 'm', cloneJson(state.object) as object).managers).toBe(state.managers);
        const { modified, added } = compareFields(state.object ?? {}, after, type);
        const now = update(state, 'm', after).managers.find(({ manager, operation }) => manager === 'm' && operation === 'Update');
        expect(isEmptySet(difference(withoutUntracked(union(modified, added)), now?.fields ?? fieldSetOf([])))).toBe(true);
      }),
    );
  });

  it('changes may be entered together or one by one', () => {
    fc.assert(
      fc.property(steps, fc.array(fc.record({ manager: fc.constantFrom('m', 'n', 'o'), object: applyObject }), { maxLength: 8 }), (before, writes) => {
        let state = history(before);
        const from = state.managers;
        let changes: readonly OwnershipChange[] = [];
        for (const { manager, object } of writes) {
          const change = ownershipChange({ before: state.object, after: object, type }, id(manager), 1000);
          if (change !== undefined) changes = addChange(changes, change);
          state = update(state, manager, object);
        }
        expect(isSameOwnership(changes.reduce(enterChange, from), state.managers)).toBe(true);
      }),
    );
  });

  it('comparing finds a difference exactly where there is one', () => {
    fc.assert(
      fc.property(applyObject, applyObject, (before, after) => {
        const { removed, modified, added } = compareFields(before, after, type);
        const same = deepEqual(inOneOrder(before, type), inOneOrder(after, type));
        expect([removed, modified, added].every(isEmptySet)).toBe(same);
        const back = compareFields(after, before, type);
        expect([back.removed, back.modified, back.added].map(formatFieldsV1)).toEqual([added, modified, removed].map(formatFieldsV1));
      }),
    );
  });
});

/** Kubernetes' own way: take everything out that was owned, then put back, in three passes over whole sets of fields. */
function pruneBySets(merged: unknown, { last, managed }: { last: FieldSet; managed: FieldSet }): unknown {
  const whole = (set: FieldSet): FieldSet => withNamed(set, type);
  const remove = (from: unknown, set: FieldSet): unknown => removeItems(from, set, type);
  const all = whole(fieldsOf(merged, type));
  const pruned = remove(merged, whole(last));
  const kept = union(whole(fieldsOf(pruned ?? {}, type)), whole(managed));
  const restored = whole(fieldsOf(remove(merged, difference(all, kept)) ?? {}, type));
  return remove(merged, intersection(difference(all, restored), whole(last)));
}

function withNamed(set: FieldSet, at: FieldType, named = false): FieldSet {
  const children = [...(set.children ?? [])].map(([key, child]): [string, FieldSet] => {
    const place = key.startsWith('f:') ? at.field(key.slice(2)) : { named: false, type: at.items() };
    return [key, withNamed(child, place.type, place.named)];
  });
  return { member: set.member || (named && children.length > 0), children: children.length === 0 ? undefined : new Map(children) };
}

function removeItems(value: unknown, set: FieldSet, at: FieldType): unknown {
  const part = (key: string, item: unknown, below: FieldType): unknown => {
    const child = set.children?.get(key);
    if (child?.member === true) return undefined;
    return child === undefined ? item : removeItems(item, child, below);
  };
  if (isJsonObject(value) && !at.atomicMap)
    return Object.fromEntries(
      Object.entries(value)
        .map(([name, item]) => [name, part(`f:${name}`, item, at.field(name).type)] as const)
        .filter(([, item]) => item !== undefined),
    );
  if (!Array.isArray(value) || at.list.by === 'nothing') return value;
  return value.map((item, i) => part(itemElement(at, item, i), item, at.items())).filter((item) => item !== undefined);
}

/** Whether an object is there when nothing is in it is another question. */
function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEmpty);
  if (!isJsonObject(value)) return value;
  const fields = Object.entries(value).map(([name, item]) => [name, withoutEmpty(item)] as const);
  return Object.fromEntries(fields.filter(([, item]) => !(typeof item === 'object' && item !== null && Object.keys(item).length === 0)));
}

/** To Kubernetes an object in which there is nothing but an empty list is not there when it looks again; it then takes the rest of it too. */
function withoutEmptyLists(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEmptyLists);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, item]) => (Array.isArray(item) && item.length === 0 ? [] : [[name, withoutEmptyLists(item)]])),
  );
}
const fullObject = applyObject.map(withoutEmptyLists);

describe('pruning', () => {
  it('removes what Kubernetes removes', () => {
    fc.assert(
      fc.property(fullObject, fullObject, fullObject, fullObject, (live, before, now, other) => {
        const merged = deepFreeze(mergeFields(mergeFields(mergeFields(live, before, type), now, type), other, type));
        const ownership = { applied: now, last: fieldsOf(before, type), managed: union(fieldsOf(now, type), fieldsOf(other, type)) };
        expect(withoutEmpty(pruneFields(merged, ownership, type))).toEqual(withoutEmpty(pruneBySets(merged, ownership)));
      }),
      { numRuns: 500 },
    );
  });
});

const anySchema: fc.Arbitrary<Schema> = fc.letrec<{ schema: Schema }>((tie) => ({
  schema: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom<Schema>({}, { type: 'string' }, { type: 'object', preserveUnknownFields: true }, { type: 'object' }),
    fc.record({
      type: fc.constant('object' as const),
      properties: fc.dictionary(fc.constantFrom('a', 'b', 'name', '__proto__'), tie('schema')),
      mapType: fc.constantFrom('atomic' as const, 'granular' as const),
    }),
    fc.record({ type: fc.constant('object' as const), additionalProperties: tie('schema') }),
    fc.record({
      type: fc.constant('array' as const),
      items: tie('schema'),
      listType: fc.constantFrom('atomic' as const, 'set' as const, 'map' as const),
      listMapKeys: fc.constantFrom<string[]>(['name'], ['a', 'b'], []),
    }),
  ),
})).schema;

describe('hostile input', () => {
  it('is data, or an error of the API, whatever the schema is', () => {
    fc.assert(
      fc.property(anySchema, anyJson, anyJson, anyJsonObject, (schema, live, applied, fieldsV1) => {
        const at = fieldTypeOf(schema);
        const text = JSON.stringify([live, applied]);
        try {
          const managers = parseManagedFields([{ manager: 'x', operation: 'Apply', apiVersion: 'v1', fieldsType: 'FieldsV1', fieldsV1: fieldsV1 as never }]);
          updateManagers({ before: live, after: applied, type: at, managers, manager: id('m'), nowMs: 0 });
        } catch (error) {
          expect(isApiError(error)).toBe(true);
        }
        try {
          const managers = updateManagers({ before: undefined, after: live, type: at, managers: [], manager: id('m'), nowMs: 0 });
          const once = applyFields({ live, applied, type: at, managers, manager: id('x'), nowMs: 0, force: true });
          formatManagedFields(once.managers);
        } catch (error) {
          expect(isApiError(error)).toBe(true);
        }
        expect(JSON.stringify([live, applied])).toBe(text);
        expect(({} as Record<string, unknown>)['a']).toBeUndefined();
      }),
      { numRuns: 500 },
    );
  });
});
