import { Pod, type PodStatus } from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import { createControlPlane } from '../../test/control-plane.ts';
import { at, pod, START_MS } from '../../test/objects.ts';
import { staleDisruptionController } from './stale-controller.ts';
import { computeStaleDisruption } from './stale.ts';

const condition = { type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI', message: 'Eviction API: evicting', lastTransitionTime: at(0) };
const ready = { type: 'Ready', status: 'True', lastTransitionTime: at(0) };

describe('computeStaleDisruption', () => {
  it.each<{ name: string; seconds: number; facts: Parameters<typeof pod>[1]; expected: object }>([
    { name: 'not long ago', seconds: 50, facts: { status: { conditions: [condition] } }, expected: { type: 'wait', afterMs: 70_000 } },
    { name: 'no condition', seconds: 500, facts: { status: { conditions: [ready] } }, expected: { type: 'none' } },
    { name: 'taken back already', seconds: 500, facts: { status: { conditions: [{ ...condition, status: 'False' }] } }, expected: { type: 'none' } },
    {
      name: 'the node’s agent said so',
      seconds: 500,
      facts: { status: { conditions: [{ ...condition, reason: 'TerminationByKubelet' }] } },
      expected: { type: 'none' },
    },
    { name: 'it goes', seconds: 500, facts: { metadata: { deletionTimestamp: at(9) }, status: { conditions: [condition] } }, expected: { type: 'none' } },
    { name: 'it ended', seconds: 500, facts: { phase: 'Failed', status: { conditions: [condition] } }, expected: { type: 'none' } },
  ])('$name', ({ seconds, facts, expected }) => {
    expect(computeStaleDisruption({ nowMs: START_MS + seconds * 1000, pod: pod('p', facts) })).toEqual(expected);
  });

  it('takes it back after two minutes, and leaves the other conditions', () => {
    const plan = computeStaleDisruption({ nowMs: START_MS + 120_000, pod: pod('p', { status: { conditions: [ready, condition] } }) });
    expect(plan).toMatchObject({ type: 'takeBack', status: { conditions: [ready, { ...condition, status: 'False', lastTransitionTime: at(120) }] } });
  });
});

it('a Pod that was not evicted says so no longer, and one that goes keeps its condition', async () => {
  await using plane = await createControlPlane([staleDisruptionController()]);
  const { client } = plane;
  const told = async (name: string): Promise<PodStatus['conditions']> =>
    (await client.get(Pod, name)).status?.conditions?.filter(({ type }) => type === 'DisruptionTarget');
  for (const name of ['stays', 'goes']) {
    const created = await client.create(Pod, { metadata: { name }, spec: { containers: [{ name: 'c', image: 'nginx' }] } });
    await plane.start(created);
    const lastTransitionTime = `${new Date(plane.clock.now()).toISOString().slice(0, 19)}Z`;
    await plane.report(created, { conditions: [{ ...condition, lastTransitionTime }] as never });
  }
  await client.delete(Pod, 'goes', { gracePeriodSeconds: 600 });
  await plane.advance(110_000);
  expect(await told('stays')).toMatchObject([{ status: 'True' }]);
  await plane.advance(15_000);
  expect(await told('stays')).toMatchObject([{ status: 'False', reason: 'EvictionByEvictionAPI' }]);
  expect(await told('goes')).toMatchObject([{ status: 'True' }]);
  const before = plane.revision;
  await plane.advance(3_600_000);
  expect(plane.revision).toBe(before);
  expect(plane.errors).toEqual([]);
});
