import { describe, expect, it } from 'vitest';
import { normalizeByMaximum } from './normalize.ts';

describe('normalizeByMaximum', () => {
  it.each([
    { name: 'scales to the largest', scores: [1, 2, 3, 4], reverse: false, expected: [25, 50, 75, 100] },
    { name: 'reversed', scores: [1, 2, 3, 4], reverse: true, expected: [75, 50, 25, 0] },
    { name: 'truncates', scores: [1000, 10, 20, 30], reverse: false, expected: [100, 1, 2, 3] },
    { name: 'truncates before it reverses', scores: [1000, 10, 20, 30], reverse: true, expected: [0, 99, 98, 97] },
    { name: 'zero stays best when reversed', scores: [0, 1, 1, 1], reverse: true, expected: [100, 0, 0, 0] },
    { name: 'all zero', scores: [0, 0], reverse: false, expected: [0, 0] },
    { name: 'all zero reversed', scores: [0, 0], reverse: true, expected: [100, 100] },
    { name: 'nothing', scores: [], reverse: false, expected: [] },
  ])('$name', ({ scores, reverse, expected }) => {
    const array = Float64Array.from(scores);
    normalizeByMaximum(array, reverse);
    expect([...array]).toEqual(expected);
  });
});
