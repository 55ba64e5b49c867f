import { describe, expect, it } from 'vitest';
import { feasibleBinsToFind } from './sampling.ts';

describe('feasibleBinsToFind', () => {
  it.each([
    { name: 'few bins', bins: 10, percentage: 0, wanted: 10 },
    { name: 'adaptive, 1000', bins: 1000, percentage: 0, wanted: 420 },
    { name: '40 % of 1000', bins: 1000, percentage: 40, wanted: 400 },
    { name: 'adaptive, 6000', bins: 6000, percentage: 0, wanted: 300 },
    { name: '40 % of 6000', bins: 6000, percentage: 40, wanted: 2400 },
    { name: 'adaptive, 5000', bins: 5000, percentage: 0, wanted: 500 },
    { name: 'adaptive, 15000', bins: 15_000, percentage: 0, wanted: 750 },
    { name: 'adaptive, 20000', bins: 20_000, percentage: 0, wanted: 1000 },
    { name: 'never less than 100', bins: 200, percentage: 1, wanted: 100 },
    { name: 'all', bins: 6000, percentage: 100, wanted: 6000 },
  ])('$name', ({ bins, percentage, wanted }) => expect(feasibleBinsToFind(bins, percentage)).toBe(wanted));
});
