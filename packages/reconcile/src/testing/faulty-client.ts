import { ApiError, createMutations, systemClock } from '@kybern/core';
import type { CallOptions, Client, Clock, Kind, KubernetesObject, ObjectList, WatchEvent } from '@kybern/core';
import type { Observable as ObservableType, Subscriber } from 'rxjs';
import { Observable } from '../internal/rx.ts';

/** What is asked of the server. `mutate` and `mutateStatus` are seen as the `get` and `patch` that they are made of. */
export type CallVerb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'apply' | 'delete' | 'deleteCollection' | 'createSubresource';

/** One call, before it reaches the server. */
export interface Call {
  readonly verb: CallVerb;
  readonly kind: Kind;
  /** Which call of this verb and kind it is, from 1. */
  readonly nth: number;
  readonly options: Readonly<Record<string, unknown>>;
}

/** What goes wrong with a call. */
export type Fault =
  /** The server is not reached, or refuses: nothing happens there. */
  | { readonly type: 'fail'; readonly error?: Error }
  /** The server does it, but the answer does not arrive. */
  | { readonly type: 'lose'; readonly error?: Error }
  /** Neither answer nor error, until the call's signal aborts. */
  | { readonly type: 'stall' }
  /** A list has every object twice. */
  | { readonly type: 'duplicate' }
  /** A watch ends after so many events, bookmarks included: with the error, or as if the server ended it. */
  | { readonly type: 'cut'; readonly afterEvents: number; readonly error?: Error }
  /** A watch is silent after so many events, and stays open. */
  | { readonly type: 'silence'; readonly afterEvents: number }
  /** A watch's events arrive so much later, in order: a stale cache. */
  | { readonly type: 'lag'; readonly lagMs: number };

/** Options of {@link createFaultyClient}. */
export interface FaultyClientOptions {
  readonly client: Client;
  /** Chooses the fault of a call; undefined: none. */
  readonly fault: (call: Call) => Fault | undefined;
  /** For `lag`, and for what `mutate` needs. */
  readonly clock?: Clock;
}

/** A client between the one under test and the server, where things go wrong on demand. */
export interface FaultyClient {
  readonly client: Client;
  /** Ends all watches that are open now: with the error, or as if the server ended them. */
  cutWatches(error?: Error): void;
}

/**
 * Wraps a client so that calls fail as networks and servers make them fail. What it passes on is the wrapped client's own.
 *
 * @example createFaultyClient({ client, fault: ({ verb, nth }) => (verb === 'watch' && nth === 1 ? { type: 'cut', afterEvents: 3 } : undefined) })
 */
export function createFaultyClient(options: FaultyClientOptions): FaultyClient {
  const { client, fault, clock = systemClock() } = options;
  const counts = new Map<string, number>();
  const watches = new Set<Subscriber<never>>();
  const faultOf = (verb: CallVerb, kind: Kind, callOptions: object | undefined): Fault | undefined => {
    const id = `${verb} ${kind.group}/${kind.plural}`;
    const nth = (counts.get(id) ?? 0) + 1;
    counts.set(id, nth);
    return fault({ verb, kind, nth, options: { ...callOptions } });
  };
  const call = <R>(what: { readonly verb: CallVerb; readonly kind: Kind; readonly options: CallOptions | undefined }, make: () => Promise<R>): Promise<R> =>
    answer(faultOf(what.verb, what.kind, what.options), what.options, make);
  const base: Omit<Client, 'mutate' | 'mutateStatus'> = {
    get: (kind, key, o) => call({ verb: 'get', kind, options: o }, () => client.get(kind, key, o)),
    list: async (kind, o) => {
      const chosen = faultOf('list', kind, o);
      const list = await answer(chosen, o, () => client.list(kind, o));
      return chosen?.type === 'duplicate' ? twice(list) : list;
    },
    watch: (kind, o) =>
      new Observable((subscriber) => {
        watches.add(subscriber as Subscriber<never>);
        subscriber.add(() => watches.delete(subscriber as Subscriber<never>));
        subscriber.add(passOn(client.watch(kind, o), faultOf('watch', kind, o), { subscriber, clock }));
      }),
    create: (kind, object, o) => call({ verb: 'create', kind, options: o }, () => client.create(kind, object, o)),
    update: (kind, object, o) => call({ verb: 'update', kind, options: o }, () => client.update(kind, object, o)),
    patch: (kind, key, patch, o) => call({ verb: 'patch', kind, options: o }, () => client.patch(kind, key, patch, o)),
    apply: (kind, object, o) => call({ verb: 'apply', kind, options: o }, () => client.apply(kind, object, o)),
    delete: (kind, key, o) => call({ verb: 'delete', kind, options: o }, () => client.delete(kind, key, o)),
    deleteCollection: (kind, o) => call({ verb: 'deleteCollection', kind, options: o }, () => client.deleteCollection(kind, o)),
    createSubresource: (kind, key, subresource, body, o) =>
      call({ verb: 'createSubresource', kind, options: o }, () => client.createSubresource(kind, key, subresource, body, o)),
  };
  return {
    client: { ...base, ...createMutations(base, clock) },
    cutWatches(error) {
      for (const subscriber of [...watches]) end(subscriber, error);
    },
  };
}

function unreachable(): ApiError {
  return new ApiError('ServiceUnavailable', 'the connection to the server was lost');
}

async function answer<R>(fault: Fault | undefined, options: CallOptions | undefined, make: () => Promise<R>): Promise<R> {
  switch (fault?.type) {
    case 'fail':
      throw fault.error ?? unreachable();
    case 'stall':
      return await stalled(options?.signal);
    case 'lose':
      await make();
      throw fault.error ?? unreachable();
    default:
      return await make();
  }
}

function stalled(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    const onAbort = (): void => reject(signal?.reason as Error);
    if (signal?.aborted === true) onAbort();
    else signal?.addEventListener('abort', onAbort, { once: true });
  });
}

function twice<T extends KubernetesObject>(list: ObjectList<T>): ObjectList<T> {
  const items = list.items.flatMap((item) => [item, item]);
  return { apiVersion: list.apiVersion, kind: list.kind, metadata: list.metadata, items, [Symbol.iterator]: () => items[Symbol.iterator]() };
}

function end(subscriber: Subscriber<never>, error: Error | undefined): void {
  if (error === undefined) subscriber.complete();
  else subscriber.error(error);
}

/** Where a watch's events go. */
interface Target<T extends KubernetesObject> {
  readonly subscriber: Subscriber<WatchEvent<T>>;
  readonly clock: Clock;
}

function passOn<T extends KubernetesObject>(source: ObservableType<WatchEvent<T>>, fault: Fault | undefined, target: Target<T>): () => void {
  const { subscriber } = target;
  switch (fault?.type) {
    case 'fail':
    case 'lose':
      subscriber.error(fault.error ?? unreachable());
      return () => undefined;
    case 'stall':
      return () => undefined;
    case 'lag':
      return delayed(source, fault.lagMs, target);
    case 'cut':
      return upTo(source, fault.afterEvents, { subscriber, then: () => end(subscriber as Subscriber<never>, fault.error) });
    case 'silence':
      return upTo(source, fault.afterEvents, { subscriber, then: () => undefined });
    default: {
      const subscription = source.subscribe(subscriber);
      return () => subscription.unsubscribe();
    }
  }
}

function upTo<T extends KubernetesObject>(
  source: ObservableType<WatchEvent<T>>,
  limit: number,
  { subscriber, then }: { readonly subscriber: Subscriber<WatchEvent<T>>; readonly then: () => void },
): () => void {
  let events = 0;
  let isOver = limit <= 0;
  if (isOver) {
    then();
    return () => undefined;
  }
  const subscription = source.subscribe({
    next(event) {
      if (isOver) return;
      events += 1;
      subscriber.next(event);
      isOver = events >= limit;
      if (isOver) then();
    },
    error: (error: unknown) => isOver || subscriber.error(error),
    complete: () => isOver || subscriber.complete(),
  });
  return () => subscription.unsubscribe();
}

function delayed<T extends KubernetesObject>(source: ObservableType<WatchEvent<T>>, lagMs: number, { subscriber, clock }: Target<T>): () => void {
  const pending = new Set<() => void>();
  const later = (act: () => void): void => {
    const cancel = clock.after(lagMs, () => {
      pending.delete(cancel);
      act();
    });
    pending.add(cancel);
  };
  const subscription = source.subscribe({
    next: (event) => later(() => subscriber.next(event)),
    error: (error: unknown) => later(() => subscriber.error(error)),
    complete: () => later(() => subscriber.complete()),
  });
  return () => {
    subscription.unsubscribe();
    for (const cancel of pending) cancel();
  };
}
