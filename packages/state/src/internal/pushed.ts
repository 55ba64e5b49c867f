import type { Observer, Subscriber, TeardownLogic } from 'rxjs';
import { Observable, Subscription } from './rx.ts';
import { ExpiredError } from '../errors.ts';
import type { Revision, StateEvent } from '../store.ts';
import type { Publisher, Watcher } from './cursor.ts';

/** The push side of a watch: an observer that is told while events are published. */
export class Pushed implements Watcher {
  readonly prefix: string;
  readonly from: Revision;
  readonly #target: Observer<StateEvent>;
  #closed = false;

  constructor(prefix: string, from: Revision, target: Observer<StateEvent>) {
    this.prefix = prefix;
    this.from = from;
    this.#target = target;
  }

  notify(event: StateEvent): void {
    if (event.revision > this.from && !this.#closed) this.#target.next(event);
  }

  end(error?: Error): void {
    if (this.#closed) return;
    this.#closed = true;
    if (error === undefined) this.#target.complete();
    else this.#target.error(error);
  }

  close(): void {
    this.#closed = true;
  }

  /** Delivers what was published before the observer came. False when it is not to be told of more. */
  catchUp({ history, published }: Publisher): boolean {
    if (this.from < history.compacted) this.end(new ExpiredError(this.from, history.compacted));
    for (let position = history.after(this.from); position < published && !this.#closed; ) {
      const { events, at } = history.from(position);
      const stop = Math.min(events.length, at + published - position);
      for (let index = at; index < stop; index += 1) {
        const event = events[index] as StateEvent;
        if (event.key.startsWith(this.prefix)) this.notify(event);
      }
      position += stop - at;
      if (position < history.start) this.end(new ExpiredError(this.from, history.compacted));
    }
    return !this.#closed;
  }
}

/**
 * A cold Observable. What a direct subscriber throws goes to `onError`, and so does an error that it does not handle (RxJS would rethrow them from a
 * timer, as uncaught exceptions). A direct subscriber is also called without RxJS's guards between, which cost twice the delivery itself. Operators
 * subscribe with a `Subscriber`, and are left to RxJS.
 */
export function observableOf(attach: (target: Observer<StateEvent>) => TeardownLogic, onError: (error: unknown) => void): Observable<StateEvent> {
  const watch$ = new Observable<StateEvent>(attach);
  const subscribe = watch$.subscribe.bind(watch$);
  watch$.subscribe = (first?: Partial<Observer<StateEvent>> | ((event: StateEvent) => void) | null, error?: unknown, complete?: unknown) => {
    if (isSubscriber(first)) return subscribe(first);
    const handlers = typeof first === 'function' ? { next: first, error, complete } : first;
    return subscribeDirectly(attach, (handlers ?? {}) as Partial<Observer<StateEvent>>, onError);
  };
  return watch$;
}

function subscribeDirectly(
  attach: (target: Observer<StateEvent>) => TeardownLogic,
  handlers: Partial<Observer<StateEvent>>,
  onError: (error: unknown) => void,
): Subscription {
  const subscription = new Subscription();
  const target: Observer<StateEvent> = {
    next(event) {
      try {
        handlers.next?.(event);
      } catch (thrown) {
        onError(thrown);
      }
    },
    error(error) {
      try {
        if (handlers.error) handlers.error(error);
        else onError(error);
      } catch (thrown) {
        onError(thrown);
      }
      subscription.unsubscribe();
    },
    complete() {
      try {
        handlers.complete?.();
      } catch (thrown) {
        onError(thrown);
      }
      subscription.unsubscribe();
    },
  };
  subscription.add(attach(target));
  return subscription;
}

const isSubscriber = (value: unknown): value is Subscriber<StateEvent> =>
  typeof value === 'object' && value !== null && 'add' in value && 'remove' in value && 'unsubscribe' in value && 'next' in value;
