import type { TestClusterOptions } from '../options.ts';
import type { TestCluster } from '../test-cluster.ts';

/** Options of {@link explore}. */
export interface ExploreOptions extends Omit<TestClusterOptions, 'seed'> {
  /** How many seeds, from 1; or which. Default 100. */
  readonly seeds?: number | readonly (number | string)[];
  /** Explore other orders of events, requests, reconciles and timers as well. Default true. */
  readonly interleave?: boolean;
  /** How many runs the search for the shortest schedule may take. Default 200; 0: none. */
  readonly shrinkRuns?: number;
}

/** One run's seed and the choices that were made in it. */
export interface Schedule {
  readonly seed: number | string;
  /** `point #n -> what happened`, in the order in which it happened. */
  readonly choices: readonly string[];
}

/** Options of {@link replay}. */
export interface ReplayOptions extends Omit<TestClusterOptions, 'seed'>, Schedule {
  readonly interleave?: boolean;
}

/** A test of a cluster that has just come up. */
export type ClusterTest = (cluster: TestCluster) => Promise<void>;

/** What an exploration that found nothing has to tell. */
export interface ExploreReport {
  /** How many runs there were. */
  readonly runs: number;
  /** How many choices were made in them. */
  readonly choices: number;
}
