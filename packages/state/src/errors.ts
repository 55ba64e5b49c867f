import type { Revision, StateRecord } from './store.ts';

/** A key does not have the revision that a commit expected. Read again, decide again, then retry. */
export class CompareFailedError extends Error {
  readonly key: string;
  readonly expected: Revision;
  /** What the key has; undefined when it does not exist. */
  readonly actual: StateRecord | undefined;

  constructor(key: string, expected: Revision, actual: StateRecord | undefined) {
    super(`key "${key}" is at revision ${actual?.modRevision ?? 0}, not ${expected}`);
    this.name = 'CompareFailedError';
    this.key = key;
    this.expected = expected;
    this.actual = actual;
  }
}

/** The history that was asked for is no longer retained. Retrying does not help: read the current state. */
export class ExpiredError extends Error {
  readonly requested: Revision;
  /** The oldest revision that is retained. */
  readonly compacted: Revision;

  constructor(requested: Revision, compacted: Revision) {
    super(`revision ${requested} is no longer retained: the oldest one is ${compacted}`);
    this.name = 'ExpiredError';
    this.requested = requested;
    this.compacted = compacted;
  }
}

/** A revision that does not exist yet. Retrying can help when another writer is ahead of this store. */
export class FutureRevisionError extends Error {
  readonly requested: Revision;
  /** The store's revision. */
  readonly current: Revision;

  constructor(requested: Revision, current: Revision) {
    super(`revision ${requested} is in the future: the current one is ${current}`);
    this.name = 'FutureRevisionError';
    this.requested = requested;
    this.current = current;
  }
}

/** The store was disposed. Retrying does not help. */
export class StoreClosedError extends Error {
  constructor() {
    super('the state store is closed');
    this.name = 'StoreClosedError';
  }
}

const isNamed = (error: unknown, name: string): boolean => error instanceof Error && error.name === name;

/** Whether `error` is a {@link CompareFailedError}, of any installation of this package. */
export const isCompareFailed = (error: unknown): error is CompareFailedError => isNamed(error, 'CompareFailedError');
/** Whether `error` is an {@link ExpiredError}, of any installation of this package. */
export const isExpiredRevision = (error: unknown): error is ExpiredError => isNamed(error, 'ExpiredError');
/** Whether `error` is a {@link FutureRevisionError}, of any installation of this package. */
export const isFutureRevision = (error: unknown): error is FutureRevisionError => isNamed(error, 'FutureRevisionError');
/** Whether `error` is a {@link StoreClosedError}, of any installation of this package. */
export const isStoreClosed = (error: unknown): error is StoreClosedError => isNamed(error, 'StoreClosedError');
