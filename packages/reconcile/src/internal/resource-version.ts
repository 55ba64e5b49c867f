/**
 * Whether revision `a` is at least as new as `b`. Resource versions of one resource may be compared as decimal integers.
 *
 * @see KEP-5504 Comparable Resource Version
 */
export function isAtLeast(a: string, b: string): boolean {
  return a.length === b.length ? a >= b : a.length > b.length;
}
