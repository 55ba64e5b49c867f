import { createApiServer } from '@kybern/apiserver';
import { keyOf, ownerReference, type Client, type KubernetesObject } from '@kybern/core';
import { ConfigMap } from '@kybern/core/kinds';
import { expect, it } from 'vitest';
import { fixedKinds } from '../kind-source.ts';
import { collect } from './collect.ts';
import { createKindTable, type OwnerGraph } from './owner-graph.ts';
import { createOwnerMemory } from './owner-memory.ts';

/** A graph whose cache has seen exactly these objects, all of them ConfigMaps. */
function graphOf(...objects: readonly ConfigMap[]): OwnerGraph {
  const table = createKindTable(fixedKinds([ConfigMap]));
  table.watch(ConfigMap);
  const owners = ({ metadata }: KubernetesObject): readonly string[] => (metadata.ownerReferences ?? []).map(({ uid }) => uid);
  const cache = {
    get: (_kind: unknown, key: unknown) => objects.find((object) => keyOf(object) === key),
    by: (_kind: unknown, _index: string, uid: string) => objects.filter((object) => owners(object).includes(uid)),
    list: () => objects,
  };
  return { table, cache: cache as unknown as OwnerGraph['cache'] };
}

/** The client, and the names that it was asked for. */
function counting(client: Client): { readonly client: Client; readonly asked: string[] } {
  const asked: string[] = [];
  const get: Client['get'] = (kind, key, options) => {
    asked.push(typeof key === 'string' ? key : keyOf({ metadata: key as { name: string } }));
    return client.get(kind, key, options);
  };
  return { asked, client: { ...client, get, mutate: client.mutate.bind(client), delete: client.delete.bind(client) } };
}

it('asks the server once about an absent owner of many', async () => {
  await using api = await createApiServer();
  const absent = { apiVersion: 'v1', kind: 'ConfigMap', name: 'gone', uid: 'gone' };
  const dependents: ConfigMap[] = [];
  for (let i = 0; i < 5; i++)
    dependents.push(await api.client.create(ConfigMap, { metadata: { name: `d${i}`, namespace: 'default', ownerReferences: [absent] } }));
  const { client, asked } = counting(api.client);
  const graph = graphOf(...dependents);
  for (const object of dependents) expect(await collect(graph, { kind: ConfigMap, object }, client)).toBe(false);
  expect(asked.filter((key) => key.endsWith('gone'))).toHaveLength(1);
  expect((await api.client.list(ConfigMap, { namespace: 'default' })).items).toEqual([]);
});

it('says to look again where an owner exists that the cache has not seen, until it has or the owner is gone', async () => {
  await using api = await createApiServer();
  const { client } = api;
  const owner = await client.create(ConfigMap, { metadata: { name: 'owner', namespace: 'default' } });
  const object = await client.create(ConfigMap, {
    metadata: { name: 'dependent', namespace: 'default', ownerReferences: [ownerReference(ConfigMap, owner)] },
  });
  const item = { kind: ConfigMap, object };
  const graph = graphOf(object);
  expect(await collect(graph, item, client)).toBe(true);
  expect(await collect(graphOf(object, owner), item, client)).toBe(false);
  expect(await client.get(ConfigMap, 'default/dependent')).toBeDefined();
  await client.delete(ConfigMap, owner);
  expect(await collect(graph, item, client)).toBe(false);
  await expect(client.get(ConfigMap, 'default/dependent')).rejects.toMatchObject({ reason: 'NotFound' });
});

it('forgets the longest known of the absent when they are too many, and tells places and uids apart', () => {
  const memory = createOwnerMemory(2);
  const place = (name: string) => ({ kind: ConfigMap, name });
  memory.addAbsent(place('default/a'), '1');
  memory.addAbsent(place('default/b'), '1');
  expect([memory.isAbsent(place('default/a'), '1'), memory.isAbsent(place('default/a'), '2'), memory.isAbsent(place('other/a'), '1')]).toEqual([
    true,
    false,
    false,
  ]);
  memory.addAbsent(place('default/c'), '1');
  expect([memory.isAbsent(place('default/a'), '1'), memory.isAbsent(place('default/b'), '1')]).toEqual([false, true]);
});

it.each(['Orphan', 'Foreground'] as const)(
  'does not let an owner go (%s) on the word of a cache that has not seen its dependents',
  async (propagationPolicy) => {
    await using api = await createApiServer();
    const { client } = api;
    const owner = await client.create(ConfigMap, { metadata: { name: 'owner', namespace: 'default' } });
    const ownerReferences = [ownerReference(ConfigMap, owner, { blockOwnerDeletion: true })];
    await client.create(ConfigMap, { metadata: { name: 'dependent', namespace: 'default', ownerReferences } });
    await client.delete(ConfigMap, owner, { propagationPolicy });
    const object = await client.get(ConfigMap, owner);
    const waits = propagationPolicy === 'Foreground';
    expect(await collect(graphOf(object), { kind: ConfigMap, object }, client)).toBe(waits);
    expect((await client.get(ConfigMap, 'default/dependent')).metadata.ownerReferences).toEqual(waits ? ownerReferences : undefined);
    const names = (await client.list(ConfigMap, { namespace: 'default' })).items.map(({ metadata }) => metadata.name);
    expect(names).toEqual(waits ? ['dependent', 'owner'] : ['dependent']);
  },
);
