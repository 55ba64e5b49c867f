import type { Compare, RequestOp, TxnRequest } from '../generated/etcd.ts';

/** A key that must have a revision, 0 for none. */
export interface Expectation {
  readonly key: Uint8Array;
  readonly modRevision: number;
}

/** A key that is to have a value, or none. */
export interface Write {
  readonly key: Uint8Array;
  readonly value: Uint8Array | undefined;
  readonly lease: bigint | undefined;
}

/** etcd's default of `--max-txn-ops`. */
const MAX_OPERATIONS = 128;
/** So many changes always fit; many more do if fewer of them expect a revision. */
export const MAX_CHANGES: number = MAX_OPERATIONS / 2;

/**
 * One transaction that does all the writes if all expectations hold. etcd limits how many operations a transaction has; those of nested ones count apart, so
 * that half of the limit in groups of half of the limit can be written, in one revision.
 *
 * @throws {RangeError} there are too many
 */
export function buildTransaction(expectations: readonly Expectation[], writes: readonly Write[]): TxnRequest {
  const compare = expectations.map(({ key, modRevision }): Compare => ({ key, target: 'MOD', result: 'EQUAL', modRevision }));
  const operations = writes.map(operation);
  if (Math.max(compare.length, operations.length) <= MAX_OPERATIONS) return { compare, success: operations };
  const group = MAX_CHANGES;
  const groups = Math.ceil(operations.length / group);
  if (compare.length > group || groups > group)
    throw new RangeError(`a commit of ${writes.length} changes, ${compare.length} of them with an expected revision, is too large for etcd`);
  return { compare, success: Array.from({ length: groups }, (_, at) => ({ requestTxn: { success: operations.slice(at * group, (at + 1) * group) } })) };
}

function operation({ key, value, lease }: Write): RequestOp {
  return value === undefined ? { requestDeleteRange: { key } } : { requestPut: { key, value, lease } };
}
