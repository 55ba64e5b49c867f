/** How a slow start went. */
export interface SlowStartResult<T> {
  /** What succeeded, in the order of the calls. */
  readonly values: readonly T[];
  /** The first error, when there was one. */
  readonly error: unknown;
}

/**
 * Calls `fn` with 0 … `count - 1` in batches of 1, 2, 4, …; after a batch with an error no other begins. So a large number of calls that would
 * all fail alike fails once.
 *
 * @see kubernetes v1.36 pkg/controller/replicaset/replica_set.go (slowStartBatch)
 */
export async function slowStart<T>(count: number, fn: (index: number) => Promise<T>): Promise<SlowStartResult<T>> {
  const values: T[] = [];
  for (let left = count, size = 1; left > 0; left -= size, size *= 2) {
    size = Math.min(size, left);
    const begun = count - left;
    const outcomes = await Promise.allSettled(Array.from({ length: size }, (_, i) => fn(begun + i)));
    for (const outcome of outcomes) if (outcome.status === 'fulfilled') values.push(outcome.value);
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) return { values, error: failed.reason };
  }
  return { values, error: undefined };
}
