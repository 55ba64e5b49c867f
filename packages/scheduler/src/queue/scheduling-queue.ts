import { systemClock, type Clock } from '@kybern/core';
import { checkedStatus, thrownStatus } from '../engine/checked-call.ts';
import type { Profile } from '../engine/profile.ts';
import type { Bin } from '../engine/snapshot.ts';
import type { Status, StatusResult } from '../engine/status.ts';
import { SchedulerConfigError } from '../errors.ts';
import type { ClusterEvent } from './cluster-event.ts';
import { EventInterests, isWorthAnotherAttempt, type Interest } from './event-interests.ts';
import { InFlight } from './in-flight.ts';
import { KeyedHeap, type HeapElement } from './keyed-heap.ts';
import type { QueuedItem } from './queued-item.ts';

/** Options of {@link SchedulingQueue}. */
export interface SchedulingQueueOptions<Item, B extends Bin> {
  /** The profiles whose items are queued here. The first one's order counts for all. */
  readonly profiles: readonly Profile<Item, B>[];
  /** The profile of an item; default the first. */
  readonly profileOf?: (item: Item) => Profile<Item, B>;
  /** The key under which an item is queued. */
  readonly keyOf: (item: Item) => string;
  readonly clock?: Clock;
  /** Back-off after the first failed attempt, doubled after each further one; default 1 s. */
  readonly initialBackoffMs?: number;
  /** The longest back-off; default 10 s. */
  readonly maxBackoffMs?: number;
  /** An item that no event brought back for so long is tried again all the same; default 5 min. */
  readonly maxUnschedulableMs?: number;
  /** Is told of items that PreEnqueue holds back because of an error. */
  readonly onGateError?: (item: Item, status: Status) => void;
}

/** How an attempt failed. */
export interface FailedAttempt {
  /** The plugins that turned the item down; none of either kind means an error. */
  readonly unschedulablePlugins: ReadonlySet<string>;
  readonly pendingPlugins: ReadonlySet<string>;
}

/** Where an item waits. */
type Place = 'active' | 'backoff' | 'errorBackoff' | 'unschedulable' | 'gated' | 'inFlight';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

interface Entry<Item> extends Mutable<QueuedItem<Item>>, HeapElement {
  readonly key: string;
  place: Place;
  /** Order of entry, so that equal items keep theirs. */
  order: number;
  backoffUntilMs: number;
}

/** @see kubernetes v1.36 pkg/scheduler/backend/queue/backoff_queue.go (backoffQOrderingWindowDuration) */
const BACKOFF_WINDOW_MS = 1000;
const FLUSH_EVERY_MS = 30_000;
const NOBODY: ReadonlySet<string> = new Set();

/**
 * The items that wait to be placed: active (to be tried next), backing off, unschedulable (until an event that can cure them, or for 5 minutes), and
 * gated by a PreEnqueue plugin.
 *
 * Invariants: an item is in exactly one place; `#entries` has all of them; an item in flight comes back only by {@link retry}, and
 * leaves by {@link done} or {@link delete}. Nothing is ever lost: every rejection waits for its plugins' events and for the flush.
 *
 * @see kubernetes v1.36 pkg/scheduler/backend/queue/scheduling_queue.go
 */
export class SchedulingQueue<Item, B extends Bin = Bin> {
  readonly #options: SchedulingQueueOptions<Item, B>;
  readonly #clock: Clock;
  readonly #interests: ReadonlyMap<Profile<Item, B>, EventInterests<Item, B>>;
  readonly #first: Profile<Item, B>;
  readonly #profileOf: (item: Item) => Profile<Item, B>;
  readonly #entries = new Map<string, Entry<Item>>();
  readonly #active: KeyedHeap<Entry<Item>>;
  readonly #backoff: KeyedHeap<Entry<Item>>;
  readonly #errorBackoff: KeyedHeap<Entry<Item>>;
  /** Entries whose place is `unschedulable` or `gated`, in the order in which they came there. */
  readonly #waiting = new Map<string, Entry<Item>>();
  /** The same entries by each plugin that holds them: most events concern few of those who wait. */
  readonly #heldBy = new Map<string, Set<Entry<Item>>>();
  readonly #inFlight = new InFlight();
  #order = 0;
  #wake: (() => void) | undefined;

  constructor(options: SchedulingQueueOptions<Item, B>) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock();
    const [first] = options.profiles;
    if (first === undefined) throw new SchedulerConfigError('profiles', 'there must be at least one');
    this.#first = first;
    this.#profileOf = options.profileOf ?? (() => first);
    this.#interests = new Map(options.profiles.map((profile) => [profile, new EventInterests(profile.plugins)]));
    const less = (a: Entry<Item>, b: Entry<Item>): boolean => this.#less(a, b);
    this.#active = new KeyedHeap(less);
    this.#backoff = new KeyedHeap((a, b) => {
      const [left, right] = [windowOf(a.backoffUntilMs), windowOf(b.backoffUntilMs)];
      return left === right ? less(a, b) : left < right;
    });
    this.#errorBackoff = new KeyedHeap((a, b) => a.backoffUntilMs < b.backoffUntilMs || (a.backoffUntilMs === b.backoffUntilMs && a.order < b.order));
  }

  /** How many items are in each place. */
  get sizes(): Readonly<Record<Exclude<Place, 'errorBackoff'>, number>> {
    const gated = [...this.#waiting.values()].filter(({ place }) => place === 'gated').length;
    return {
      active: this.#active.size,
      backoff: this.#backoff.size + this.#errorBackoff.size,
      unschedulable: this.#waiting.size - gated,
      gated,
      inFlight: this.#inFlight.size,
    };
  }

  /** The item under `key`, wherever it is. */
  get(key: string): QueuedItem<Item> | undefined {
    return this.#entries.get(key);
  }

  /** Puts a new item in. One that is known already is updated. */
  add(item: Item): void {
    const key = this.#options.keyOf(item);
    if (this.#entries.has(key)) {
      this.update(item, []);
      return;
    }
    const nowMs = this.#clock.monotonicMs();
    const entry: Entry<Item> = {
      key,
      item,
      timestampMs: nowMs,
      firstSeenMs: nowMs,
      attempts: 0,
      unschedulableCount: 0,
      consecutiveErrors: 0,
      unschedulablePlugins: NOBODY,
      pendingPlugins: NOBODY,
      gatedBy: undefined,
      place: 'gated',
      order: this.#order++,
      backoffUntilMs: 0,
      position: -1,
    };
    this.#entries.set(key, entry);
    this.#enqueue(entry, 'active');
  }

  /**
   * Replaces an item that changed.
   *
   * @param events what the change amounts to; empty when nothing that plugins register for
   */
  update(item: Item, events: readonly ClusterEvent[]): void {
    const entry = this.#entries.get(this.#options.keyOf(item));
    if (entry === undefined) {
      this.add(item);
      return;
    }
    entry.item = item;
    if (entry.place === 'active') this.#active.update(entry);
    else if (entry.place === 'backoff') this.#backoff.update(entry);
    else if (entry.place === 'inFlight') for (const event of events) this.#inFlight.record(event);
    else if (entry.place !== 'errorBackoff') for (const event of events) if (this.#reconsider(entry, event)) break;
  }

  /** Forgets an item: it was deleted, or placed by somebody else. */
  delete(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#leave(entry);
    this.#entries.delete(key);
    this.#inFlight.end(key);
  }

  /** Something happened: brings back the items that it may have cured. */
  notify(event: ClusterEvent): void {
    if (!this.#isInteresting(event)) return;
    this.#inFlight.record(event);
    if (this.#heldBy.size === 0) return;
    for (const entry of this.#heldByInterested(event)) this.#reconsider(entry, event);
  }

  /** Those who wait for a plugin that wants to hear of the event. */
  #heldByInterested(event: ClusterEvent): ReadonlySet<Entry<Item>> {
    const entries = new Set<Entry<Item>>();
    for (const interests of this.#interests.values()) {
      for (const { plugin } of interests.of(event)) for (const entry of this.#heldBy.get(plugin) ?? []) entries.add(entry);
    }
    return entries;
  }

  #isInteresting(event: ClusterEvent): boolean {
    for (const interests of this.#interests.values()) if (interests.of(event).length > 0) return true;
    return false;
  }

  /** The next item to try, now in flight; undefined when there is none at the moment. When nothing else is to do, a back-off is cut short. */
  pop(): QueuedItem<Item> | undefined {
    this.#flushBackoff();
    const entry = this.#active.pop() ?? this.#backoff.pop();
    if (entry === undefined) return undefined;
    entry.place = 'inFlight';
    entry.attempts += 1;
    this.#inFlight.begin(entry.key);
    return entry;
  }

  /** The next item to try, as soon as there is one. @throws the signal's reason */
  async take(signal: AbortSignal): Promise<QueuedItem<Item>> {
    for (;;) {
      signal.throwIfAborted();
      const entry = this.pop();
      if (entry !== undefined) return entry;
      await this.#somethingToDo(signal);
    }
  }

  /** The attempt at an item in flight succeeded, or the item is no longer wanted. Without effect when it was deleted meanwhile. */
  done(queued: QueuedItem<Item>): void {
    if (this.#entryInFlight(queued) === undefined) return;
    this.#inFlight.end(queued.key);
    this.#entries.delete(queued.key);
  }

  /** The attempt failed: the item waits for an event that can cure it, or, after an error, for its back-off. Without effect when it was deleted meanwhile. */
  retry(queued: QueuedItem<Item>, attempt: FailedAttempt): void {
    const entry = this.#entryInFlight(queued);
    if (entry === undefined) return;
    const events = this.#inFlight.end(entry.key);
    entry.timestampMs = this.#clock.monotonicMs();
    entry.unschedulablePlugins = attempt.unschedulablePlugins;
    entry.pendingPlugins = attempt.pendingPlugins;
    if (attempt.unschedulablePlugins.size === 0 && attempt.pendingPlugins.size === 0) {
      entry.consecutiveErrors += 1;
      entry.backoffUntilMs = entry.timestampMs + this.#backoffMs(entry.consecutiveErrors);
      this.#enqueue(entry, 'errorBackoff');
      return;
    }
    entry.consecutiveErrors = 0;
    if (attempt.unschedulablePlugins.size > 0) entry.unschedulableCount += 1;
    entry.backoffUntilMs = entry.timestampMs + this.#backoffMs(entry.unschedulableCount);
    this.#wait(entry, 'unschedulable');
    for (const event of events) if (this.#reconsider(entry, event)) break;
  }

  /** Tries again, after their back-off, the items that no event brought back for too long. Call it every {@link FLUSH_EVERY_MS}. */
  flushUnschedulable(): void {
    const nowMs = this.#clock.monotonicMs();
    const limitMs = this.#options.maxUnschedulableMs ?? 300_000;
    for (const entry of [...this.#waiting.values()]) {
      if (entry.place === 'unschedulable' && nowMs - entry.timestampMs > limitMs) this.#enqueue(entry, this.#isBackingOff(entry) ? 'backoff' : 'active');
    }
  }

  /** Calls {@link flushUnschedulable} until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      let cancel: () => void = () => undefined;
      const tick = (): void => {
        this.flushUnschedulable();
        cancel = this.#clock.after(FLUSH_EVERY_MS, tick, { background: true });
      };
      const stop = (): void => {
        cancel();
        resolve();
      };
      if (signal.aborted) {
        resolve();
        return;
      }
      cancel = this.#clock.after(FLUSH_EVERY_MS, tick, { background: true });
      signal.addEventListener('abort', stop, { once: true });
    });
  }

  /** The entry that {@link pop} gave out, unless it was deleted (and perhaps added anew) since. */
  #entryInFlight(queued: QueuedItem<Item>): Entry<Item> | undefined {
    const entry = this.#entries.get(queued.key);
    return entry === queued && entry.place === 'inFlight' ? entry : undefined;
  }

  /** Brings a waiting item back if the event is worth it. */
  #reconsider(entry: Entry<Item>, event: ClusterEvent): boolean {
    const interests = this.#interests.get(this.#profileOf(entry.item))?.of(event) ?? [];
    const interested = interests.filter(({ plugin }) => isHeldBy(entry, plugin));
    const curing = interested.filter(({ registrations }: Interest<Item>) => isWorthAnotherAttempt(registrations, entry.item, event));
    if (curing.length === 0) return false;
    const atOnce = curing.some(({ plugin }) => entry.pendingPlugins.has(plugin));
    this.#enqueue(entry, !atOnce && this.#isBackingOff(entry) ? 'backoff' : 'active');
    return true;
  }

  /** Moves an item to where it can be popped from, unless a PreEnqueue plugin holds it. */
  #enqueue(entry: Entry<Item>, place: 'active' | 'backoff' | 'errorBackoff'): void {
    const gate = this.#gate(entry.item);
    if (gate !== undefined) {
      this.#hold(entry, gate);
      return;
    }
    this.#leave(entry);
    entry.gatedBy = undefined;
    entry.place = place;
    this.#heapOf(place).push(entry);
    this.#wake?.();
  }

  /** An item that is gated by mistake (the plugin failed) is tried again like one that was turned down. */
  #hold(entry: Entry<Item>, gate: Status): void {
    const isError = gate.code === 'Error';
    if (isError) {
      this.#options.onGateError?.(entry.item, gate);
      entry.timestampMs = this.#clock.monotonicMs();
      entry.unschedulablePlugins = new Set([gate.plugin ?? '']);
    }
    entry.gatedBy = isError ? undefined : gate.plugin;
    this.#wait(entry, isError ? 'unschedulable' : 'gated');
  }

  #wait(entry: Entry<Item>, place: 'unschedulable' | 'gated'): void {
    this.#leave(entry);
    entry.place = place;
    this.#waiting.set(entry.key, entry);
    for (const plugin of holdersOf(entry)) {
      let held = this.#heldBy.get(plugin);
      if (held === undefined) this.#heldBy.set(plugin, (held = new Set()));
      held.add(entry);
    }
  }

  #leave(entry: Entry<Item>): void {
    if (this.#waiting.delete(entry.key)) for (const held of this.#heldBy.values()) held.delete(entry);
    if (entry.position >= 0) this.#heapOf(entry.place).remove(entry);
  }

  #heapOf(place: Place): KeyedHeap<Entry<Item>> {
    if (place === 'active') return this.#active;
    return place === 'backoff' ? this.#backoff : this.#errorBackoff;
  }

  #gate(item: Item): StatusResult {
    for (const plugin of this.#profileOf(item).preEnqueue) {
      try {
        const status = checkedStatus(plugin.name, 'PreEnqueue', plugin.preEnqueue(item));
        if (status !== undefined) return status;
      } catch (error) {
        return thrownStatus(plugin.name, 'PreEnqueue', error);
      }
    }
    return undefined;
  }

  #flushBackoff(): void {
    const nowMs = this.#clock.monotonicMs();
    for (let first = this.#backoff.peek(); first !== undefined && !this.#isBackingOff(first); first = this.#backoff.peek()) this.#activate(first);
    for (let first = this.#errorBackoff.peek(); first !== undefined && first.backoffUntilMs <= nowMs; first = this.#errorBackoff.peek()) this.#activate(first);
  }

  #activate(entry: Entry<Item>): void {
    this.#leave(entry);
    entry.place = 'active';
    this.#active.push(entry);
  }

  #isBackingOff(entry: Entry<Item>): boolean {
    return windowOf(entry.backoffUntilMs) > windowOf(this.#clock.monotonicMs());
  }

  #backoffMs(failures: number): number {
    const { initialBackoffMs = 1000, maxBackoffMs = 10_000 } = this.#options;
    return failures <= 0 ? 0 : Math.min(maxBackoffMs, initialBackoffMs * 2 ** Math.min(failures - 1, 60));
  }

  #less(a: Entry<Item>, b: Entry<Item>): boolean {
    const less = this.#first.queueSort?.less;
    if (less === undefined) return a.timestampMs === b.timestampMs ? a.order < b.order : a.timestampMs < b.timestampMs;
    if (less(a, b)) return true;
    return !less(b, a) && a.order < b.order;
  }

  async #somethingToDo(signal: AbortSignal): Promise<void> {
    const next = this.#errorBackoff.peek();
    await new Promise<void>((resolve) => {
      const cancel = next === undefined ? undefined : this.#clock.after(Math.max(0, next.backoffUntilMs - this.#clock.monotonicMs()), () => this.#wake?.());
      this.#wake = () => {
        this.#wake = undefined;
        cancel?.();
        signal.removeEventListener('abort', onAbort);
        resolve();
      };
      const onAbort = (): void => this.#wake?.();
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }
}

function windowOf(timeMs: number): number {
  return Math.floor(timeMs / BACKOFF_WINDOW_MS);
}

function holdersOf<Item>({ place, gatedBy, unschedulablePlugins, pendingPlugins }: Entry<Item>): Iterable<string> {
  if (place === 'gated') return gatedBy === undefined ? NOBODY : [gatedBy];
  return pendingPlugins.size === 0 ? unschedulablePlugins : [...unschedulablePlugins, ...pendingPlugins];
}

function isHeldBy<Item>(entry: Entry<Item>, plugin: string): boolean {
  if (entry.place === 'gated') return entry.gatedBy === plugin;
  return entry.unschedulablePlugins.has(plugin) || entry.pendingPlugins.has(plugin);
}
