import type { Clock, Random } from '@kybern/core';
import type { DurationMs } from '../behaviors.ts';

/** A step in the life of something. */
export interface Stage {
  readonly name: string;
  /** The stages that it may follow; `start` is the beginning. */
  readonly from: readonly string[];
  /** How likely it is beside the others that may follow. */
  readonly weight: number;
  /** From the stage before. */
  readonly delayMs: DurationMs;
  /** It may come again and again: nothing to wait for the end of. */
  readonly isEndless: boolean;
}

/** The beginning of a life. */
export const START = 'start';

/** What {@link playStages} works with. */
export interface StagePlay<S extends Stage> {
  readonly clock: Clock;
  readonly random: Random;
  /** Does what a stage says. @returns whether the life goes on */
  play(stage: S): boolean;
}

/** Plays stages, one after the other: of those that may follow one is drawn by weight, and comes after its delay. @returns ends it; idempotent */
export function playStages<S extends Stage>(stages: readonly S[], { clock, random, play }: StagePlay<S>): () => void {
  let cancel: () => void = () => undefined;
  let over = false;
  const arm = (state: string): void => {
    const stage = draw(
      stages.filter(({ from }) => from.includes(state)),
      random,
    );
    if (stage === undefined) return;
    const fire = (): void => {
      if (!over && play(stage) && !over) arm(stage.name);
    };
    cancel = clock.after(drawMs(stage.delayMs, random), fire, { background: stage.isEndless });
  };
  arm(START);
  return () => {
    over = true;
    cancel();
  };
}

function draw<S extends Stage>(stages: readonly S[], random: Random): S | undefined {
  if (stages.length < 2) return stages[0];
  let left = random.next() * stages.reduce((sum, { weight }) => sum + weight, 0);
  return stages.find(({ weight }) => (left -= weight) < 0) ?? stages.at(-1);
}

function drawMs(duration: DurationMs, random: Random): number {
  if (typeof duration === 'number') return duration;
  return duration[0] + Math.floor(random.next() * (duration[1] - duration[0] + 1));
}

/** The names of stages that may come again after themselves. */
export function endlessStages(stages: readonly Pick<Stage, 'name' | 'from'>[]): ReadonlySet<string> {
  return new Set(stages.filter(({ name }) => reaches(stages, name, name)).map(({ name }) => name));
}

function reaches(stages: readonly Pick<Stage, 'name' | 'from'>[], begin: string, end: string): boolean {
  const seen = new Set<string>();
  const queue = [begin];
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    for (const next of stages) {
      if (!next.from.includes(name) || seen.has(next.name)) continue;
      if (next.name === end) return true;
      seen.add(next.name);
      queue.push(next.name);
    }
  }
  return false;
}
