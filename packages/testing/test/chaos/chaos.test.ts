// Our own controllers, scheduler and node agents under chaos. Here so many seeds as a test run can afford; `pnpm torture` takes more.
import { describe, expect, it } from 'vitest';
import { runInChaos } from './run.ts';
import { scenarios } from './scenarios.ts';

const SEEDS = Number(process.env['KYBERN_CHAOS_SEEDS'] ?? 15);

describe('under chaos', () => {
  it.each(scenarios)('$name', { timeout: Math.max(300_000, SEEDS * 10_000) }, async (scenario) => {
    expect(await runInChaos(scenario, SEEDS)).toMatchObject({ runs: SEEDS });
  });
});
