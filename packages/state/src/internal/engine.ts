import type { Observable } from 'rxjs';
import { CompareFailedError, ExpiredError, FutureRevisionError } from '../errors.ts';
import type { Change, CommitResult, PageOptions, RangeResult, Revision, StateCursor, StateEvent, StateRecord, StateSnapshot } from '../store.ts';
import type { History } from './history.ts';
import type { OrderedMap, Page } from './ordered-map.ts';
import { Past } from './past.ts';
import { accept, ObjectRecord, RecordEvent } from './record.ts';
import { WatchHub, type WatchHubOptions } from './watch-hub.ts';

/** What an engine starts from. It owns `records` and `history`. */
export interface EngineState {
  readonly records: OrderedMap<StateRecord>;
  readonly history: History;
  readonly revision: Revision;
}

/** Options of an {@link Engine}. */
export interface EngineOptions extends Pick<WatchHubOptions, 'schedule' | 'onError'> {
  /** How many events to keep; undefined: as many as there are objects, within bounds. */
  readonly historyLimit: number | undefined;
}

const MIN_HISTORY = 10_000;
const MAX_HISTORY = 100_000;
/** A drain that is late may hold this many times the limit before watchers are ended. */
const UNPUBLISHED_FACTOR = 10;

/** The state, synchronously: what every backend serves its reads and watches from. */
export class Engine {
  readonly #options: EngineOptions;
  readonly #records: OrderedMap<StateRecord>;
  readonly #history: History;
  readonly #hub: WatchHub;
  #revision: Revision;

  constructor(state: EngineState, options: EngineOptions) {
    this.#options = options;
    this.#records = state.records;
    this.#history = state.history;
    this.#revision = state.revision;
    this.#hub = new WatchHub({ ...options, history: state.history, revision: state.revision });
  }

  get revision(): Revision {
    return this.#revision;
  }

  get compactedRevision(): Revision {
    return this.#history.compacted;
  }

  get(key: string, at?: Revision): StateRecord | undefined {
    return this.#picture(at).get(key);
  }

  range(prefix: string, options?: PageOptions & { readonly at?: Revision | undefined }): RangeResult {
    return toResult(options?.at ?? this.#revision, this.#picture(options?.at).page(prefix, checkPage(options)));
  }

  commit(changes: readonly Change[]): CommitResult {
    this.#check(changes);
    const revision = this.#revision + 1;
    const records: (StateRecord | undefined)[] = [];
    const events: StateEvent[] = [];
    for (const change of changes) {
      const previous = this.#records.get(change.key);
      const event = toEvent(change, previous, revision);
      if (event !== undefined) events.push(event);
      records.push(event === undefined ? previous : event.type === 'put' ? event.record : undefined);
    }
    if (events.length > 0) this.#apply(revision, events);
    return { revision: this.#revision, records, events };
  }

  observe(prefix: string, from: Revision): Observable<StateEvent> {
    return this.#hub.observe(prefix, from);
  }

  cursor(prefix: string, from: Revision): StateCursor {
    return this.#hub.cursor(prefix, from);
  }

  compact(before: Revision): void {
    if (before > this.#revision) throw new FutureRevisionError(before, this.#revision);
    this.#history.compact(before, this.#hub.published);
  }

  snapshot(): StateSnapshot {
    const revision = this.#revision;
    const records = this.#records.clone();
    return {
      revision,
      size: records.size,
      get: (key) => records.get(key),
      range: (prefix, options) => toResult(revision, records.page(prefix, checkPage(options))),
    };
  }

  fork(): EngineState {
    return { records: this.#records.clone(), history: this.#history.fork(), revision: this.#revision };
  }

  close(): void {
    this.#hub.close();
  }

  #check(changes: readonly Change[]): void {
    if (changes.length > 1 && new Set(changes.map((change) => change.key)).size < changes.length) throw new TypeError('a commit changes a key twice');
    for (const { key, expect } of changes) {
      if (key === '') throw new TypeError('a key is empty');
      if (expect === undefined) continue;
      const actual = this.#records.get(key);
      if ((actual?.modRevision ?? 0) !== expect) throw new CompareFailedError(key, expect, actual);
    }
  }

  #apply(revision: Revision, events: readonly StateEvent[]): void {
    for (const { type, key, record } of events) {
      if (type === 'put') this.#records.set(record);
      else this.#records.delete(key);
    }
    this.#revision = revision;
    const limit = this.#options.historyLimit ?? Math.min(Math.max(this.#records.size, MIN_HISTORY), MAX_HISTORY);
    this.#history.append(events, limit);
    this.#hub.committed(revision);
    this.#history.trim(limit, Math.max(this.#hub.published, this.#history.end - limit * UNPUBLISHED_FACTOR));
  }

  /** The records as a revision left them. */
  #picture(at: Revision | undefined): Pick<OrderedMap<StateRecord>, 'get' | 'page'> {
    if (at === undefined || at === this.#revision) return this.#records;
    if (at > this.#revision) throw new FutureRevisionError(at, this.#revision);
    if (at < this.#history.compacted) throw new ExpiredError(at, this.#history.compacted);
    return new Past(this.#records, this.#history, at);
  }
}

const toResult = (revision: Revision, page: Page<StateRecord>): RangeResult => ({ revision, ...page, more: page.remaining > 0 });

function checkPage(options: PageOptions | undefined): PageOptions | undefined {
  const limit = options?.limit;
  if (limit !== undefined && (!Number.isSafeInteger(limit) || limit < 1)) throw new RangeError(`limit must be a positive integer, not ${limit}`);
  return options;
}

function toEvent(change: Change, previous: StateRecord | undefined, revision: Revision): StateEvent | undefined {
  const { key, value } = change;
  if (value === previous?.value) return undefined;
  if (value !== undefined) {
    const at = { modRevision: revision, createRevision: previous?.createRevision ?? revision, version: (previous?.version ?? 0) + 1 };
    return new RecordEvent('put', new ObjectRecord(key, accept(value, revision), at), previous);
  }
  const last = previous as StateRecord;
  const at = { modRevision: revision, createRevision: last.createRevision, version: last.version };
  return new RecordEvent('delete', new ObjectRecord(key, accept(last.value, revision), at), last);
}
