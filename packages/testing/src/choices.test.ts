import { describe, expect, it } from 'vitest';
import { formatChoice, replayedChoices, seededChoices, usualChoices, type Choices } from './choices.ts';

const place = (where: string, source = 'faults'): { where: string; source: string } => ({ where, source });
const alternatives = ['late', 'lost', 'crash'].map((name) => ({ name }));
const clock = { nowMs: () => 5 };

/** What is chosen at a few hundred points. */
function walk(choices: Choices, points = 300): readonly string[] {
  for (let at = 0; at < points; at++) choices.choose(place(`operator: create ${String(at % 7)}`), alternatives, 0.2);
  return choices.made.map(formatChoice);
}

describe('choices', () => {
  it('are the same for the same seed, and others for another', () => {
    const [first, second, other] = [walk(seededChoices(11, clock)), walk(seededChoices(11, clock)), walk(seededChoices(12, clock))];
    expect(second).toEqual(first);
    expect(other).not.toEqual(first);
  });

  it('made once can be replayed, and any part of them', () => {
    const seed = [1, 2, 3, 4, 5].find((each) => walk(seededChoices(each, clock)).length > 3) ?? 0;
    const made = walk(seededChoices(seed, clock));
    expect(walk(replayedChoices(made, clock))).toEqual(made);
    const part = made.filter((_, index) => index % 2 === 0);
    expect(walk(replayedChoices(part, clock))).toEqual(part);
    expect(walk(replayedChoices([], clock))).toEqual([]);
  });

  it('name their place, its occurrence, and what was milder', () => {
    const choices = replayedChoices(['a: get pods (faults) #2 -> lost'], clock);
    choices.choose(place('a: get pods'), alternatives, 1);
    expect(choices.choose(place('a: get pods'), alternatives, 1)).toEqual({ name: 'lost' });
    expect(choices.made).toEqual([{ point: 'a: get pods (faults) #2', name: 'lost', atMs: 5, milder: ['late'] }]);
  });

  it('of a seed are no more than the limit', () => {
    expect(walk(seededChoices(1, { ...clock, limit: 0 }))).toEqual([]);
    for (let seed = 1; seed < 9; seed++) expect(walk(seededChoices(seed, { ...clock, limit: 2 })).length).toBeLessThanOrEqual(2);
  });

  it('are the usual where there is nothing to choose', () => {
    expect(usualChoices.choose(place('a'), alternatives, 1)).toBeUndefined();
    expect(seededChoices(1, clock).choose(place('a'), [], 1)).toBeUndefined();
    expect(() => replayedChoices(['nonsense'], clock)).toThrow(RangeError);
  });
});
