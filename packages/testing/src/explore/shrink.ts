import type { Choice } from '../choices.ts';

/** A choice as it is asked for. */
export type AskedChoice = Pick<Choice, 'point' | 'name'>;

/**
 * Tries to make a failure happen with fewer and milder choices.
 *
 * @param choices those of the failure
 * @param maxRuns how often to try at most
 * @param fails tries with some of them; resolves with the choices that were made when it fails in the same way, else with undefined
 * @returns the shortest list that fails
 */
export async function shrinkChoices(
  choices: readonly Choice[],
  maxRuns: number,
  fails: (choices: readonly AskedChoice[]) => Promise<readonly Choice[] | undefined>,
): Promise<readonly Choice[]> {
  const budget = { left: maxRuns };
  const tried = async (list: readonly AskedChoice[]): Promise<readonly Choice[] | undefined> => {
    if (budget.left <= 0) return undefined;
    budget.left -= 1;
    return await fails(list);
  };
  let best = choices;
  // Most often it takes no choice at all, or a few of the last.
  best = (await tried([])) ?? best;
  best = await withoutParts(best, tried);
  best = await milder(best, tried);
  return await withoutParts(best, tried);
}

type Try = (list: readonly AskedChoice[]) => Promise<readonly Choice[] | undefined>;

/** Leaves out halves, quarters, … and single choices for as long as it still fails. */
async function withoutParts(choices: readonly Choice[], tried: Try): Promise<readonly Choice[]> {
  let best = choices;
  for (let size = Math.ceil(best.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = best.length - size; from > -size; from -= size) {
      const start = Math.max(0, from);
      const rest = [...best.slice(0, start), ...best.slice(start + size)];
      const found = await tried(rest);
      if (found !== undefined && found.length < best.length) best = found;
    }
  }
  return best;
}

/** Replaces choices by milder ones of the same point. */
async function milder(choices: readonly Choice[], tried: Try): Promise<readonly Choice[]> {
  let best = choices;
  for (let at = best.length - 1; at >= 0; at--) {
    for (const name of best[at]?.milder ?? []) {
      const asked = best.map((choice, index): AskedChoice => (index === at ? { point: choice.point, name } : choice));
      const found = await tried(asked);
      if (found === undefined || found.length > best.length) continue;
      best = found;
      break;
    }
  }
  return best;
}
