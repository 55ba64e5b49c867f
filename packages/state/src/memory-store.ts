import type { Observable } from 'rxjs';
import { StoreClosedError } from './errors.ts';
import { Engine, type EngineOptions, type EngineState } from './internal/engine.ts';
import { History } from './internal/history.ts';
import { OrderedMap } from './internal/ordered-map.ts';
import type {
  Change,
  CommitOptions,
  CommitResult,
  EncodedChange,
  GetOptions,
  RangeOptions,
  RangeResult,
  Revision,
  StateCursor,
  StateEvent,
  StateRecord,
  StateSnapshot,
  StateStore,
} from './store.ts';

/** Options of {@link createMemoryStore}. */
export interface MemoryStoreOptions {
  /**
   * How many events the history keeps, for watches that resume and for reads of older revisions (up to a sixteenth more, and what is still to be
   * delivered up to ten times as many). Default: as many as there are objects, but at least 10,000 and at most 100,000; an event takes about as much
   * memory as what the write changed.
   */
  readonly historyLimit?: number;
  /** Runs `drain` soon, once: this is when watchers are told. Default `queueMicrotask`. */
  readonly schedule?: (drain: () => void) => void;
  /** The revision of the empty store. Default 0. */
  readonly startRevision?: Revision;
  /** Told what a subscriber or a cursor's callback throws. Default: it becomes an uncaught exception. */
  readonly onError?: (error: unknown) => void;
}

/**
 * A store that lives in memory and ends with the process.
 *
 * @throws {RangeError} an option is out of its range
 */
export function createMemoryStore(options: MemoryStoreOptions = {}): StateStore {
  const { historyLimit, schedule = defer, startRevision = 0, onError = rethrow } = options;
  if (historyLimit !== undefined && (!Number.isSafeInteger(historyLimit) || historyLimit < 1)) {
    throw new RangeError(`historyLimit must be a positive integer, not ${historyLimit}`);
  }
  if (!Number.isSafeInteger(startRevision) || startRevision < 0) throw new RangeError(`startRevision must be an integer ≥ 0, not ${startRevision}`);
  const state = { records: new OrderedMap<StateRecord>(), history: new History(startRevision), revision: startRevision };
  return new MemoryStore(state, { historyLimit, schedule, onError });
}

/** A store in memory that goes on from a state: the fork of another store. */
export function continueInMemory(state: EngineState, options: EngineOptions): StateStore {
  return new MemoryStore(state, options);
}

/** When watchers are told, by default. */
// eslint-disable-next-line no-restricted-globals -- the default of a port that is injected
export const defer = (drain: () => void): void => queueMicrotask(drain);

/** Makes an error that nobody handles an uncaught exception, by default. */
export function rethrow(error: unknown): void {
  defer(() => {
    throw error;
  });
}

class MemoryStore implements StateStore {
  readonly #engine: Engine;
  readonly #options: EngineOptions;
  #closed = false;

  constructor(state: EngineState, options: EngineOptions) {
    this.#engine = new Engine(state, options);
    this.#options = options;
  }

  get revision(): Revision {
    return this.#engine.revision;
  }

  get compactedRevision(): Revision {
    return this.#engine.compactedRevision;
  }

  async get(key: string, options?: GetOptions): Promise<StateRecord | undefined> {
    return this.#open(options?.signal).get(key, options?.at, options?.atLeast);
  }

  async range(prefix: string, options?: RangeOptions): Promise<RangeResult> {
    return this.#open(options?.signal).range(prefix, options);
  }

  async commit(changes: readonly (Change | EncodedChange)[], options?: CommitOptions): Promise<CommitResult> {
    return this.#open(options?.signal).commit(changes);
  }

  watch(prefix: string, from: Revision): Observable<StateEvent> {
    return this.#engine.observe(prefix, from);
  }

  cursor(prefix: string, from: Revision): StateCursor {
    return this.#open().cursor(prefix, from);
  }

  async compact(before: Revision): Promise<void> {
    this.#open().compact(before);
  }

  snapshot(): StateSnapshot {
    return this.#open().snapshot();
  }

  fork(): StateStore {
    return new MemoryStore(this.#open().fork(), this.#options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#engine.close();
  }

  #open(signal?: AbortSignal): Engine {
    if (this.#closed) throw new StoreClosedError();
    signal?.throwIfAborted();
    return this.#engine;
  }
}
