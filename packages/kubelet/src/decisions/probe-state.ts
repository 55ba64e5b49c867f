/** What a series of probes amounts to so far. */
export interface ProbeState {
  /** The verdict; undefined before the first one. */
  readonly result: 'success' | 'failure' | undefined;
  /** The last outcome and how many times in a row it came. */
  readonly last: 'success' | 'failure' | undefined;
  readonly run: number;
}

/** How many outcomes in a row change the verdict. */
export interface ProbeThresholds {
  readonly successThreshold?: number;
  readonly failureThreshold?: number;
}

/** Before the first probe. */
export const NOT_PROBED: ProbeState = Object.freeze({ result: undefined, last: undefined, run: 0 });

/**
 * The state after one more probe.
 *
 * @param thresholds default 1 success, 3 failures
 * @see kubernetes v1.36 pkg/kubelet/prober/worker.go (doProbe)
 */
export function advanceProbe(state: ProbeState, outcome: 'success' | 'failure', { successThreshold = 1, failureThreshold = 3 }: ProbeThresholds): ProbeState {
  const run = state.last === outcome ? state.run + 1 : 1;
  const decided = run >= (outcome === 'success' ? successThreshold : failureThreshold);
  return { result: decided ? outcome : state.result, last: outcome, run };
}
