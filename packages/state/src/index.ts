// The port
export type {
  Change,
  CommitOptions,
  CommitResult,
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
// Backends
export { createMemoryStore } from './memory-store.ts';
export type { MemoryStoreOptions } from './memory-store.ts';
// Errors
export {
  CompareFailedError,
  ExpiredError,
  FutureRevisionError,
  StoreClosedError,
  isCompareFailed,
  isExpiredRevision,
  isFutureRevision,
  isStoreClosed,
} from './errors.ts';
