import type { Clock, Logger } from '@kybern/core';
import { sleep } from '@kybern/core';
import type { Engine, FedWrite } from '../../internal/engine.ts';
import { History } from '../../internal/history.ts';
import { OrderedMap } from '../../internal/ordered-map.ts';
import { accept, ObjectRecord } from '../../internal/record.ts';
import type { Revision, StateEvent, StateRecord } from '../../store.ts';
import { EtcdError, GRPC, isEtcdDiverged, isEtcdError } from '../errors.ts';
import { etcdMethods, type Event, type KeyValue, type WatchRequest, type WatchResponse } from '../generated/etcd.ts';
import type { EtcdClient } from './etcd-client.ts';
import type { GrpcStream } from './grpc-connection.ts';
import type { Keyspace } from './keyspace.ts';
import type { ObjectCodec } from './object-codec.ts';
import { OwnWrites, type OwnWrite } from './own-writes.ts';
import { RevisionWaiters } from './revision-waiters.ts';

/** What a {@link Feed} is made of. */
export interface FeedParts {
  readonly client: EtcdClient;
  readonly keyspace: Keyspace;
  readonly codec: ObjectCodec;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A commit of this process that etcd has made. */
export interface OwnCommit {
  readonly writes: readonly { readonly key: string; readonly own: OwnWrite | undefined }[];
  readonly done: (events: readonly StateEvent[]) => void;
}

/** What a picture is made from. */
export interface PictureParts extends Pick<FeedParts, 'client' | 'keyspace' | 'codec'> {
  /** Records that need not be read again. */
  readonly known?: (key: string) => StateRecord | undefined;
}

/** A picture of what etcd holds. */
export interface Picture {
  readonly records: OrderedMap<StateRecord>;
  readonly revision: Revision;
}

const PAGE = 500;
/** How far back a picture begins, so that watchers of another server, or from before a restart, can go on here. */
const RESUMABLE_REVISIONS = 1000;
/** After so long somebody who waits for a revision looks whether nothing of ours was written in it: that costs a write where etcd is old. */
const NUDGE_MS = 250;
/** The same where others than this cluster are known to write to etcd, or where it costs nothing. */
const QUICK_NUDGE_MS = 20;
/** A watch that says nothing for so long while there is something to say is given up. */
const STALL_MS = 2_000;
const RETRY_MIN_MS = 50;
const RETRY_MAX_MS = 2_000;

/** Whether an error says that the revision that was asked for is compacted. */
export const isCompacted = (error: unknown): boolean => isEtcdError(error) && /has been compacted/.test(error.message);

/**
 * Reads everything at one revision, a little older than the current one if etcd still has it.
 *
 * @throws {EtcdError}
 */
export async function readPicture(parts: PictureParts): Promise<Picture> {
  const { client, keyspace } = parts;
  for (let back = RESUMABLE_REVISIONS; ; back = 0) {
    const { header } = await client.call(etcdMethods.range, { key: keyspace.tick, keysOnly: true }, { repeatable: true });
    const revision = Math.max((header?.revision ?? 0) - back, 1);
    try {
      return { revision, records: await readAll(revision, parts) };
    } catch (error) {
      if (!isCompacted(error)) throw error;
    }
  }
}

async function readAll(revision: Revision, { client, keyspace, codec, known }: PictureParts): Promise<OrderedMap<StateRecord>> {
  const records = new OrderedMap<StateRecord>();
  for (let key = keyspace.start; ; ) {
    const { kvs, more } = await client.call(etcdMethods.range, { key, rangeEnd: keyspace.end, limit: PAGE, revision }, { repeatable: true });
    for (const kv of kvs) {
      const name = keyspace.decode(kv.key);
      if (name === undefined) continue;
      const record = known?.(name);
      records.set(record?.modRevision === kv.modRevision ? record : readRecord(name, kv, codec), undefined);
    }
    const last = kvs.at(-1);
    if (!more || last === undefined) return records;
    key = Buffer.concat([last.key, Buffer.of(0)]);
  }
}

/** @throws {TypeError} the value is no object */
function readRecord(key: string, kv: KeyValue, codec: ObjectCodec): StateRecord {
  try {
    return recordOf(key, kv, codec.decode(kv.value));
  } catch (error) {
    const why = 'is no object in JSON: whatever wrote it was no Kybern; give this cluster an etcd, or a prefix, of its own';
    throw new TypeError(`the value of ${Buffer.from(kv.key).toString()} in etcd ${why}`, { cause: error });
  }
}

function recordOf(key: string, { modRevision, createRevision, version }: KeyValue, value: StateRecord['value']): StateRecord {
  return new ObjectRecord(key, accept(value, modRevision), { modRevision, createRevision, version });
}

/** Keeps an engine in step with etcd: by a watch, and by what this process commits itself where nothing lies between. */
export class Feed {
  readonly own: OwnWrites = new OwnWrites();
  readonly #parts: FeedParts;
  readonly #engine: Engine;
  readonly #waiters = new RevisionWaiters();
  /** Commits of this process that come after something that is not heard of yet. */
  readonly #pending = new Map<Revision, OwnCommit>();
  #stream: GrpcStream<WatchRequest> | undefined;
  /** Whether etcd has begun to answer on the stream. */
  #watching = false;
  #nudgeMs: number;
  #nudging = false;
  /** Since when there has been somebody who waits, monotonic; undefined: nobody does. */
  #awaitedSinceMs: number | undefined;
  /** The first value that could not be read. */
  #unreadable: Error | undefined;
  /** When the engine last came further, monotonic. */
  #movedMs: number;
  /** A write on its way that is only there to be heard of; it gives its revision. */
  #ticking: Promise<Revision | undefined> | undefined;
  /** Whether etcd answers a request for progress in its turn, behind the events before. */
  readonly #orderlyProgress: boolean;

  constructor(engine: Engine, parts: FeedParts & { readonly orderlyProgress: boolean }) {
    this.#engine = engine;
    this.#parts = parts;
    this.#movedMs = parts.clock.monotonicMs();
    this.#orderlyProgress = parts.orderlyProgress;
    this.#nudgeMs = QUICK_NUDGE_MS;
  }

  /** The beginning is over, in which others have most probably written last. Resolves when nothing of it is on its way any more. */
  async begun(timeoutMs: number): Promise<void> {
    if (!this.#orderlyProgress) this.#nudgeMs = NUDGE_MS;
    const ticked = await this.#ticking;
    if (ticked !== undefined) await this.waitFor(ticked, { timeoutMs });
  }

  /** The first value of etcd that was left out because it could not be read. */
  get unreadable(): Error | undefined {
    return this.#unreadable;
  }

  /** Follows etcd until `signal` aborts, through all faults. Rejects only when it cannot go on: etcd does not hold what it held. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#parts;
    let failures = 0;
    while (!signal.aborted) {
      const before = this.#engine.revision;
      try {
        await this.#watch(signal);
      } catch (error) {
        if (signal.aborted) return;
        if (isEtcdDiverged(error)) throw error;
        if (error instanceof CompactedError) await this.#relist(error, signal);
        else logger.warn('the watch on etcd ended', { error });
      }
      failures = this.#engine.revision > before ? 0 : failures + 1;
      await sleep(clock, Math.min(RETRY_MIN_MS * 2 ** failures, RETRY_MAX_MS), { signal, background: true }).catch(() => undefined);
    }
  }

  /** Calls `done` with the events of a commit of this process, once the engine has them. */
  committed(revision: Revision, commit: OwnCommit): void {
    if (revision <= this.#engine.revision) commit.done(this.#engine.eventsOf(revision));
    else {
      this.#pending.set(revision, commit);
      this.#applyPending();
      if (revision > this.#engine.revision) this.#nudgeLater();
    }
  }

  /** Takes back that somebody waits for a commit. */
  forget(revision: Revision): void {
    this.#pending.delete(revision);
  }

  /** Resolves once the engine has come to `revision`. @throws {EtcdError} it does not within `timeoutMs`; the signal's reason */
  waitFor(revision: Revision, { timeoutMs, signal }: { timeoutMs: number; signal?: AbortSignal | undefined }): Promise<void> {
    if (this.#engine.revision >= revision) return Promise.resolve();
    const { clock } = this.#parts;
    return new Promise((resolve, reject) => {
      const finish = (then: () => void) => (): void => {
        remove();
        cancel();
        signal?.removeEventListener('abort', onAbort);
        then();
      };
      const onAbort = finish(() => reject(signal?.reason as Error));
      const remove = this.#waiters.add(revision, finish(resolve));
      const late = (): EtcdError =>
        new EtcdError(`revision ${revision} of etcd was not heard of within ${timeoutMs} ms`, { code: GRPC.unavailable, outcome: 'not done' });
      const cancel = clock.after(
        timeoutMs,
        finish(() => reject(late())),
      );
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#nudgeLater();
    });
  }

  /** Sees to it that a revision in which nothing of ours was written is heard of. */
  #nudgeLater(): void {
    if (this.#nudging) return;
    this.#nudging = true;
    const { clock } = this.#parts;
    this.#awaitedSinceMs ??= clock.monotonicMs();
    const waits = (): boolean => this.#waiters.size > 0 || this.#pending.size > 0;
    const nudge = (): void => {
      this.#nudging = false;
      if (!waits()) {
        this.#awaitedSinceMs = undefined;
        return;
      }
      this.#nudge();
      this.#nudgeLater();
    };
    // Twice, since what is here already may only not have been read yet.
    clock.after(this.#nudgeMs, () => (waits() ? clock.after(QUICK_NUDGE_MS, nudge, { background: true }) : nudge()), { background: true });
  }

  #nudge(): void {
    const { client, clock } = this.#parts;
    const stream = this.#stream;
    if (stream === undefined) return;
    const nowMs = clock.monotonicMs();
    if (nowMs - Math.max(this.#movedMs, this.#awaitedSinceMs ?? nowMs) > STALL_MS && client.connected) {
      this.#movedMs = nowMs;
      client.leave('its watch does not come further');
    } else if (!this.#watching) return;
    else if (this.#orderlyProgress) stream.send({ progressRequest: {} });
    else this.#ticking ??= this.#tick().finally(() => (this.#ticking = undefined));
  }

  /** Writes a key of our own, so that there is something to hear of. */
  async #tick(): Promise<Revision | undefined> {
    const { client, keyspace, logger } = this.#parts;
    const { revision } = this.#engine;
    try {
      const { header } = await client.call(etcdMethods.put, { key: keyspace.tick, value: Buffer.alloc(0) }, { repeatable: true });
      // Whether it was needed: others write, and this will come again, or what was waited for was only late.
      const needed = this.#engine.revision === revision && (header?.revision ?? 0) > revision + 1;
      this.#nudgeMs = needed ? QUICK_NUDGE_MS : NUDGE_MS;
      return header?.revision;
    } catch (error) {
      logger.debug('etcd was not nudged', { error });
      return undefined;
    }
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const { client, keyspace, clock } = this.#parts;
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => {
        this.#stream?.close();
        resolve();
      };
      const end = (error: unknown): void => {
        signal.removeEventListener('abort', onAbort);
        this.#stream?.close();
        this.#stream = undefined;
        this.#watching = false;
        reject(error as Error);
      };
      signal.addEventListener('abort', onAbort, { once: true });
      const handlers = {
        onMessage: (message: WatchResponse): void => {
          try {
            this.#take(message);
          } catch (error) {
            end(error);
          }
        },
        onEnd: end,
      };
      client.stream(etcdMethods.watch, handlers).then((stream) => {
        if (signal.aborted) return stream.close();
        this.#stream = stream;
        this.#movedMs = clock.monotonicMs();
        stream.send({ createRequest: { key: keyspace.start, rangeEnd: keyspace.end, startRevision: this.#engine.revision + 1, progressNotify: true } });
      }, end);
    });
  }

  #take({ header, created, canceled, cancelReason, compactRevision, events }: WatchResponse): void {
    if (created) this.#watching = true;
    if (canceled) {
      if (compactRevision > 0) throw new CompactedError(compactRevision);
      throw new EtcdError(`etcd ended the watch: ${cancelReason}`, { code: GRPC.unavailable, outcome: 'unknown' });
    }
    for (let at = 0; at < events.length; ) {
      const revision = (events[at]?.kv as KeyValue).modRevision;
      let end = at + 1;
      while (end < events.length && events[end]?.kv?.modRevision === revision) end += 1;
      this.#applyEvents(revision, events.slice(at, end));
      at = end;
    }
    // An answer without events tells that there are none up to its revision.
    if (events.length === 0 && !created && header !== undefined) this.#advance(header.revision);
    this.#settle();
  }

  #advance(revision: Revision): void {
    if (revision > this.#engine.revision) this.#engine.feed(revision, []);
  }

  #applyEvents(revision: Revision, events: readonly Event[]): void {
    if (revision <= this.#engine.revision) return; // it was applied as a commit of our own
    this.#engine.feed(
      revision,
      events.map((event) => this.#writeOf(event)).filter((write) => write !== undefined),
    );
  }

  #writeOf({ type, kv }: Event): FedWrite | undefined {
    const { keyspace, codec, logger } = this.#parts;
    if (kv === undefined) return undefined;
    const key = keyspace.decode(kv.key);
    if (key === undefined) return undefined;
    if (type === 'DELETE') return { key, record: undefined };
    const mine = this.own.take(key, kv.value);
    if (mine !== undefined) return { key, record: recordOf(key, kv, mine) };
    try {
      return { key, record: readRecord(key, kv, codec) };
    } catch (error) {
      logger.error('a value in etcd is left out', { key, error });
      this.#unreadable ??= error as Error;
      return { key, record: undefined };
    }
  }

  /** Applies commits of this process as long as nothing lies between them and the engine. */
  #applyPending(): void {
    for (let commit = this.#pending.get(this.#engine.revision + 1); commit !== undefined; commit = this.#pending.get(this.#engine.revision + 1)) {
      const revision = this.#engine.revision + 1;
      this.#pending.delete(revision);
      commit.done(
        this.#engine.feed(
          revision,
          commit.writes.map(({ key, own }) => ({ key, record: own === undefined ? undefined : this.#recordOf(own, revision) })),
        ),
      );
    }
    this.#settle();
  }

  #recordOf(own: OwnWrite, revision: Revision): StateRecord {
    const previous = this.#engine.get(own.key);
    const value = own.taken ? this.#parts.codec.decode(own.bytes) : own.value;
    own.taken = true;
    const at = { modRevision: revision, createRevision: previous?.createRevision ?? revision, version: (previous?.version ?? 0) + 1 };
    return new ObjectRecord(previous?.key ?? own.key, accept(value, revision), at);
  }

  /** Tells those who wait for what the engine has now. */
  #settle(): void {
    const { revision } = this.#engine;
    this.#movedMs = this.#parts.clock.monotonicMs();
    for (const [at, commit] of this.#pending) {
      if (at > revision) continue;
      this.#pending.delete(at);
      commit.done(this.#engine.eventsOf(at));
    }
    if (this.#pending.has(revision + 1)) this.#applyPending();
    this.#waiters.reached(this.#engine.revision);
  }

  async #relist({ compacted }: CompactedError, signal: AbortSignal): Promise<void> {
    const { logger } = this.#parts;
    logger.warn('etcd has compacted what this server has not heard of: reading everything anew', { compacted, revision: this.#engine.revision });
    try {
      const { records, revision } = await readPicture({ ...this.#parts, known: (key) => this.#engine.get(key) });
      if (signal.aborted || revision <= this.#engine.revision) return;
      this.#engine.replace(records, revision);
      this.#settle();
    } catch (error) {
      if (isEtcdDiverged(error)) throw error;
      logger.warn('reading everything from etcd failed', { error });
    }
  }
}

/** The watch cannot begin where the engine is. */
class CompactedError extends Error {
  readonly compacted: Revision;

  constructor(compacted: Revision) {
    super(`etcd is compacted up to revision ${compacted}`);
    this.name = 'CompactedError';
    this.compacted = compacted;
  }
}

/** What an engine starts from. */
export function stateOf({ records, revision }: Picture): { records: OrderedMap<StateRecord>; history: History; revision: Revision } {
  return { records, history: new History(revision), revision };
}
