import { formatChoice, type Choice } from '../choices.ts';
import { timelineText } from '../timeline/text.ts';
import type { Timeline } from '../timeline/timeline.ts';
import type { Schedule } from './options.ts';

/** What an {@link ExplorationError} tells. */
export interface ExplorationFailure {
  readonly seed: number | string;
  /** Which seed of how many it was. */
  readonly number: number;
  readonly of: number;
  /** What remained. */
  readonly choices: readonly Choice[];
  /** How many choices the failure had when it was found. */
  readonly found: number;
  /** How many runs the search took. */
  readonly runs: number;
  readonly cause: unknown;
  readonly timeline: Timeline | undefined;
}

/** A test failed at some seed. The message has all it takes to see why, and to run it again. */
export class ExplorationError extends Error {
  /** For {@link replay}. */
  readonly schedule: Schedule;
  /** What happened in the shortest run that fails. */
  readonly timeline: Timeline | undefined;
  /** How many seeds it took to find it. */
  readonly seedsTried: number;

  constructor(failure: ExplorationFailure) {
    super(messageOf(failure), { cause: failure.cause });
    this.name = 'ExplorationError';
    this.schedule = { seed: failure.seed, choices: failure.choices.map(formatChoice) };
    this.timeline = failure.timeline;
    this.seedsTried = failure.number;
  }
}

const INDENT = '  ';

function messageOf({ seed, number, of, choices, found, runs, cause, timeline }: ExplorationFailure): string {
  const list = choices.map(formatChoice);
  return [
    cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause),
    '',
    `seed ${JSON.stringify(seed)} fails (${String(number)} of ${String(of)}); the shortest schedule found has ${String(choices.length)} of its ${String(found)} choices (${String(runs)} runs):`,
    ...(list.length === 0
      ? [`${INDENT}nothing unusual has to happen`]
      : choices.map((choice, index) => `${INDENT}${String(index + 1)}. ${formatChoice(choice)}`)),
    '',
    'to run it again:',
    `${INDENT}replay(${JSON.stringify({ seed, choices: list })}, test)   // with the other options of explore`,
    ...(timeline === undefined ? [] : ['', 'what happened:', timelineText(timeline)]),
  ].join('\n');
}
