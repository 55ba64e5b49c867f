import { seededRandom } from '@kybern/core';
import type { Node, Pod } from '@kybern/core/kinds';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allocatable, oracle, request } from '../../test/oracle.ts';
import type { ClusterState } from '../cluster/cluster-state.ts';
import { createSnapshot } from '../cluster/create-snapshot.ts';
import { randomCluster } from '../conformance/random-cluster.ts';
import { createScheduler } from './scheduler.ts';

const place = (pod: Pod, nodeName: string): Pod => ({ ...pod, spec: { ...pod.spec, nodeName } });
const seeds = fc.integer({ min: 0, max: 2 ** 31 });

describe('the default profile on random clusters', () => {
  it('finds the feasible nodes, and one of the best, that a slow obvious computation finds', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const { nodes, placed, waiting } = randomCluster(seed);
        const engine = createScheduler({ random: seededRandom(seed) });
        const state = createSnapshot({ nodes, pods: placed });
        const pods = [...placed];
        for (const pod of waiting) {
          const { feasible, best } = oracle(pod, nodes, pods);
          const decision = engine.schedule(pod, state);
          const rejected = new Set(decision.diagnosis?.rejected.keys());
          expect(decision.feasible).toBe(feasible.length);
          if (decision.node === undefined) {
            expect(feasible).toEqual([]);
            expect(decision.diagnosis?.binCount).toBe(nodes.length);
            expect(rejected.size <= nodes.length).toBe(true);
            continue;
          }
          expect(best).toContain(decision.node);
          state.setPod(place(pod, decision.node));
          pods.push(place(pod, decision.node));
        }
      }),
      { numRuns: 150 },
    );
  });

  it('explains exactly the nodes that are feasible', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const { nodes, placed, waiting } = randomCluster(seed, { waiting: 2 });
        const state = createSnapshot({ nodes, pods: placed });
        for (const pod of waiting) {
          const explained = createScheduler().explain(pod, state);
          const feasible = Object.entries(explained.nodes).filter(([, node]) => node.feasible);
          expect(new Set(feasible.map(([name]) => name))).toEqual(new Set(oracle(pod, nodes, placed).feasible));
          const top = Math.max(...feasible.map(([, { total }]) => total));
          if (explained.chosen !== undefined) expect(explained.nodes[explained.chosen]?.total).toBe(top);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('never gives a node more than it has', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const { nodes, waiting } = randomCluster(seed, { maxNodes: 4, waiting: 60 });
        const engine = createScheduler({ random: seededRandom(seed) });
        const state = createSnapshot({ nodes });
        const placed = waiting.flatMap((pod) => {
          const { node } = engine.schedule(pod, state);
          if (node === undefined) return [];
          state.setPod(place(pod, node));
          return [place(pod, node)];
        });
        for (const node of nodes)
          expectNotOverCommitted(
            node,
            placed.filter(({ spec }) => spec.nodeName === node.metadata.name),
          );
      }),
      { numRuns: 60 },
    );
  });

  it('decides the same with answers used again as with every plugin asked anew, while nodes and Pods come and go', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        expect(history(seed, true)).toEqual(history(seed, false));
      }),
      { numRuns: 60 },
    );
  });

  it('decides the same whatever was decided before on the same snapshot', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const { nodes, placed, waiting } = randomCluster(seed);
        const engine = createScheduler({ random: seededRandom(seed) });
        const state = createSnapshot({ nodes, pods: placed });
        const forwards = waiting.map((pod) => engine.schedule(pod, state).node);
        const backwards = [...waiting].reverse().map((pod) => engine.schedule(pod, state).node);
        expect(backwards.reverse()).toEqual(forwards);
      }),
      { numRuns: 60 },
    );
  });
});

function expectNotOverCommitted(node: Node, pods: readonly Pod[]): void {
  for (const name of ['cpu', 'memory', 'ephemeral-storage', 'example.com/gpu']) {
    expect(pods.reduce((sum, pod) => sum + request(pod, name, false), 0)).toBeLessThanOrEqual(allocatable(node, name));
  }
  expect(pods.length).toBeLessThanOrEqual(allocatable(node, 'pods'));
}

/** Decisions and messages of a cluster in which things happen between them. */
function history(seed: number, reuseAnswers: boolean): readonly string[] {
  const { nodes, placed, waiting } = randomCluster(seed, { waiting: 12 });
  const others = randomCluster(`${seed}/others`).nodes;
  const engine = createScheduler({ random: seededRandom(seed), reuseAnswers });
  const state: ClusterState = createSnapshot({ nodes, pods: placed });
  const random = seededRandom(`${seed}/changes`);
  // Every Pod three times: copies of a template are what reuse is for.
  return [...waiting, ...waiting, ...waiting].map((pod, index) => {
    const named: Pod = { ...pod, metadata: { ...pod.metadata, name: `${pod.metadata.name}-${index}`, uid: `uid-${index}` } };
    const decision = engine.schedule(named, state);
    if (decision.node !== undefined) state.setPod(place(named, decision.node));
    const other = others[Math.floor(random.next() * others.length)] as Node;
    if (random.next() < 0.3) state.setNode(other);
    if (random.next() < 0.2) state.removeNode(other.metadata.name);
    if (random.next() < 0.3) state.removePod(`default/placed-${Math.floor(random.next() * placed.length)}`);
    return decision.node ?? decision.message;
  });
}
