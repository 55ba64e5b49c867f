import { Deployment, Pod } from '@kybern/core/kinds';
import { createTestCluster, type TestCluster } from '@kybern/testing';
import { expect, test } from 'vitest';
import { websiteController } from './website-controller.ts';
import { Website } from './website.ts';

const shop = { metadata: { name: 'shop', namespace: 'default' }, spec: { image: 'shop:1', replicas: 2 } };

async function clusterWithShop(seed = 1): Promise<TestCluster> {
  const cluster = await createTestCluster({ nodes: 2, seed });
  cluster.run(websiteController);
  await cluster.client.create(Website, shop);
  await cluster.settle();
  return cluster;
}

test('a Website gets Pods, and says when they are ready', async () => {
  await using cluster = await clusterWithShop();
  expect(await cluster.client.get(Deployment, 'default/shop')).toBeAvailable({ replicas: 2 });
  expect(await cluster.client.get(Website, 'default/shop')).toHaveCondition('Ready');
});

test('a new image rolls out', async () => {
  await using cluster = await clusterWithShop();
  await cluster.client.mutate(Website, 'default/shop', (draft) => {
    draft.spec.image = 'shop:2';
  });
  await cluster.settle();
  const pods = await cluster.client.list(Pod, { labels: { website: 'shop' } });
  expect(pods.items.map((pod) => pod.spec.containers[0]?.image)).toEqual(['shop:2', 'shop:2']);
});

test('a Deployment that somebody deletes comes back', async () => {
  await using cluster = await clusterWithShop();
  await cluster.client.delete(Deployment, 'default/shop');
  await cluster.settle();
  expect(await cluster.client.get(Deployment, 'default/shop')).toBeAvailable({ replicas: 2 });
});

test('a Website that is deleted takes its Pods along', async () => {
  await using cluster = await clusterWithShop();
  await cluster.client.delete(Website, 'default/shop');
  await cluster.advance('1m');
  expect((await cluster.client.list(Pod)).items).toEqual([]);
});

test('Pods of a node that dies are replaced', async () => {
  await using cluster = await clusterWithShop();
  const [pod] = await cluster.client.list(Pod, { labels: { website: 'shop' } });
  cluster.node(pod?.spec.nodeName).kill();
  await cluster.advance('7m');
  expect(await cluster.client.get(Website, 'default/shop')).toHaveCondition('Ready');
});

test('the same seed gives the same run, to the byte', async () => {
  await using first = await clusterWithShop(7);
  await using second = await clusterWithShop(7);
  expect(second.eventLog()).toBe(first.eventLog());
});
