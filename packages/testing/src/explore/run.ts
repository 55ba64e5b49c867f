import { formatChoice, replayedChoices, seededChoices, type Choice, type Choices } from '../choices.ts';
import { interleavings } from '../faults/interleavings.ts';
import type { TestClusterOptions } from '../options.ts';
import { startCluster } from '../test-cluster.ts';
import type { Timeline } from '../timeline/timeline.ts';
import { ExplorationError } from './exploration-error.ts';
import type { ClusterTest, ExploreOptions, ExploreReport, ReplayOptions } from './options.ts';
import { shrinkChoices } from './shrink.ts';

/** What a run came to. */
interface Outcome {
  readonly error: unknown;
  readonly choices: readonly Choice[];
  readonly timeline: Timeline | undefined;
}

/** How a run decides. */
type Decide = (nowMs: () => number) => Choices;

const DEFAULT_SEEDS = 100;
const DEFAULT_SHRINK_RUNS = 200;
/** How many choices a run makes at most; how many it really may is drawn from 1 to here, so that some runs are nearly usual. */
const MAX_CHOICES = 64;

/** See `explore`. */
export async function runExploration(options: ExploreOptions, test: ClusterTest): Promise<ExploreReport> {
  const { seeds = DEFAULT_SEEDS, shrinkRuns = DEFAULT_SHRINK_RUNS, interleave = true, ...cluster } = options;
  const list = typeof seeds === 'number' ? Array.from({ length: seeds }, (_, index) => index + 1) : seeds;
  let choices = 0;
  for (const [index, seed] of list.entries()) {
    const limit = Math.ceil(MAX_CHOICES ** (((index * 7) % 10) / 9));
    const found = await run({ ...cluster, seed }, { test, interleave, decide: (nowMs) => seededChoices(seed, { nowMs, limit }) });
    choices += found.choices.length;
    if (found.error === undefined) continue;
    throw await shrunk({ seed, found, shrinkRuns, index, of: list.length }, (kept) =>
      run({ ...cluster, seed }, { test, interleave, decide: (nowMs) => replayedChoices(kept.map(formatChoice), { nowMs }) }),
    );
  }
  return { runs: list.length, choices };
}

/** See `replay`. */
export async function runReplay(options: ReplayOptions, test: ClusterTest): Promise<void> {
  const { choices, interleave = true, ...cluster } = options;
  const { error } = await run(cluster, { test, interleave, decide: (nowMs) => replayedChoices(choices, { nowMs }) });
  if (error !== undefined) throw error as Error;
}

async function run(
  options: TestClusterOptions,
  { test, interleave, decide }: { readonly test: ClusterTest; readonly interleave: boolean; readonly decide: Decide },
): Promise<Outcome> {
  const cluster = await startCluster(options, { decide, ...(interleave ? { order: [interleavings()] } : {}) });
  let error: unknown;
  let timeline: Timeline | undefined;
  try {
    await test(cluster);
  } catch (thrown) {
    error = thrown ?? new Error('the test failed with nothing');
    timeline = await cluster.timeline();
  }
  const { choices } = cluster;
  await cluster[Symbol.asyncDispose]();
  return { error, choices, timeline };
}

interface Failed {
  readonly seed: number | string;
  readonly found: Outcome;
  readonly shrinkRuns: number;
  readonly index: number;
  readonly of: number;
}

/** The shortest failure that can be found of one that was. */
async function shrunk(
  { seed, found, shrinkRuns, index, of }: Failed,
  again: (choices: readonly Pick<Choice, 'point' | 'name'>[]) => Promise<Outcome>,
): Promise<ExplorationError> {
  let best = found;
  let runs = 0;
  await shrinkChoices(found.choices, shrinkRuns, async (choices) => {
    runs += 1;
    const outcome = await again(choices);
    if (outcome.error === undefined || !isSameFailure(outcome.error, found.error)) return undefined;
    best = outcome;
    return outcome.choices;
  });
  return new ExplorationError({
    seed,
    number: index + 1,
    of,
    choices: best.choices,
    found: found.choices.length,
    runs,
    cause: best.error,
    timeline: best.timeline,
  });
}

/** Another failure is another bug, to be found by itself. */
function isSameFailure(a: unknown, b: unknown): boolean {
  return (a instanceof Error ? a.name : typeof a) === (b instanceof Error ? b.name : typeof b);
}
