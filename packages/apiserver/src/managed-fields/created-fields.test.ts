import { describe, expect, it } from 'vitest';
import type { KubernetesObject } from '@kybern/core';
import { ConfigMap, Pod } from '@kybern/core/kinds';
import { createApiServer } from '../api-server.ts';

const pod = (name: string, labels: Record<string, string>, extra: object = {}): never =>
  ({ metadata: { name, namespace: 'default', labels }, spec: { containers: [{ name: 'a', image: 'b' }], ...extra } }) as never;

const fieldsOf = ({ metadata }: KubernetesObject): unknown => metadata.managedFields?.map(({ fieldsV1 }) => fieldsV1);

describe('the fields of a new object', () => {
  it('are those of its siblings, as long as it has no others', async () => {
    await using api = await createApiServer();
    const rows: readonly [string, Record<string, string>, object?][] = [
      ['a', { app: 'x' }],
      ['b', { app: 'x' }],
      ['c', { app: 'y' }],
      ['d', { app: 'x', more: '1' }],
      ['e', { app: 'x' }, { hostname: 'e' }],
      ['f', { app: 'x' }, { hostname: 'f' }],
      ['g', { app: 'x' }],
    ];
    for (const [name, labels, extra] of rows) await api.client.create(Pod, pod(name, labels, extra));
    for (const [name, labels, extra] of rows) {
      const object = await api.client.get(Pod, name, { managedFields: true });
      await using fresh = await createApiServer();
      await fresh.client.create(Pod, pod(name, labels, extra));
      expect(fieldsOf(object)).toEqual(fieldsOf(await fresh.client.get(Pod, name, { managedFields: true })));
    }
  });

  it('are told apart by where a field is', async () => {
    await using api = await createApiServer();
    const data = { k: 'v' };
    await api.client.create(ConfigMap, { metadata: { name: 'a', labels: data }, data });
    await api.client.create(ConfigMap, { metadata: { name: 'b', annotations: data }, data });
    await api.client.create(ConfigMap, { metadata: { name: 'c' }, data });
    const read = async (name: string): Promise<unknown> => fieldsOf(await api.client.get(ConfigMap, name, { managedFields: true }));
    expect(await read('a')).toEqual([{ 'f:data': { '.': {}, 'f:k': {} }, 'f:metadata': { 'f:labels': { '.': {}, 'f:k': {} } } }]);
    expect(await read('b')).toEqual([{ 'f:data': { '.': {}, 'f:k': {} }, 'f:metadata': { 'f:annotations': { '.': {}, 'f:k': {} } } }]);
    expect(await read('c')).toEqual([{ 'f:data': { '.': {}, 'f:k': {} } }]);
  });
});
