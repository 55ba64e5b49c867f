import { describe, expect, it } from 'vitest';
import { compileJsonPath, JsonPathError, simplePath, valueAt, withValueAt } from './json-path.ts';

const object = {
  spec: {
    replicas: 3,
    ports: [
      { name: 'a', port: 1 },
      { name: 'b', port: 2 },
    ],
  },
  metadata: { labels: { 'app.kubernetes.io/name': 'web' } },
  status: {
    conditions: [
      { type: 'Ready', status: 'True' },
      { type: 'Synced', status: 'False' },
    ],
  },
};

describe('compileJsonPath', () => {
  it.each<[string, unknown[]]>([
    ['.spec.replicas', [3]],
    ['$.spec.replicas', [3]],
    ['.spec.nothing.more', []],
    ['.spec.ports[0].name', ['a']],
    ['.spec.ports[-1].name', ['b']],
    ['.spec.ports[*].name', ['a', 'b']],
    ['.spec.ports[0:1].name', ['a']],
    ['.status.conditions[?(@.type=="Ready")].status', ['True']],
    [".status.conditions[?(@.type == 'Synced')].status", ['False']],
    ['.spec.ports[?(@.port > 1)].name', ['b']],
    ['.spec.ports[?(@.name)].port', [1, 2]],
    ["['metadata']['labels']['app.kubernetes.io/name']", ['web']],
    ['.metadata.labels.app\\.kubernetes\\.io/name', ['web']],
    ['.constructor', []],
  ])('%s', (path, expected) => {
    expect(compileJsonPath(path)(object)).toEqual(expected);
  });

  it.each(['.a[', '.a b', '{.a}', '.a[?(@.b==)]', '.a[x]'])('refuses %s', (path) => {
    expect(() => compileJsonPath(path)).toThrow(JsonPathError);
  });
});

it('reads and writes at simple paths', () => {
  expect(simplePath('.spec.replicas')).toEqual(['spec', 'replicas']);
  for (const path of ['spec', '.spec[0]', '', '.']) expect(simplePath(path)).toBeUndefined();
  expect(valueAt(object, ['spec', 'replicas'])).toBe(3);
  expect(valueAt(object, ['spec', 'toString'])).toBeUndefined();
  const next = withValueAt(object, ['spec', 'replicas'], 4) as typeof object;
  expect([next.spec.replicas, object.spec.replicas, next.status === object.status]).toEqual([4, 3, true]);
  expect(withValueAt({}, ['a', 'b'], 1)).toEqual({ a: { b: 1 } });
});
