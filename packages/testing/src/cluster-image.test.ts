import { defineKind, type Kind, type KubernetesObject } from '@kybern/core';
import { ConfigMap, Deployment, Namespace, Node, Pod } from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import { importObjects, readClusterImage } from './read-image.ts';
import { createTestCluster, type TestCluster } from './test-cluster.ts';

const map = (name: string): { metadata: { name: string; namespace: string } } => ({ metadata: { name, namespace: 'default' } });
const names = async ({ client }: TestCluster): Promise<readonly string[]> =>
  (await client.list(ConfigMap, { namespace: 'default' })).items.map(({ metadata }) => metadata.name);

describe('a fork', () => {
  it('begins many clusters, each of which goes its own way', async () => {
    await using origin = await createTestCluster({ nodes: 1 });
    await origin.client.create(ConfigMap, map('a'));
    await origin.advance('1h');
    const image = origin.fork();
    await origin.client.create(ConfigMap, map('later'));
    await using one = await image.start();
    await using two = await image.start({ nodes: 0 });
    await one.client.create(ConfigMap, map('one'));
    expect([await names(origin), await names(one), await names(two)]).toEqual([['a', 'later'], ['a', 'one'], ['a']]);
    expect(one.clock.now()).toBeGreaterThanOrEqual(image.atMs);
    expect(image.atMs).toBe(origin.clock.now());
    expect(one.node('node-1').alive).toBe(true);
    expect((await two.client.list(Node)).items).toHaveLength(1);
  });

  it('of the same image is the same run, to the byte', async () => {
    await using origin = await createTestCluster({ nodes: 2 });
    const image = origin.fork();
    const run = async (): Promise<string> => {
      await using cluster = await image.start({ seed: 9 });
      await cluster.client.create(Deployment, {
        ...map('web'),
        spec: {
          replicas: 2,
          selector: { matchLabels: { app: 'web' } },
          template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'nginx' }] } },
        },
      });
      await cluster.settle();
      expect(await cluster.client.get(Deployment, 'default/web')).toBeAvailable({ replicas: 2 });
      return cluster.eventLog();
    };
    expect(await run()).toBe(await run());
  });
});

describe('an image', () => {
  it('goes into a file and comes back', async () => {
    await using origin = await createTestCluster({ nodes: 1 });
    await origin.client.create(ConfigMap, { ...map('a'), data: { color: 'blue' } });
    const image = await readClusterImage(origin.fork().toString());
    expect(image.revision).toBe(origin.fork().revision);
    await using cluster = await image.start();
    expect((await cluster.client.get(ConfigMap, 'default/a')).data).toEqual({ color: 'blue' });
    await expect(readClusterImage('{}')).rejects.toThrow(TypeError);
  });

  it("can be made of another cluster's objects, which are brought to life", async () => {
    const Site = defineKind({ group: 'example.com', version: 'v1', kind: 'Site', scope: 'Namespaced', spec: { type: 'object', properties: {} } });
    const labels = { app: 'web' };
    await using other = await createTestCluster({ nodes: 0, scheduler: false, controllers: 'none', kinds: [Site], startMs: Date.UTC(2026, 4, 5) });
    await other.client.create(Site, { ...map('site'), spec: {} });
    await other.client.create(Deployment, {
      ...map('web'),
      spec: { replicas: 1, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'nginx' }] } } },
    });
    const objects = [Namespace, Site, Deployment].map(async (kind): Promise<readonly KubernetesObject[]> => (await other.client.list(kind as Kind)).items);
    const read = JSON.parse(JSON.stringify((await Promise.all(objects)).flat())) as KubernetesObject[];
    await expect(importObjects(read)).rejects.toThrow(/no matches for kind "Site"/);
    const image = await importObjects(read, { kinds: [Site] });
    await using cluster = await image.start({ nodes: 1 });
    await cluster.settle();
    expect(await cluster.client.get(Site, 'default/site')).toMatchObject({ metadata: { uid: (await other.client.get(Site, 'default/site')).metadata.uid } });
    expect((await cluster.client.list(Pod, { labels })).items).toHaveLength(1);
    expect(new Date(image.atMs).toISOString()).toBe('2026-05-05T00:00:00.000Z');
  });
});
