import { defineKind, isNotFound, ownerReference, type Kind, type KubernetesObject, type ObjectMeta, type OwnerReference } from '@kybern/core';
import { ConfigMap, Event, Namespace, Node, Secret } from '@kybern/core/kinds';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { fixedKinds } from '../kind-source.ts';
import { createControlPlane, nodeInput, type ControlPlane } from '../../test/control-plane.ts';
import { garbageCollectorController } from './controller.ts';

const Site = defineKind({
  group: 'tools.example.com',
  version: 'v1',
  kind: 'Site',
  scope: 'Namespaced',
  spec: { type: 'object', properties: { domain: { type: 'string' } } },
});
const kinds: readonly Kind[] = [ConfigMap, Secret, Node, Namespace, Site];
const start = (): Promise<ControlPlane> => createControlPlane([garbageCollectorController(fixedKinds(kinds))], { kinds: [Site] });

const owner = (kind: Kind, object: KubernetesObject, blockOwnerDeletion = true): OwnerReference => ownerReference(kind, object, { blockOwnerDeletion });
const configMap = ({ client }: ControlPlane, name: string, metadata: ObjectMeta = {}): Promise<ConfigMap> =>
  client.create(ConfigMap, { metadata: { name, ...metadata } });
const left = async ({ client }: ControlPlane): Promise<string[]> =>
  (await client.list(ConfigMap)).items.map(({ metadata }) => metadata.name).filter((name) => name !== 'kube-root-ca.crt');

it('deletes dependents of a deleted owner, and theirs', async () => {
  await using plane = await start();
  const a = await configMap(plane, 'a');
  const b = await configMap(plane, 'b', { ownerReferences: [owner(ConfigMap, a)] });
  await configMap(plane, 'c', { ownerReferences: [owner(ConfigMap, b)] });
  await configMap(plane, 'other');
  await plane.settle();
  expect(await left(plane)).toEqual(['a', 'b', 'c', 'other']);
  await plane.client.delete(ConfigMap, 'a');
  await plane.settle();
  expect(await left(plane)).toEqual(['other']);
  expect(plane.errors).toEqual([]);
});

it('keeps what another owner still has, and forgets the one that is gone', async () => {
  await using plane = await start();
  const [a, b] = [await configMap(plane, 'a'), await configMap(plane, 'b')];
  await configMap(plane, 'c', { ownerReferences: [owner(ConfigMap, a), owner(ConfigMap, b)] });
  await plane.client.delete(ConfigMap, 'a');
  await plane.settle();
  expect((await plane.client.get(ConfigMap, 'c')).metadata.ownerReferences).toEqual([owner(ConfigMap, b)]);
});

it('deletes what never had an owner: of another uid, or of another namespace', async () => {
  await using plane = await start();
  const a = await configMap(plane, 'a');
  const elsewhere = await configMap(plane, 'elsewhere', { namespace: 'kube-public' });
  await configMap(plane, 'impostor', { ownerReferences: [{ ...owner(ConfigMap, a), uid: 'another' }] });
  await configMap(plane, 'stranger', { ownerReferences: [owner(ConfigMap, elsewhere)] });
  await plane.settle();
  expect(await left(plane)).toEqual(['a', 'elsewhere']);
});

it('an owner without namespace can own anything; the other way round nothing is decided', async () => {
  await using plane = await start();
  const node = await plane.client.create(Node, nodeInput('n1'));
  await configMap(plane, 'of-node', { ownerReferences: [owner(Node, node)] });
  const a = await configMap(plane, 'a');
  await plane.client.create(Node, nodeInput('n2', { metadata: { name: 'n2', ownerReferences: [owner(ConfigMap, a)] } }));
  await plane.client.delete(ConfigMap, 'a');
  await plane.settle();
  expect(await left(plane)).toEqual(['of-node']);
  await plane.client.delete(Node, 'n1');
  await plane.settle();
  expect(await left(plane)).toEqual([]);
  expect((await plane.client.get(Node, 'n2')).metadata.ownerReferences).toHaveLength(1);
});

it.each([
  { name: 'of another namespace', dependent: { namespace: 'kube-public' } },
  { name: 'where nothing of the kind is', dependent: { namespace: 'kube-node-lease' } },
])('tells of an owner that is not where it could own: $name', async ({ dependent }) => {
  await using plane = await start();
  const a = await configMap(plane, 'a');
  const secret = await plane.client.create(Secret, {
    metadata: { ...dependent, name: 'stranger', ownerReferences: [owner(ConfigMap, a)], finalizers: ['example.com/hold'] },
  });
  await plane.settle();
  const events = (await plane.client.list(Event)).items.filter(({ reason }) => reason === 'OwnerRefInvalidNamespace');
  const { namespace } = dependent;
  const message = `ownerRef [v1/ConfigMap, namespace: ${namespace}, name: a, uid: ${a.metadata.uid}] does not exist in namespace "${namespace}"`;
  expect(events).toMatchObject([{ type: 'Warning', message, count: 1, involvedObject: { kind: 'Secret', uid: secret.metadata.uid } }]);
});

it('tells of a cluster-wide object whose owner is in a namespace, and not of owners that are just gone', async () => {
  await using plane = await start();
  const a = await configMap(plane, 'a');
  await plane.client.create(Node, nodeInput('n1', { metadata: { name: 'n1', ownerReferences: [owner(ConfigMap, a)] } }));
  await configMap(plane, 'b', { ownerReferences: [{ ...owner(ConfigMap, a), uid: 'gone' }] });
  await plane.settle();
  const events = (await plane.client.list(Event)).items.filter(({ reason }) => reason === 'OwnerRefInvalidNamespace');
  expect(events.map(({ involvedObject }) => involvedObject.name)).toEqual(['n1']);
});

it('an owner that no cache sees is looked at again, less and less often, until it is gone', async () => {
  const source = { ...fixedKinds(kinds), inUse: () => [ConfigMap] };
  await using plane = await createControlPlane([garbageCollectorController(source)]);
  const secret = await plane.client.create(Secret, { metadata: { name: 'unseen' } });
  await configMap(plane, 'a', { ownerReferences: [owner(Secret, secret)] });
  await plane.advance(3_600_000);
  expect(await left(plane)).toEqual(['a']);
  await plane.client.delete(Secret, 'unseen');
  await plane.settle();
  expect(await left(plane)).toEqual(['a']);
  await plane.advance(1_000_000);
  expect(await left(plane)).toEqual([]);
  expect(plane.errors).toEqual([]);
});

it('an owner of a kind that is not known is not taken for absent', async () => {
  await using plane = await start();
  await configMap(plane, 'a', { ownerReferences: [{ apiVersion: 'example.com/v1', kind: 'Thing', name: 'x', uid: 'x' }] });
  await plane.settle();
  expect(await left(plane)).toEqual(['a']);
});

it('foreground: the owner stays until what blocks it is gone', async () => {
  await using plane = await start();
  const a = await configMap(plane, 'a');
  const b = await configMap(plane, 'b', { ownerReferences: [owner(ConfigMap, a)], finalizers: ['example.com/hold'] });
  const c = await configMap(plane, 'c', { ownerReferences: [owner(ConfigMap, b)] });
  await configMap(plane, 'free', { ownerReferences: [owner(ConfigMap, a, false)], finalizers: ['example.com/hold'] });
  await plane.settle();
  await plane.client.delete(ConfigMap, a, { propagationPolicy: 'Foreground' });
  await plane.settle();
  expect(await left(plane)).toEqual(['a', 'b', 'free']);
  expect((await plane.client.get(ConfigMap, 'b')).metadata.deletionTimestamp).toBeDefined();
  await plane.client.mutate(ConfigMap, 'b', (draft) => void (draft.metadata.finalizers = []));
  await plane.settle();
  expect(await left(plane)).toEqual(['free']);
  expect(c.metadata.name).toBe('c');
});

it('orphan: dependents stay and forget their owner', async () => {
  await using plane = await start();
  const a = await configMap(plane, 'a');
  await configMap(plane, 'b', { ownerReferences: [owner(ConfigMap, a)] });
  await plane.settle();
  await plane.client.delete(ConfigMap, 'a', { propagationPolicy: 'Orphan' });
  await plane.settle();
  expect(await left(plane)).toEqual(['b']);
  expect((await plane.client.get(ConfigMap, 'b')).metadata.ownerReferences ?? []).toEqual([]);
});

it('a circle of foreground deletions ends', async () => {
  await using plane = await start();
  const a = await configMap(plane, 'a');
  const b = await configMap(plane, 'b', { ownerReferences: [owner(ConfigMap, a)] });
  await plane.client.mutate(ConfigMap, 'a', (draft) => void (draft.metadata.ownerReferences = [{ ...owner(ConfigMap, b) }]));
  await plane.settle();
  await plane.client.delete(ConfigMap, 'a', { propagationPolicy: 'Foreground' });
  await plane.settle();
  expect(await left(plane)).toEqual([]);
});

it('custom kinds own and are owned', async () => {
  await using plane = await start();
  const site = await plane.client.create(Site, { metadata: { name: 'shop' }, spec: { domain: 'shop.example.com' } });
  await configMap(plane, 'a', { ownerReferences: [owner(Site, site)] });
  await plane.settle();
  expect(await left(plane)).toEqual(['a']);
  await plane.client.delete(Site, 'shop');
  await plane.settle();
  expect(await left(plane)).toEqual([]);
});

it('property: of a random graph exactly that goes which no kept owner holds, and then nothing is written', async () => {
  const edge = fc.record({ from: fc.nat(7), to: fc.nat(7) });
  const policy = fc.constantFrom<'Background' | 'Foreground'>('Background', 'Foreground');
  await fc.assert(
    fc.asyncProperty(
      fc.array(edge, { maxLength: 14 }),
      fc.uniqueArray(fc.nat(7), { minLength: 1, maxLength: 3 }),
      policy,
      async (edges, doomed, propagationPolicy) => {
        await using plane = await start();
        const objects: ConfigMap[] = [];
        for (let i = 0; i < 8; i++) {
          // Owners have lower numbers: no circles.
          const owners = [...new Set(edges.filter(({ from, to }) => Math.max(from, to) === i && from !== to).map(({ from, to }) => Math.min(from, to)))];
          objects.push(await configMap(plane, `c${i}`, { ownerReferences: owners.map((each) => owner(ConfigMap, objects[each]!)) }));
        }
        await plane.settle();
        const kept = expectedToStay(objects, doomed);
        for (const each of doomed)
          await plane.client.delete(ConfigMap, `c${each}`, { propagationPolicy }).catch((error: unknown) => expect(isNotFound(error)).toBe(true));
        await plane.settle();
        expect(await left(plane)).toEqual(kept);
        const before = plane.revision;
        await plane.advance(600_000);
        expect(plane.revision).toBe(before);
      },
    ),
    { numRuns: 40 },
  );
});

function expectedToStay(objects: readonly ConfigMap[], doomed: readonly number[]): string[] {
  const gone = new Set(doomed.map((i) => objects[i]?.metadata.uid));
  for (const { metadata } of objects) {
    const owners = metadata.ownerReferences ?? [];
    if (owners.length > 0 && owners.every(({ uid }) => gone.has(uid))) gone.add(metadata.uid);
  }
  return objects.filter(({ metadata }) => !gone.has(metadata.uid)).map(({ metadata }) => metadata.name);
}
