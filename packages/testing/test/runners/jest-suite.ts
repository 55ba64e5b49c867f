// What a user of jest writes; node-and-jest.test.ts runs it.
import { expect, test } from '@jest/globals';
import { Deployment } from '@kybern/core/kinds';
import { createTestCluster, explore, staleCaches, toBeAvailable, toWriteNothing } from '@kybern/testing';
import { deployWeb, wantedError } from './web.ts';

expect.extend({ toBeAvailable, toWriteNothing });
interface OwnMatchers {
  toBeAvailable(): void;
  toWriteNothing(): Promise<void>;
}
test('a Deployment becomes available in virtual time', async () => {
  await using cluster = await createTestCluster({ seed: 1, nodes: 2 });
  await deployWeb(cluster);
  const own = (value: unknown): OwnMatchers => expect(value) as unknown as OwnMatchers;
  own(await cluster.client.get(Deployment, 'default/web')).toBeAvailable();
  await own(cluster).toWriteNothing();
});

test('at other seeds too', async () => {
  expect((await explore({ seeds: 3, nodes: 1, faults: [staleCaches()] }, deployWeb)).runs).toBe(3);
});

test('what does not hold fails the test', async () => {
  await using cluster = await createTestCluster({ seed: 1, nodes: 1 });
  cluster.always('never a Deployment', (view) => view.list(Deployment).length === 0);
  await expect(deployWeb(cluster)).rejects.toThrow(wantedError);
});
