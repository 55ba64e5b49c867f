import type { KubernetesObject } from '@kybern/core';
import type { EventDetails } from '../event-recorder.ts';
import { LruMap } from './lru-map.ts';

/** What to write for something that happened. */
export type EventPlan =
  | { readonly type: 'skip' }
  | { readonly type: 'create'; readonly message: string; readonly record: EventRecord }
  /** The Event exists: only its count, time and message change. */
  | { readonly type: 'repeat'; readonly message: string; readonly record: EventRecord };

/** One Event of the cluster. */
export interface EventRecord {
  /** Set once it was created. */
  name: string | undefined;
  count: number;
  readonly firstMs: number;
}

/** @see kubernetes v1.36 staging/src/k8s.io/client-go/tools/record/events_cache.go (defaults) */
const CACHE_SIZE = 4096;
const SPAM_BURST = 25;
const SPAM_REFILL_MS = 300_000;
const MAX_SIMILAR = 10;
const SIMILAR_WITHIN_MS = 600_000;

/** Between the parts of a key: in no name, and in no word that a program calls a reason. The message, which may hold anything, comes last. */
const SEPARATOR = '\0';

interface Bucket {
  tokens: number;
  filledMs: number;
}

interface Similar {
  /** Most groups never see a second message, and need no set. */
  readonly first: string;
  others: Set<string> | undefined;
  lastMs: number;
}

/**
 * Decides what becomes of each event: repetitions are counted, more than {@link MAX_SIMILAR} events that differ only in their message become one, and one
 * object's events are limited to a burst and a slow refill. Time is given, so it is repeatable.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/client-go/tools/record/events_cache.go (EventCorrelator)
 */
export class EventCorrelator {
  readonly #similar = new LruMap<string, Similar>(CACHE_SIZE);
  readonly #records = new LruMap<string, EventRecord>(CACHE_SIZE);
  readonly #buckets = new LruMap<string, Bucket>(CACHE_SIZE);

  plan(object: KubernetesObject, details: EventDetails, nowMs: number): EventPlan {
    const { kind, apiVersion, metadata } = object;
    const about = [apiVersion, kind, metadata.namespace, metadata.name, metadata.uid].join(SEPARATOR);
    const group = [about, details.type, details.reason, details.action].join(SEPARATOR);
    const isCombined = this.#isCombined(group, details.message, nowMs);
    const message = isCombined ? `(combined from similar events): ${details.message}` : details.message;
    const record = this.#records.use(isCombined ? group : `${group}${SEPARATOR}${message}`, () => ({ name: undefined, count: 0, firstMs: nowMs }));
    record.count += 1;
    if (!this.#takeToken(about, nowMs)) return { type: 'skip' };
    return { type: record.count === 1 ? 'create' : 'repeat', message, record };
  }

  #isCombined(group: string, message: string, nowMs: number): boolean {
    let similar = this.#similar.use(group, () => ({ first: message, others: undefined, lastMs: nowMs }));
    if (nowMs - similar.lastMs > SIMILAR_WITHIN_MS) this.#similar.set(group, (similar = { first: message, others: undefined, lastMs: nowMs }));
    similar.lastMs = nowMs;
    if (message === similar.first || similar.others?.has(message) === true) return false;
    similar.others ??= new Set();
    if (similar.others.size >= MAX_SIMILAR - 1) return true;
    similar.others.add(message);
    return false;
  }

  #takeToken(about: string, nowMs: number): boolean {
    const bucket = this.#buckets.use(about, () => ({ tokens: SPAM_BURST, filledMs: nowMs }));
    bucket.tokens = Math.min(SPAM_BURST, bucket.tokens + (nowMs - bucket.filledMs) / SPAM_REFILL_MS);
    bucket.filledMs = nowMs;
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }
}
