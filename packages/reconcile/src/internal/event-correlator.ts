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
  /** When its message was last new among the similar ones: a count of the group's quiet times. */
  era: number;
}

/** @see kubernetes v1.36 staging/src/k8s.io/client-go/tools/record/events_cache.go (defaults) */
const CACHE_SIZE = 4096;
const SPAM_BURST = 25;
const SPAM_REFILL_MS = 300_000;
const MAX_SIMILAR = 10;
const SIMILAR_WITHIN_MS = 600_000;
/** Of one object: more reasons than its burst lets through. */
const MAX_GROUPS = 64;

/** Between the parts of a key: in no name, and in no word that a program calls a reason. */
const SEPARATOR = '\0';

/** What is remembered of one object. */
interface Subject {
  tokens: number;
  filledMs: number;
  /** By all but the message: by type, reason and action. */
  readonly groups: LruMap<string, Group>;
}

/** The events of one object that differ only in their message. */
interface Group {
  lastMs: number;
  /** Goes up after each quiet time; then all messages are new again. */
  era: number;
  /** How many messages this era has seen: at most {@link MAX_SIMILAR}. */
  messages: number;
  /** The first message, which mostly stays the only one, and its record. */
  readonly message: string;
  readonly record: EventRecord;
  /** Those of the other messages; what earlier eras had is still counted on. */
  others: LruMap<string, EventRecord> | undefined;
  /** What the messages beyond the limit become. */
  combined: EventRecord | undefined;
}

/**
 * Decides what becomes of each event: repetitions are counted, more than {@link MAX_SIMILAR} events that differ only in their message become one, and one
 * object's events are limited to a burst and a slow refill. Time is given, so it is repeatable.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/client-go/tools/record/events_cache.go (EventCorrelator)
 */
export class EventCorrelator {
  readonly #subjects = new LruMap<string, Subject>(CACHE_SIZE);

  plan({ kind, metadata }: KubernetesObject, { type, reason, action = '', message }: EventDetails, nowMs: number): EventPlan {
    const about = `${metadata.uid ?? ''}${SEPARATOR}${kind}${SEPARATOR}${metadata.namespace ?? ''}${SEPARATOR}${metadata.name}`;
    const subject = this.#subjects.use(about, () => ({ tokens: SPAM_BURST, filledMs: nowMs, groups: new LruMap(MAX_GROUPS) }));
    const group = subject.groups.use(`${reason}${SEPARATOR}${action}${SEPARATOR}${type}`, () => newGroup(message, nowMs));
    const record = recordOf(group, message, nowMs);
    record.count += 1;
    if (!takeToken(subject, nowMs)) return { type: 'skip' };
    const text = record === group.combined ? `(combined from similar events): ${message}` : message;
    return { type: record.count === 1 ? 'create' : 'repeat', message: text, record };
  }
}

function newGroup(message: string, nowMs: number): Group {
  return { lastMs: nowMs, era: 0, messages: 0, message, record: newRecord(nowMs), others: undefined, combined: undefined };
}

function newRecord(firstMs: number): EventRecord {
  return { name: undefined, count: 0, firstMs, era: -1 };
}

/** The Event on which a message of the group is counted. */
function recordOf(group: Group, message: string, nowMs: number): EventRecord {
  if (nowMs - group.lastMs > SIMILAR_WITHIN_MS) {
    group.era += 1;
    group.messages = 0;
  }
  group.lastMs = nowMs;
  const known = message === group.message ? group.record : group.others?.get(message);
  if (known?.era === group.era) return known;
  if (group.messages >= MAX_SIMILAR) return (group.combined ??= newRecord(nowMs));
  const record = known ?? newRecord(nowMs);
  if (record !== group.record) (group.others ??= new LruMap(MAX_SIMILAR)).set(message, record);
  record.era = group.era;
  group.messages += 1;
  return record;
}

/** Whether the object's burst still lets an event through. */
function takeToken(subject: Subject, nowMs: number): boolean {
  subject.tokens = Math.min(SPAM_BURST, subject.tokens + (nowMs - subject.filledMs) / SPAM_REFILL_MS);
  subject.filledMs = nowMs;
  if (subject.tokens < 1) return false;
  subject.tokens -= 1;
  return true;
}
