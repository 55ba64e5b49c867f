import { randomInt, seededRandom } from '@kybern/core';
import { describe, expect, it } from 'vitest';
import { Ranking } from './ranking.ts';

const bins = Array.from({ length: 300 }, (_, index) => ({ name: String(index) }));

function fill(seed: number): { readonly ranking: Ranking<{ name: string }>; readonly totals: readonly (number | undefined)[] } {
  const random = seededRandom(seed);
  const ranking = new Ranking(bins, Int32Array.from(bins.keys()), bins.length);
  const totals = bins.map(() => (random.next() < 0.3 ? undefined : randomInt(random, 5)));
  totals.forEach((total, position) => {
    ranking.setFeasible(position, total !== undefined);
    if (total !== undefined) ranking.setTotal(position, total, 0);
  });
  return { ranking, totals };
}

describe('a ranking', () => {
  it.each([
    [0, 1],
    [0, 100],
    [63, 64],
    [64, 64],
    [130, 150],
    [299, 200],
    [17, 1000],
  ])('from %d on with %d wanted finds what one look after the other finds', (start, wanted) => {
    const { ranking, totals } = fill(start + wanted);
    const positions = bins.map((_bin, index) => (start + index) % bins.length);
    const found: number[] = [];
    let evaluated = 0;
    for (const position of positions) {
      if (found.length === wanted) break;
      evaluated += 1;
      if (totals[position] !== undefined) found.push(position);
    }
    const window = ranking.window(start, wanted);
    expect(window).toEqual({ start, evaluated, feasible: found.length });
    const listed = new Int32Array(found.length);
    ranking.listInto(window, listed);
    expect([...listed]).toEqual(found);
    const { total, ties, isUniform } = ranking.best(window);
    const best = found.filter((position) => totals[position] === Math.max(...found.map((each) => totals[each] as number)));
    expect({ total, ties, isUniform }).toEqual({ total: totals[best[0] as number], ties: best.length, isUniform: true });
    expect(best.map((_position, index) => ranking.find(window, { total, index }))).toEqual(best);
  });

  it('follows what changes', () => {
    const { ranking } = fill(1);
    ranking.setFeasible(200, true);
    ranking.setTotal(200, 99, 0);
    const all = ranking.window(0, bins.length);
    expect(ranking.best(all)).toEqual({ total: 99, ties: 1, isUniform: true });
    ranking.setFeasible(200, false);
    expect(ranking.best(ranking.window(0, bins.length)).total).toBe(4);
  });

  it('says when bins differ in what normalisation starts from', () => {
    const { ranking } = fill(2);
    const window = ranking.window(0, bins.length);
    expect(ranking.best(window).isUniform).toBe(true);
    const listed = new Int32Array(window.feasible);
    ranking.listInto(window, listed);
    ranking.setTotal(listed[150] as number, 1, 7);
    expect(ranking.best(window).isUniform).toBe(false);
    expect(ranking.best(ranking.window(0, 20)).isUniform).toBe(true);
  });
});
