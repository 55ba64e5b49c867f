import { keyOf, noopLogger, type Client, type Clock, type KubernetesObject, type Logger, type Random } from '@kybern/core';
import type { AbsentRequest, ControllerDefinition, ReconcileRequest } from '../controller.ts';
import type { ErrorSink } from '../error-sink.ts';
import { isTerminalError, ReconcileTimeoutError, toError } from '../errors.ts';
import type { EventRecorder } from '../event-recorder.ts';
import type { CachingInformer } from '../informer.ts';
import type { Metrics } from '../metrics.ts';
import { done, type ReconcileResult } from '../outcome.ts';
import type { ObservedReconcile, ReconcileObserver } from '../reconcile-observer.ts';
import { createWorkQueue, type WorkQueue } from '../work-queue.ts';
import { aborted, type CacheSet } from './cache-set.ts';
import { createControllerFigures, type ControllerFigures } from './controller-figures.ts';
import { enqueueMapped, enqueueObject, enqueueOwner, type KeySink } from './enqueue.ts';
import { OwnWrites } from './own-writes.ts';
import { ReconcileClient, type ReconcileClientDeps } from './reconcile-client.ts';
import { Turns } from './turns.ts';
import { WaitingRoom } from './waiting-room.ts';

/** What a manager gives to its controllers. */
export interface ControllerDeps {
  readonly client: Client;
  readonly cache: CacheSet;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly report: ErrorSink;
  readonly metrics: Metrics;
  /** A recorder whose events name `component` as their source. */
  readonly recorderFor: (component: string) => EventRecorder;
  readonly staleCacheTimeoutMs: number;
  readonly shutdownTimeoutMs: number;
  /** Throws when another replica may lead by now. */
  readonly assertLeading: () => void;
  /** The part of the keys that this run is for; undefined: all. */
  readonly shard: { readonly shard: number; owns(key: string): boolean } | undefined;
  readonly observer: ReconcileObserver | undefined;
}

/** One reconcile. Invariant: open until it settled or was given up; what it does afterwards has no effect. */
interface Attempt {
  readonly key: string;
  readonly beganMs: number;
  isOpen: boolean;
  /** Its place in the list of open attempts. */
  at: number;
  /** Ends the attempt's own signal, where it has one. */
  abort: AbortController | undefined;
  stopTimer: (() => void) | undefined;
  /** What observers are told of; undefined without one. */
  observed: ObservedReconcile | undefined;
}

/** Makes the informers and indexes that a controller reads. @throws {RangeError} when an index name is taken */
export function prepareCaches(definition: ControllerDefinition, cache: CacheSet): readonly CachingInformer<KubernetesObject>[] {
  for (const { kind, name, by } of definition.indexes ?? []) cache.informer(kind).addIndex(name, by);
  return informersOf(definition, cache);
}

/** One term of one controller: from when its manager leads until it stops to. */
export class ControllerRun {
  readonly #definition: ControllerDefinition;
  readonly #deps: ControllerDeps;
  readonly #signal: AbortSignal;
  readonly #objects: CachingInformer<KubernetesObject>;
  readonly #informers: readonly CachingInformer<KubernetesObject>[];
  readonly #queue: WorkQueue<string>;
  /** The way into the queue for keys of events: those of other shards go no further. */
  readonly #sink: KeySink;
  readonly #writes: OwnWrites;
  /** Keys that were taken, and wait for the caches to show what they wrote. */
  readonly #waiting: WaitingRoom;
  readonly #turns: Turns;
  readonly #figures: ControllerFigures | undefined;
  readonly #recorder: EventRecorder;
  readonly #random: Random;
  readonly #clientDeps: ReconcileClientDeps;
  readonly #logger: Logger;
  /** Invariant: exactly the open attempts, `#attempts[attempt.at] === attempt`. A list and no set: it is changed twice per reconcile. */
  readonly #attempts: Attempt[] = [];
  #attemptCount = 0;
  #isRunning = false;
  #isPumping = false;
  #isPumpScheduled = false;
  #onIdle: (() => void) | undefined;

  constructor(definition: ControllerDefinition, deps: ControllerDeps, signal: AbortSignal) {
    const { cache, clock, metrics, shard } = deps;
    const name = shard === undefined ? definition.name : `${definition.name}/${shard.shard}`;
    this.#definition = definition;
    this.#deps = deps;
    this.#signal = signal;
    this.#informers = informersOf(definition, cache);
    this.#objects = cache.informer(definition.for);
    this.#queue = createWorkQueue<string>({ clock, name, metrics, onReady: () => this.#pumpSoon() });
    this.#sink = observedSink(
      shard === undefined ? this.#queue : { add: (key, options) => shard.owns(key) && this.#queue.add(key, options) },
      definition.name,
      deps.observer,
    );
    this.#writes = new OwnWrites(cache);
    this.#clientDeps = { client: deps.client, writes: this.#writes, assertLeading: deps.assertLeading };
    this.#waiting = new WaitingRoom({
      clock,
      writes: this.#writes,
      timeoutMs: deps.staleCacheTimeoutMs,
      onLeave: (key, behind, waitedMs) => this.#stopWaiting(key, behind, waitedMs),
    });
    this.#turns = new Turns(clock);
    this.#figures = createControllerFigures(metrics, name);
    this.#recorder = deps.recorderFor(definition.name);
    this.#random = deps.random.fork(`controller/${name}`);
    this.#logger = deps.logger === noopLogger ? noopLogger : deps.logger.with({ controller: name, kind: definition.for.kind });
  }

  /** Reconciles until the signal aborts and what was running has ended. */
  async run(): Promise<void> {
    const detach = this.#attach();
    try {
      await Promise.race([Promise.all(this.#informers.map((informer) => informer.synced)), aborted(this.#signal)]);
      if (this.#signal.aborted) return;
      const stopResync = this.#resyncLater();
      this.#isRunning = true;
      this.#pump();
      await aborted(this.#signal);
      stopResync();
    } finally {
      for (const off of detach) off();
      await this.#end();
    }
  }

  #attach(): (() => void)[] {
    const { predicates = [], owns = [], watches = [], laterWatches, for: kind } = this.#definition;
    const { cache } = this.#deps;
    const detach = [
      this.#objects.addHandler(enqueueObject(this.#sink, predicates)),
      ...owns.map((owned) => cache.informer(owned).addHandler(enqueueOwner(this.#sink, { owner: kind, owned }))),
      ...watches.map((watch) => cache.informer(watch.kind).addHandler(enqueueMapped(this.#sink, watch, cache))),
    ];
    if (laterWatches === undefined) return detach;
    const stop = laterWatches((watch, indexes = []) => {
      const informer = cache.informer(watch.kind);
      for (const { name, by } of indexes) informer.addIndex(name, by);
      detach.push(informer.addHandler(enqueueMapped(this.#sink, watch, cache)));
    });
    detach.push(stop);
    return detach;
  }

  async #end(): Promise<void> {
    this.#isRunning = false;
    this.#turns.stop();
    this.#queue.shutDown();
    for (const key of this.#waiting.clear()) this.#queue.done(key);
    for (const attempt of this.#attempts) attempt.abort?.abort(this.#signal.reason);
    if (this.#attempts.length === 0) return;
    await new Promise<void>((resolve) => {
      const { clock, shutdownTimeoutMs } = this.#deps;
      const stopTimer = clock.after(shutdownTimeoutMs, () => (this.#abandon(), resolve()), { background: true });
      this.#onIdle = () => (stopTimer(), resolve());
    });
  }

  /** What ignores its signal cannot be ended; it can only be left behind, with a client that refuses to work. */
  #abandon(): void {
    for (const attempt of this.#attempts) {
      attempt.isOpen = false;
      this.#report(new ReconcileTimeoutError(this.#deps.shutdownTimeoutMs), {
        key: attempt.key,
        attempt: this.#queue.failures(attempt.key) + 1,
        retryInMs: undefined,
      });
    }
    this.#attempts.length = 0;
  }

  #resyncLater(): () => void {
    const { resyncMs } = this.#definition;
    if (resyncMs === undefined) return () => undefined;
    let cancel: () => void;
    const resync = (): void => {
      for (const object of this.#objects.list()) this.#sink.add(keyOf(object), { priority: 'low' });
      cancel = this.#deps.clock.after(resyncMs, resync, { background: true });
    };
    cancel = this.#deps.clock.after(resyncMs, resync, { background: true });
    return () => cancel();
  }

  /** Not at once: what arrives together is reconciled once, and after all handlers were told. */
  #pumpSoon(): void {
    if (this.#isPumpScheduled || this.#isPumping || !this.#isRunning || this.#turns.isResting) return;
    this.#isPumpScheduled = true;
    void SOON.then(() => {
      this.#isPumpScheduled = false;
      this.#pump();
    });
  }

  #pump(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    while (this.#isRunning && this.#attempts.length < this.#definition.concurrency && !this.#turns.isResting) {
      const key = this.#queue.tryTake();
      if (key === undefined) {
        this.#turns.end();
        break;
      }
      if (!this.#writes.isCaughtUp(key)) this.#waiting.enter(key);
      else if (!this.#postponed(key)) this.#start(key);
      if (this.#turns.step()) this.#turns.rest(() => this.#pump());
    }
    this.#isPumping = false;
  }

  /** Whether the observer wants the key later. */
  #postponed(key: string): boolean {
    const delayMs = this.#deps.observer?.postponeMs?.(this.#definition.name, key) ?? 0;
    if (delayMs <= 0) return false;
    this.#queue.done(key);
    this.#queue.addAfter(key, delayMs);
    return true;
  }

  #stopWaiting(key: string, behind: readonly string[], waitedMs: number): void {
    this.#figures?.lagSeconds.observe(waitedMs / 1000);
    if (behind.length > 0) {
      this.#figures?.staleCache.add(1);
      this.#logger.warn('the cache does not show what this key wrote; reconciling all the same', { key, behind, waitedMs });
    }
    this.#queue.done(key);
    this.#queue.add(key);
  }

  #start(key: string): void {
    const attempt: Attempt = {
      key,
      beganMs: this.#figures === undefined ? 0 : this.#deps.clock.monotonicMs(),
      isOpen: true,
      at: this.#attempts.length,
      abort: undefined,
      stopTimer: undefined,
      observed: undefined,
    };
    this.#attempts.push(attempt);
    this.#attemptCount += 1;
    this.#figures?.active.set(this.#attempts.length);
    this.#queue.cancelDelayed(key);
    try {
      const result = this.#call(attempt);
      if (result === undefined) this.#succeed(attempt, done());
      else
        Promise.resolve(result).then(
          (value) => this.#succeed(attempt, value),
          (error: unknown) => this.#fail(attempt, error),
        );
    } catch (error) {
      this.#fail(attempt, error);
    }
  }

  /** Undefined when there is nothing to call. */
  #call(attempt: Attempt): Promise<ReconcileResult> | undefined {
    const { key } = attempt;
    const object = this.#objects.getExact(key);
    if (object === undefined && this.#definition.onAbsent === undefined) return undefined;
    const signal = this.#definition.timeoutMs === undefined ? this.#signal : this.#limit(attempt, this.#definition.timeoutMs);
    const request = {
      key,
      object,
      client: new ReconcileClient(this.#observe(attempt), key, signal),
      cache: this.#deps.cache,
      signal,
      clock: this.#deps.clock,
      random: this.#random,
      logger: this.#logger === noopLogger ? noopLogger : this.#logger.with({ key, reconcileId: this.#attemptCount }),
      recorder: this.#recorder,
    };
    return isPresent(request) ? this.#definition.reconcile(request) : this.#definition.onAbsent?.(request);
  }

  /** Tells the observer of the attempt; what the attempt's client works with. */
  #observe(attempt: Attempt): ReconcileClientDeps {
    const { observer, client } = this.#deps;
    if (observer === undefined) return this.#clientDeps;
    attempt.observed = { controller: this.#definition.name, key: attempt.key, id: this.#attemptCount };
    return { ...this.#clientDeps, client: observer.began?.(attempt.observed, client) ?? client };
  }

  #limit(attempt: Attempt, timeoutMs: number): AbortSignal {
    attempt.abort = new AbortController();
    const onTimeout = (): void => {
      const error = new ReconcileTimeoutError(timeoutMs);
      attempt.abort?.abort(error);
      this.#fail(attempt, error);
    };
    attempt.stopTimer = this.#deps.clock.after(timeoutMs, onTimeout, { background: true });
    return attempt.abort.signal;
  }

  #succeed(attempt: Attempt, result: ReconcileResult): void {
    if (!attempt.isOpen) return;
    const { key } = attempt;
    switch (result?.type) {
      case 'done':
        this.#queue.forget(key);
        this.#close(attempt, 'success');
        return;
      case 'requeueAfter':
        this.#queue.forget(key);
        this.#queue.addAfter(key, result.afterMs, result);
        this.#close(attempt, 'requeue_after');
        return;
      default:
        this.#fail(attempt, new TypeError('a reconcile must return done() or requeueAfter()'));
    }
  }

  #fail(attempt: Attempt, thrown: unknown): void {
    if (!attempt.isOpen) return;
    const { key } = attempt;
    const error = toError(thrown);
    const count = this.#queue.failures(key) + 1;
    const isLast = isTerminalError(error) || count >= (this.#definition.maxAttempts ?? Infinity) || this.#signal.aborted;
    let retryInMs: number | undefined;
    if (isLast) this.#queue.forget(key);
    else retryInMs = this.#queue.addRateLimited(key);
    const isShutdown = this.#signal.aborted && (thrown === this.#signal.reason || error.name === 'AbortError');
    if (!isShutdown) this.#report(error, { key, attempt: count, retryInMs });
    this.#close(attempt, isLast ? 'terminal_error' : 'error');
  }

  #report(error: Error, where: { readonly key: string; readonly attempt: number; readonly retryInMs: number | undefined }): void {
    this.#deps.report(error, { source: 'reconcile', controller: this.#definition.name, kind: this.#definition.for.kind, ...where });
  }

  #dropAttempt(attempt: Attempt): void {
    const last = this.#attempts.pop() as Attempt;
    if (last === attempt) return;
    last.at = attempt.at;
    this.#attempts[attempt.at] = last;
  }

  #close(attempt: Attempt, result: keyof ControllerFigures['results']): void {
    attempt.isOpen = false;
    attempt.stopTimer?.();
    this.#dropAttempt(attempt);
    if (attempt.observed !== undefined) this.#deps.observer?.ended?.(attempt.observed, result);
    if (this.#figures !== undefined) {
      this.#figures.results[result].add(1);
      this.#figures.seconds.observe((this.#deps.clock.monotonicMs() - attempt.beganMs) / 1000);
      this.#figures.active.set(this.#attempts.length);
    }
    this.#queue.done(attempt.key);
    if (this.#isRunning) this.#pump();
    else if (this.#attempts.length === 0) this.#onIdle?.();
  }
}

const SOON = Promise.resolve();

function observedSink(sink: KeySink, controller: string, observer: ReconcileObserver | undefined): KeySink {
  if (observer?.enqueued === undefined) return sink;
  return {
    add(key, options) {
      observer.enqueued?.(controller, key);
      sink.add(key, options);
    },
  };
}

function isPresent(request: AbsentRequest & { readonly object: KubernetesObject | undefined }): request is ReconcileRequest {
  return request.object !== undefined;
}

function informersOf(definition: ControllerDefinition, cache: CacheSet): readonly CachingInformer<KubernetesObject>[] {
  const { owns = [], watches = [], reads = [], indexes = [] } = definition;
  const kinds = [definition.for, ...owns, ...watches.map(({ kind }) => kind), ...reads, ...indexes.map(({ kind }) => kind)];
  return [...new Set(kinds.map((kind) => cache.informer(kind)))];
}
