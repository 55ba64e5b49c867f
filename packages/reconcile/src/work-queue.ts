import { systemClock, type Clock } from '@kybern/core';
import { QueueShutDownError } from './errors.ts';
import { DelayQueue } from './internal/delay-queue.ts';
import { FairRing } from './internal/fair-ring.ts';
import { Ring } from './internal/ring.ts';
import { noopMetrics, type Counter, type Gauge, type Histogram, type Metrics } from './metrics.ts';
import { defaultRateLimiter, type RateLimiter } from './rate-limiter.ts';

/** Options of {@link WorkQueue.add}. */
export interface AddOptions {
  /**
   * `low` is for work that nobody waits for, such as looking at everything after a start: it runs when there is nothing else to do, and at least every
   * {@link LOW_PRIORITY_SHARE}th time. Default `normal`. A key that is added with both has the higher one.
   */
  readonly priority?: 'normal' | 'low';
  /**
   * Where the key comes from. Sources take turns, so a storm of one of them does not delay the keys of the others. A key that is added by several waits in the place of the first.
   * At most a handful: each that was ever used is kept. Default: one that all share who name none; delayed keys have one of their own.
   */
  readonly source?: string;
}

/** Options of {@link WorkQueue.addAfter}. */
export interface AddAfterOptions {
  /** The wait is not work in progress: see `TimerOptions.background` of `@kybern/core`. Default false. */
  readonly background?: boolean;
}

/**
 * Keys of work to do. A data structure, not a stream:
 *
 * - a key that is added several times before it is taken is taken once;
 * - a key is with at most one taker: added while it is being processed, it is handed out again after {@link WorkQueue.done};
 * - keys of one priority and source come in the order in which they were added; sources take turns;
 * - nothing that was added is lost, until the queue is shut down.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/client-go/util/workqueue/queue.go
 */
export interface WorkQueue<K> {
  /** How many keys wait to be taken. Delayed ones are not among them. */
  readonly length: number;
  /** How many keys are being processed. */
  readonly processing: number;
  /** Ignored after {@link WorkQueue.shutDown}. */
  add(key: K, options?: AddOptions): void;
  /** Adds `key` in `delayMs`; of several delays the earliest counts. */
  addAfter(key: K, delayMs: number, options?: AddAfterOptions): void;
  /** Adds `key` when the rate limiter allows it. Returns the delay in ms. */
  addRateLimited(key: K): number;
  /** Drops a delayed add of `key`. */
  cancelDelayed(key: K): void;
  /** The key's failures are over: the rate limiter starts anew. */
  forget(key: K): void;
  /** How often in a row {@link WorkQueue.addRateLimited} was called for `key`. */
  failures(key: K): number;
  /** The next key, when there is one. The taker must call {@link WorkQueue.done}. @throws the signal's reason, or {@link QueueShutDownError} once shut down and empty */
  take(signal?: AbortSignal): Promise<K>;
  /** The next key, or undefined when none waits. */
  tryTake(): K | undefined;
  /** Ends the processing of `key`. */
  done(key: K): void;
  /** Nothing is added any more, delayed adds are dropped; what waits can still be taken. */
  shutDown(): void;
  /** {@link WorkQueue.shutDown}; resolves when everything was taken and done. */
  drain(): Promise<void>;
}

/** Options of {@link createWorkQueue}. */
export interface WorkQueueOptions<K> {
  /** Default: the system's. */
  readonly clock?: Clock;
  /** Default {@link defaultRateLimiter}. */
  readonly rateLimiter?: RateLimiter<K>;
  /** For errors and metrics. */
  readonly name?: string;
  readonly metrics?: Metrics;
  /** Is told whenever a key became ready to be taken, before `add` returns. */
  readonly onReady?: () => void;
}

/** A low-priority key is taken at least every so many takes. */
export const LOW_PRIORITY_SHARE = 16;

const DELAYED: AddOptions = Object.freeze({ source: 'delayed' });

/** Makes a {@link WorkQueue}. */
export function createWorkQueue<K>(options: WorkQueueOptions<K> = {}): WorkQueue<K> {
  return new KeyQueue<K>(options);
}

/** Invariant: the queue's map holds it iff `dirty` or `processing`. It waits in a ring iff `dirty` and not `processing`; in which one, `low` says. */
interface Entry<K> {
  readonly key: K;
  dirty: boolean;
  processing: boolean;
  low: boolean;
  source: string;
  addedMs: number;
}

interface Taker<K> {
  readonly resolve: (key: K) => void;
  readonly reject: (error: unknown) => void;
}

class KeyQueue<K> implements WorkQueue<K> {
  readonly #name: string;
  readonly #clock: Clock;
  readonly #limiter: RateLimiter<K>;
  readonly #onReady: (() => void) | undefined;
  readonly #figures: Figures | undefined;
  readonly #entries = new Map<K, Entry<K>>();
  /** Invariant: exactly the waiting entries that are not low. */
  readonly #normal = new FairRing<Entry<K>>();
  /** Invariant: the waiting entries that are low, and stale slots of entries that were raised since, which are skipped. */
  readonly #low = new Ring<Entry<K>>();
  readonly #delayed: DelayQueue<K>;
  readonly #delayedInBackground: DelayQueue<K>;
  readonly #takers = new Set<Taker<K>>();
  readonly #drained: (() => void)[] = [];
  #ready = 0;
  #processing = 0;
  /** Normal keys taken since the last low one. */
  #streak = 0;
  #shutDown = false;

  constructor(options: WorkQueueOptions<K>) {
    this.#name = options.name ?? '';
    this.#clock = options.clock ?? systemClock();
    this.#limiter = options.rateLimiter ?? defaultRateLimiter<K>(this.#clock);
    this.#onReady = options.onReady;
    const metrics = options.metrics ?? noopMetrics;
    this.#figures = metrics === noopMetrics ? undefined : createFigures(metrics, this.#name);
    const onDue = (key: K): void => this.add(key, DELAYED);
    this.#delayed = new DelayQueue<K>({ clock: this.#clock, background: false, onDue });
    this.#delayedInBackground = new DelayQueue<K>({ clock: this.#clock, background: true, onDue });
  }

  get length(): number {
    return this.#ready;
  }

  get processing(): number {
    return this.#processing;
  }

  add(key: K, options?: AddOptions): void {
    if (this.#shutDown) return;
    const low = options?.priority === 'low';
    const source = options?.source ?? '';
    const entry = this.#entries.get(key);
    if (entry?.dirty === true) {
      if (entry.low && !low) this.#raise(entry, source);
      return;
    }
    this.#figures?.adds.add(1);
    const addedMs = this.#figures === undefined ? 0 : this.#clock.monotonicMs();
    if (entry === undefined) {
      const added: Entry<K> = { key, dirty: true, processing: false, low, source, addedMs };
      this.#entries.set(key, added);
      this.#wait(added);
    } else {
      entry.dirty = true;
      entry.low = low;
      entry.source = source;
      entry.addedMs = addedMs;
    }
  }

  addAfter(key: K, delayMs: number, options?: AddAfterOptions): void {
    if (this.#shutDown) return;
    if (delayMs <= 0) {
      this.add(key);
      return;
    }
    const dueMs = this.#clock.monotonicMs() + delayMs;
    const [wanted, other] = options?.background === true ? [this.#delayedInBackground, this.#delayed] : [this.#delayed, this.#delayedInBackground];
    const otherDueMs = other.dueMs(key);
    if (otherDueMs !== undefined && otherDueMs <= dueMs) return;
    other.delete(key);
    wanted.set(key, dueMs);
  }

  addRateLimited(key: K): number {
    const delayMs = this.#limiter.next(key);
    this.#figures?.retries.add(1);
    this.addAfter(key, delayMs);
    return delayMs;
  }

  cancelDelayed(key: K): void {
    if (this.#delayed.size !== 0) this.#delayed.delete(key);
    if (this.#delayedInBackground.size !== 0) this.#delayedInBackground.delete(key);
  }

  forget(key: K): void {
    this.#limiter.forget(key);
  }

  failures(key: K): number {
    return this.#limiter.failures(key);
  }

  take(signal?: AbortSignal): Promise<K> {
    if (signal?.aborted === true) return Promise.reject(signal.reason as Error);
    const entry = this.#next();
    if (entry !== undefined) return Promise.resolve(entry.key);
    if (this.#shutDown) return Promise.reject(new QueueShutDownError(this.#name));
    return this.#takeLater(signal);
  }

  tryTake(): K | undefined {
    return this.#next()?.key;
  }

  done(key: K): void {
    const entry = this.#entries.get(key);
    if (entry?.processing !== true) return;
    entry.processing = false;
    this.#processing -= 1;
    if (entry.dirty) this.#wait(entry);
    else this.#entries.delete(key);
    this.#tellDrained();
  }

  shutDown(): void {
    this.#shutDown = true;
    this.#delayed.clear();
    this.#delayedInBackground.clear();
    for (const taker of [...this.#takers]) taker.reject(new QueueShutDownError(this.#name));
    this.#tellDrained();
  }

  drain(): Promise<void> {
    return new Promise((resolve) => {
      this.#drained.push(resolve);
      this.shutDown();
    });
  }

  #takeLater(signal: AbortSignal | undefined): Promise<K> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#takers.delete(taker);
        signal?.removeEventListener('abort', onAbort);
      };
      const taker: Taker<K> = {
        resolve: (key) => (leave(), resolve(key)),
        reject: (error) => (leave(), reject(error as Error)),
      };
      const onAbort = (): void => taker.reject(signal?.reason);
      this.#takers.add(taker);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  /** Puts an entry that just became takeable into its ring, or into the hands of one who waits for it. */
  #wait(entry: Entry<K>): void {
    if (entry.low) this.#low.push(entry);
    else this.#normal.push(entry.source, entry);
    this.#ready += 1;
    this.#figures?.depth.set(this.#ready);
    this.#onReady?.();
    if (this.#takers.size === 0) return;
    const next = this.#next();
    if (next === undefined) return;
    for (const taker of this.#takers) {
      taker.resolve(next.key);
      return;
    }
  }

  #raise(entry: Entry<K>, source: string): void {
    entry.low = false;
    entry.source = source;
    if (!entry.processing) this.#normal.push(source, entry);
  }

  #next(): Entry<K> | undefined {
    const entry = this.#pick();
    if (entry === undefined) return undefined;
    entry.dirty = false;
    entry.processing = true;
    this.#ready -= 1;
    this.#processing += 1;
    if (this.#figures !== undefined) {
      this.#figures.depth.set(this.#ready);
      this.#figures.waited.observe((this.#clock.monotonicMs() - entry.addedMs) / 1000);
    }
    return entry;
  }

  #pick(): Entry<K> | undefined {
    if (this.#normal.size > 0 && (this.#low.size === 0 || this.#streak < LOW_PRIORITY_SHARE - 1)) {
      this.#streak += 1;
      return this.#normal.shift();
    }
    for (let entry = this.#low.shift(); entry !== undefined; entry = this.#low.shift()) {
      if (!entry.dirty || entry.processing || !entry.low) continue;
      this.#streak = 0;
      return entry;
    }
    return this.#normal.shift();
  }

  #tellDrained(): void {
    if (!this.#shutDown || this.#entries.size > 0) return;
    for (const resolve of this.#drained.splice(0)) resolve();
  }
}

interface Figures {
  readonly depth: Gauge;
  readonly adds: Counter;
  readonly retries: Counter;
  readonly waited: Histogram;
}

/** @see kubernetes v1.36 staging/src/k8s.io/component-base/metrics/prometheus/workqueue/metrics.go */
function createFigures(metrics: Metrics, name: string): Figures {
  const labels = { name };
  return {
    depth: metrics.gauge('workqueue_depth', labels),
    adds: metrics.counter('workqueue_adds_total', labels),
    retries: metrics.counter('workqueue_retries_total', labels),
    waited: metrics.histogram('workqueue_queue_duration_seconds', labels),
  };
}
