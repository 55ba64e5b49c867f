import { Observable, type Subscriber } from 'rxjs';
import { ExpiredError, StoreClosedError } from '../errors.ts';
import type { Revision, StateCursor, StateEvent } from '../store.ts';
import { Cursor, type Publisher, type Watcher } from './cursor.ts';
import type { History } from './history.ts';
import { WatchIndex } from './watch-index.ts';

/** What a {@link WatchHub} is told by its store. */
export interface WatchHubOptions {
  readonly history: History;
  readonly revision: Revision;
  readonly schedule: (drain: () => void) => void;
  readonly onError: (error: unknown) => void;
}

/** The push side of a watch: an RxJS subscriber that gets what is published while it is published. It needs no position of its own. */
class Pushed implements Watcher {
  readonly prefix: string;
  readonly from: Revision;
  readonly subscriber: Subscriber<StateEvent>;

  constructor(prefix: string, from: Revision, subscriber: Subscriber<StateEvent>) {
    this.prefix = prefix;
    this.from = from;
    this.subscriber = subscriber;
  }

  notify(event: StateEvent): void {
    if (event.revision > this.from) this.subscriber.next(event);
  }

  end(error?: Error): void {
    if (error === undefined) this.subscriber.complete();
    else this.subscriber.error(error);
  }
}

/**
 * Tells watchers of what is in the history: through one serial drain, so that everybody sees all events in order, also when a subscriber commits.
 */
export class WatchHub implements Publisher {
  readonly history: History;
  readonly #options: WatchHubOptions;
  readonly #index = new WatchIndex<Watcher>();
  /** Every watcher, with what takes it out of the index (once it is in it). */
  readonly #watchers = new Map<Watcher, (() => void) | undefined>();
  /** What the next drain does before it publishes. */
  #deferred: (() => void)[] = [];
  #published: number;
  #publishedRevision: Revision;
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

  /** Told after each commit. */
  committed(revision: Revision): void {
    if (this.#watchers.size > 0) this.#wake();
    else if (!this.#draining) {
      this.#published = this.history.end;
      this.#publishedRevision = revision;
    }
  }

  cursor(prefix: string, from: Revision): StateCursor {
    const cursor = new Cursor(this, { prefix, from, onClose: (closed) => this.#remove(closed) });
    this.#watchers.set(cursor, this.#index.add(prefix, cursor));
    return cursor;
  }

  observe(prefix: string, from: Revision): Observable<StateEvent> {
    const source$ = new Observable<StateEvent>((subscriber) => {
      if (this.#closed) {
        subscriber.error(new StoreClosedError());
        return undefined;
      }
      const watcher = new Pushed(prefix, from, subscriber);
      this.#watchers.set(watcher, undefined);
      this.defer(() => this.#join(watcher));
      return () => this.#remove(watcher);
    });
    return guarded(source$, this.#options.onError);
  }

  close(): void {
    this.#closed = true;
    for (const watcher of [...this.#watchers.keys()]) watcher.end();
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

  #wake(): void {
    if (this.#scheduled || this.#draining) return;
    this.#scheduled = true;
    this.#options.schedule(this.#drain);
  }

  readonly #drain = (): void => {
    this.#scheduled = false;
    if (this.#draining) return;
    this.#draining = true;
    try {
      do {
        this.#runDeferred();
      } while (this.#publishNext() || this.#deferred.length > 0);
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
  }

  /** Publishes one commit. False when there is none. */
  #publishNext(): boolean {
    const { history } = this;
    if (this.#published < history.start) this.#lost();
    const first = this.#published;
    if (first >= history.end) return false;
    const events = history.from(first);
    const revision = (events[0] as StateEvent).revision;
    let count = 1;
    while (events[count]?.revision === revision) count += 1;
    this.#published = first + count;
    for (let at = 0; at < count; at += 1) {
      const event = events[at] as StateEvent;
      this.#index.visit(event.key, (watcher) => watcher.notify(event, first + at));
    }
    this.#publishedRevision = revision;
    return true;
  }

  /** Events went unpublished out of the bounded history: every watcher may have missed one. */
  #lost(): void {
    const { history } = this;
    const error = new ExpiredError(this.#publishedRevision, history.compacted);
    this.#published = history.start;
    for (const watcher of [...this.#watchers.keys()]) this.guard(() => watcher.end(error));
    this.#publishedRevision = history.compacted;
  }

  /** Brings a new subscriber up to what is published; from then on it is told like all the others. */
  #join(watcher: Pushed): void {
    if (!this.#watchers.has(watcher)) return;
    const { history } = this;
    if (watcher.from < history.compacted) {
      watcher.end(new ExpiredError(watcher.from, history.compacted));
      return;
    }
    for (let position = history.after(watcher.from); position < this.#published && this.#watchers.has(watcher); ) {
      if (position < history.start) {
        watcher.end(new ExpiredError(watcher.from, history.compacted));
        return;
      }
      const events = history.from(position).slice(0, this.#published - position);
      for (const event of events) if (event.revision > watcher.from && event.key.startsWith(watcher.prefix)) watcher.subscriber.next(event);
      position += events.length;
    }
    if (this.#watchers.has(watcher)) this.#watchers.set(watcher, this.#index.add(watcher.prefix, watcher));
  }

  #remove(watcher: Watcher): void {
    this.#watchers.get(watcher)?.();
    this.#watchers.delete(watcher);
  }
}

/**
 * Hands what a direct subscriber throws to `onError`. Without it RxJS would rethrow it from a timer, as an uncaught exception. Operators subscribe with
 * a `Subscriber` and are left alone.
 */
function guarded(source$: Observable<StateEvent>, onError: (error: unknown) => void): Observable<StateEvent> {
  const subscribe = source$.subscribe.bind(source$) as (observer: unknown) => ReturnType<typeof source$.subscribe>;
  const guard = <A>(fn: ((argument: A) => void) | undefined, observer: unknown): ((argument: A) => void) | undefined =>
    fn &&
    ((argument) => {
      try {
        fn.call(observer, argument);
      } catch (error) {
        onError(error);
      }
    });
  source$.subscribe = (first?: unknown, error?: (e: unknown) => void, complete?: () => void) => {
    if (first instanceof Object && 'closed' in first) return subscribe(first);
    const observer = (typeof first === 'function' ? { next: first, error, complete } : (first ?? {})) as Record<'next' | 'error' | 'complete', never>;
    return subscribe({ next: guard(observer.next, observer), error: guard(observer.error, observer), complete: guard(observer.complete, observer) });
  };
  return source$;
}
