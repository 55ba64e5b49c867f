import type { Observable } from 'rxjs';
import { CompareFailedError, ExpiredError, FutureRevisionError } from '../errors.ts';
import type { Change, CommitResult, EncodedChange, PageOptions, RangeResult, Revision, StateCursor, StateEvent, StateRecord, StateSnapshot } from '../store.ts';
import { defaultHistoryLimit, type History } from './history.ts';
import type { OrderedMap, Page, Slot } from './ordered-map.ts';
import { Past } from './past.ts';
import { DeletedRecord, faceOf, makeObjectRecord, RecordEvent, type MakeRecord } from './record.ts';
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
  /** Makes the records of commits. Default: records that keep objects. */
  readonly makeRecord?: MakeRecord | undefined;
}

/**
 * A commit that has been decided and has its revision, and that nobody can see yet. Later commits are decided on top of it.
 */
export interface Staged extends CommitResult {
  /** What of the staged commits before it this one put aside, per event. For {@link Engine.unstage}. */
  readonly aside: readonly (StateEvent | undefined)[];
}

/** A write that another system made, for {@link Engine.feed}. */
export interface FedWrite {
  readonly key: string;
  /** What the key has now; undefined: it was deleted. */
  readonly record: StateRecord | undefined;
}

/** A drain that is late may hold this many times the limit before watchers are ended. */
const UNPUBLISHED_FACTOR = 10;
const MAX_PINS = 8;

/** The state, synchronously: what every backend serves its reads and watches from. */
export class Engine {
  readonly #options: EngineOptions;
  #records: OrderedMap<StateRecord>;
  readonly #history: History;
  readonly #hub: WatchHub;
  /** Pictures of which a first page was read, so that the next pages are as cheap. Invariant: none is older than the history. Oldest first. */
  readonly #pins = new Map<Revision, OrderedMap<StateRecord>>();
  /** The newest staged event per key. Invariant: empty once everything staged is applied. */
  readonly #staged = new Map<string, StateEvent>();
  readonly #makeRecord: MakeRecord;
  #revision: Revision;
  #stagedRevision: Revision;

  constructor(state: EngineState, options: EngineOptions) {
    this.#options = options;
    this.#records = state.records;
    this.#history = state.history;
    this.#revision = state.revision;
    this.#stagedRevision = state.revision;
    this.#makeRecord = options.makeRecord ?? makeObjectRecord;
    this.#hub = new WatchHub({ ...options, history: state.history, revision: state.revision });
  }

  get revision(): Revision {
    return this.#revision;
  }

  /** The revision of the last commit that was staged, applied or not. */
  get stagedRevision(): Revision {
    return this.#stagedRevision;
  }

  get compactedRevision(): Revision {
    return this.#history.compacted;
  }

  /** How many keys there are. */
  get size(): number {
    return this.#records.size;
  }

  get(key: string, at?: Revision, atLeast: Revision = 0): StateRecord | undefined {
    if (at === undefined && atLeast > this.#revision) throw new FutureRevisionError(atLeast, this.#revision);
    return at === undefined ? this.#records.get(key) : this.#picture(at).get(key);
  }

  range(prefix: string, options?: PageOptions & { readonly at?: Revision | undefined; readonly atLeast?: Revision | undefined }): RangeResult {
    const { at, atLeast = 0 } = options ?? {};
    if (at === undefined && atLeast > this.#revision) throw new FutureRevisionError(atLeast, this.#revision);
    const page = this.#picture(options?.at).page(prefix, checkPage(options));
    const revision = options?.at ?? this.#revision;
    if (page.remaining > 0 && revision === this.#revision) this.#pin();
    return toResult(revision, page);
  }

  commit(changes: readonly (Change | EncodedChange)[]): CommitResult {
    if (changes.length === 1) return this.#commitOne(changes[0] as Change);
    checkKeys(changes);
    const slots = changes.map((change) => this.#slot(change));
    const revision = this.#revision + 1;
    const made = changes.map((change, at) => this.#eventOf(change, slots[at]?.record, revision));
    const records = made.map((event, at) => (event === undefined ? slots[at]?.record : event.type === 'put' ? event.record : undefined));
    const events = made.includes(undefined) ? made.filter((event) => event !== undefined) : (made as StateEvent[]);
    if (events.length > 0) {
      for (let at = 0; at < made.length; at += 1) this.#store(made[at], slots[at]);
      this.#publish(revision, events);
    }
    return { revision: this.#revision, records, events };
  }

  /** Nearly every commit is of one change. */
  #commitOne(change: Change | EncodedChange): CommitResult {
    const slot = this.#slot(change);
    const revision = this.#revision + 1;
    const event = this.#eventOf(change, slot?.record, revision);
    if (event === undefined) return { revision: this.#revision, records: [slot?.record], events: [] };
    this.#store(event, slot);
    const events = [event];
    this.#publish(revision, events);
    return { revision, records: [event.type === 'put' ? event.record : undefined], events };
  }

  /**
   * Decides a commit and gives it its revision, on top of everything staged before; nobody can see it before {@link apply}. A commit that changes
   * nothing has no events, and need not be applied.
   *
   * @throws {CompareFailedError} as of a commit; what it found may itself be staged only
   */
  stage(changes: readonly (Change | EncodedChange)[]): Staged {
    if (changes.length === 1) return this.#stageOne(changes[0] as Change);
    checkKeys(changes);
    const found = changes.map((change) => expected(change, this.#latest(change.key)));
    const revision = this.#stagedRevision + 1;
    const made = changes.map((change, at) => this.#eventOf(change, found[at], revision));
    const records = made.map((event, at) => (event === undefined ? found[at] : event.type === 'put' ? event.record : undefined));
    const events = made.filter((event) => event !== undefined);
    const aside = events.map(({ key }) => this.#staged.get(key));
    for (const event of events) this.#staged.set(event.key, event);
    if (events.length > 0) this.#stagedRevision = revision;
    return { revision: this.#stagedRevision, records, events, aside };
  }

  #stageOne(change: Change | EncodedChange): Staged {
    const { key } = change;
    const before = this.#staged.get(key);
    const found = expected(change, before === undefined ? this.#records.get(key) : before.type === 'put' ? before.record : undefined);
    const revision = this.#stagedRevision + 1;
    const event = this.#eventOf(change, found, revision);
    if (event === undefined) return { revision: this.#stagedRevision, records: [found], events: [], aside: [] };
    this.#staged.set(key, event);
    this.#stagedRevision = revision;
    return { revision, records: [event.type === 'put' ? event.record : undefined], events: [event], aside: [before] };
  }

  /** Makes a staged commit the current revision. Commits are applied in the order in which they were staged, all of them. */
  apply({ revision, events }: Staged): void {
    if (events.length === 0) return;
    if (revision !== this.#revision + 1) throw new RangeError(`revision ${revision} cannot be applied after ${this.#revision}`);
    for (const event of events) {
      this.#store(event, this.#records.slot(event.key));
      if (this.#staged.get(event.key) === event) this.#staged.delete(event.key);
    }
    this.#publish(revision, events);
  }

  /** Takes the commit back that was staged last. */
  unstage({ revision, events, aside }: Staged): void {
    if (events.length === 0) return;
    if (revision !== this.#stagedRevision) throw new RangeError(`revision ${revision} is not the one that was staged last`);
    events.forEach(({ key }, at) => {
      const before = aside[at];
      if (before === undefined) this.#staged.delete(key);
      else this.#staged.set(key, before);
    });
    this.#stagedRevision = revision - 1;
  }

  /** Takes back everything that is staged and not applied: it could not be kept. */
  discard(): void {
    this.#staged.clear();
    this.#stagedRevision = this.#revision;
  }

  /**
   * Takes over what another system committed as `revision`, which is greater than the current one; revisions may be left out. Not to be mixed with
   * staged commits.
   */
  feed(revision: Revision, writes: readonly FedWrite[]): readonly StateEvent[] {
    if (revision <= this.#revision) throw new RangeError(`revision ${revision} cannot follow ${this.#revision}`);
    const events: StateEvent[] = [];
    for (const { key, record } of writes) {
      const slot = this.#records.slot(key);
      if (record === undefined && slot === undefined) continue;
      const event = record === undefined ? this.#deletion(slot?.record as StateRecord, revision) : new RecordEvent('put', record, slot?.record);
      this.#store(event, slot);
      events.push(event);
    }
    this.#stagedRevision = revision;
    if (events.length > 0) this.#publish(revision, events);
    else {
      this.#revision = revision;
      this.#hub.advanced(revision);
    }
    return events;
  }

  /** The events of a revision; empty when they are no longer retained, or nothing was changed. */
  eventsOf(revision: Revision): readonly StateEvent[] {
    const { events, at } = this.#history.from(this.#history.after(revision - 1));
    let end = at;
    while (events[end]?.revision === revision) end += 1;
    return events.slice(at, end);
  }

  /**
   * Takes over a newer picture of the whole state, of which nobody knows how it came about: the history begins anew with it, and every watch expires.
   * Records that the picture shares with the engine should be the same objects.
   */
  replace(records: OrderedMap<StateRecord>, revision: Revision): void {
    if (revision <= this.#revision) throw new RangeError(`revision ${revision} cannot follow ${this.#revision}`);
    this.#records = records;
    this.#revision = revision;
    this.#stagedRevision = revision;
    this.#history.restart(revision);
    this.#hub.committed(revision);
    this.#unpin();
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
  #slot(change: Change | EncodedChange): Slot<StateRecord> | undefined {
    const slot = this.#records.slot(change.key);
    expected(change, slot?.record);
    return slot;
  }

  /** What a key has once everything staged is applied. */
  #latest(key: string): StateRecord | undefined {
    const staged = this.#staged.get(key);
    if (staged === undefined) return this.#records.get(key);
    return staged.type === 'put' ? staged.record : undefined;
  }

  #store(event: StateEvent | undefined, slot: Slot<StateRecord> | undefined): void {
    if (event === undefined) return;
    if (event.type === 'put') this.#records.set(event.record, slot);
    else this.#records.delete(event.key);
  }

  /** What a change does; undefined when nothing. */
  #eventOf({ key, value }: Change | EncodedChange, previous: StateRecord | undefined, revision: Revision): StateEvent | undefined {
    if (previous === undefined) {
      if (value === undefined) return undefined;
      return new RecordEvent('put', this.#makeRecord(key, value, { modRevision: revision, createRevision: revision, version: 1 }), undefined);
    }
    if (value === undefined) return this.#deletion(previous, revision);
    if (value === faceOf(previous)) return undefined;
    // One string per key, however many callers made their own.
    const at = { modRevision: revision, createRevision: previous.createRevision, version: previous.version + 1 };
    return new RecordEvent('put', this.#makeRecord(previous.key, value, at), previous);
  }

  #deletion(previous: StateRecord, revision: Revision): StateEvent {
    return new RecordEvent('delete', new DeletedRecord(previous, revision), previous);
  }

  #publish(revision: Revision, events: readonly StateEvent[]): void {
    this.#revision = revision;
    if (revision > this.#stagedRevision) this.#stagedRevision = revision;
    const limit = this.#options.historyLimit ?? defaultHistoryLimit(this.#records.size);
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

function checkKeys(changes: readonly (Change | EncodedChange)[]): void {
  if (new Set(changes.map(({ key }) => key)).size < changes.length) throw new TypeError('a commit changes a key twice');
}

/** @throws {TypeError} it could not be read back as it is from bytes */
export function checkKey(key: string): void {
  if (key === '') throw new TypeError('a key is empty');
  if (!key.isWellFormed()) throw new TypeError(`the key ${JSON.stringify(key)} has half of a surrogate pair`);
}

/** What a change's key has, if it is what the change expects. */
function expected({ key, expect }: Change | EncodedChange, record: StateRecord | undefined): StateRecord | undefined {
  checkKey(key);
  if (expect !== undefined && (record === undefined ? 0 : record.modRevision) !== expect) throw new CompareFailedError(key, expect, record);
  return record;
}
