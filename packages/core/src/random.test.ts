import { describe, expect, it } from 'vitest';
import { randomIds, systemIds } from './ids.ts';
import { randomInt, seededRandom, systemRandom, type Random } from './random.ts';

const take = (random: Random, count = 20): number[] => Array.from({ length: count }, () => random.next());

describe('seededRandom', () => {
  it('gives the same numbers for the same seed, and others for others', () => {
    expect(take(seededRandom(1))).toEqual(take(seededRandom(1)));
    expect(take(seededRandom(1))).toEqual(take(seededRandom('1')));
    expect(take(seededRandom(1))).not.toEqual(take(seededRandom(2)));
    for (const number of take(seededRandom('x'), 1000)) expect(number >= 0 && number < 1).toBe(true);
  });

  it('gives the same numbers on every machine', () => {
    const random = seededRandom(42);
    expect(Array.from({ length: 6 }, () => randomInt(random, 1000))).toEqual([272, 330, 114, 200, 63, 646]);
  });

  it('forks by name, however often it was used', () => {
    const random = seededRandom(1);
    const early = take(random.fork('a'));
    take(random);
    expect(take(random.fork('a'))).toEqual(early);
    expect(take(random.fork('b'))).not.toEqual(early);
  });

  it('spreads evenly enough', () => {
    const random = seededRandom(7);
    const counts = new Array<number>(10).fill(0);
    for (let i = 0; i < 10_000; i++) {
      const at = randomInt(random, 10);
      counts[at] = (counts[at] ?? 0) + 1;
    }
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });
});

describe('ids', () => {
  it.each([
    { name: 'seeded', ids: randomIds(seededRandom(1)) },
    { name: 'of the machine', ids: systemIds() },
    { name: "from the machine's randomness", ids: randomIds(systemRandom()) },
  ])('$name have the forms that Kubernetes gives them', ({ ids }) => {
    const uids = Array.from({ length: 100 }, () => ids.uid());
    for (const uid of uids) expect(uid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(new Set(uids).size).toBe(100);
    expect(ids.suffix(5)).toMatch(/^[bcdfghjklmnpqrstvwxz2456789]{5}$/);
  });

  it('are the same from the same seed', () => {
    expect(randomIds(seededRandom(3)).uid()).toBe(randomIds(seededRandom(3)).uid());
  });
});
