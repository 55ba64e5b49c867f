import type { Pod } from '@kybern/core/kinds';
import { earlierFailures, finishedAtMs } from './job-pods.ts';

/** How a Job's Pods have failed lately. */
export interface BackoffRecord {
  /** Failures after the last success. */
  readonly failures: number;
  /** When the last of them was, in ms. */
  readonly lastFailureMs: number;
}

/** Nothing has failed. */
export const NO_FAILURES: BackoffRecord = { failures: 0, lastFailureMs: 0 };

const FIRST_MS = 10_000;
const LONGEST_MS = 600_000;

/**
 * The record after more Pods have ended: a success forgives what failed before it.
 *
 * @see kubernetes v1.36 pkg/controller/job/backoff_utils.go (newBackoffRecord)
 */
export function nextBackoff(record: BackoffRecord, succeeded: readonly Pod[], failed: readonly Pod[]): BackoffRecord {
  const failures = failed.map(finishedAtMs);
  const lastFailureMs = Math.max(...failures);
  if (succeeded.length === 0) return failures.length === 0 ? record : { failures: record.failures + failures.length, lastFailureMs };
  const lastSuccessMs = Math.max(...succeeded.map(finishedAtMs));
  const after = failures.filter((ms) => ms > lastSuccessMs).length;
  return after === 0 ? NO_FAILURES : { failures: after, lastFailureMs };
}

/** How long to wait until a failed Pod may be replaced, in ms: 10 s after the first failure, twice as long after each, at most 10 min. */
export function backoffLeftMs({ failures, lastFailureMs }: BackoffRecord, nowMs: number): number {
  if (failures === 0) return 0;
  const backoffMs = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures - 1, 30));
  return Math.max(0, lastFailureMs + backoffMs - nowMs);
}

/** The same for one index, whose last Pod failed. */
export function indexBackoffLeftMs(failed: Pod | undefined, nowMs: number): number {
  return failed === undefined ? 0 : backoffLeftMs({ failures: earlierFailures(failed) + 1, lastFailureMs: finishedAtMs(failed) }, nowMs);
}
