import { describe, expect, it } from 'vitest';
import type { Schema } from './kind-model.ts';
import { deepFreeze } from './json-data.ts';
import { Deployment, Service } from './kinds/index.ts';
import type { JsonObject } from './object.ts';
import { applyStrategicMergePatch } from './strategic-merge-patch.ts';

const text: Schema = { type: 'string' };
const port: Schema = { type: 'object', properties: { port: { type: 'integer' }, protocol: text } };
const container: Schema = {
  type: 'object',
  properties: {
    name: text,
    image: text,
    args: { type: 'array', items: text },
    ports: { type: 'array', items: port, patchStrategy: 'merge', patchMergeKey: 'port' },
  },
};
const schema: Schema = {
  type: 'object',
  properties: {
    containers: { type: 'array', items: container, patchStrategy: 'merge', patchMergeKey: 'name' },
    finalizers: { type: 'array', items: text, patchStrategy: 'merge' },
    strategy: { type: 'object', patchStrategy: 'retainKeys', properties: { type: text, rolling: { type: 'object', additionalProperties: text } } },
    volumes: { type: 'array', patchStrategy: 'merge,retainKeys', patchMergeKey: 'name', items: { type: 'object', properties: { name: text } } },
    whole: { type: 'object', patchStrategy: 'replace', additionalProperties: text },
    labels: { type: 'object', additionalProperties: text },
    list: { type: 'array', items: text },
    nested: { type: 'array', patchStrategy: 'merge', items: { type: 'array', items: text } },
    keyless: { type: 'array', patchStrategy: 'merge', items: { type: 'object' } },
  },
};

interface Row {
  readonly name: string;
  readonly value: unknown;
  readonly patch: unknown;
  readonly result?: unknown;
  readonly reason?: string;
}

const ROWS: readonly Row[] = [
  { name: 'merges objects', value: { labels: { a: '1', b: '2' } }, patch: { labels: { b: '3', c: '4' } }, result: { labels: { a: '1', b: '3', c: '4' } } },
  { name: 'removes by null', value: { labels: { a: '1', b: '2' } }, patch: { labels: { a: null, none: null } }, result: { labels: { b: '2' } } },
  { name: 'replaces lists that have no strategy', value: { list: ['a', 'b'] }, patch: { list: ['c'] }, result: { list: ['c'] } },
  { name: 'replaces objects whose strategy it is', value: { whole: { a: '1' } }, patch: { whole: { b: '2' } }, result: { whole: { b: '2' } } },
  {
    name: 'merges fields that the schema does not know as a JSON merge patch does',
    value: { other: { a: 1, l: [1] } },
    patch: { other: { b: 2, l: [2] } },
    result: { other: { a: 1, b: 2, l: [2] } },
  },
  {
    name: 'replaces a value of another type',
    value: { labels: 'x', list: { a: 1 } },
    patch: { labels: { a: '1' }, list: ['b'] },
    result: { labels: { a: '1' }, list: ['b'] },
  },
  {
    name: 'drops nulls and directives where there is nothing to merge with',
    value: {},
    patch: { labels: { a: '1', b: null }, strategy: { $retainKeys: ['type'], type: 'x' }, whole: { $patch: 'delete' } },
    result: { labels: { a: '1' }, strategy: { type: 'x' } },
  },

  {
    name: 'merges lists by key, what is new before what the patch does not name',
    value: {
      containers: [
        { name: 'a', image: '1' },
        { name: 'b', image: '1' },
      ],
    },
    patch: {
      containers: [
        { name: 'c', image: '1' },
        { name: 'b', image: '2' },
      ],
    },
    result: {
      containers: [
        { name: 'c', image: '1' },
        { name: 'a', image: '1' },
        { name: 'b', image: '2' },
      ],
    },
  },
  {
    name: 'puts what is new first when nothing else is named',
    value: { containers: [{ name: 'a' }, { name: 'b' }] },
    patch: { containers: [{ name: 'c' }] },
    result: { containers: [{ name: 'c' }, { name: 'a' }, { name: 'b' }] },
  },
  {
    name: 'merges lists inside of lists',
    value: { containers: [{ name: 'a', ports: [{ port: 1, protocol: 'TCP' }] }] },
    patch: { containers: [{ name: 'a', ports: [{ port: 1, protocol: 'UDP' }, { port: 2 }] }] },
    result: { containers: [{ name: 'a', ports: [{ port: 1, protocol: 'UDP' }, { port: 2 }] }] },
  },
  {
    name: 'replaces plain lists inside of merged elements',
    value: { containers: [{ name: 'a', args: ['x', 'y'], image: '1' }] },
    patch: { containers: [{ name: 'a', args: ['z'] }] },
    result: { containers: [{ name: 'a', args: ['z'], image: '1' }] },
  },
  {
    name: 'deletes an element',
    value: { containers: [{ name: 'a' }, { name: 'b' }] },
    patch: { containers: [{ name: 'a', $patch: 'delete' }] },
    result: { containers: [{ name: 'b' }] },
  },
  {
    name: 'deletes an element that is not there',
    value: { containers: [{ name: 'a' }] },
    patch: { containers: [{ name: 'x', $patch: 'delete' }] },
    result: { containers: [{ name: 'a' }] },
  },
  {
    name: 'replaces a list',
    value: { containers: [{ name: 'a' }, { name: 'b' }] },
    patch: { containers: [{ name: 'c' }, { $patch: 'replace' }] },
    result: { containers: [{ name: 'c' }] },
  },
  { name: 'empties a list', value: { containers: [{ name: 'a' }] }, patch: { containers: [{ $patch: 'replace' }] }, result: { containers: [] } },
  { name: 'replaces an object', value: { labels: { a: '1' } }, patch: { labels: { $patch: 'replace', b: '2' } }, result: { labels: { b: '2' } } },
  { name: 'empties an object', value: { labels: { a: '1' } }, patch: { labels: { $patch: 'delete' } }, result: { labels: {} } },
  {
    name: 'merges when told to',
    value: { labels: { a: '1' }, containers: [{ name: 'a', image: '1' }] },
    patch: { labels: { $patch: 'merge', b: '2' }, containers: [{ $patch: 'merge', name: 'a', args: ['x'] }] },
    result: { labels: { a: '1', b: '2' }, containers: [{ name: 'a', image: '1', args: ['x'] }] },
  },
  { name: 'replaces the whole object', value: { labels: { a: '1' }, list: ['x'] }, patch: { $patch: 'replace', list: ['y'] }, result: { list: ['y'] } },

  {
    name: 'merges lists of primitive values as sets',
    value: { finalizers: ['a', 'b'] },
    patch: { finalizers: ['c', 'a'] },
    result: { finalizers: ['c', 'a', 'b'] },
  },
  {
    name: 'deletes from lists of primitive values',
    value: { finalizers: ['a', 'b', 'a'] },
    patch: { '$deleteFromPrimitiveList/finalizers': ['a', 'x'] },
    result: { finalizers: ['b'] },
  },
  { name: 'deletes from a list that is not there', value: {}, patch: { '$deleteFromPrimitiveList/finalizers': ['a'] }, result: {} },
  {
    name: 'adds to and deletes from a list',
    value: { finalizers: ['a', 'b'] },
    patch: { finalizers: ['c'], '$deleteFromPrimitiveList/finalizers': ['a'], '$setElementOrder/finalizers': ['b', 'c'] },
    result: { finalizers: ['b', 'c'] },
  },

  {
    name: 'sets the order of a list',
    value: { containers: [{ name: 'a' }, { name: 'b' }, { name: 'c' }] },
    patch: { '$setElementOrder/containers': [{ name: 'c' }, { name: 'a' }] },
    result: { containers: [{ name: 'b' }, { name: 'c' }, { name: 'a' }] },
  },
  {
    name: 'sets the order together with changes',
    value: { containers: [{ name: 'a' }, { name: 'x' }] },
    patch: { '$setElementOrder/containers': [{ name: 'n' }, { name: 'a' }], containers: [{ name: 'n' }, { name: 'a', image: '2' }] },
    result: { containers: [{ name: 'n' }, { name: 'a', image: '2' }, { name: 'x' }] },
  },
  {
    name: 'sets the order of what is there only',
    value: { containers: [{ name: 'a' }] },
    patch: { '$setElementOrder/containers': [{ name: 'gone' }, { name: 'a' }] },
    result: { containers: [{ name: 'a' }] },
  },
  {
    name: 'sets the order of a list that is new, without what is to be deleted',
    value: {},
    patch: { '$setElementOrder/containers': [{ name: 'a' }], containers: [{ name: 'a' }, { name: 'b', $patch: 'delete' }] },
    result: { containers: [{ name: 'a' }] },
  },
  { name: 'sets the order of a list that is nowhere', value: {}, patch: { '$setElementOrder/containers': [{ name: 'a' }] }, result: {} },
  {
    name: 'sets the order of primitive values',
    value: { finalizers: ['a', 'b', 'c'] },
    patch: { '$setElementOrder/finalizers': ['c', 'a'] },
    result: { finalizers: ['b', 'c', 'a'] },
  },

  {
    name: 'retains keys',
    value: { strategy: { type: 'Rolling', rolling: { a: '1' } } },
    patch: { strategy: { $retainKeys: ['type'], type: 'Recreate' } },
    result: { strategy: { type: 'Recreate' } },
  },
  {
    name: 'retains keys in elements',
    value: { volumes: [{ name: 'a', emptyDir: {} }] },
    patch: { volumes: [{ name: 'a', hostPath: { path: '/x' }, $retainKeys: ['name', 'hostPath'] }] },
    result: { volumes: [{ name: 'a', hostPath: { path: '/x' } }] },
  },

  {
    name: 'takes __proto__ for a name',
    value: {},
    patch: JSON.parse('{"labels":{"__proto__":"x"},"__proto__":{"polluted":true}}'),
    result: JSON.parse('{"labels":{"__proto__":"x"},"__proto__":{"polluted":true}}'),
  },

  { name: 'refuses elements without their key', value: { containers: [{ name: 'a' }] }, patch: { containers: [{ image: 'x' }] }, reason: 'Invalid' },
  { name: 'refuses to merge objects without a key to merge by', value: { keyless: [{ a: 1 }] }, patch: { keyless: [{ b: 1 }] }, reason: 'Invalid' },
  { name: 'refuses to merge lists of lists', value: { nested: [['a']] }, patch: { nested: [['b']] }, reason: 'Invalid' },
  { name: 'refuses lists of mixed types', value: { containers: [{ name: 'a' }] }, patch: { containers: ['a'] }, reason: 'Invalid' },
  { name: 'refuses unknown directives', value: { labels: {} }, patch: { labels: { $patch: 'wish' } }, reason: 'BadRequest' },
  {
    name: 'refuses keys that are not retained',
    value: { strategy: { type: 'x' } },
    patch: { strategy: { $retainKeys: ['type'], type: 'x', rolling: {} } },
    reason: 'BadRequest',
  },
  { name: 'refuses retained keys that are no list', value: { strategy: { type: 'x' } }, patch: { strategy: { $retainKeys: 'type' } }, reason: 'BadRequest' },
  { name: 'refuses orders that are no list', value: { containers: [] }, patch: { '$setElementOrder/containers': 'a' }, reason: 'BadRequest' },
  {
    name: 'refuses elements in another order than the one set',
    value: { containers: [{ name: 'a' }] },
    patch: { '$setElementOrder/containers': [{ name: 'a' }, { name: 'b' }], containers: [{ name: 'b' }, { name: 'a' }] },
    reason: 'BadRequest',
  },
  { name: 'refuses deletions that are no list', value: { finalizers: ['a'] }, patch: { '$deleteFromPrimitiveList/finalizers': 'a' }, reason: 'BadRequest' },
  { name: 'refuses patches that are no object', value: {}, patch: ['x'], reason: 'BadRequest' },
  { name: 'refuses patches that are nested too deeply', value: {}, patch: JSON.parse(`${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}`), reason: 'BadRequest' },
];

describe('applyStrategicMergePatch', () => {
  it.each(ROWS)('$name', ({ value, patch, result, reason }) => {
    deepFreeze(value);
    const apply = (): unknown => applyStrategicMergePatch(value, patch as JsonObject, schema);
    if (reason === undefined) expect(apply()).toEqual(result);
    else expect(apply).toThrow(expect.objectContaining({ name: 'ApiError', reason }));
    expect('polluted' in {}).toBe(false);
  });

  it('returns the value itself when nothing changes, and shares the rest otherwise', () => {
    const value = deepFreeze({ containers: [{ name: 'a', ports: [{ port: 1 }] }, { name: 'b' }], labels: { a: '1' }, finalizers: ['x'] });
    const same = {
      containers: [{ name: 'a', ports: [{ port: 1 }] }],
      labels: { a: '1', b: null },
      finalizers: ['x'],
      '$setElementOrder/containers': [{ name: 'a' }, { name: 'b' }],
    };
    expect(applyStrategicMergePatch(value, same, schema)).toBe(value);
    const result = applyStrategicMergePatch(value, { containers: [{ name: 'b', image: '2' }] }, schema);
    expect(result.labels).toBe(value.labels);
    expect(result.containers[0]).toBe(value.containers[0]);
  });

  it('knows the keys of built-in kinds', async () => {
    const deployments = (await Deployment.model()).schema;
    const value = {
      spec: {
        template: { spec: { containers: [{ name: 'a', image: '1', env: [{ name: 'X', value: '1' }] }], tolerations: [{ key: 'k' }] } },
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } },
      },
    };
    const patch = {
      spec: {
        template: { spec: { containers: [{ name: 'a', env: [{ name: 'Y', value: '2' }] }], tolerations: [{ key: 'l' }] } },
        strategy: { $retainKeys: ['type'], type: 'Recreate' },
      },
    };
    expect(applyStrategicMergePatch<unknown>(value, patch, deployments)).toEqual({
      spec: {
        template: {
          spec: {
            containers: [
              {
                name: 'a',
                image: '1',
                env: [
                  { name: 'Y', value: '2' },
                  { name: 'X', value: '1' },
                ],
              },
            ],
            tolerations: [{ key: 'l' }],
          },
        },
        strategy: { type: 'Recreate' },
      },
    });
    const services = (await Service.model()).schema;
    const ports = {
      spec: {
        ports: [
          { port: 80, name: 'http' },
          { port: 443, name: 'https' },
        ],
      },
    };
    expect(applyStrategicMergePatch(ports, { spec: { ports: [{ port: 80, $patch: 'delete' }] } }, services)).toEqual({
      spec: { ports: [{ port: 443, name: 'https' }] },
    });
  });
});
