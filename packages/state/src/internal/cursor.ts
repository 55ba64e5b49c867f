import { ExpiredError, StoreClosedError } from '../errors.ts';
import type { Revision, StateCursor, StateEvent } from '../store.ts';
import type { History } from './history.ts';

/** What a watcher needs to know of the hub. */
export interface Publisher {
  readonly history: History;
  /** Watchers have been told of the events before this position; it is always the end of a commit. */
  readonly published: number;
  /** Watchers have been told of everything up to this revision. */
  readonly publishedRevision: Revision;
  /** Runs a callback of a consumer; what it throws goes to the error sink. */
  guard(fn: () => void): void;
  /** Runs a callback from the next drain. */
  defer(fn: () => void): void;
}

/** Somebody who is told of the events of a prefix. */
export interface Watcher {
  readonly prefix: string;
  notify(event: StateEvent, position: number): void;
  /** The watch is over: the store closed, or (with an error) cannot deliver what comes next. */
  end(error?: Error): void;
}

/** Options of a {@link Cursor}. */
export interface CursorOptions {
  readonly prefix: string;
  readonly from: Revision;
  readonly onClose: (cursor: Cursor) => void;
}

const DEFAULT_MAX = 1000;

/**
 * The pull side of a watch. It reads whatever is committed, published or not. It is *behind* when something for it may lie at or after `#next`, else
 * *idle*: then nothing published after `#next` concerns it, and its next event moves `#next` to that event, so that an idle cursor never searches
 * what did not concern it.
 */
export class Cursor implements StateCursor, Watcher {
  readonly prefix: string;
  readonly #publisher: Publisher;
  readonly #onClose: (cursor: Cursor) => void;
  /** Everything before this position has been read. */
  #next: number;
  /** Everything up to this revision has been read. */
  #revision: Revision;
  #behind: boolean;
  #ended: Error | undefined;
  #ready: (() => void) | undefined;

  constructor(publisher: Publisher, { prefix, from, onClose }: CursorOptions) {
    this.prefix = prefix;
    this.#publisher = publisher;
    this.#onClose = onClose;
    this.#revision = from;
    this.#next = publisher.history.after(from);
    this.#behind = this.#next < publisher.history.end || from < publisher.history.compacted;
  }

  get revision(): Revision {
    return this.#behind || this.#ended !== undefined ? this.#revision : Math.max(this.#revision, this.#publisher.publishedRevision);
  }

  read(max: number = DEFAULT_MAX): readonly StateEvent[] {
    if (this.#ended !== undefined) throw this.#ended;
    if (!this.#behind && this.#publisher.published < this.#publisher.history.end) this.#fallBehind(this.#publisher.published);
    if (!this.#behind) return [];
    const { compacted } = this.#publisher.history;
    if (this.#revision < compacted) {
      const error = new ExpiredError(this.#revision, compacted);
      this.end(error);
      throw error;
    }
    return this.#scan(max);
  }

  ready(fn: () => void): () => void {
    this.#ready = fn;
    if (this.#behind || this.#ended !== undefined) this.#publisher.defer(() => this.#fire(fn));
    return () => {
      if (this.#ready === fn) this.#ready = undefined;
    };
  }

  close(): void {
    this.#ready = undefined;
    this.end();
  }

  notify(event: StateEvent, position: number): void {
    if (this.#behind || this.#ended !== undefined || event.revision <= this.#revision) return;
    this.#fallBehind(position);
    this.#fire(this.#ready);
  }

  end(error: Error = new StoreClosedError()): void {
    if (this.#ended !== undefined) return;
    this.#revision = this.revision;
    this.#ended = error;
    this.#onClose(this);
    const fn = this.#ready;
    if (fn !== undefined) this.#publisher.defer(() => this.#fire(fn));
  }

  #fallBehind(position: number): void {
    this.#revision = this.revision;
    this.#next = Math.max(this.#next, position);
    this.#behind = true;
  }

  #fire(fn: (() => void) | undefined): void {
    if (fn === undefined || this.#ready !== fn) return;
    this.#ready = undefined;
    this.#publisher.guard(fn);
  }

  /** Collects whole commits from `#next` on. */
  #scan(max: number): StateEvent[] {
    const { history } = this.#publisher;
    const from = this.#revision;
    const found: StateEvent[] = [];
    let position = this.#next;
    while (position < history.end) {
      const { events, at } = history.from(position);
      for (let index = at; index < events.length; index += 1, position += 1) {
        const event = events[index] as StateEvent;
        if (event.revision !== this.#revision && found.length >= max) {
          this.#next = position;
          return found;
        }
        this.#revision = Math.max(this.#revision, event.revision);
        if (event.revision > from && event.key.startsWith(this.prefix)) found.push(event);
      }
    }
    this.#next = position;
    this.#behind = false;
    return found;
  }
}
