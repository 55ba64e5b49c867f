import { readFileSync } from 'node:fs';
import { Ajv, type ValidateFunction } from 'ajv';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cloneJson } from '../../json-data.ts';
import { findKind } from '../index.ts';

// The slow, obvious oracle: the schemas as they are published, compiled by ajv with OpenAPI's own vocabulary.
const { schemas } = JSON.parse(readFileSync(new URL('../../../data/k8s-1.36.schemas.json', import.meta.url), 'utf8')) as { schemas: Record<string, object> };
const QUANTITY = 'io.k8s.apimachinery.pkg.api.resource.Quantity';

function createOracle(): (schema: string) => ValidateFunction {
  const ajv = new Ajv({ allErrors: true, strict: false, formats: { int32: true, int64: true, byte: /^[A-Za-z0-9+/]*=*$/, double: true, 'int-or-string': true, 'date-time': /^\d{4}-.*Z$/ } });
  const all = { ...schemas, [QUANTITY]: { oneOf: [{ type: 'string', pattern: '^[0-9.]+[a-zA-Z]*$' }, { type: 'number' }] } };
  ajv.addSchema({ $id: 'openapi', components: { schemas: all } });
  return (schema) => ajv.compile({ $ref: `openapi#/components/schemas/${schema}` });
}

const compile = createOracle();
const ABOUT_TYPES = new Set(['type', 'format', 'pattern', 'oneOf']);
const subjects = [
  ['core.v1.Pod', 'io.k8s.api.core.v1.Pod'],
  ['core.v1.Service', 'io.k8s.api.core.v1.Service'],
  ['apps.v1.StatefulSet', 'io.k8s.api.apps.v1.StatefulSet'],
  ['autoscaling.v2.HorizontalPodAutoscaler', 'io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler'],
  ['networking.k8s.io.v1.NetworkPolicy', 'io.k8s.api.networking.v1.NetworkPolicy'],
  ['resource.k8s.io.v1.ResourceSlice', 'io.k8s.api.resource.v1.ResourceSlice'],
  ['flowcontrol.apiserver.k8s.io.v1.FlowSchema', 'io.k8s.api.flowcontrol.v1.FlowSchema'],
].map(([file = '', schema = '']) => {
  const object = JSON.parse(readFileSync(new URL(`../../../testdata/golden/${file}.json`, import.meta.url), 'utf8')) as { apiVersion: string; kind: string };
  return { name: file, object, paths: pathsOf(object), validate: compile(schema) };
});

type Path = readonly (string | number)[];

function pathsOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  const inner = Object.entries(value).flatMap(([key, child]) => pathsOf(child, [...path, Array.isArray(value) ? Number(key) : key]));
  return path.length === 0 ? inner : [path, ...inner];
}

function replaced(object: object, path: Path, value: unknown): unknown {
  const copy = cloneJson(object);
  const holder = path.slice(0, -1).reduce<Record<string | number, unknown>>((at, key) => at[key] as Record<string | number, unknown>, copy);
  holder[path.at(-1) ?? ''] = value;
  return copy;
}

const fromPointer = (pointer: string): string => pointer.slice(1).split('/').map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~')).join('.');
const fromField = (field: string): string => field.replaceAll('[', '.').replaceAll(']', '');
const wrongTypes = fc.constantFrom<unknown>(true, 7, 1.5, 'text', [], {}, ['a'], [{}], { a: 1 }, [1, true]);

describe.each(subjects)('validate a $name', ({ object, paths, validate }) => {
  it('finds the same values of a wrong type as ajv with the published schema', async () => {
    const model = await findKind(object.apiVersion, object.kind)?.model();
    fc.assert(
      fc.property(fc.constantFrom(...paths), wrongTypes, (path, value) => {
        const changed = replaced(object, path, value);
        validate(changed);
        const expected = (validate.errors ?? []).filter((error) => ABOUT_TYPES.has(error.keyword)).map((error) => fromPointer(error.instancePath));
        const found = model?.validate(changed).filter((error) => error.reason === 'FieldValueTypeInvalid').map((error) => fromField(error.field));
        expect([...new Set(found)].sort()).toEqual([...new Set(expected)].sort());
      }),
      { numRuns: 150 },
    );
  });

  it('never throws, whatever it is given', async () => {
    const model = await findKind(object.apiVersion, object.kind)?.model();
    fc.assert(
      fc.property(fc.constantFrom(...paths), fc.jsonValue(), (path, value) => {
        const changed = replaced(object, path, value);
        model?.validate(changed);
        model?.unknownFields(changed);
        model?.validate(value);
        model?.unknownFields(value);
      }),
    );
  });
});
