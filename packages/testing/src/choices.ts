import { seededRandom } from '@kybern/core';

/** Where one kind of choice is made. */
export interface Place {
  /** Who is concerned, and by what: `operator: create configmaps default/a`. */
  readonly where: string;
  /** What may change there: `lost responses`. */
  readonly source: string;
}

/** Something that may happen at a point of a run instead of what usually does. */
export interface Alternative {
  /** In words, such as `answer lost`; unique at its point. */
  readonly name: string;
}

/** A point of a run at which something else happened than usual. */
export interface Choice {
  /** Where, by what, and the number of its occurrence: `operator: create configmaps default/a (lost responses) #2`. */
  readonly point: string;
  readonly name: string;
  /** Virtual ms since the start. */
  readonly atMs: number;
  /** Milder alternatives that there were, the mildest first. */
  readonly milder: readonly string[];
}

/**
 * Decides what happens wherever more than one thing may. A run is a function of its seed and of its choices; points are named, not numbered through, so that
 * taking one choice away leaves the others where they were.
 */
export interface Choices {
  /**
   * Decides at a point.
   *
   * @param place where; occurrences of the same place are counted here
   * @param alternatives what may happen instead of the usual, the mildest first
   * @param chance how likely something unusual is where the choice is random
   * @returns undefined: the usual thing
   */
  choose<A extends Alternative>(place: Place, alternatives: readonly A[], chance: number): A | undefined;
  /** What was chosen so far, the usual left out. */
  readonly made: readonly Choice[];
}

/** `point #n -> name`, as reports print it and {@link replayedChoices} takes it. */
export function formatChoice({ point, name }: Pick<Choice, 'point' | 'name'>): string {
  return `${point} -> ${name}`;
}

type Decide = <A extends Alternative>(point: string, alternatives: readonly A[], from: { readonly chance: number; readonly source: string }) => A | undefined;

function recording(nowMs: () => number, decide: Decide): Choices {
  const counts = new Map<string, number>();
  const made: Choice[] = [];
  return {
    made,
    choose({ where, source }, alternatives, chance) {
      if (alternatives.length === 0) return undefined;
      const place = `${where} (${source})`;
      const count = (counts.get(place) ?? 0) + 1;
      counts.set(place, count);
      const point = `${place} #${String(count)}`;
      const chosen = decide(point, alternatives, { chance, source });
      if (chosen === undefined) return undefined;
      const at = alternatives.findIndex(({ name }) => name === chosen.name);
      made.push({ point, name: chosen.name, atMs: nowMs(), milder: alternatives.slice(0, at).map(({ name }) => name) });
      return chosen;
    },
  };
}

/** How much more or less often than usual things go wrong in a run; one is drawn per run and source, so that runs differ in what they are rich in. */
const INTENSITIES = [0, 0.3, 1, 1, 3] as const;
/** Where no choice is that likely. */
const CERTAIN = 0.9;

/** Choices that depend on the seed and the point alone. @param options.limit at most so many */
export function seededChoices(seed: number | string, { nowMs, limit = Infinity }: { readonly nowMs: () => number; readonly limit?: number }): Choices {
  const intensities = new Map<string, number>();
  const intensityOf = (source: string): number => {
    let intensity = intensities.get(source);
    if (intensity === undefined) {
      intensity = INTENSITIES[Math.floor(seededRandom(`${String(seed)}~${source}`).next() * INTENSITIES.length)] ?? 1;
      intensities.set(source, intensity);
    }
    return intensity;
  };
  let left = limit;
  return recording(nowMs, (point, alternatives, { chance, source }) => {
    if (left <= 0) return undefined;
    const probability = Math.min(CERTAIN, chance * intensityOf(source));
    if (probability === 0) return undefined;
    const random = seededRandom(`${String(seed)}!${point}`);
    if (random.next() >= probability) return undefined;
    left -= 1;
    return alternatives[Math.floor(random.next() * alternatives.length)];
  });
}

/** Choices made before: at every other point happens what usually does. @param list as {@link formatChoice} writes them */
export function replayedChoices(list: readonly string[], { nowMs }: { readonly nowMs: () => number }): Choices {
  const known = new Map<string, string>();
  for (const text of list) {
    const arrow = text.lastIndexOf(' -> ');
    if (arrow < 0) throw new RangeError(`"${text}" is no choice: expected "point #n -> what happens"`);
    known.set(text.slice(0, arrow), text.slice(arrow + 4));
  }
  return recording(nowMs, (point, alternatives) => {
    const name = known.get(point);
    return name === undefined ? undefined : alternatives.find((alternative) => alternative.name === name);
  });
}

/** Nothing unusual happens. */
export const usualChoices: Choices = Object.freeze({ choose: () => undefined, made: Object.freeze([]) as readonly Choice[] });
