import { ApiError, isConflict } from '@kybern/core';
import { ConfigMap, Deployment, Pod, Secret } from '@kybern/core/kinds';
import { defineController, done } from '@kybern/reconcile';
import { describe, expect, it } from 'vitest';
import { chaos } from './faults/chaos.ts';
import { fillDisk } from './faults/node-faults.ts';
import { createTestCluster, type TestCluster } from './test-cluster.ts';

const small = { controllers: 'none', scheduler: false, nodes: 0 } as const;
const map = (name: string): { metadata: { name: string; namespace: string } } => ({ metadata: { name, namespace: 'default' } });
const creator = defineController({
  name: 'creator',
  for: ConfigMap,
  async reconcile({ object, client }) {
    await client.create(Secret, { metadata: { generateName: `${object.metadata.name}-`, namespace: 'default' } as never });
    return done();
  },
});
const secrets = async ({ client }: TestCluster): Promise<number> => (await client.list(Secret, { namespace: 'default' })).items.length;

describe('faults by script', () => {
  it('hit the calls that match, so often as they are told', async () => {
    await using cluster = await createTestCluster(small);
    cluster.run(creator);
    const stop = cluster.faults.inject({ process: 'creator', verb: 'create', kind: Secret, times: 2 }, { type: 'lose' });
    await cluster.client.create(ConfigMap, map('a'));
    await cluster.settle();
    expect(await secrets(cluster)).toBe(3); // two whose answers were lost, and one
    expect(cluster.faults.log).toEqual(Array.from({ length: 2 }, () => 'creator: create secrets: lose (as the test wants it)'));
    expect(cluster.errors).toHaveLength(2);
    stop();
  });

  it('begin with the nth call, and may look at each call', async () => {
    await using cluster = await createTestCluster(small);
    cluster.run(creator);
    cluster.faults.inject({ verb: 'create', nth: 2, times: 1 }, { type: 'fail', error: new ApiError('Conflict', 'no') });
    const calls: string[] = [];
    cluster.faults.script(({ process, verb }) => void calls.push(`${process.name} ${verb}`));
    for (const name of ['a', 'b', 'c']) await cluster.client.create(ConfigMap, map(name));
    await cluster.settle();
    expect(cluster.errors.map(({ error }) => isConflict(error))).toEqual([true]);
    // Three and one retry; of the one that failed, the first script had decided.
    expect(calls.filter((call) => call === 'creator create')).toHaveLength(3);
    expect(await secrets(cluster)).toBe(3);
    cluster.faults.calm();
  });

  it('never hit the test itself', async () => {
    await using cluster = await createTestCluster(small);
    cluster.faults.script(() => ({ type: 'fail' }));
    expect((await cluster.client.create(ConfigMap, map('a'))).metadata.uid).toBeDefined();
  });

  it('settling waits for what they hold back, however late that is', async () => {
    await using cluster = await createTestCluster(small);
    cluster.run(creator);
    await cluster.settle();
    cluster.process('creator').crash();
    cluster.faults.inject({ process: 'creator', verb: 'watch' }, { type: 'lag', lagMs: 60_000 });
    cluster.process('creator').restart();
    await cluster.client.create(ConfigMap, map('a'));
    await cluster.settle();
    expect(await secrets(cluster)).toBe(1);
  });
});

describe('chaos', () => {
  it('goes on for its time, leaves a log, and ends with everything made good', async () => {
    await using cluster = await createTestCluster({ nodes: 2, seed: 3 });
    cluster.faults.chaos('everything', { for: '3m' });
    await cluster.client.create(Deployment, {
      ...map('web'),
      spec: {
        replicas: 2,
        selector: { matchLabels: { app: 'web' } },
        template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'nginx' }] } },
      },
    });
    await cluster.advance('3m');
    expect(cluster.faults.log.length).toBeGreaterThan(3);
    expect(cluster.choices.length).toBe(cluster.faults.log.length);
    await cluster.advance('15m');
    await cluster.settle();
    expect(await cluster.client.get(Deployment, 'default/web')).toBeAvailable({ replicas: 2 });
    expect(cluster.processes.every(({ alive, connected }) => alive && connected)).toBe(true);
  });

  it('of each profile is the same for the same seed', async () => {
    expect(chaos('everything').length).toBe(chaos('network').length + chaos('processes').length + chaos('nodes').length);
    const run = async (): Promise<readonly string[]> => {
      await using cluster = await createTestCluster({ nodes: 1, seed: 7, faults: chaos() });
      await cluster.advance('2m');
      return [...cluster.faults.log, cluster.eventLog()];
    };
    expect(await run()).toEqual(await run());
  });

  it('a disk that is full lets no Pod start until there is room', async () => {
    await using cluster = await createTestCluster({ nodes: 1 });
    const makeRoom = fillDisk(cluster.node('node-1'));
    await cluster.apply('apiVersion: v1\nkind: Pod\nmetadata: { name: a, namespace: default }\nspec: { containers: [{ name: c, image: nginx }] }\n');
    const pod = { kind: Pod, key: 'default/a', condition: 'Ready' } as const;
    await expect(cluster.until(pod, { within: '2m' })).rejects.toThrow(/Pod "default\/a" did not become Ready within 2m/);
    makeRoom();
    await cluster.until(pod, { within: '10m' });
  });
});
