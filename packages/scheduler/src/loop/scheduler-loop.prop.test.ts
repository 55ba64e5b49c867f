import { ApiError, randomInt, seededRandom, type Client, type Random } from '@kybern/core';
import type { FakeClock } from '@kybern/core/testing';
import { Node, Pod } from '@kybern/core/kinds';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { startCluster, type TestCluster } from '../../test/cluster.ts';
import { makeNode, makePod } from '../../test/objects.ts';
import { allocatable, oracle, request } from '../../test/oracle.ts';
import { lagging } from '../../test/watch-faults.ts';

const NODES = ['a', 'b', 'c'];

/** A client whose watches lag, and whose bindings are late, refused before they happen, or happen without an answer, as long as `faulty.now`. */
function flaky(random: Random, faulty: { now: boolean }) {
  return (client: Client, clock: FakeClock): Partial<Client> => ({
    watch: (kind, options) => lagging(client.watch(kind, options), clock, () => (faulty.now ? randomInt(random, 3) * 1500 : 0)) as never,
    createSubresource: async (...args) => {
      const fault = faulty.now ? randomInt(random, 5) : -1;
      if (fault === 0) throw new ApiError('ServiceUnavailable', 'not now');
      if (fault === 1) throw new ApiError('TooManyRequests', 'slower');
      if (fault === 2) await new Promise<void>((resolve) => clock.after(randomInt(random, 20_000), resolve));
      const answer = await client.createSubresource(...args);
      if (fault === 3) throw new ApiError('Timeout', 'the answer was lost');
      return answer;
    },
  });
}

/** Something that happens in a cluster. */
async function happen(cluster: TestCluster, random: Random, step: number): Promise<void> {
  const pods = [...(await cluster.client.list(Pod))];
  const nodes = [...(await cluster.client.list(Node))].map(({ metadata }) => metadata.name);
  const [pod] = pods.length === 0 ? [] : [pods[randomInt(random, pods.length)]];
  const what = randomInt(random, 10);
  const missing = NODES.find((name) => !nodes.includes(name));
  if (what < 6) await cluster.addPod(makePod(`p${step}`, { requests: { cpu: `${1 + randomInt(random, 3)}` } }));
  else if (what < 8 && pod !== undefined) await cluster.client.delete(Pod, pod, { gracePeriodSeconds: 0 });
  else if (what === 8 && nodes.length > 1) await cluster.client.delete(Node, nodes[randomInt(random, nodes.length)] as string);
  else if (missing !== undefined) await cluster.addNode(makeNode(missing));
}

async function expectNoNodeOverCommitted(cluster: TestCluster): Promise<void> {
  const pods = [...(await cluster.client.list(Pod))];
  for (const node of await cluster.client.list(Node)) {
    const used = pods.filter(({ spec }) => spec.nodeName === node.metadata.name).reduce((sum, pod) => sum + request(pod, 'cpu', false), 0);
    expect(used).toBeLessThanOrEqual(allocatable(node, 'cpu'));
  }
}

async function expectNobodyForgotten(cluster: TestCluster): Promise<void> {
  const [pods, nodes] = [[...(await cluster.client.list(Pod))], [...(await cluster.client.list(Node))]];
  for (const pod of pods) if (pod.spec.nodeName === undefined) expect(oracle(pod, nodes, pods).feasible).toEqual([]);
}

it('never over-commits a node and never forgets a Pod, whatever happens to nodes, Pods and bindings', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: 2 ** 31 }), async (seed) => {
      const random = seededRandom(seed);
      const faulty = { now: false };
      await using cluster = await startCluster({ seed, nodes: NODES.map((name) => makeNode(name)), faults: flaky(random.fork('faults'), faulty) });
      faulty.now = true;
      for (let step = 0; step < 25; step++) {
        await happen(cluster, random, step);
        await cluster.clock.advance(randomInt(random, 4) * 1000);
        await expectNoNodeOverCommitted(cluster);
      }
      faulty.now = false;
      await cluster.clock.advance(60_000);
      await expectNoNodeOverCommitted(cluster);
      await expectNobodyForgotten(cluster);
    }),
    { numRuns: 20 },
  );
});
