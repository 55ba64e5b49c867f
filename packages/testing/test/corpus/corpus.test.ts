// Twelve small reconcilers with one bug each: the bug is found within 200 seeds, and nothing is found in twelve twins without it.
import { explore, replay, type ExplorationError } from '@kybern/testing';
import { describe, expect, it } from 'vitest';
import { intermediateState } from './intermediate-state.ts';
import { staleState } from './stale-state.ts';
import { unobservedState } from './unobserved-state.ts';

const SEEDS = 200;
const corpus = [...intermediateState, ...staleState, ...unobservedState];
const small = { controllers: 'none', scheduler: false, nodes: 0 } as const;

it('has at least twelve reconcilers, of each cause some', () => {
  expect(corpus.length).toBeGreaterThanOrEqual(12);
  expect(new Set(corpus.map(({ cause }) => cause)).size).toBe(3);
});

describe.each(corpus)('a reconciler that $name ($cause)', ({ faults, faulty, fixed, test }) => {
  it('is found within 200 seeds, and its shortest schedule fails again and again', async () => {
    const error = (await explore({ ...small, seeds: SEEDS, faults }, async (cluster) => {
      cluster.run(faulty);
      await test(cluster);
    }).catch((thrown: unknown) => thrown)) as ExplorationError;
    expect(error).toMatchObject({ name: 'ExplorationError' });
    if (process.env['KYBERN_SHOW'] !== undefined) process.stdout.write(`${error.message}\n(${String(error.seedsTried)} seeds)\n\n`);
    expect(error.schedule.choices.length).toBeLessThanOrEqual(8);
    const again = (): Promise<unknown> =>
      replay({ ...small, ...error.schedule, faults }, async (cluster) => {
        cluster.run(faulty);
        await test(cluster);
      }).catch((thrown: unknown) => thrown);
    const causes = [await again(), await again()].map(String);
    expect(causes).toEqual([String(error.cause), String(error.cause)]);
  }, 120_000);

  it('has a twin in which nothing is found', async () => {
    const report = await explore({ ...small, seeds: SEEDS, faults }, async (cluster) => {
      cluster.run(fixed);
      await test(cluster);
    });
    expect(report.runs).toBe(SEEDS);
    expect(report.choices).toBeGreaterThan(SEEDS / 2);
  }, 120_000);
});
