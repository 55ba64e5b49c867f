import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatSeconds } from './rfc-3339.ts';

const byDate = (epochMs: number): string => `${new Date(epochMs).toISOString().slice(0, 19)}Z`;
const MAX_MS = 8.64e15;

describe('formatSeconds', () => {
  it('says what Date says, for every time that a Date can hold', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.integer({ min: 0, max: 4_102_444_800_000 }), fc.integer({ min: -MAX_MS, max: MAX_MS })),
        (ms) => formatSeconds(ms) === byDate(ms),
      ),
    );
  });

  it('says what Date says at both ends of every day from 1970 to 2400', () => {
    const DAY_MS = 86_400_000;
    const wrong: number[] = [];
    for (let ms = 0; ms < 13_569_465_600_000; ms += DAY_MS) {
      for (const at of [ms, ms + DAY_MS - 1]) if (formatSeconds(at) !== byDate(at)) wrong.push(at);
    }
    expect(wrong).toEqual([]);
  });

  it.each([
    { name: 'fractions of a ms', ms: 1_767_225_600_999.75 },
    { name: 'the last second of 9999', ms: 253_402_300_799_999 },
    { name: 'the first second of 10000', ms: 253_402_300_800_000 },
    { name: 'a time before 1970', ms: -1 },
  ])('says what Date says of $name', ({ ms }) => {
    expect(formatSeconds(ms)).toBe(byDate(ms));
  });

  it('refuses what is no time', () => {
    expect(() => formatSeconds(Number.NaN)).toThrow(RangeError);
  });
});
