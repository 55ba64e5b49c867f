import { ApiError, noopLogger, systemClock, systemRandom, type Clock, type Logger, type Random } from '@kybern/core';
import type { Observable } from 'rxjs';
import { CompareFailedError, StoreClosedError } from '../errors.ts';
import { isEncodedObject } from '../encoded-object.ts';
import { checkKey, Engine, type EngineOptions } from '../internal/engine.ts';
import type { Annex } from '../internal/byte-record.ts';
import { faceOf } from '../internal/record.ts';
import { continueInMemory, defer, rethrow } from '../memory-store.ts';
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
} from '../store.ts';
import { isEtcdError, type EtcdDivergedError } from './errors.ts';
import { etcdMethods, type ResponseOp, type TxnRequest, type TxnResponse } from './generated/etcd.ts';
import { toApiError } from './internal/api-errors.ts';
import { runCompactor } from './internal/compactor.ts';
import { EtcdClient, type EtcdCaller, type EtcdUser } from './internal/etcd-client.ts';
import { Feed, isCompacted, readPicture, stateOf } from './internal/feed.ts';
import type { EtcdTls } from './internal/grpc-connection.ts';
import { Guard } from './internal/guard.ts';
import { createKeyspace, type Keyspace } from './internal/keyspace.ts';
import { Leases } from './internal/leases.ts';
import { createObjectCodec, type ObjectCodec } from './internal/object-codec.ts';
import type { OwnWrite } from './internal/own-writes.ts';
import { createReadIndex } from './internal/read-index.ts';
import { buildTransaction, MAX_CHANGES } from './internal/transaction.ts';

/** Options of {@link openEtcd}. */
export interface EtcdStoreOptions {
  /** `http://host:port` or `https://host:port` of the members. The first that works is used until it does not. */
  readonly endpoints: readonly string[];
  readonly tls?: EtcdTls;
  readonly user?: EtcdUser;
  /** Where in etcd the cluster is, as of `kube-apiserver --etcd-prefix`. Default `/registry`. */
  readonly prefix?: string;
  /** How long a call to etcd may take, over all endpoints. Default 5,000 ms. */
  readonly requestTimeoutMs?: number;
  /** How long one endpoint may take to answer a new connection. Default 2,000 ms. */
  readonly dialTimeoutMs?: number;
  /** How much history etcd keeps at least, and how often one of the servers compacts it. 0: nobody does. Default 300,000 ms. */
  readonly compactIntervalMs?: number;
  /** After how many seconds without a write an object goes away by itself; undefined: never. Default: an hour for Events. */
  readonly ttlSeconds?: (key: string) => number | undefined;
  /** What goes with objects besides their JSON. */
  readonly annex?: Annex;
  /** As of `createMemoryStore`: of the history that this server keeps in memory. */
  readonly historyLimit?: number;
  readonly schedule?: (drain: () => void) => void;
  readonly onError?: (error: unknown) => void;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly logger?: Logger;
}

const EVENTS_TTL_SECONDS = 3600;
const EVENTS = ['/registry/core/events/', '/registry/events.k8s.io/events/'];
const eventsOnly = (key: string): number | undefined => (EVENTS.some((prefix) => key.startsWith(prefix)) ? EVENTS_TTL_SECONDS : undefined);

/**
 * A store in etcd v3, which several servers may share: a commit is one transaction, and revisions are etcd's. All of it is also held in memory, which
 * a watch keeps in step; reads and watches are served from there. `get` and `range` without `at` or `atLeast` first ask etcd how far the cluster is and wait until
 * this server has heard of it, so they see every commit that was acknowledged before, by whichever server; `snapshot`, `cursor` and `revision` are as
 * far as this server has heard. While etcd cannot be reached these, and watches, go on; commits and reads of the newest state fail with an `ApiError`:
 * `ServiceUnavailable` when nothing was written, `Timeout` when nobody knows. The write that fills etcd's database may be there although etcd refuses it.
 *
 * Resolves once everything is read.
 *
 * @throws {ApiError} etcd cannot be reached or refuses
 * @throws {TypeError} an option is not valid, or what is in etcd was not written by a store like this
 */
export async function openEtcd(options: EtcdStoreOptions): Promise<StateStore> {
  const { clock = systemClock(), random = systemRandom(), logger = noopLogger, requestTimeoutMs = 5_000, dialTimeoutMs = 2_000 } = options;
  const keyspace = createKeyspace(options.prefix ?? '/registry');
  const guard = new Guard(keyspace);
  const codec = createObjectCodec(options.annex);
  const { endpoints, tls = {}, user } = options;
  const client = new EtcdClient({ endpoints, tls, user, requestTimeoutMs, dialTimeoutMs, clock, random, logger, check: (caller) => guard.check(caller) });
  try {
    const picture = await readPicture({ client, keyspace, codec });
    const engineOptions = { historyLimit: options.historyLimit, schedule: options.schedule ?? defer, onError: options.onError ?? rethrow };
    const engine = new Engine(stateOf(picture), engineOptions);
    guard.watchOver(engine);
    const feed = new Feed(engine, { client, keyspace, codec, clock, logger, orderlyProgress: await hasOrderlyProgress(client) });
    const settings = { requestTimeoutMs, compactIntervalMs: options.compactIntervalMs ?? 300_000, ttlSeconds: options.ttlSeconds ?? eventsOnly };
    const store = new EtcdStore({ client, engine, engineOptions, feed, keyspace, codec, clock, logger, ...settings });
    await store.begin();
    return store;
  } catch (error) {
    client.close();
    throw toApiError(error);
  }
}

/**
 * Whether a requested notification of progress comes behind the events before it: it does since 3.4.25 and 3.5.8.
 *
 * @see https://github.com/etcd-io/etcd/issues/15220
 */
async function hasOrderlyProgress(client: EtcdCaller): Promise<boolean> {
  const { version } = await client.call(etcdMethods.status, {}, { repeatable: true });
  const [major = 0, minor = 0, patch = 0] = version.split(/[.-]/).map(Number);
  if (major !== 3) return major > 3;
  return minor > 5 || (minor === 5 && patch >= 8) || (minor === 4 && patch >= 25);
}

interface Parts {
  readonly client: EtcdClient;
  readonly engine: Engine;
  readonly engineOptions: EngineOptions;
  readonly feed: Feed;
  readonly keyspace: Keyspace;
  readonly codec: ObjectCodec;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly requestTimeoutMs: number;
  readonly compactIntervalMs: number;
  readonly ttlSeconds: (key: string) => number | undefined;
}

/** What is to be done about one change. */
interface Planned {
  readonly change: Change;
  /** What this server knows the key to have. */
  readonly known: StateRecord | undefined;
  /** It puts what is there already: it only has to be there still. */
  readonly same: boolean;
  readonly own: OwnWrite | undefined;
}

class EtcdStore implements StateStore {
  readonly shared = true;
  readonly maxChanges: number = MAX_CHANGES;
  readonly #parts: Parts;
  readonly #engine: Engine;
  readonly #leases: Leases;
  readonly #readIndex: () => Promise<Revision>;
  readonly #stop = new AbortController();
  #running: Promise<unknown> = Promise.resolve();
  #diverged: EtcdDivergedError | undefined;
  #closed = false;

  constructor(parts: Parts) {
    const { client, engine, keyspace, clock } = parts;
    this.#parts = parts;
    this.#engine = engine;
    this.#leases = new Leases(client, clock);
    this.#readIndex = createReadIndex(async () => {
      const { header } = await client.call(etcdMethods.range, { key: keyspace.tick, keysOnly: true, limit: 1 }, { repeatable: true });
      return header?.revision ?? 0;
    });
  }

  /** Starts to follow etcd, and resolves once what was there at the beginning has been heard of. */
  async begin(): Promise<void> {
    const { feed, client, keyspace, compactIntervalMs, clock, logger, requestTimeoutMs } = this.#parts;
    const { signal } = this.#stop;
    const following = feed.run(signal).catch((error: unknown) => {
      this.#diverged = error as EtcdDivergedError;
      logger.error('etcd is not followed any more', { error });
    });
    const compacting =
      compactIntervalMs === 0 ? undefined : runCompactor({ client, key: keyspace.compaction, intervalMs: compactIntervalMs, clock, logger }, signal);
    this.#running = Promise.all([following, compacting]);
    try {
      await feed.waitFor(await this.#readIndex(), { timeoutMs: requestTimeoutMs });
      if (feed.unreadable !== undefined) throw feed.unreadable;
      await feed.begun(requestTimeoutMs);
    } catch (error) {
      await this[Symbol.asyncDispose]();
      throw error;
    }
  }

  get revision(): Revision {
    return this.#engine.revision;
  }

  get compactedRevision(): Revision {
    return this.#engine.compactedRevision;
  }

  async get(key: string, options: GetOptions = {}): Promise<StateRecord | undefined> {
    const engine = this.#open(options.signal);
    if (this.#isBehind(options)) await this.#catchUp(options.signal);
    return engine.get(key, options.at, options.atLeast);
  }

  async range(prefix: string, options: RangeOptions = {}): Promise<RangeResult> {
    const engine = this.#open(options.signal);
    if (this.#isBehind(options)) await this.#catchUp(options.signal);
    return engine.range(prefix, options);
  }

  async commit(changes: readonly (Change | EncodedChange)[], { signal }: CommitOptions = {}): Promise<CommitResult> {
    this.#open(signal);
    checkKeys(changes);
    const plain = changes.map((change) => this.#plain(change));
    for (;;) {
      const planned = plain.map((change) => this.#plan(change));
      const forget = planned.map(({ own }) => (own === undefined ? undefined : this.#parts.feed.own.add(own)));
      try {
        const result = await this.#write(planned);
        if (result !== undefined) return result;
      } catch (error) {
        throw toApiError(this.#diverged ?? error);
      } finally {
        for (const fn of forget) fn?.();
      }
      this.#open(signal);
    }
  }

  watch(prefix: string, from: Revision): Observable<StateEvent> {
    return this.#engine.observe(prefix, from);
  }

  cursor(prefix: string, from: Revision): StateCursor {
    return this.#open().cursor(prefix, from);
  }

  async compact(before: Revision): Promise<void> {
    const engine = this.#open();
    if (before <= engine.compactedRevision) return;
    engine.compact(before);
    try {
      await this.#parts.client.call(etcdMethods.compact, { revision: before }, { repeatable: true });
    } catch (error) {
      if (!isCompacted(error)) throw toApiError(this.#diverged ?? error);
    }
  }

  snapshot(): StateSnapshot {
    return this.#open().snapshot();
  }

  fork(): StateStore {
    return continueInMemory(this.#open().fork(), this.#parts.engineOptions);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#stop.abort(new StoreClosedError());
    this.#parts.client.close();
    await this.#running;
    this.#engine.close();
  }

  #open(signal?: AbortSignal): Engine {
    if (this.#closed) throw new StoreClosedError();
    signal?.throwIfAborted();
    return this.#engine;
  }

  /** Whether what this server has heard of may not be enough to answer. */
  #isBehind({ at, atLeast = Infinity }: GetOptions): boolean {
    return (at ?? atLeast) > this.#engine.revision;
  }

  /** Waits until this server has heard of everything that was acknowledged before now. */
  async #catchUp(signal: AbortSignal | undefined): Promise<void> {
    const { feed, requestTimeoutMs } = this.#parts;
    try {
      await feed.waitFor(await this.#readIndex(), { timeoutMs: requestTimeoutMs, signal });
    } catch (error) {
      this.#open(signal);
      throw toApiError(this.#diverged ?? error, 'read');
    }
    this.#open(signal);
  }

  /** A change with its object. */
  #plain({ key, value, expect }: Change | EncodedChange): Change {
    return { key, expect, value: isEncodedObject(value) ? this.#parts.codec.plain(value) : value };
  }

  /** @throws {CompareFailedError} what this server knows is enough to tell that the change cannot be made, ever */
  #plan(change: Change): Planned {
    const { key, value, expect } = change;
    const known = this.#engine.get(key);
    const outdated = expect !== undefined && expect > 0 && known?.modRevision !== expect && this.#engine.revision >= expect;
    if (outdated) throw new CompareFailedError(key, expect, known);
    const same = value !== undefined && known !== undefined && value === faceOf(known);
    const own = value === undefined || same ? undefined : { key, bytes: this.#parts.codec.encode(value), value, taken: false };
    return { change, known, same, own };
  }

  /** Undefined: what this server knew was out of date, and the commit has to be planned anew. */
  async #write(planned: readonly Planned[]): Promise<CommitResult | undefined> {
    const { client, feed, requestTimeoutMs } = this.#parts;
    const request = await this.#requestOf(planned);
    if (request === undefined) return { revision: this.#engine.revision, records: [], events: [] };
    const { header, succeeded, responses } = await this.#transact(client, request);
    const revision = header?.revision ?? 0;
    if (!succeeded) {
      await feed.waitFor(revision, { timeoutMs: requestTimeoutMs });
      for (const { change } of planned) {
        const actual = this.#engine.get(change.key);
        if (change.expect !== undefined && (actual?.modRevision ?? 0) !== change.expect) throw new CompareFailedError(change.key, change.expect, actual);
      }
      return undefined;
    }
    const changed = responses.some((response) => hasChanged(response));
    const events = changed ? await this.#applied(revision, planned) : [];
    if (!changed) await feed.waitFor(revision, { timeoutMs: requestTimeoutMs });
    return {
      revision: changed ? revision : this.#engine.revision,
      records: planned.map(({ change, known, same }) =>
        same ? known : (recordAt(change, events) ?? (change.value === undefined ? undefined : this.#engine.get(change.key))),
      ),
      events,
    };
  }

  async #requestOf(planned: readonly Planned[]): Promise<TxnRequest | undefined> {
    const { keyspace, ttlSeconds } = this.#parts;
    const expectations = planned.flatMap(({ change: { key, expect }, known, same }) => {
      const modRevision = expect ?? (same ? known?.modRevision : undefined);
      return modRevision === undefined ? [] : [{ key: keyspace.encode(key), modRevision }];
    });
    const writes = await Promise.all(
      planned
        .filter(({ same }) => !same)
        .map(async ({ change: { key }, own }) => {
          const ttl = own === undefined ? undefined : ttlSeconds(key);
          return { key: keyspace.encode(key), value: own?.bytes, lease: ttl === undefined ? undefined : await this.#leases.get(ttl) };
        }),
    );
    return expectations.length + writes.length === 0 ? undefined : buildTransaction(expectations, writes);
  }

  async #transact(client: EtcdClient, request: TxnRequest): Promise<TxnResponse> {
    try {
      return await client.call(etcdMethods.txn, request);
    } catch (error) {
      if (isEtcdError(error) && /lease not found/.test(error.message)) this.#leases.forget();
      throw error;
    }
  }

  /** The events of a commit of this server, once the engine has them. */
  #applied(revision: Revision, planned: readonly Planned[]): Promise<readonly StateEvent[]> {
    const { feed, requestTimeoutMs, clock } = this.#parts;
    const writes = planned.filter(({ same }) => !same).map(({ change: { key }, own }) => ({ key, own }));
    return new Promise((resolve, reject) => {
      const late = (): void => {
        feed.forget(revision);
        reject(new ApiError('Timeout', `the write was made, as revision ${revision} of etcd, but this server has not heard of what came before it`));
      };
      const cancel = clock.after(requestTimeoutMs, late);
      feed.committed(revision, {
        writes,
        done(events) {
          cancel();
          resolve(events);
        },
      });
    });
  }
}

/** Whether an operation of a transaction has changed anything. */
function hasChanged({ responsePut, responseDeleteRange, responseTxn }: ResponseOp): boolean {
  if (responsePut !== undefined) return true;
  if (responseDeleteRange !== undefined) return responseDeleteRange.deleted > 0;
  return responseTxn?.responses.some(hasChanged) ?? false;
}

function recordAt({ key }: Change, events: readonly StateEvent[]): StateRecord | undefined {
  const event = events.find((each) => each.key === key);
  return event?.type === 'put' ? event.record : undefined;
}

function checkKeys(changes: readonly Pick<Change, 'key'>[]): void {
  for (const { key } of changes) checkKey(key);
  if (new Set(changes.map(({ key }) => key)).size < changes.length) throw new TypeError('a commit changes a key twice');
}
