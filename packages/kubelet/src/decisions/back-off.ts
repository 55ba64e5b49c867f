/** How long to hold back after a failure, and since when that holds. */
export interface BackOff {
  readonly delayMs: number;
  /** Wall time in ms of the last attempt. */
  readonly updatedAtMs: number;
  /** How many attempts in a row failed. */
  readonly failures: number;
}

/** The first and the longest delay. After twice the longest without a failure it begins again. */
export const BACK_OFF_MS = { first: 10_000, longest: 300_000 } as const;

/** A failure that lies further ahead than this happened before the wall clock was set back. */
const MAX_SKEW_MS = 10_000;

/**
 * When the back-off ends, counted from a failure; undefined when it does not hold.
 *
 * Differs from Kubernetes: when the wall clock was set back it does not hold for as long as the clock needs to get there again.
 *
 * @param sinceMs when the failure happened
 * @see kubernetes v1.36 staging/src/k8s.io/client-go/util/flowcontrol/backoff.go (IsInBackOffSince)
 */
export function backOffEndMs(backOff: BackOff | undefined, sinceMs: number, nowMs: number): number | undefined {
  if (backOff === undefined || isForgotten(backOff, sinceMs) || sinceMs > nowMs + MAX_SKEW_MS) return undefined;
  const endMs = sinceMs + backOff.delayMs;
  return nowMs < endMs ? endMs : undefined;
}

/** The back-off after one more attempt. @see kubernetes v1.36 staging/src/k8s.io/client-go/util/flowcontrol/backoff.go (Next) */
export function nextBackOff(backOff: BackOff | undefined, sinceMs: number, nowMs: number): BackOff {
  if (backOff === undefined || isForgotten(backOff, sinceMs)) return { delayMs: BACK_OFF_MS.first, updatedAtMs: nowMs, failures: 1 };
  return { delayMs: Math.min(backOff.delayMs * 2, BACK_OFF_MS.longest), updatedAtMs: nowMs, failures: backOff.failures + 1 };
}

function isForgotten(backOff: BackOff, sinceMs: number): boolean {
  return sinceMs - backOff.updatedAtMs > 2 * BACK_OFF_MS.longest;
}
