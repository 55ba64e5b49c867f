// What a user of node:test writes; node-and-jest.test.ts runs it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Deployment } from '@kybern/core/kinds';
import { createTestCluster, explore, staleCaches } from '@kybern/testing';
import { deployWeb, wantedError } from './web.ts';

test('a Deployment becomes available in virtual time', async () => {
  await using cluster = await createTestCluster({ seed: 1, nodes: 2 });
  await deployWeb(cluster);
  assert.equal((await cluster.client.get(Deployment, 'default/web')).status?.availableReplicas, 3);
});

test('at other seeds too', async () => {
  assert.equal((await explore({ seeds: 3, nodes: 1, faults: [staleCaches()] }, deployWeb)).runs, 3);
});

test('what does not hold fails the test', async () => {
  await using cluster = await createTestCluster({ seed: 1, nodes: 1 });
  cluster.always('never a Deployment', (view) => view.list(Deployment).length === 0);
  await assert.rejects(deployWeb(cluster), wantedError);
});
