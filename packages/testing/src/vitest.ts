import { expect } from 'vitest';
import type { WritesNothingOptions } from './assertions/rest.ts';
import { toBeAvailable, toConverge, toHaveCondition, toHaveNoHotLoop, toWriteNothing, type AvailableExpectation } from './matchers.ts';

expect.extend({ toBeAvailable, toConverge, toHaveCondition, toHaveNoHotLoop, toWriteNothing });

declare module 'vitest' {
  /** What this package adds to vitest's `expect`; the type parameters are those of vitest's own declaration. */
  // eslint-disable-next-line @typescript-eslint/no-unused-vars -- merged declarations must have the same parameters
  interface Matchers<R extends void | Promise<void> = void | Promise<void>, T = unknown> {
    /** The workload's controller has seen its newest spec, and all (or so many) of its replicas are available. */
    toBeAvailable(expected?: AvailableExpectation): R;
    /** The object has a condition with this status (default True). */
    toHaveCondition(type: string, status?: 'True' | 'False' | 'Unknown'): R;
    /** The cluster's reconcilers leave a settled cluster alone, also when they start anew. Await it. */
    toWriteNothing(options?: WritesNothingOptions): Promise<void>;
    /** The cluster comes to rest once nothing goes wrong any more. Await it. */
    toConverge(options?: { readonly within?: string }): Promise<void>;
    /** Nothing is written without end in the settled cluster. Await it. */
    toHaveNoHotLoop(options?: { readonly writesPerMinute?: number }): Promise<void>;
  }
}
