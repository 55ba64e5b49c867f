import { explore, chaos, type ClusterTest, type ExploreReport } from '@kybern/testing';
import { describe, expect, it } from 'vitest';
import { NODES, type Scenario } from './scenario.ts';

const SEEDS = Number(process.env['KYBERN_CHAOS_SEEDS'] ?? 200);

/** A test of each scenario, with everything going wrong that can. */
export function describeInChaos(scenarios: readonly Scenario[]): void {
  describe('under chaos', () => {
    it.each(scenarios)('$name', { timeout: Math.max(300_000, SEEDS * 10_000) }, async (scenario) => {
      expect(await runInChaos(scenario, SEEDS)).toMatchObject({ runs: SEEDS });
    });
  });
}

/** Runs a scenario with everything going wrong that can, at these seeds. */
export function runInChaos(scenario: Scenario, seeds: number | readonly number[]): Promise<ExploreReport> {
  return explore({ ...scenario.options, nodes: NODES, seeds, faults: chaos('everything') }, inChaos(scenario));
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
