import type { Pod, PodDisruptionBudget, PodDisruptionBudgetSpec, PodDisruptionBudgetStatus } from '@kybern/core/kinds';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { at, pod, START_MS } from '../../test/objects.ts';
import { computeDisruptionBudget, type DisruptionBudgetPlan } from './compute.ts';

const NOW = START_MS + 600_000;
const budget = (spec: PodDisruptionBudgetSpec, status?: PodDisruptionBudgetStatus): PodDisruptionBudget => ({
  apiVersion: 'policy/v1',
  kind: 'PodDisruptionBudget',
  metadata: { name: 'b', namespace: 'default', generation: 1 },
  spec,
  ...(status === undefined ? {} : { status }),
});
const pods = (healthy: number, unhealthy = 0): readonly Pod[] => [
  ...Array.from({ length: healthy }, (_, i) => pod(`h${i}`, { readyAt: 0 })),
  ...Array.from({ length: unhealthy }, (_, i) => pod(`u${i}`)),
];
const plan = (spec: PodDisruptionBudgetSpec, all: readonly Pod[], expected = all.length, status?: PodDisruptionBudgetStatus): DisruptionBudgetPlan =>
  computeDisruptionBudget({ nowMs: NOW, budget: budget(spec, status), pods: all, scale: () => ({ count: expected, unmanaged: [] }) });
const numbers = ({ status }: DisruptionBudgetPlan): (number | undefined)[] => [
  status.currentHealthy,
  status.desiredHealthy,
  status.expectedPods,
  status.disruptionsAllowed,
];

describe('how many may be disrupted', () => {
  it.each<{ name: string; spec: PodDisruptionBudgetSpec; pods: readonly Pod[]; expected?: number; numbers: number[] }>([
    { name: 'a number available', spec: { minAvailable: 2 }, pods: pods(3), numbers: [3, 2, 3, 1] },
    { name: 'a number available, some are not', spec: { minAvailable: 2 }, pods: pods(2, 1), numbers: [2, 2, 3, 0] },
    { name: 'more than there are', spec: { minAvailable: 5 }, pods: pods(3), numbers: [3, 5, 3, 0] },
    { name: 'none needed', spec: { minAvailable: 0 }, pods: pods(3), numbers: [3, 0, 3, 3] },
    { name: 'a share available is rounded up', spec: { minAvailable: '28%' }, pods: pods(5), expected: 10, numbers: [5, 3, 10, 2] },
    { name: 'a number unavailable', spec: { maxUnavailable: 1 }, pods: pods(3), expected: 3, numbers: [3, 2, 3, 1] },
    { name: 'a share unavailable is rounded up', spec: { maxUnavailable: '28%' }, pods: pods(10), expected: 10, numbers: [10, 7, 10, 3] },
    { name: 'more unavailable than there are', spec: { maxUnavailable: 5 }, pods: pods(3), expected: 3, numbers: [3, 0, 3, 3] },
    { name: 'Pods still to come count as missing', spec: { maxUnavailable: 1 }, pods: pods(2), expected: 5, numbers: [2, 4, 5, 0] },
    { name: 'no Pods', spec: { minAvailable: 0 }, pods: [], numbers: [0, 0, 0, 0] },
    {
      name: 'those that go are not healthy',
      spec: { minAvailable: 1 },
      pods: [...pods(1), pod('going', { readyAt: 0, metadata: { deletionTimestamp: at(1) } })],
      numbers: [1, 1, 2, 0],
    },
  ])('$name', ({ spec, pods: all, expected, numbers: wanted }) => expect(numbers(plan(spec, all, expected))).toEqual(wanted));

  it('an evicted Pod is not healthy until it is overdue, and then it is reported', () => {
    const status = { disruptedPods: { h0: at(500), h1: at(470), gone: at(500) } };
    const planned = plan({ minAvailable: 1 }, pods(3), 3, status);
    expect([numbers(planned), planned.status.disruptedPods, planned.overdue.map(({ metadata }) => metadata.name), planned.requeueAfterMs]).toEqual([
      [2, 1, 3, 1],
      { h0: at(500) },
      ['h1'],
      21_000,
    ]);
  });

  it('what cannot be computed allows nothing', () => {
    const failed = computeDisruptionBudget({ nowMs: NOW, budget: budget({ maxUnavailable: 1 }), pods: pods(3), scale: () => ({ error: 'lost' }) });
    expect(failed.status).toMatchObject({
      disruptionsAllowed: 0,
      conditions: [{ type: 'DisruptionAllowed', status: 'False', reason: 'SyncFailed', message: 'lost' }],
    });
  });

  it('a status that is right stays the same object in all its parts', () => {
    const first = plan({ minAvailable: 1 }, pods(3));
    expect(plan({ minAvailable: 1 }, pods(3), 3, first.status).status).toEqual(first.status);
    expect(first.status.conditions).toMatchObject([{ status: 'True', reason: 'SufficientPods', observedGeneration: 1 }]);
  });
});

it('as many disruptions as are allowed leave as many healthy as are desired, and no more are allowed', () => {
  const bound = fc.oneof(
    fc.nat(12),
    fc.nat(100).map((percent) => `${percent}%`),
  );
  fc.assert(
    fc.property(
      fc.constantFrom('minAvailable' as const, 'maxUnavailable' as const),
      bound,
      fc.nat(10),
      fc.nat(5),
      fc.nat(20),
      (field, value, healthy, unhealthy, expected) => {
        const { status } = plan({ [field]: value }, pods(healthy, unhealthy), expected);
        const { currentHealthy = 0, desiredHealthy = 0, disruptionsAllowed = 0, expectedPods = 0 } = status;
        expect(currentHealthy).toBe(healthy);
        if (disruptionsAllowed > 0) expect(currentHealthy - disruptionsAllowed).toBe(desiredHealthy);
        else expect(expectedPods === 0 || currentHealthy <= desiredHealthy).toBe(true);
      },
    ),
  );
});
