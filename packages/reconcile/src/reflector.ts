import { ApiError, isApiError, isExpired, keyOf, sleep, systemClock, systemRandom } from '@kybern/core';
import type { Client, Clock, Kind, KubernetesObject, ListOptions, ObjectList, Random, SelectionOptions, WatchEvent, WatchOptions } from '@kybern/core';
import { toError } from './errors.ts';
import { withDeadline } from './internal/deadline.ts';
import { isIdleWatch, watchOnce } from './internal/watch-once.ts';

/** Where a reflector puts what it sees. Called synchronously, in order. */
export interface ReflectorSink<T extends KubernetesObject> {
  /** The whole selection as of one revision; replaces what was there. */
  replace(objects: readonly T[], resourceVersion: string): void;
  /** One change. */
  apply(type: 'ADDED' | 'MODIFIED' | 'DELETED', object: T): void;
  /** Everything up to this revision was seen. */
  advance(resourceVersion: string): void;
}

/** What a reflector is doing, as an item of `status$`. */
export type ReflectorStatus =
  | { readonly type: 'listing'; readonly via: 'watchList' | 'list' }
  /** A whole picture arrived. */
  | { readonly type: 'listed'; readonly resourceVersion: string; readonly objects: number }
  | { readonly type: 'watching'; readonly resourceVersion: string }
  /** Something went wrong, and what is done about it: go on from the last revision, or list again. The reflector goes on by itself. */
  | {
      readonly type: 'fault';
      readonly error: Error;
      readonly recovery: 'resume' | 'relist';
      readonly retryInMs: number;
      /** Which fault in a row it is, without any progress between them: from 1. */
      readonly attempt: number;
    }
  /** `run`'s signal aborted. */
  | { readonly type: 'stopped' };

/** How a reflector works; none of it needs to be set. */
export interface ReflectorTuning {
  /** How to get the first picture. `auto` asks for a WatchList and falls back to pages when the server has none. Default `auto`. */
  readonly initial?: 'auto' | 'list';
  /** Objects per page of a list. Default 500. */
  readonly pageSize?: number;
  /** A list page that takes longer is given up. Default 60,000. */
  readonly listTimeoutMs?: number;
  /** A watch without any event, bookmarks included, for so long (up to half as much more) is taken for dead and resumed. Default 150,000. */
  readonly idleTimeoutMs?: number;
  /** The server is asked to end watches after so long, plus up to as much again. Default 300,000. */
  readonly watchTimeoutMs?: number;
  /** Delay after the first fault in ms; doubles with each in a row, and up to as much again is added at random. Default 800. */
  readonly backoffBaseMs?: number;
  /** Longest delay in ms, before the random part. Default 30,000. */
  readonly backoffMaxMs?: number;
}

/** Options of {@link runReflector}. */
export interface ReflectorOptions<T extends KubernetesObject> {
  readonly client: Client;
  readonly kind: Kind<T>;
  readonly selection?: SelectionOptions;
  readonly sink: ReflectorSink<T>;
  readonly onStatus?: (status: ReflectorStatus) => void;
  readonly tuning?: ReflectorTuning;
  readonly clock?: Clock;
  readonly random?: Random;
}

/** @see kubernetes v1.36 staging/src/k8s.io/client-go/tools/cache/reflector.go (NewReflectorWithOptions) */
const DEFAULTS: Required<ReflectorTuning> = {
  initial: 'auto',
  pageSize: 500,
  listTimeoutMs: 60_000,
  idleTimeoutMs: 150_000,
  watchTimeoutMs: 300_000,
  backoffBaseMs: 800,
  backoffMaxMs: 30_000,
};

/** Marks the bookmark that ends the initial events of a WatchList. */
const INITIAL_EVENTS_END = 'k8s.io/initial-events-end';
/** A server that sends nothing for so long before that bookmark does not know WatchList. */
const INITIAL_EVENTS_IDLE_MS = 10_000;
/** After so many faults in a row a revision that cannot be resumed is given up, and everything is listed again. */
const RELIST_AFTER_FAULTS = 5;
/** After so many WatchLists in a row that did not come to their end, the first picture is asked for in pages, of which each is progress. */
const BROKEN_WATCH_LISTS = 2;
/** A watch that the server ends sooner, without an event, counts as a fault: otherwise it would be asked for in a tight loop. */
const SHORT_WATCH_MS = 1_000;

/** Everything that a reflector can be doing; each has one function, which returns what comes next. */
type State =
  | { readonly phase: 'watchList' }
  | { readonly phase: 'list' }
  | { readonly phase: 'watch'; readonly resourceVersion: string }
  | { readonly phase: 'verify'; readonly resourceVersion: string }
  | { readonly phase: 'wait'; readonly delayMs: number; readonly next: State };

/**
 * Mirrors the objects of one selection into `sink`: list (WatchList where the server has it), then watch, for ever. No fault ends it: it reports it
 * as a status, backs off with jitter, and goes on from its last revision, or lists again when that one is gone.
 *
 * @returns resolves when `signal` aborts and everything is torn down; never rejects
 * @see kubernetes v1.36 staging/src/k8s.io/client-go/tools/cache/reflector.go
 */
export async function runReflector<T extends KubernetesObject>(options: ReflectorOptions<T>, signal: AbortSignal): Promise<void> {
  await new Reflector(options, signal).run();
}

/** Lives as long as one {@link runReflector}. */
class Reflector<T extends KubernetesObject> {
  readonly #options: ReflectorOptions<T>;
  readonly #tuning: Required<ReflectorTuning>;
  readonly #signal: AbortSignal;
  readonly #clock: Clock;
  readonly #random: Random;
  #hasWatchList: boolean;
  /** WatchLists in a row that ended before their initial events did. */
  #brokenWatchLists = 0;
  /** Faults since the last sign of progress: an event, or a watch that lived. */
  #faults = 0;
  /** The last revision that was seen; undefined until there is a whole picture to go on from. */
  #revision: string | undefined;
  /** Invariant: set exactly while the initial events of a WatchList arrive. */
  #initial: InitialEvents<T> | undefined;

  constructor(options: ReflectorOptions<T>, signal: AbortSignal) {
    this.#options = options;
    this.#tuning = { ...DEFAULTS, ...options.tuning };
    this.#signal = signal;
    this.#clock = options.clock ?? systemClock();
    this.#random = options.random ?? systemRandom();
    this.#hasWatchList = this.#tuning.initial !== 'list';
  }

  async run(): Promise<void> {
    let state = this.#beginning();
    while (!this.#signal.aborted) {
      try {
        state = await this.#step(state);
      } catch (error) {
        if (!this.#signal.aborted) state = this.#recover(state, toError(error));
      }
    }
    this.#tell({ type: 'stopped' });
  }

  #step(state: State): Promise<State> {
    switch (state.phase) {
      case 'watchList':
        return this.#watchList();
      case 'list':
        return this.#list();
      case 'watch':
        return this.#watch(state.resourceVersion);
      case 'verify':
        return this.#verify(state.resourceVersion);
      case 'wait':
        return this.#wait(state);
    }
  }

  #beginning(): State {
    this.#revision = undefined;
    return { phase: this.#hasWatchList && this.#brokenWatchLists < BROKEN_WATCH_LISTS ? 'watchList' : 'list' };
  }

  async #wait(state: State & { phase: 'wait' }): Promise<State> {
    // Recovering is work in progress; a fault that persists is a state of affairs, for which nobody should wait.
    await sleep(this.#clock, state.delayMs, { signal: this.#signal, background: this.#faults > RELIST_AFTER_FAULTS });
    return state.next;
  }

  async #list(): Promise<State> {
    this.#tell({ type: 'listing', via: 'list' });
    const first = await this.#page({ limit: this.#tuning.pageSize });
    const items = first.metadata.continue ? [...first.items] : first.items;
    let page = first;
    while (page.metadata.continue) {
      try {
        page = await this.#page({ limit: this.#tuning.pageSize, continue: page.metadata.continue });
      } catch (error) {
        if (!isExpired(error)) throw error;
        page = await this.#page({});
        (items as T[]).length = 0;
      }
      for (const item of page.items) (items as T[]).push(item);
    }
    return { phase: 'watch', resourceVersion: this.#arrived(items, page.metadata.resourceVersion) };
  }

  #page(part: Pick<ListOptions, 'limit' | 'continue' | 'resourceVersion' | 'resourceVersionMatch'>): Promise<ObjectList<T>> {
    const { client, kind, selection } = this.#options;
    return withDeadline((signal) => client.list(kind, { ...selection, ...part, signal }), {
      clock: this.#clock,
      timeoutMs: this.#tuning.listTimeoutMs,
      onTimeout: () => new ApiError('Timeout', `the list of ${kind.plural} did not arrive within ${this.#tuning.listTimeoutMs} ms`),
      signal: this.#signal,
    });
  }

  /** A watch that begins with a picture of everything, and goes on as the watch from there. */
  async #watchList(): Promise<State> {
    this.#tell({ type: 'listing', via: 'watchList' });
    this.#initial = new InitialEvents<T>();
    try {
      return await this.#follow({ sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan' });
    } finally {
      this.#initial = undefined;
    }
  }

  #watch(resourceVersion: string): Promise<State> {
    this.#tell({ type: 'watching', resourceVersion });
    return this.#follow({ resourceVersion });
  }

  /**
   * Before resuming: asks whether the server has come as far as this revision. One that was restored, or restarted without its history, has not; it would take the watch all
   * the same, and be silent about everything up to that revision.
   */
  async #verify(resourceVersion: string): Promise<State> {
    await this.#page({ limit: 1, resourceVersion, resourceVersionMatch: 'NotOlderThan' });
    return { phase: 'watch', resourceVersion };
  }

  async #follow(from: WatchOptions): Promise<State> {
    const { client, kind, selection } = this.#options;
    const { watchTimeoutMs, idleTimeoutMs } = this.#tuning;
    const timeoutSeconds = Math.ceil((watchTimeoutMs * (1 + this.#random.next())) / 1000);
    const beganMs = this.#clock.monotonicMs();
    const { events } = await watchOnce<T>({
      open: () => client.watch(kind, { ...selection, ...from, allowWatchBookmarks: true, timeoutSeconds }),
      onEvent: (event) => this.#take(event),
      idleTimeoutMs: () => (this.#initial === undefined ? idleTimeoutMs : INITIAL_EVENTS_IDLE_MS),
      clock: this.#clock,
      signal: this.#signal,
    });
    if (this.#revision === undefined) throw new ApiError('ServiceUnavailable', `the watch of ${kind.plural} ended before its initial events did`);
    if (events === 0 && this.#clock.monotonicMs() - beganMs < SHORT_WATCH_MS) {
      throw new ApiError('ServiceUnavailable', `the watch of ${kind.plural} ended at once, without an event`);
    }
    this.#faults = 0;
    return { phase: 'verify', resourceVersion: this.#revision };
  }

  #take(event: WatchEvent<T>): void {
    if (this.#initial !== undefined) {
      this.#takeInitial(this.#initial, event);
      return;
    }
    this.#faults = 0;
    const { resourceVersion } = event.object.metadata;
    if (event.type !== 'BOOKMARK') this.#options.sink.apply(event.type, event.object);
    if (resourceVersion === undefined) return;
    this.#revision = resourceVersion;
    if (event.type === 'BOOKMARK') this.#options.sink.advance(resourceVersion);
  }

  #takeInitial(initial: InitialEvents<T>, event: WatchEvent<T>): void {
    if (event.type !== 'BOOKMARK') {
      initial.add(event.type, event.object);
      return;
    }
    if (event.object.metadata.annotations?.[INITIAL_EVENTS_END] !== 'true') return;
    this.#initial = undefined;
    const resourceVersion = this.#arrived(initial.objects(), event.object.metadata.resourceVersion);
    this.#tell({ type: 'watching', resourceVersion });
  }

  #arrived(objects: readonly T[], resourceVersion: string | undefined): string {
    if (resourceVersion === undefined || resourceVersion === '') throw new ApiError('InternalError', 'the list has no resourceVersion');
    this.#options.sink.replace(objects, resourceVersion);
    this.#revision = resourceVersion;
    this.#brokenWatchLists = 0;
    this.#tell({ type: 'listed', resourceVersion, objects: objects.length });
    return resourceVersion;
  }

  #recover(state: State, error: Error): State {
    if (state.phase === 'watchList' && this.#revision === undefined && refusesWatchList(error)) {
      this.#hasWatchList = false;
      return { phase: 'list' };
    }
    this.#faults += 1;
    if (state.phase === 'watchList' && this.#revision === undefined) this.#brokenWatchLists += 1;
    const isGone = isRevisionGone(error);
    const relist = this.#revision === undefined || isGone || this.#faults % RELIST_AFTER_FAULTS === 0;
    const next: State = relist || this.#revision === undefined ? this.#beginning() : { phase: 'verify', resourceVersion: this.#revision };
    const atOnce = this.#faults === 1 && (isGone || isIdleWatch(error));
    const delayMs = Math.max(atOnce ? 0 : this.#backoffMs(), retryAfterMs(error));
    this.#tell({ type: 'fault', error, recovery: relist ? 'relist' : 'resume', retryInMs: delayMs, attempt: this.#faults });
    return delayMs === 0 ? next : { phase: 'wait', delayMs, next };
  }

  #backoffMs(): number {
    const { backoffBaseMs, backoffMaxMs } = this.#tuning;
    return Math.min(backoffBaseMs * 2 ** (this.#faults - 1), backoffMaxMs) * (1 + this.#random.next());
  }

  #tell(status: ReflectorStatus): void {
    this.#options.onStatus?.(status);
  }
}

/** What a WatchList sent before its end bookmark: a plain list as long as there are only additions. */
class InitialEvents<T extends KubernetesObject> {
  readonly #list: T[] = [];
  #byKey: Map<string, T> | undefined;

  add(type: 'ADDED' | 'MODIFIED' | 'DELETED', object: T): void {
    if (type === 'ADDED' && this.#byKey === undefined) {
      this.#list.push(object);
      return;
    }
    this.#byKey ??= new Map(this.#list.map((item) => [keyOf(item), item]));
    if (type === 'DELETED') this.#byKey.delete(keyOf(object));
    else this.#byKey.set(keyOf(object), object);
  }

  objects(): readonly T[] {
    return this.#byKey === undefined ? this.#list : [...this.#byKey.values()];
  }
}

function refusesWatchList(error: Error): boolean {
  if (isIdleWatch(error)) return true;
  return (
    isApiError(error) &&
    (error.reason === 'Invalid' || error.reason === 'BadRequest' || error.reason === 'MethodNotAllowed' || error.reason === 'NotAcceptable')
  );
}

/** The server cannot go on from the revision it was asked for: too old, too new (it lost its history), or not one of its own. */
function isRevisionGone(error: Error): boolean {
  if (isExpired(error)) return true;
  if (!isApiError(error)) return false;
  const isTooNew = error.details?.causes?.some((cause) => cause.reason === 'ResourceVersionTooLarge') === true;
  return isTooNew || error.reason === 'Invalid' || error.reason === 'BadRequest';
}

function retryAfterMs(error: Error): number {
  return isApiError(error) ? (error.details?.retryAfterSeconds ?? 0) * 1000 : 0;
}
