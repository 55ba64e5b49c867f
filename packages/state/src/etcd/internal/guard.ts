import type { Engine } from '../../internal/engine.ts';
import type { Revision, StateRecord } from '../../store.ts';
import { EtcdDivergedError, EtcdError, GRPC } from '../errors.ts';
import { etcdMethods } from '../generated/etcd.ts';
import type { EtcdCaller } from './etcd-client.ts';
import { isCompacted } from './feed.ts';
import type { Keyspace } from './keyspace.ts';

const WHAT_TO_DO = 'Nothing is written any more. If etcd was restored on purpose, restart every API server; if not, bring back the data it had';

/** Sees to it that what etcd holds is what it held before, whenever there is a new connection to it. */
export class Guard {
  readonly #keyspace: Keyspace;
  #engine: Engine | undefined;
  #clusterId: bigint | undefined;
  /** Once seen it stays: a restored etcd that is written to comes past the revision where it could be told. */
  #diverged: EtcdDivergedError | undefined;

  constructor(keyspace: Keyspace) {
    this.#keyspace = keyspace;
  }

  /** From now on etcd must be at least as far as the engine. */
  watchOver(engine: Engine): void {
    this.#engine = engine;
  }

  /**
   * Asks a member, which asks the others: one that has no leader cannot answer.
   *
   * @throws {EtcdDivergedError} etcd went back
   * @throws {EtcdError} it is a member of another cluster, or cannot be used
   */
  async check(caller: EtcdCaller): Promise<void> {
    if (this.#diverged !== undefined) throw this.#diverged;
    // What is acknowledged until now must be there; what comes while the question is on its way need not.
    const known = this.#engine?.revision ?? 0;
    const { header } = await caller.call(etcdMethods.range, { key: this.#keyspace.tick, keysOnly: true, limit: 1 });
    if (header === undefined) throw new EtcdError('the answer has no header: it is no etcd', { code: GRPC.internal, outcome: 'not done' });
    if (this.#clusterId !== undefined && header.clusterId !== this.#clusterId)
      throw new EtcdError('it is a member of another etcd cluster', { code: GRPC.failedPrecondition, outcome: 'not done' });
    this.#clusterId = header.clusterId;
    if (header.revision < known) this.#diverge(`its revision went back from ${known} to ${header.revision}`);
    await this.#checkLast(caller);
  }

  /** Whether the object that this server heard of last is where it was. */
  async #checkLast(caller: EtcdCaller): Promise<void> {
    const last = this.#engine === undefined ? undefined : lastPut(this.#engine);
    if (last === undefined) return;
    const { key, modRevision } = last;
    const request = { key: this.#keyspace.encode(key), revision: modRevision, keysOnly: true };
    const found = await caller.call(etcdMethods.range, request).catch((error: unknown) => {
      if (isCompacted(error)) return undefined;
      throw error;
    });
    if (found !== undefined && found.kvs[0]?.modRevision !== modRevision) this.#diverge(`revision ${modRevision} is not the one that this server knows`);
  }

  #diverge(why: string): never {
    this.#diverged = new EtcdDivergedError(`etcd does not hold what it held (${why}): it was restored from an older backup, or lost data. ${WHAT_TO_DO}`);
    throw this.#diverged;
  }
}

function lastPut(engine: Engine): StateRecord | undefined {
  for (let revision: Revision = engine.revision; revision > Math.max(engine.compactedRevision, engine.revision - 16); revision -= 1) {
    const event = engine.eventsOf(revision).find(({ type }) => type === 'put');
    if (event !== undefined) return event.record;
  }
  return undefined;
}
