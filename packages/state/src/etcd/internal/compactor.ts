import { sleep, type Clock, type Logger } from '@kybern/core';
import type { Revision } from '../../store.ts';
import { etcdMethods } from '../generated/etcd.ts';
import type { EtcdCaller } from './etcd-client.ts';
import { isCompacted } from './feed.ts';

/** What a compactor works with. */
export interface CompactorParts {
  readonly client: EtcdCaller;
  /** Of all who share it, one compacts per interval: who can write it first. */
  readonly key: Uint8Array;
  readonly intervalMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What a round knows of those before. */
export interface CompactorState {
  /** How often the key was written, as far as this server knows. */
  readonly version: number;
  /** The revision at the end of the last round: what is older than one interval is given up. */
  readonly revision: Revision;
}

/**
 * Gives up the history of etcd that is older than one to two intervals, every interval, until `signal` aborts.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/apiserver/pkg/storage/etcd3/compact.go
 */
export async function runCompactor(parts: CompactorParts, signal: AbortSignal): Promise<void> {
  let state: CompactorState = { version: 0, revision: 0 };
  for (;;) {
    try {
      await sleep(parts.clock, parts.intervalMs, { signal, background: true });
    } catch {
      return; // aborted
    }
    state = await compactOnce(parts, state).catch((error: unknown) => {
      if (!signal.aborted) parts.logger.warn('etcd was not compacted', { error });
      return state;
    });
  }
}

/** One round: whoever wins the key gives up what the round before saw last. */
export async function compactOnce(
  { client, key, logger }: Pick<CompactorParts, 'client' | 'key' | 'logger'>,
  { version, revision }: CompactorState,
): Promise<CompactorState> {
  const { header, succeeded, responses } = await client.call(etcdMethods.txn, {
    compare: [{ key, target: 'VERSION', result: 'EQUAL', version }],
    success: [{ requestPut: { key, value: Buffer.from(String(revision)) } }],
    failure: [{ requestRange: { key } }],
  });
  const current = header?.revision ?? revision;
  if (!succeeded) return { version: responses[0]?.responseRange?.kvs[0]?.version ?? 0, revision: current };
  if (revision > 0) {
    await client.call(etcdMethods.compact, { revision }).catch((error: unknown) => {
      if (!isCompacted(error)) throw error;
    });
    logger.info('compacted etcd', { revision });
  }
  return { version: version + 1, revision: current };
}
