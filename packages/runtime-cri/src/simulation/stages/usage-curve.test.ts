import { expect, it } from 'vitest';
import { Place } from './place.ts';
import { readCurve } from './usage-curve.ts';

const MINUTE = 60_000;
const curve = (value: unknown): ((ageMinutes: number, replicas?: number) => number) => {
  const read = readCurve(new Place('here', value));
  return (ageMinutes, replicas = 1) => read({ ageMs: ageMinutes * MINUTE, nowMs: 86_400_000 * 20_000 + ageMinutes * MINUTE, replicas, attempt: 0 });
};
const points = [
  { at: '0s', value: 1 },
  { at: '10m', value: 3 },
  { at: '20m', value: '2' },
];

it('a constant is the same at all times', () => {
  expect([0, 5, 500].map((at) => curve('250m')(at))).toEqual([0.25, 0.25, 0.25]);
});

it('steps hold until the next, from the first on, and after the last', () => {
  expect([0, 9, 10, 19, 20, 500].map((at) => curve({ steps: { points } })(at))).toEqual([1, 1, 3, 3, 2, 2]);
  expect([0, 5, 15, 20, 25].map((at) => curve({ steps: { points, linear: true } })(at))).toEqual([1, 2, 2.5, 2, 2]);
  expect([0, 12, 30, 42, 51].map((at) => curve({ steps: { points, every: '30m' } })(at))).toEqual([1, 3, 1, 3, 2]);
});

it('a sine goes from min to max and back in its period', () => {
  const sine = curve({ sine: { min: 1, max: 3, period: '1h' } });
  expect([0, 15, 30, 45, 60].map((at) => Math.round(sine(at) * 1e6) / 1e6)).toEqual([1, 2, 3, 2, 1]);
});

it('what is shared is divided among the replicas, and nothing is less than nothing', () => {
  expect(curve({ shared: true, expression: '8 - age / minute' })(2, 3)).toBe(2);
  expect(curve({ expression: '8 - age / minute' })(20)).toBe(0);
  expect(curve({ expression: '1 / 0' })(20)).toBe(0);
});

it('the first row that holds decides', () => {
  const table = curve({ table: [{ when: 'age < 60', value: 1 }, { when: 'age < 120', value: 'age / 60' }, { value: 9 }] });
  expect([0, 1.5, 3].map((at) => table(at))).toEqual([1, 1.5, 9]);
});
