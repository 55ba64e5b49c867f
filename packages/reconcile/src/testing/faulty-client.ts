import { ApiError, createMutations, sleep, systemClock } from '@kybern/core';
import type { Client, Clock, Kind, KubernetesObject, ObjectKey, ObjectList, SelectionOptions, WatchEvent } from '@kybern/core';
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
  /** The object that it is about; undefined for lists, watches, and objects that get their name from the server. */
  readonly key: ObjectKey | undefined;
  /** What {@link FaultyClientOptions.context} gave when the call was made. */
  readonly context: unknown;
}

/** What goes wrong with a call. */
export type Fault =
  /** The server is not reached, or refuses: nothing happens there. `then` is called when it goes wrong. */
  | { readonly type: 'fail'; readonly error?: Error; readonly then?: () => void }
  /** The server does it, but the answer does not arrive. `then` is called when the server has done it. */
  | { readonly type: 'lose'; readonly error?: Error; readonly then?: () => void }
  /** Neither answer nor error, until the call's signal aborts. */
  | { readonly type: 'stall' }
  /** It takes its time: on the way there, and on the way back. */
  | { readonly type: 'slow'; readonly beforeMs?: number; readonly afterMs?: number }
  /** A list has every object twice. */
  | { readonly type: 'duplicate' }
  /** A watch ends after so many events, bookmarks included: with the error, or as if the server ended it. */
  | { readonly type: 'cut'; readonly afterEvents: number; readonly error?: Error }
  /** A watch ends with the first event of this revision or a newer one, which is passed on. */
  | { readonly type: 'cutAt'; readonly revision: number; readonly error?: Error }
  /** A watch is silent after so many events, and stays open. */
  | { readonly type: 'silence'; readonly afterEvents: number }
  /** A watch's events arrive so much later, in order: a stale cache. */
  | { readonly type: 'lag'; readonly lagMs: number }
  /** Each event of a watch has a fate of its own. None overtakes another. */
  | { readonly type: 'events'; readonly fate: (event: WatchEvent<KubernetesObject>) => EventFate }
  /** A watch has no bookmarks, except the one that ends the initial events. */
  | { readonly type: 'noBookmarks' }
  /** A list or a watch that begins with what exists is served by a server that is behind: it shows this older revision, and the watch goes on from there `forMs` later. */
  | { readonly type: 'past'; readonly revision: number; readonly forMs: number };

/** What becomes of one event: it is late by so many ms (0: not at all), it never arrives (bookmarks only, others have to), or the watch ends in its place. */
export type EventFate = number | 'withhold' | { readonly end: Error | undefined };

/** Looks on: for timelines. Called synchronously; must not throw. */
export interface CallObserver {
  /** A watch's event is passed on now; `delivered` follows when the watcher has taken it. */
  delivering?(call: Call, event: WatchEvent<KubernetesObject>): void;
  delivered?(call: Call, event: WatchEvent<KubernetesObject>): void;
  /** The server has answered; whether the answer arrives is another question. */
  answered?(call: Call, answer: unknown): void;
}

/** Options of {@link createFaultyClient}. */
export interface FaultyClientOptions {
  readonly client: Client;
  /** Chooses the fault of a call; undefined: none. */
  readonly fault: (call: Call) => Fault | undefined;
  readonly observe?: CallObserver;
  /** On whose behalf a call is made; asked when it is made. */
  readonly context?: () => unknown;
  /** For `lag` and `slow`, and for what `mutate` needs. */
  readonly clock?: Clock;
}

/** A client between the one under test and the server, where things go wrong on demand. */
export interface FaultyClient {
  readonly client: Client;
  /** Ends all watches that are open now: with the error, or as if the server ended them. */
  cutWatches(error?: Error): void;
}

const NO_OPTIONS: Readonly<Record<string, unknown>> = Object.freeze({});

/**
 * Wraps a client so that calls fail as networks and servers make them fail. What it passes on is the wrapped client's own.
 *
 * @example createFaultyClient({ client, fault: ({ verb, nth }) => (verb === 'watch' && nth === 1 ? { type: 'cut', afterEvents: 3 } : undefined) })
 */
export function createFaultyClient(options: FaultyClientOptions): FaultyClient {
  const { client, fault, observe, clock = systemClock() } = options;
  const counts = new Map<string, number>();
  const watches = new Set<Subscriber<never>>();
  const begin = (verb: CallVerb, kind: Kind, callOptions: object | undefined, key?: ObjectKey): Call => {
    const id = `${verb} ${kind.group}/${kind.plural}`;
    const nth = (counts.get(id) ?? 0) + 1;
    counts.set(id, nth);
    return { verb, kind, nth, key, context: options.context?.(), options: (callOptions as Readonly<Record<string, unknown>> | undefined) ?? NO_OPTIONS };
  };
  const call = async <R>(begun: Call, make: () => Promise<R>): Promise<R> => {
    const chosen = fault(begun);
    const asked = observe?.answered === undefined ? make : () => make().then((answer) => (observe.answered?.(begun, answer), answer));
    return await (chosen === undefined ? asked() : answer(chosen, { begun, clock, client }, asked));
  };
  const base: Omit<Client, 'mutate' | 'mutateStatus'> = {
    get: (kind, key, o) => call(begin('get', kind, o, key), () => client.get(kind, key, o)),
    list: (kind, o) => call(begin('list', kind, o), () => client.list(kind, o)),
    watch: (kind, o) =>
      new Observable((subscriber) => {
        watches.add(subscriber as Subscriber<never>);
        subscriber.add(() => watches.delete(subscriber as Subscriber<never>));
        const begun = begin('watch', kind, o);
        const chosen = fault(begun);
        const sink = observe === undefined ? subscriber : observed(subscriber, begun, observe);
        subscriber.add(passOn((more) => client.watch(kind, { ...o, ...more }), chosen, { subscriber: sink, clock, client, begun }));
      }),
    create: (kind, object, o) => call(begin('create', kind, o, named(kind, object)), () => client.create(kind, object, o)),
    update: (kind, object, o) => call(begin('update', kind, o, named(kind, object)), () => client.update(kind, object, o)),
    patch: (kind, key, patch, o) => call(begin('patch', kind, o, key), () => client.patch(kind, key, patch, o)),
    apply: (kind, object, o) => call(begin('apply', kind, o, named(kind, object)), () => client.apply(kind, object, o)),
    delete: (kind, key, o) => call(begin('delete', kind, o, key), () => client.delete(kind, key, o)),
    deleteCollection: (kind, o) => call(begin('deleteCollection', kind, o), () => client.deleteCollection(kind, o)),
    createSubresource: (kind, key, subresource, body, o) =>
      call(begin('createSubresource', kind, { ...o, subresource }, key), () => client.createSubresource(kind, key, subresource, body, o)),
  };
  return {
    client: { ...base, ...createMutations(base, clock) },
    cutWatches(error) {
      for (const subscriber of [...watches]) end(subscriber, error);
    },
  };
}

/** The name of an object that has one already. */
function named(kind: Kind, object: object): ObjectKey | undefined {
  const { name, namespace } = (object as { readonly metadata?: { readonly name?: string; readonly namespace?: string } }).metadata ?? {};
  if (name === undefined) return undefined;
  return kind.scope === 'Cluster' || namespace === undefined ? { name } : { name, namespace };
}

function unreachable(): ApiError {
  return new ApiError('ServiceUnavailable', 'the connection to the server was lost');
}

/** What a fault works with. */
interface Faulted {
  readonly begun: Call;
  readonly clock: Clock;
  readonly client: Client;
}

async function answer<R>(fault: Fault, { begun, clock, client }: Faulted, make: () => Promise<R>): Promise<R> {
  const signal = begun.options['signal'] as AbortSignal | undefined;
  switch (fault.type) {
    case 'fail':
      fault.then?.();
      throw fault.error ?? unreachable();
    case 'stall':
      return await stalled(signal);
    case 'lose':
      await make();
      fault.then?.();
      throw fault.error ?? unreachable();
    case 'slow':
      await wait(clock, fault.beforeMs, signal);
      try {
        return await make();
      } finally {
        await wait(clock, fault.afterMs, signal);
      }
    case 'duplicate': {
      const whole = await make();
      return begun.verb === 'list' ? (twice(whole as ObjectList<KubernetesObject>) as R) : whole;
    }
    case 'past':
      if (begun.verb !== 'list' || begun.options['continue'] !== undefined) return await make();
      return (await client.list(begun.kind, { ...begun.options, resourceVersion: String(fault.revision), resourceVersionMatch: 'Exact' })) as R;
    default:
      return await make();
  }
}

async function wait(clock: Clock, delayMs: number | undefined, signal: AbortSignal | undefined): Promise<void> {
  if (delayMs !== undefined && delayMs > 0) await sleep(clock, delayMs, signal === undefined ? {} : { signal });
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

/** Where events go. */
type Sink<T extends KubernetesObject> = Pick<Subscriber<WatchEvent<T>>, 'next' | 'error' | 'complete'>;

function observed<T extends KubernetesObject>(subscriber: Subscriber<WatchEvent<T>>, call: Call, observe: CallObserver): Sink<T> {
  return {
    next(event) {
      observe.delivering?.(call, event);
      subscriber.next(event);
      observe.delivered?.(call, event);
    },
    error: (error) => subscriber.error(error),
    complete: () => subscriber.complete(),
  };
}

function end(subscriber: Pick<Subscriber<never>, 'error' | 'complete'>, error: Error | undefined): void {
  if (error === undefined) subscriber.complete();
  else subscriber.error(error);
}

/** Where a watch's events go, and what its faults work with. */
interface Target<T extends KubernetesObject> extends Faulted {
  readonly subscriber: Sink<T>;
}

type Open<T extends KubernetesObject> = (more?: { readonly resourceVersion: string; readonly sendInitialEvents: false }) => ObservableType<WatchEvent<T>>;

function passOn<T extends KubernetesObject>(open: Open<T>, fault: Fault | undefined, target: Target<T>): () => void {
  const { subscriber } = target;
  switch (fault?.type) {
    case 'fail':
    case 'lose':
      fault.then?.();
      subscriber.error(fault.error ?? unreachable());
      return () => undefined;
    case 'stall':
      return () => undefined;
    case 'lag':
      return delayed(open(), () => fault.lagMs, target);
    case 'events':
      return delayed(open(), fault.fate, target);
    case 'slow':
      return delayed(open(), () => (fault.beforeMs ?? 0) + (fault.afterMs ?? 0), target);
    case 'cut':
      return upTo(open(), { subscriber, isLast: countTo(fault.afterEvents), isOver: fault.afterEvents <= 0, then: () => end(subscriber, fault.error) });
    case 'cutAt':
      return upTo(open(), { subscriber, isLast: reaches(fault.revision), isOver: false, then: () => end(subscriber, fault.error) });
    case 'silence':
      return upTo(open(), { subscriber, isLast: countTo(fault.afterEvents), isOver: fault.afterEvents <= 0, then: () => undefined });
    case 'noBookmarks':
      return subscribe(open(), { ...bind(subscriber), next: (event) => isPlainBookmark(event) || subscriber.next(event) });
    case 'past':
      return begins(target.begun) ? fromThePast(open, fault, target) : subscribe(open(), subscriber);
    default:
      return subscribe(open(), subscriber);
  }
}

function subscribe<T extends KubernetesObject>(source: ObservableType<WatchEvent<T>>, sink: Sink<T>): () => void {
  const subscription = source.subscribe(sink);
  return () => subscription.unsubscribe();
}

function bind<T extends KubernetesObject>(sink: Sink<T>): Sink<T> {
  return { next: (event) => sink.next(event), error: (error) => sink.error(error), complete: () => sink.complete() };
}

const countTo = (limit: number): (() => boolean) => {
  let events = 0;
  return () => ++events >= limit;
};

const reaches =
  (revision: number): ((event: WatchEvent<KubernetesObject>) => boolean) =>
  ({ object }) =>
    Number(object.metadata.resourceVersion) >= revision;

function isPlainBookmark({ type, object }: WatchEvent<KubernetesObject>): boolean {
  return type === 'BOOKMARK' && object.metadata.annotations?.[INITIAL_EVENTS_END] === undefined;
}

const INITIAL_EVENTS_END = 'k8s.io/initial-events-end';

/** Whether a watch begins with what exists. */
function begins({ options }: Call): boolean {
  return options['sendInitialEvents'] === true || options['resourceVersion'] === undefined;
}

/** What exists comes from an older revision; what happened since comes `forMs` later. */
function fromThePast<T extends KubernetesObject>(open: Open<T>, fault: Extract<Fault, { type: 'past' }>, target: Target<T>): () => void {
  const { begun, client, clock, subscriber } = target;
  const resourceVersion = String(fault.revision);
  let stop: () => void = () => undefined;
  let isOver = false;
  const { namespace, labels, labelSelector, fieldSelector } = begun.options as SelectionOptions;
  const selection = Object.fromEntries(Object.entries({ namespace, labels, labelSelector, fieldSelector }).filter(([, value]) => value !== undefined));
  const show = async (): Promise<void> => {
    const list = await client.list(begun.kind, { ...selection, resourceVersion, resourceVersionMatch: 'Exact' });
    if (isOver) return;
    for (const object of list.items) subscriber.next({ type: 'ADDED', object: object as T });
    if (begun.options['sendInitialEvents'] === true)
      subscriber.next({ type: 'BOOKMARK', object: { metadata: { resourceVersion, annotations: { [INITIAL_EVENTS_END]: 'true' } } } });
    stop = clock.after(fault.forMs, () => {
      stop = subscribe(open({ resourceVersion, sendInitialEvents: false }), subscriber);
    });
  };
  show().catch((error: unknown) => isOver || subscriber.error(error));
  return () => {
    isOver = true;
    stop();
  };
}

function upTo<T extends KubernetesObject>(
  source: ObservableType<WatchEvent<T>>,
  part: { readonly subscriber: Sink<T>; readonly isLast: (event: WatchEvent<T>) => boolean; readonly isOver: boolean; readonly then: () => void },
): () => void {
  const { subscriber, isLast, then } = part;
  let { isOver } = part;
  if (isOver) {
    then();
    return () => undefined;
  }
  const subscription = source.subscribe({
    next(event) {
      if (isOver) return;
      subscriber.next(event);
      isOver = isLast(event);
      if (isOver) then();
    },
    error: (error: unknown) => isOver || subscriber.error(error),
    complete: () => isOver || subscriber.complete(),
  });
  return () => subscription.unsubscribe();
}

function delayed<T extends KubernetesObject>(
  source: ObservableType<WatchEvent<T>>,
  fate: (event: WatchEvent<KubernetesObject>) => EventFate,
  { subscriber, clock }: Target<T>,
): () => void {
  const pending = new Set<() => void>();
  /** In their order, which timers that are due at the same time may not change: whichever fires takes the first. */
  const queue: (() => void)[] = [];
  /** Invariant: nothing that comes later is passed on before this. */
  let earliestMs = 0;
  let isOver = false;
  const later = (delayMs: number, act: () => void): void => {
    const nowMs = clock.monotonicMs();
    const dueMs = Math.max(earliestMs, nowMs + delayMs);
    earliestMs = dueMs;
    if (dueMs <= nowMs && pending.size === 0) return act();
    queue.push(act);
    const cancel = clock.after(dueMs - nowMs, () => {
      pending.delete(cancel);
      queue.shift()?.();
    });
    pending.add(cancel);
  };
  const subscription = source.subscribe({
    next(event) {
      if (isOver) return;
      const chosen = fate(event);
      if (chosen === 'withhold') return;
      if (typeof chosen === 'number') return later(chosen, () => subscriber.next(event));
      isOver = true;
      later(0, () => end(subscriber, chosen.end));
    },
    error: (error: unknown) => isOver || later(0, () => subscriber.error(error)),
    complete: () => isOver || later(0, () => subscriber.complete()),
  });
  return () => {
    subscription.unsubscribe();
    for (const cancel of pending) cancel();
  };
}
