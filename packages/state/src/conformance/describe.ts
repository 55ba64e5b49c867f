import { describe, it } from 'vitest';
import type { StateStore } from '../store.ts';
import { commitCases } from './commit-cases.ts';
import { durableCases } from './durable-cases.ts';
import { forkCases } from './fork-cases.ts';
import { readCases } from './read-cases.ts';
import { watchCases } from './watch-cases.ts';

/** What a conformance test may ask of a store. */
export interface MakeStoreOptions {
  /** As of `createMemoryStore`; a backend with a fixed limit skips the tests that need it. */
  readonly historyLimit?: number;
  readonly onError?: (error: unknown) => void;
}

/** Makes a fresh, empty store. The suite disposes it. */
export type MakeStore = (options: MakeStoreOptions) => StateStore | Promise<StateStore>;

/** Options of {@link describeStateConformance}. */
export interface StateConformanceOptions {
  /** Tests that do not hold for this backend, by name, each with the reason. */
  readonly skip?: Readonly<Record<string, string>>;
  /**
   * Ends a store that `make` made and opens the state that it kept: for backends whose state outlives the process. The suite disposes what it returns.
   * Default: there is nothing to open again.
   */
  readonly reopen?: (store: StateStore) => Promise<StateStore>;
}

/** One test: a sentence, and what must hold. It may use `make` several times. */
export type Case = readonly [name: string, run: (make: (options?: MakeStoreOptions) => Promise<StateStore>) => Promise<void>];

const groups: Readonly<Record<string, readonly Case[]>> = {
  commits: commitCases,
  reads: readCases,
  watches: watchCases,
  'snapshots, forks and the end': forkCases,
};

/**
 * Registers the tests that every backend of the `StateStore` port passes, with vitest.
 *
 * @param name what the tests are called
 * @param make makes the store under test
 */
export function describeStateConformance(name: string, make: MakeStore, options: StateConformanceOptions = {}): void {
  const { skip = {} } = options;
  const unknown = Object.keys(skip).filter((test) => !Object.values(groups).some((cases) => cases.some(([known]) => known === test)));
  if (unknown.length > 0) throw new TypeError(`there is no conformance test "${unknown[0]}" to skip`);
  describe(`${name} conforms to StateStore`, () => {
    for (const [group, cases] of Object.entries(groups)) {
      describe(group, () => {
        for (const [test, run] of cases) {
          const reason = skip[test];
          if (reason === undefined) it(test, () => withStores(make, run));
          else it.skip(`${test} (${reason})`, () => undefined);
        }
      });
    }
    const { reopen } = options;
    if (reopen === undefined) return;
    describe('opened again', () => {
      for (const [test, run] of durableCases) {
        it(test, async () => {
          await using stores = new AsyncDisposableStack();
          await run({
            make: async (made = {}) => stores.use(await make(made)),
            reopen: async (store) => stores.use(await reopen(store)),
          });
        });
      }
    });
  });
}

async function withStores(make: MakeStore, run: Case[1]): Promise<void> {
  await using stores = new AsyncDisposableStack();
  await run(async (options = {}) => stores.use(await make(options)));
}
