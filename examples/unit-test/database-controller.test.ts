// The test that finds a stale-cache bug, what it prints, and that the fix holds. The guide tells the story: docs/testing-an-operator.md.
import { Pod } from '@kybern/core/kinds';
import type { ControllerDefinition } from '@kybern/reconcile';
import { crashes, explore, lostResponses, replay, staleCaches, type ClusterTest, type ExplorationError } from '@kybern/testing';
import { expect, test } from 'vitest';
import { buggyDatabaseController, databaseController } from './database-controller.ts';
import { Database } from './database.ts';

const faults = [staleCaches(), crashes({ processes: ['databases'] }), lostResponses({ processes: ['databases'] })];
const options = { nodes: 1, controllers: 'none', faults } as const;
const orders = { metadata: { name: 'orders', namespace: 'default' }, spec: { image: 'postgres:17' } };

/** What any version of the controller has to stand. */
const neverTwo =
  (controller: () => ControllerDefinition): ClusterTest =>
  async (cluster) => {
    cluster.run(controller);
    cluster.always('one Pod of a database at a time', (view) => view.list(Pod, { labels: { database: 'orders' } }).length <= 1);
    await cluster.client.create(Database, orders);
    await cluster.settle();
    await cluster.client.mutate(Database, orders, (draft) => {
      draft.spec.image = 'postgres:18';
    });
    await cluster.settle();
    await expect(cluster).toWriteNothing(); // idempotent: controllers that start anew find nothing to do
    const { items } = await cluster.client.list(Pod, { labels: { database: 'orders' } });
    expect(items.map((pod) => pod.spec.containers[0]?.image)).toEqual(['postgres:18']);
  };

test('the first version works as long as nothing goes wrong', async () => {
  expect(await explore({ ...options, faults: [], interleave: false, seeds: 1 }, neverTwo(buggyDatabaseController))).toMatchObject({ runs: 1 });
});

test('the first version runs a database twice when things go wrong, and says how', async () => {
  const error = (await explore({ ...options, seeds: 200 }, neverTwo(buggyDatabaseController)).catch((thrown: unknown) => thrown)) as ExplorationError;
  if (process.env['KYBERN_SHOW'] !== undefined) process.stdout.write(`${error.message}\n`);
  expect(error.message).toMatch(/one Pod of a database at a time did not hold/);
  expect(error.schedule.choices.length).toBeLessThanOrEqual(2);
  // What it prints runs again, to the same failure.
  await expect(replay({ ...options, ...error.schedule }, neverTwo(buggyDatabaseController))).rejects.toThrow(/one Pod of a database at a time/);
}, 60_000);

test('the fixed version never does, at 200 seeds', async () => {
  expect(await explore({ ...options, seeds: 200 }, neverTwo(databaseController))).toMatchObject({ runs: 200 });
}, 120_000);
