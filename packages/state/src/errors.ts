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

/** A file of a durable store is not as it was written. Nothing of it is served. Retrying does not help: restore a backup. */
export class CorruptStateError extends Error {
  readonly path: string;
  /** Where in the file, in bytes. */
  readonly offset: number;

  constructor(path: string, offset: number, what: string) {
    super(`${path} is damaged at byte ${offset}: ${what}`);
    this.name = 'CorruptStateError';
    this.path = path;
    this.offset = offset;
  }
}

/** Another process has the directory of a durable store open. Retrying helps once it ends. */
export class StateLockedError extends Error {
  readonly directory: string;
  /** The process that has it, if it is known. */
  readonly pid: number | undefined;

  constructor(directory: string, pid: number | undefined, options?: ErrorOptions) {
    super(`the state in ${directory} is in use by ${pid === undefined ? 'another process' : `process ${pid}`}`, options);
    this.name = 'StateLockedError';
    this.directory = directory;
    this.pid = pid;
  }
}

/** A directory or file was written by a version of the store that this one does not know. Nothing was changed. */
export class StateFormatError extends Error {
  readonly path: string;

  constructor(path: string, what: string, options?: ErrorOptions) {
    super(`${path}: ${what}`, options);
    this.name = 'StateFormatError';
    this.path = path;
  }
}

/**
 * A durable store could not make a write durable, and takes no more of them: reads go on. Whether the writes that were under way are kept is known when
 * the store is opened again; none was acknowledged. `cause` is what the disk said.
 */
export class StateWriteError extends Error {
  constructor(what: string, options?: ErrorOptions) {
    super(what, options);
    this.name = 'StateWriteError';
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

/** Whether an error is a {@link CorruptStateError}. */
export const isCorruptState = (error: unknown): error is CorruptStateError => isNamed(error, 'CorruptStateError');

/** Whether an error is a {@link StateLockedError}. */
export const isStateLocked = (error: unknown): error is StateLockedError => isNamed(error, 'StateLockedError');

/** Whether an error is a {@link StateFormatError}. */
export const isStateFormat = (error: unknown): error is StateFormatError => isNamed(error, 'StateFormatError');

/** Whether an error is a {@link StateWriteError}. */
export const isStateWrite = (error: unknown): error is StateWriteError => isNamed(error, 'StateWriteError');
