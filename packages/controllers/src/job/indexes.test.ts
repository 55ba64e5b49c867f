import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countCommonIndexes, countIndexes, formatIndexes, freeIndexes, hasIndex, mergeIndexes, parseIndexes, withIndexes } from './indexes.ts';

describe('parseIndexes', () => {
  it.each([
    { name: 'none', text: '', completions: 5, set: [] },
    { name: 'one', text: '3', completions: 5, set: [{ first: 3, last: 3 }] },
    { name: 'a range', text: '1-3', completions: 5, set: [{ first: 1, last: 3 }] },
    {
      name: 'several',
      text: '0,2-3,8',
      completions: 9,
      set: [
        { first: 0, last: 0 },
        { first: 2, last: 3 },
        { first: 8, last: 8 },
      ],
    },
    {
      name: 'neighbours are joined',
      text: '1,2,4,5',
      completions: 9,
      set: [
        { first: 1, last: 2 },
        { first: 4, last: 5 },
      ],
    },
    {
      name: 'what is not below completions is left out',
      text: '0,2-7,9',
      completions: 4,
      set: [
        { first: 0, last: 0 },
        { first: 2, last: 3 },
      ],
    },
    {
      name: 'what is no index is ignored',
      text: 'a,1,b-3,4-c,5',
      completions: 9,
      set: [
        { first: 1, last: 1 },
        { first: 5, last: 5 },
      ],
    },
  ])('$name', ({ text, completions, set }) => expect(parseIndexes(text, completions)).toEqual(set));
});

it.each([
  { name: 'one', indexes: [4], text: '4' },
  { name: 'two neighbours', indexes: [4, 5], text: '4,5' },
  { name: 'three neighbours', indexes: [4, 5, 6], text: '4-6' },
  { name: 'in any order', indexes: [9, 1, 2, 0, 5], text: '0-2,5,9' },
])('formatIndexes: $name', ({ indexes, text }) => expect(formatIndexes(withIndexes([], indexes))).toBe(text));

it('a set of indexes behaves as a set of numbers', () => {
  const numbers = fc.uniqueArray(fc.nat(40));
  fc.assert(
    fc.property(numbers, numbers, fc.nat(45), fc.nat(20), (a, b, completions, count) => {
      const [x, y] = [withIndexes([], a), withIndexes([], b)];
      const both = new Set([...a, ...b]);
      const merged = mergeIndexes(x, y);
      expect(countIndexes(merged)).toBe(both.size);
      expect(parseIndexes(formatIndexes(merged), 100)).toEqual(merged);
      expect(countCommonIndexes(x, y)).toBe(a.filter((index) => b.includes(index)).length);
      for (let index = 0; index < 42; index++) expect(hasIndex(merged, index)).toBe(both.has(index));
      const free = Array.from({ length: completions }, (_, index) => index).filter((index) => !both.has(index));
      expect(freeIndexes(merged, count, completions)).toEqual(free.slice(0, count));
    }),
  );
});
