// The port
export type {
  Change,
  CommitOptions,
  CommitResult,
  EncodedChange,
  GetOptions,
  PageOptions,
  RangeOptions,
  RangeResult,
  Revision,
  StateCursor,
  StateEvent,
  StateRecord,
  StateSnapshot,
  StateStore,
} from './store.ts';
export { encodedObject, encodeObject, isEncodedObject, plainChange } from './encoded-object.ts';
export type { EncodedObject } from './encoded-object.ts';
// Backends
export { createMemoryStore } from './memory-store.ts';
export type { MemoryStoreOptions } from './memory-store.ts';
export type { Annex } from './internal/byte-record.ts';
// Objects that go away by themselves
export { expireObjects } from './expiry.ts';
export type { ExpiryOptions } from './expiry.ts';
// Errors
export {
  CompareFailedError,
  CorruptStateError,
  ExpiredError,
  FutureRevisionError,
  StateFormatError,
  StateLockedError,
  StateWriteError,
  StoreClosedError,
  isCompareFailed,
  isCorruptState,
  isExpiredRevision,
  isFutureRevision,
  isStateFormat,
  isStateLocked,
  isStateWrite,
  isStoreClosed,
} from './errors.ts';
