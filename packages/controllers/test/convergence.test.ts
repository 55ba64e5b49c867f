import { builtinKinds, Event, Lease } from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import { builtinControllers } from '../src/index.ts';
import { createRestartablePlane, worldOf, type Trouble } from './restartable-plane.ts';
import { scenarios, type Scenario } from './scenarios.ts';

const kinds = builtinKinds.filter(
  (kind) => kind.verbs.includes('list') && kind.kind !== Event.kind && kind.kind !== Lease.kind && kind.kind !== 'ComponentStatus',
);

/** Mostly a second or two; machines may be busy. */
const LONG = { timeout: 300_000 };

/** How a scenario ends, and what the controllers wrote on the way. */
async function play(
  { make, drive, restMs = 120_000 }: Scenario,
  trouble?: Trouble,
): Promise<{ world: readonly string[]; writes: number; crashes: number; after: readonly string[] }> {
  await using plane = await createRestartablePlane(make, trouble);
  await drive(plane);
  await plane.settle();
  const world = await worldOf(plane.client, kinds);
  const { length: writes } = plane.writes;
  await plane.restart();
  await plane.settle();
  await plane.advance(restMs);
  return { world, writes, crashes: plane.crashes, after: plane.writes.slice(writes) };
}

it('there is a scenario for every controller', () => {
  const covered = new Set(scenarios.flatMap(({ make }) => make().map(({ name }) => name)));
  expect(
    builtinControllers({ rootCa: { certificate: 'PEM' } })
      .map(({ name }) => name)
      .filter((name) => !covered.has(name)),
  ).toEqual([]);
});

describe.each(scenarios)('$name', (scenario) => {
  it('a second look at the settled cluster, by controllers that remember nothing, writes nothing', LONG, async () => {
    const { after, writes } = await play(scenario);
    expect(writes).toBeGreaterThan(0);
    expect(after).toEqual([]);
  });

  it('ends the same with caches that are late', LONG, async () => {
    const reference = await play(scenario);
    for (const lagMs of [1, 700]) expect((await play(scenario, { lagMs })).world).toEqual(reference.world);
  });

  it('ends the same when the controllers crash after any of their writes', LONG, async () => {
    const reference = await play(scenario);
    let crashes = 0;
    for (let crashAtWrite = 1; crashAtWrite <= reference.writes; crashAtWrite++) {
      const played = await play(scenario, { crashAtWrite });
      crashes += played.crashes;
      expect({ crashAtWrite, world: played.world, after: played.after }).toEqual({ crashAtWrite, world: reference.world, after: [] });
    }
    expect(crashes).toBe(reference.writes);
  });
});
