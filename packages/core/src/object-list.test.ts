import { expect, it } from 'vitest';
import { ConfigMap, Deployment } from './kinds/index.ts';
import { toObjectList } from './object-list.ts';

it('makes a frozen, iterable list that is plain JSON', () => {
  const items = ['a', 'b'].map((name) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } }) as ConfigMap);
  const list = toObjectList(ConfigMap, items, { resourceVersion: '7' });
  const [first] = list;
  expect(first).toBe(items[0]);
  expect([...list]).toEqual(items);
  expect(JSON.parse(JSON.stringify(list))).toEqual({ apiVersion: 'v1', kind: 'ConfigMapList', metadata: { resourceVersion: '7' }, items });
  for (const part of [list, list.items, list.metadata, list.items[0]?.metadata]) expect(Object.isFrozen(part)).toBe(true);
  expect(toObjectList(Deployment, [], {})).toMatchObject({ apiVersion: 'apps/v1', kind: 'DeploymentList' });
});
