import { describe, expect, it } from 'vitest';
import { deepFreeze } from './json-data.ts';
import { Deployment } from './kinds/index.ts';
import type { JsonObject } from './object.ts';
import { applyStrategicMergePatch } from './strategic-merge-patch.ts';
import { createThreeWayPatch } from './three-way-patch.ts';

const { schema } = await Deployment.model();
const template = (containers: unknown, more: object = {}): object => ({ template: { spec: { containers, ...more } } });

interface Row {
  readonly name: string;
  readonly original?: object;
  readonly modified: object;
  readonly current: object;
  readonly patch: unknown;
  readonly result: unknown;
}

const ROWS: readonly Row[] = [
  {
    name: 'nothing to do',
    original: { spec: { replicas: 1 } },
    modified: { spec: { replicas: 1 } },
    current: { spec: { replicas: 1, paused: true } },
    patch: {},
    result: { spec: { replicas: 1, paused: true } },
  },
  {
    name: 'a changed field, others kept',
    original: { spec: { replicas: 1 } },
    modified: { spec: { replicas: 2 } },
    current: { spec: { replicas: 1, paused: true } },
    patch: { spec: { replicas: 2 } },
    result: { spec: { replicas: 2, paused: true } },
  },
  {
    name: 'a field that somebody else changed',
    original: { spec: { replicas: 1 } },
    modified: { spec: { replicas: 1 } },
    current: { spec: { replicas: 5 } },
    patch: { spec: { replicas: 1 } },
    result: { spec: { replicas: 1 } },
  },
  {
    name: 'a field that is no longer applied',
    original: { metadata: { labels: { a: '1', b: '2' } } },
    modified: { metadata: { labels: { a: '1' } } },
    current: { metadata: { labels: { a: '1', b: '2', c: '3' } } },
    patch: { metadata: { labels: { b: null } } },
    result: { metadata: { labels: { a: '1', c: '3' } } },
  },
  {
    name: 'nothing applied before',
    modified: { metadata: { labels: { a: '1' } } },
    current: { metadata: { labels: { a: '0', z: '9' } } },
    patch: { metadata: { labels: { a: '1' } } },
    result: { metadata: { labels: { a: '1', z: '9' } } },
  },
  {
    name: 'containers: one changed, one added, one removed, one of somebody else',
    original: {
      spec: template([
        { name: 'app', image: '1', args: ['x'] },
        { name: 'old', image: '1' },
      ]),
    },
    modified: {
      spec: template([
        { name: 'new', image: '1' },
        { name: 'app', image: '2' },
      ]),
    },
    current: {
      spec: template([
        { name: 'app', image: '1', args: ['x'], imagePullPolicy: 'Always' },
        { name: 'old', image: '1' },
        { name: 'injected', image: '1' },
      ]),
    },
    patch: {
      spec: {
        template: {
          spec: {
            '$setElementOrder/containers': [{ name: 'new' }, { name: 'app' }],
            containers: [
              { name: 'new', image: '1' },
              { name: 'app', image: '2', args: null },
              { name: 'old', $patch: 'delete' },
            ],
          },
        },
      },
    },
    result: {
      spec: template([
        { name: 'new', image: '1' },
        { name: 'app', image: '2', imagePullPolicy: 'Always' },
        { name: 'injected', image: '1' },
      ]),
    },
  },
  {
    name: 'the order of containers',
    original: { spec: template([{ name: 'a' }, { name: 'b' }]) },
    modified: { spec: template([{ name: 'b' }, { name: 'a' }]) },
    current: { spec: template([{ name: 'a' }, { name: 'b' }]) },
    patch: { spec: { template: { spec: { '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }] } } } },
    result: { spec: template([{ name: 'b' }, { name: 'a' }]) },
  },
  {
    name: 'finalizers, which are a merging list of texts',
    original: { metadata: { finalizers: ['a', 'b'] } },
    modified: { metadata: { finalizers: ['c', 'b'] } },
    current: { metadata: { finalizers: ['a', 'b', 'x'] } },
    patch: { metadata: { finalizers: ['c'], '$deleteFromPrimitiveList/finalizers': ['a'], '$setElementOrder/finalizers': ['c', 'b'] } },
    result: { metadata: { finalizers: ['c', 'b', 'x'] } },
  },
  {
    name: 'a strategy, whose other fields go',
    original: { spec: { strategy: { type: 'RollingUpdate' } } },
    modified: { spec: { strategy: { type: 'Recreate' } } },
    current: { spec: { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } } } },
    patch: { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } },
    result: { spec: { strategy: { type: 'Recreate' } } },
  },
  {
    name: 'a list without a merge key, which is replaced',
    original: { spec: template([], { tolerations: [{ key: 'a' }] }) },
    modified: { spec: template([], { tolerations: [{ key: 'b' }] }) },
    current: { spec: template([], { tolerations: [{ key: 'a' }, { key: 'z' }] }) },
    patch: { spec: { template: { spec: { tolerations: [{ key: 'b' }] } } } },
    result: { spec: template([], { tolerations: [{ key: 'b' }] }) },
  },
];

describe('createThreeWayPatch', () => {
  it.each(ROWS)('$name', ({ original, modified, current, patch, result }) => {
    for (const input of [original, modified, current]) deepFreeze(input);
    const made = createThreeWayPatch({ original, modified, current }, schema);
    expect(made).toEqual(patch);
    expect(applyStrategicMergePatch<unknown>(current, made, schema)).toEqual(result);
  });

  it('is a JSON merge patch for a schema without merge keys', () => {
    const input = {
      original: { spec: { l: [{ name: 'a' }], gone: 1 } },
      modified: { spec: { l: [{ name: 'b' }] } },
      current: { spec: { l: [{ name: 'a' }], gone: 1, kept: 1 } },
    };
    expect(createThreeWayPatch(input, { type: 'object', preserveUnknownFields: true })).toEqual({ spec: { l: [{ name: 'b' }], gone: null } });
  });

  it('refuses lists whose elements have no merge key', () => {
    const spec = (container: JsonObject): object => ({ spec: template([container]) });
    expect(() => createThreeWayPatch({ modified: spec({ image: 'x' }), current: spec({ name: 'a' }) }, schema)).toThrow(
      expect.objectContaining({ reason: 'Invalid' }),
    );
  });
});
