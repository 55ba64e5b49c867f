import { randomInt, type Random } from '@kybern/core';

/**
 * The index of a largest total; each of several is as likely.
 *
 * @param random asked for a generator only when there is something to choose
 */
export function selectLargest(totals: Float64Array, random: () => Random): number {
  let best = -Infinity;
  let count = 0;
  let index = -1;
  for (let i = 0; i < totals.length; i++) {
    const total = totals[i] as number;
    if (total > best) {
      best = total;
      count = 1;
      index = i;
    } else if (total === best) count += 1;
  }
  if (count <= 1) return index;
  let left = randomInt(random(), count);
  for (let i = index; i < totals.length; i++) if (totals[i] === best && left-- === 0) return i;
  return index;
}
