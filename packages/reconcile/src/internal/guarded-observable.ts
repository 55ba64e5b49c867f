import type { Operator, Subscription } from 'rxjs';
import { Observable } from './rx.ts';

/** Something of the user's threw. */
export type Report = (error: unknown) => void;

/**
 * An Observable whose subscribers may throw: it goes to `report`, not to the process, and the others are not disturbed. This holds for what is piped from it
 * as well; where it is one of several sources (`merge`, `combineLatest`), rxjs's own handling of what nobody catches begins. A handler that returns a promise is
 * watched, too.
 */
function guardedObservable<T>(source: Observable<T>, report: Report): Observable<T> {
  const subscribe = source.subscribe.bind(source) as (...observer: unknown[]) => Subscription;
  const lift = source.lift.bind(source) as <R>(operator?: Operator<T, R>) => Observable<R>;
  return Object.assign(source, {
    subscribe: (first?: unknown, ...rest: unknown[]): Subscription => subscribe(...guardObserver([first, ...rest], report)),
    lift: <R>(operator?: Operator<T, R>): Observable<R> => guardedObservable(lift(operator), report),
  });
}

/** rxjs's own subscribers are told apart by this method; they pass errors on by themselves and must keep their identity. */
function isSubscriber(observer: unknown): boolean {
  return typeof observer === 'object' && observer !== null && 'add' in observer && 'unsubscribe' in observer;
}

/** An error that the observer does not take is reported, too. */
function guardObserver(observer: readonly unknown[], report: Report): unknown[] {
  const [first, error, complete] = observer;
  if (isSubscriber(first)) return [...observer];
  const parts = typeof first === 'object' && first !== null ? (first as Record<string, unknown>) : { next: first, error, complete };
  const guarded = (name: string): unknown => guard(parts[name], { self: first, report });
  return [{ next: guarded('next'), error: guarded('error') ?? report, complete: guarded('complete') }];
}

function guard(callback: unknown, { self, report }: { readonly self: unknown; readonly report: Report }): unknown {
  if (typeof callback !== 'function') return undefined;
  return (value: unknown): void => {
    try {
      const result: unknown = callback.call(self, value);
      if (result instanceof Promise) result.catch(report);
    } catch (error) {
      report(error);
    }
  };
}

/** A hot source of items: plain listeners inside, an Observable outside. */
export class Hot<T> {
  readonly observable: Observable<T>;
  #listeners: readonly ((item: T) => void)[] = [];

  constructor(report: Report) {
    const source = new Observable<T>((subscriber) => {
      const listener = (item: T): void => subscriber.next(item);
      this.#listeners = [...this.#listeners, listener];
      return () => {
        this.#listeners = this.#listeners.filter((each) => each !== listener);
      };
    });
    this.observable = guardedObservable(source, report);
  }

  /** Whether an item would be seen by anybody; where it would not, it need not be made. */
  get isObserved(): boolean {
    return this.#listeners.length > 0;
  }

  next(item: T): void {
    for (const listener of this.#listeners) listener(item);
  }
}
