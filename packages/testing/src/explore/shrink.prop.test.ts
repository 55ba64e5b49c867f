import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Choice } from '../choices.ts';
import { shrinkChoices } from './shrink.ts';

const choice = (point: number): Choice => ({ point: `p${String(point)}`, name: 'hard', atMs: 0, milder: ['mild'] });

it('shrinks to exactly the choices that it takes, in their mildest form', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(fc.nat(30), { minLength: 1, maxLength: 20 }), fc.nat(), async (points, pick) => {
      const needed = new Set(points.filter((_, index) => ((pick >> (index % 16)) & 1) === 1).map((point) => `p${String(point)}`));
      const shortest = await shrinkChoices(points.map(choice), 2_000, async (asked) => {
        const fails = [...needed].every((point) => asked.some((each) => each.point === point));
        return fails ? asked.map((each) => ({ ...choice(0), ...each, milder: each.name === 'hard' ? ['mild'] : [] })) : undefined;
      });
      expect(new Set(shortest.map(({ point }) => point))).toEqual(needed);
      expect(shortest.every(({ name }) => name === 'mild')).toBe(true);
    }),
    { numRuns: 60 },
  );
});

it('gives up when its runs are used up, with the best that it has', async () => {
  const list = [1, 2, 3, 4].map(choice);
  let runs = 0;
  expect(await shrinkChoices(list, 3, async () => ((runs += 1), undefined))).toEqual(list);
  expect(runs).toBe(3);
});
