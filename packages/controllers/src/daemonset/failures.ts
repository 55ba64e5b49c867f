/** How a DaemonSet's Pods failed lately, by node. Immutable. */
export interface Failures {
  /** How long to wait until a failed Pod of the node may be replaced, in ms. */
  waitMs(node: string, nowMs: number): number;
  /** With one more failure: the next has to wait twice as long. */
  with(node: string, nowMs: number): Failures;
}

interface Failure {
  readonly atMs: number;
  readonly delayMs: number;
}

const FIRST_MS = 1_000;
const LONGEST_MS = 900_000;

/** Nothing has failed. */
export const NO_DAEMON_FAILURES: Failures = failuresOf(new Map());

/** @see kubernetes v1.36 staging/src/k8s.io/client-go/util/flowcontrol/backoff.go */
function failuresOf(byNode: ReadonlyMap<string, Failure>): Failures {
  return {
    waitMs(node, nowMs) {
      const last = byNode.get(node);
      return last === undefined ? 0 : Math.max(0, last.atMs + last.delayMs - nowMs);
    },
    with(node, nowMs) {
      const recent = [...byNode].filter(([, { atMs }]) => nowMs - atMs <= 2 * LONGEST_MS);
      const last = recent.find(([name]) => name === node)?.[1];
      const delayMs = last === undefined ? FIRST_MS : Math.min(LONGEST_MS, last.delayMs * 2);
      return failuresOf(new Map([...recent, [node, { atMs: nowMs, delayMs }]]));
    },
  };
}
