import type { Observable } from 'rxjs';
import { CompareFailedError, ExpiredError, FutureRevisionError } from '../errors.ts';
import type { Change, CommitResult, PageOptions, RangeResult, Revision, StateCursor, StateEvent, StateRecord, StateSnapshot } from '../store.ts';
import type { History } from './history.ts';
import type { OrderedMap, Page, Slot } from './ordered-map.ts';
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
const MAX_PINS = 8;

/** The state, synchronously: what every backend serves its reads and watches from. */
export class Engine {
  readonly #options: EngineOptions;
  readonly #records: OrderedMap<StateRecord>;
  readonly #history: History;
  readonly #hub: WatchHub;
  /** Pictures of which a first page was read, so that the next pages are as cheap. Invariant: none is older than the history. Oldest first. */
  readonly #pins = new Map<Revision, OrderedMap<StateRecord>>();
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
    return at === undefined ? this.#records.get(key) : this.#picture(at).get(key);
  }

  range(prefix: string, options?: PageOptions & { readonly at?: Revision | undefined }): RangeResult {
    const page = this.#picture(options?.at).page(prefix, checkPage(options));
    const revision = options?.at ?? this.#revision;
    if (page.remaining > 0 && revision === this.#revision) this.#pin();
    return toResult(revision, page);
  }

  commit(changes: readonly Change[]): CommitResult {
    if (changes.length === 1) return this.#commitOne(changes[0] as Change);
    checkKeys(changes);
    const slots = changes.map((change) => this.#slot(change));
    const revision = this.#revision + 1;
    const made = changes.map((change, at) => eventOf(change, slots[at]?.record, revision));
    const records = made.map((event, at) => (event === undefined ? slots[at]?.record : event.type === 'put' ? event.record : undefined));
    const events = made.includes(undefined) ? made.filter((event) => event !== undefined) : (made as StateEvent[]);
    if (events.length > 0) {
      for (let at = 0; at < made.length; at += 1) this.#store(made[at], slots[at]);
      this.#publish(revision, events);
    }
    return { revision: this.#revision, records, events };
  }

  /** Nearly every commit is of one change. */
  #commitOne(change: Change): CommitResult {
    const slot = this.#slot(change);
    const revision = this.#revision + 1;
    const event = eventOf(change, slot?.record, revision);
    if (event === undefined) return { revision: this.#revision, records: [slot?.record], events: [] };
    this.#store(event, slot);
    const events = [event];
    this.#publish(revision, events);
    return { revision, records: [event.type === 'put' ? event.record : undefined], events };
  }

  observe(prefix: string, from: Revision): Observable<StateEvent> {
    return this.#hub.observe(prefix, from);
  }

  cursor(prefix: string, from: Revision): StateCursor {
    return this.#hub.cursor(prefix, from);
  }

  compact(before: Revision): void {
    if (before > this.#revision) throw new FutureRevisionError(before, this.#revision);
    this.#history.compact(before, this.#hub.needed);
    this.#unpin();
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

  /** Where the record of a change's key is, if it is the one that the change expects. */
  #slot({ key, expect }: Change): Slot<StateRecord> | undefined {
    if (key === '') throw new TypeError('a key is empty');
    const slot = this.#records.slot(key);
    if (expect !== undefined && (slot === undefined ? 0 : slot.record.modRevision) !== expect) throw new CompareFailedError(key, expect, slot?.record);
    return slot;
  }

  #store(event: StateEvent | undefined, slot: Slot<StateRecord> | undefined): void {
    if (event === undefined) return;
    if (event.type === 'put') this.#records.set(event.record, slot);
    else this.#records.delete(event.key);
  }

  #publish(revision: Revision, events: readonly StateEvent[]): void {
    this.#revision = revision;
    const limit = this.#options.historyLimit ?? Math.min(Math.max(this.#records.size, MIN_HISTORY), MAX_HISTORY);
    this.#history.append(events, limit);
    this.#hub.committed(revision);
    this.#history.trim(limit, Math.max(this.#hub.needed, this.#history.end - limit * UNPUBLISHED_FACTOR));
    if (this.#pins.size > 0) this.#unpin();
  }

  #pin(): void {
    const pinned = this.#pins.get(this.#revision) ?? this.#records.clone();
    this.#pins.delete(this.#revision);
    this.#pins.set(this.#revision, pinned);
    this.#unpin();
  }

  #unpin(): void {
    for (const revision of this.#pins.keys()) if (revision < this.#history.compacted || this.#pins.size > MAX_PINS) this.#pins.delete(revision);
  }

  /** The records as a revision left them. */
  #picture(at: Revision | undefined): Pick<OrderedMap<StateRecord>, 'get' | 'page'> {
    if (at === undefined || at === this.#revision) return this.#records;
    if (at > this.#revision) throw new FutureRevisionError(at, this.#revision);
    if (at < this.#history.compacted) throw new ExpiredError(at, this.#history.compacted);
    return this.#pins.get(at) ?? new Past(this.#records, this.#history, at);
  }
}

const toResult = (revision: Revision, page: Page<StateRecord>): RangeResult => ({ revision, ...page, more: page.remaining > 0 });

function checkPage(options: PageOptions | undefined): PageOptions | undefined {
  const limit = options?.limit;
  if (limit !== undefined && (!Number.isSafeInteger(limit) || limit < 1)) throw new RangeError(`limit must be a positive integer, not ${limit}`);
  return options;
}

function checkKeys(changes: readonly Change[]): void {
  if (new Set(changes.map(({ key }) => key)).size < changes.length) throw new TypeError('a commit changes a key twice');
}

/** What a change does; undefined when nothing. */
function eventOf(change: Change, previous: StateRecord | undefined, revision: Revision): StateEvent | undefined {
  const { value } = change;
  if (value === previous?.value) return undefined;
  // One string per key, however many callers made their own.
  const key = previous === undefined ? change.key : previous.key;
  const createRevision = previous === undefined ? revision : previous.createRevision;
  const writes = previous === undefined ? 0 : previous.version;
  if (value === undefined) {
    const last = previous as StateRecord;
    return new RecordEvent('delete', new ObjectRecord(key, accept(last.value, revision), { modRevision: revision, createRevision, version: writes }), last);
  }
  return new RecordEvent('put', new ObjectRecord(key, accept(value, revision), { modRevision: revision, createRevision, version: writes + 1 }), previous);
}
