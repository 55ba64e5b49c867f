import { explore, chaos, type ClusterTest, type ExploreReport } from '@kybern/testing';
import { expect } from 'vitest';
import type { Scenario } from './scenarios.ts';

/** Runs a scenario with everything going wrong that can, at these seeds. */
export function runInChaos(scenario: Scenario, seeds: number | readonly number[]): Promise<ExploreReport> {
  return explore({ nodes: 2, seeds, faults: chaos('everything') }, inChaos(scenario));
}

/** The test of a scenario. */
export function inChaos({ begin, expectEnd }: Scenario): ClusterTest {
  return async (cluster) => {
    await begin(cluster);
    cluster.faults.calm();
    await cluster.advance('15m');
    await cluster.settle();
    await expectEnd(cluster);
    await expect(cluster).toWriteNothing();
  };
}
