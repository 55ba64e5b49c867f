import type { Observable, Observer } from 'rxjs';
import { ExpiredError, StoreClosedError } from '../errors.ts';
import type { Revision, StateCursor, StateEvent } from '../store.ts';
import { Cursor, type Publisher, type Watcher } from './cursor.ts';
import type { History } from './history.ts';
import { observableOf, Pushed } from './pushed.ts';
import { WatchIndex } from './watch-index.ts';

/** What a {@link WatchHub} is told by its store. */
export interface WatchHubOptions {
  readonly history: History;
  readonly revision: Revision;
  /** Runs the drain soon, once. */
  readonly schedule: (drain: () => void) => void;
  /** Told what consumers throw. */
  readonly onError: (error: unknown) => void;
}

/**
 * Tells watchers of what is in the history, commit by commit, through one serial drain: everybody sees all events in order, also when a subscriber
 * commits. Nobody has a buffer: who is pushed to is always as far as the drain, who pulls has a position in the history.
 */
export class WatchHub implements Publisher {
  readonly history: History;
  readonly #options: WatchHubOptions;
  readonly #index = new WatchIndex<Watcher>();
  /** Every watcher, with what takes it out of the index once it is in it. */
  readonly #watchers = new Map<Watcher, (() => void) | undefined>();
  /** What the drain does between two commits. */
  #deferred: (() => void)[] = [];
  #published: number;
  #publishedRevision: Revision;
  /** Where the earliest of the subscribers begins that the next drain brings up to date. */
  #joining = Infinity;
  /** Whether `schedule` was asked for a drain that has not begun. */
  #scheduled = false;
  #draining = false;
  #closed = false;

  constructor(options: WatchHubOptions) {
    this.history = options.history;
    this.#options = options;
    this.#published = options.history.end;
    this.#publishedRevision = options.revision;
  }

  get published(): number {
    return this.#published;
  }

  get publishedRevision(): Revision {
    return this.#publishedRevision;
  }

  /** What is at this position or after it is still to be told to somebody who was there in time. */
  get needed(): number {
    return Math.min(this.#published, this.#joining);
  }

  /** Told after each commit. */
  committed(revision: Revision): void {
    if (this.#draining || this.#scheduled) return;
    if (this.#watchers.size > 0) {
      this.#wake();
    } else {
      this.#published = this.history.end;
      this.#publishedRevision = revision;
    }
  }

  /** Told of a revision in which nothing changed. */
  advanced(revision: Revision): void {
    if (this.#published === this.history.end) this.#publishedRevision = revision;
  }

  cursor(prefix: string, from: Revision): StateCursor {
    const cursor = new Cursor(this, { prefix, from, onClose: (closed) => this.#forget(closed) });
    this.#watchers.set(cursor, this.#index.add(prefix, cursor));
    return cursor;
  }

  observe(prefix: string, from: Revision): Observable<StateEvent> {
    return observableOf((target) => this.#attach(new Pushed(prefix, from, target), target), this.#options.onError);
  }

  close(): void {
    this.#closed = true;
    for (const watcher of [...this.#watchers.keys()]) this.guard(() => watcher.end());
  }

  guard(fn: () => void): void {
    try {
      fn();
    } catch (error) {
      this.#options.onError(error);
    }
  }

  defer(fn: () => void): void {
    this.#deferred.push(fn);
    this.#wake();
  }

  #attach(watcher: Pushed, target: Observer<StateEvent>): (() => void) | undefined {
    if (this.#closed) {
      target.error(new StoreClosedError());
      return undefined;
    }
    this.#watchers.set(watcher, undefined);
    this.#joining = Math.min(this.#joining, this.history.after(watcher.from));
    this.defer(() => this.#join(watcher));
    return () => {
      watcher.close();
      this.#forget(watcher);
    };
  }

  /** Brings a new subscriber up to what is published; from then on it is told like all the others. */
  #join(watcher: Pushed): void {
    if (this.#watchers.has(watcher) && watcher.catchUp(this)) this.#watchers.set(watcher, this.#index.add(watcher.prefix, watcher));
  }

  #forget(watcher: Watcher): void {
    this.#watchers.get(watcher)?.();
    this.#watchers.delete(watcher);
  }

  #wake(): void {
    if (this.#scheduled || this.#draining) return;
    this.#scheduled = true;
    this.#options.schedule(this.#drain);
  }

  readonly #drain = (): void => {
    if (this.#draining) return;
    this.#scheduled = false;
    this.#draining = true;
    try {
      do this.#runDeferred();
      while (this.#publishNext() || this.#deferred.length > 0);
    } finally {
      this.#draining = false;
    }
  };

  #runDeferred(): void {
    while (this.#deferred.length > 0) {
      const deferred = this.#deferred;
      this.#deferred = [];
      for (const fn of deferred) this.guard(fn);
    }
    this.#joining = Infinity;
  }

  /** Publishes one commit. False when there is none. */
  #publishNext(): boolean {
    const { history } = this;
    if (this.#published < history.start) this.#lose();
    const first = this.#published;
    if (first >= history.end) return false;
    const { events, at } = history.from(first);
    const { revision } = events[at] as StateEvent;
    let count = 1;
    while (events[at + count]?.revision === revision) count += 1;
    for (let index = 0; index < count; index += 1) this.#tell(events[at + index] as StateEvent, first + index);
    this.#published = first + count;
    this.#publishedRevision = revision;
    return true;
  }

  #tell(event: StateEvent, position: number): void {
    this.#index.visit(event.key, (watcher) => {
      try {
        watcher.notify(event, position);
      } catch (error) {
        this.#options.onError(error);
      }
    });
  }

  /** Events left the bounded history before they were published: every watcher may have missed one. */
  #lose(): void {
    const { history } = this;
    const error = new ExpiredError(this.#publishedRevision, history.compacted);
    this.#published = history.start;
    for (const watcher of [...this.#watchers.keys()]) this.guard(() => watcher.end(error));
    this.#publishedRevision = Math.max(this.#publishedRevision, history.compacted);
  }
}
