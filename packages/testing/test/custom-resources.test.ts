import { dynamicKind, type Kind, type MutableJson } from '@kybern/core';
import { ConfigMap, CustomResourceDefinition } from '@kybern/core/kinds';
import { createTestCluster } from '@kybern/testing';
import { expect, it } from 'vitest';

const Widget = dynamicKind({ group: 'tools.example.com', version: 'v1', kind: 'Widget' });
const Definition = CustomResourceDefinition as Kind;
const definition: MutableJson = {
  metadata: { name: 'widgets.tools.example.com' },
  spec: {
    group: 'tools.example.com',
    scope: 'Namespaced',
    names: { plural: 'widgets', kind: 'Widget' },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } } }],
  },
};

it('a cluster comes to rest while kinds come and go, and collects what their objects leave behind', async () => {
  await using cluster = await createTestCluster({ nodes: 0, seed: 1 });
  const { client } = cluster;
  const left = async (): Promise<readonly string[]> =>
    (await client.list(ConfigMap, { namespace: 'default' })).items.map(({ metadata }) => metadata.name).filter((name) => name.startsWith('child'));
  const own = async (name: string): Promise<void> => {
    const { metadata } = await client.create(Widget, { metadata: { name } } as never);
    const owner = { apiVersion: 'tools.example.com/v1', kind: 'Widget', name, uid: metadata.uid ?? '' };
    await client.create(ConfigMap, { metadata: { name: `child-${name}`, ownerReferences: [owner] } });
    await cluster.settle();
  };
  await client.create(Definition, definition);
  await own('a');
  expect(await left()).toEqual(['child-a']);
  await client.delete(Definition, definition.metadata.name);
  await cluster.settle();
  expect((await client.list(Definition)).items).toEqual([]);
  expect(await left()).toEqual([]);
  await client.create(Definition, definition);
  await own('b');
  await cluster.advance('1m');
  expect(await left()).toEqual(['child-b']);
  await client.delete(Widget, 'b');
  await cluster.settle();
  expect(await left()).toEqual([]);
});
