import { ExpiredError, StoreClosedError } from '../errors.ts';
import type { Revision, StateCursor, StateEvent } from '../store.ts';
import type { History } from './history.ts';

/** What a watcher needs to know of the hub. */
export interface Publisher {
  readonly history: History;
  /** Events before this position have been published; it is always the end of a commit. */
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

const DEFAULT_MAX = 1000;

/**
 * The pull side of a watch. It is *behind* when something for it may lie between `#next` and what is published, else *idle*: then nothing published
 * concerns it, and its first event moves `#next` to that event, so that an idle cursor never has to search what did not concern it.
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

  constructor(publisher: Publisher, options: { readonly prefix: string; readonly from: Revision; readonly onClose: (cursor: Cursor) => void }) {
    this.prefix = options.prefix;
    this.#publisher = publisher;
    this.#onClose = options.onClose;
    this.#revision = options.from;
    this.#next = publisher.history.after(options.from);
    this.#behind = options.from < publisher.publishedRevision;
  }

  get revision(): Revision {
    return this.#behind || this.#ended !== undefined ? this.#revision : Math.max(this.#revision, this.#publisher.publishedRevision);
  }

  read(max: number = DEFAULT_MAX): readonly StateEvent[] {
    if (this.#ended !== undefined) throw this.#ended;
    if (!this.#behind) return [];
    const { history } = this.#publisher;
    if (this.#revision < history.compacted) {
      this.end(new ExpiredError(this.#revision, history.compacted));
      throw this.#ended;
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
    this.#finish(new StoreClosedError());
  }

  notify(event: StateEvent, position: number): void {
    if (this.#behind || this.#ended !== undefined || position < this.#next || event.revision <= this.#revision) return;
    this.#next = position;
    this.#revision = Math.max(this.#revision, this.#publisher.publishedRevision);
    this.#behind = true;
    this.#fire(this.#ready);
  }

  end(error: Error = new StoreClosedError()): void {
    if (!this.#finish(error)) return;
    const fn = this.#ready;
    if (fn !== undefined) this.#publisher.defer(() => this.#fire(fn));
  }

  #finish(error: Error): boolean {
    if (this.#ended !== undefined) return false;
    this.#revision = this.revision;
    this.#ended = error;
    this.#onClose(this);
    return true;
  }

  #fire(fn: (() => void) | undefined): void {
    if (fn === undefined || this.#ready !== fn) return;
    this.#ready = undefined;
    this.#publisher.guard(fn);
  }

  /** Collects whole commits from `#next` on. */
  #scan(max: number): StateEvent[] {
    const { history, published } = this.#publisher;
    const found: StateEvent[] = [];
    const commit = { revision: this.#revision, position: this.#next, found: 0 };
    for (let position = this.#next; position < published; ) {
      for (const event of history.from(position)) {
        if (position >= published) break;
        if (event.revision !== commit.revision) {
          if (found.length >= max) return this.#stopAt(commit.revision, position, found);
          Object.assign(commit, { revision: event.revision, position, found: found.length });
        }
        if (event.revision > this.#revision && event.key.startsWith(this.prefix)) found.push(event);
        position += 1;
        if (found.length > max && commit.found > 0) {
          found.length = commit.found;
          return this.#stopAt((found.at(-1) as StateEvent).revision, commit.position, found);
        }
      }
    }
    this.#behind = false;
    return this.#stopAt(commit.revision, published, found);
  }

  #stopAt(revision: Revision, position: number, found: StateEvent[]): StateEvent[] {
    this.#revision = Math.max(this.#revision, revision);
    this.#next = position;
    return found;
  }
}
