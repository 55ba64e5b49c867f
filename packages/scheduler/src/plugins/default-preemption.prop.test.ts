import { keyOf, seededRandom } from '@kybern/core';
import type { Pod } from '@kybern/core/kinds';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { oracle } from '../../test/oracle.ts';
import { createSnapshot } from '../cluster/create-snapshot.ts';
import { randomCluster } from '../conformance/random-cluster.ts';
import { createScheduler } from '../engine/scheduler.ts';

const priority = (pod: Pod): number => pod.spec.priority ?? 0;
const seeds = fc.integer({ min: 0, max: 2 ** 31 });

describe('DefaultPreemption on random clusters', () => {
  it('evicts only lower priorities, enough, and nobody in vain; gives up only where nothing helps; and leaves the snapshot as it was', () => {
    let preemptions = 0;
    fc.assert(
      fc.property(seeds, (seed) => {
        const { nodes, placed, waiting } = randomCluster(seed, { waiting: 4 });
        const state = createSnapshot({ nodes, pods: placed });
        const engine = createScheduler({ random: seededRandom(seed) });
        for (const each of waiting) {
          const pod: Pod = { ...each, spec: { ...each.spec, priority: priority(each) + 2 } };
          const before = JSON.stringify([state.nodes.map(({ requested, pods }) => [requested, pods.map(keyOf).sort()]), [...state.versions.at]]);
          const { node, nominatedNodeName, victims } = engine.schedule(pod, state);
          expect(JSON.stringify([state.nodes.map(({ requested, pods }) => [requested, pods.map(keyOf).sort()]), [...state.versions.at]])).toBe(before);
          if (node !== undefined) continue;
          const without = (gone: readonly Pod[]): readonly string[] =>
            oracle(
              pod,
              nodes,
              placed.filter((other) => !gone.includes(other)),
            ).feasible;
          if (nominatedNodeName === undefined || nominatedNodeName === '') {
            for (const { metadata } of nodes) {
              const lower = placed.filter((other) => other.spec.nodeName === metadata.name && priority(other) < priority(pod));
              // What no eviction cures by its code (pod affinity, say) is not tried at all.
              if (lower.length > 0 && pod.spec.affinity?.podAffinity === undefined) expect(without(lower)).not.toContain(metadata.name);
            }
            continue;
          }
          preemptions += 1;
          expect(victims.every((victim) => victim.spec.nodeName === nominatedNodeName && priority(victim) < priority(pod))).toBe(true);
          expect(without(victims)).toContain(nominatedNodeName);
        }
      }),
      { numRuns: 100 },
    );
    expect(preemptions).toBeGreaterThan(5);
  });
});
