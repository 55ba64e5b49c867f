import { expect } from 'vitest';
import { toBeAvailable, toHaveCondition, type AvailableExpectation } from './matchers.ts';

expect.extend({ toBeAvailable, toHaveCondition });

declare module 'vitest' {
  /** What this package adds to vitest's `expect`; the type parameters are those of vitest's own declaration. */
  // eslint-disable-next-line @typescript-eslint/no-unused-vars -- merged declarations must have the same parameters
  interface Matchers<R extends void | Promise<void> = void | Promise<void>, T = unknown> {
    /** The workload's controller has seen its newest spec, and all (or so many) of its replicas are available. */
    toBeAvailable(expected?: AvailableExpectation): R;
    /** The object has a condition with this status (default True). */
    toHaveCondition(type: string, status?: 'True' | 'False' | 'Unknown'): R;
  }
}
