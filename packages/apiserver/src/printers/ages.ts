import { formatAge, parseTime } from '@kybern/core';
import { UNKNOWN, type PrintContext } from './table.ts';

/** How long ago an RFC 3339 time was, as `kubectl` prints ages; `<unknown>` without a time. */
export function ageOf(time: string | undefined, { nowMs }: PrintContext): string {
  if (time === undefined) return UNKNOWN;
  const thenMs = parseTime(time);
  return Number.isNaN(thenMs) ? UNKNOWN : formatAge(Math.max(0, nowMs - thenMs));
}
