import type { Pod } from '@kybern/core/kinds';
import { priorityOf } from '../cluster/nominated-pods.ts';

/** Added to each priority, so that a sum of priorities counts every victim, also those of negative priority. */
const PRIORITY_OFFSET = 2 ** 31;

/** What must be smallest, the first thing first. */
export type Harm = readonly [violations: number, highestPriority: number, sumOfPriorities: number, victims: number, earliestStart: number];

/** How much the eviction of these Pods hurts. `violations`: how many of them a budget wants to keep. */
export function harmOf(victims: readonly Pod[], violations: number): Harm {
  let highest = -Infinity;
  let sum = 0;
  let earliest = Infinity;
  for (const victim of victims) {
    const priority = priorityOf(victim);
    sum += priority + PRIORITY_OFFSET;
    if (priority > highest) {
      highest = priority;
      earliest = Infinity;
    }
    if (priority === highest) earliest = Math.min(earliest, startOf(victim));
  }
  return [violations, highest, sum, victims.length, -earliest];
}

/**
 * The candidate that hurts least: fewest broken budgets, then the least important highest victim, the smallest sum of priorities, the fewest victims, and
 * those that started last. The first of equals.
 *
 * @see kubernetes v1.36 pkg/scheduler/framework/preemption/preemption.go (pickOneNodeForPreemption)
 */
export function chooseCandidate<T extends { readonly harm: Harm }>(candidates: readonly T[]): T | undefined {
  let best: T | undefined;
  for (const candidate of candidates) if (best === undefined || isLess(candidate.harm, best.harm)) best = candidate;
  return best;
}

function isLess(a: Harm, b: Harm): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return (a[i] as number) < (b[i] as number);
  return false;
}

/** When a Pod started, in ms since the epoch; Infinity when it has not. */
export function startOf({ status }: Pod): number {
  return status?.startTime === undefined ? Infinity : Date.parse(status.startTime);
}
