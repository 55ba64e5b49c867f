import { priorityOf } from '../cluster/nominated-pods.ts';
import { startOf, type Candidate } from './victim-selection.ts';

/** Added to each priority, so that a sum of priorities counts every victim, also those of negative priority. */
const PRIORITY_OFFSET = 2 ** 31;

/** What must be smallest, the first thing first. */
const MEASURES: readonly ((candidate: Candidate) => number)[] = [
  ({ violations }) => violations,
  highestPriority,
  ({ victims }) => victims.reduce((sum, victim) => sum + priorityOf(victim) + PRIORITY_OFFSET, 0),
  ({ victims }) => victims.length,
  (candidate) => -earliestStart(candidate),
];

/**
 * The candidate that hurts least: fewest broken budgets, then the least important highest victim, the smallest sum of priorities, the fewest victims, and
 * those that started last. The first of equals.
 *
 * @see kubernetes v1.36 pkg/scheduler/framework/preemption/preemption.go (pickOneNodeForPreemption)
 */
export function chooseCandidate(candidates: readonly Candidate[]): Candidate | undefined {
  let left = candidates;
  for (const measure of MEASURES) {
    if (left.length <= 1) break;
    const values = left.map(measure);
    const least = values.reduce((least, value) => Math.min(least, value), Infinity);
    left = left.filter((_candidate, index) => values[index] === least);
  }
  return left[0];
}

function highestPriority({ victims }: Candidate): number {
  return victims.reduce((highest, victim) => Math.max(highest, priorityOf(victim)), -Infinity);
}

/** Of the victims of highest priority. */
function earliestStart(candidate: Candidate): number {
  const highest = highestPriority(candidate);
  return candidate.victims.reduce((earliest, victim) => (priorityOf(victim) === highest ? Math.min(earliest, startOf(victim)) : earliest), Infinity);
}
