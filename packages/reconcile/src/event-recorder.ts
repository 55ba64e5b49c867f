import { ApiError, formatTime, isApiError, isNotFound, noopLogger, randomInt, sleep, systemClock, systemRandom } from '@kybern/core';
import type { Client, Clock, KubernetesObject, Logger, ObjectInput, Random } from '@kybern/core';
import { Event } from '@kybern/core/kinds/core-v1';
import { createErrorSink, type ErrorSink } from './error-sink.ts';
import { toError } from './errors.ts';
import { SerialDeadline } from './internal/deadline.ts';
import { EventCorrelator, type EventPlan, type EventRecord } from './internal/event-correlator.ts';

/** What happened, for people. */
export interface EventDetails {
  readonly type: 'Normal' | 'Warning';
  /** Why, in one CamelCase word that programs may match on. */
  readonly reason: string;
  /** A sentence. */
  readonly message: string;
  /** What was done or failed, in one CamelCase word. */
  readonly action?: string;
}

/** Records events about objects, as `kubectl describe` shows them. */
export interface EventRecorder {
  /** Records in the background: never throws, never blocks. Repetitions are counted on one Event, and one object cannot flood the cluster. */
  event(object: KubernetesObject, details: EventDetails): void;
  /** Resolves when everything recorded so far is written or given up. From now on, what fails is not tried again. */
  flush(): Promise<void>;
}

/** Options of {@link createEventRecorder}. */
export interface EventRecorderOptions {
  readonly client: Client;
  /** Who reports, such as `deployment-controller`. */
  readonly component: string;
  /** The node it reports from. */
  readonly host?: string;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly logger?: Logger;
  readonly onError?: ErrorSink;
}

/**
 * Events that wait to be written; more are dropped, and that is reported. Higher than Kubernetes' 1,000, for a cluster in virtual time records the events
 * of thousands of objects in one instant; a waiting event is about as large as its message.
 */
const QUEUE_LIMIT = 10_000;
/** @see kubernetes v1.36 staging/src/k8s.io/client-go/tools/record/event.go (maxTriesPerEvent, defaultSleepDuration) */
const MAX_TRIES = 12;
const RETRY_MS = 10_000;
/** A write that is not answered by then is given up. */
const WRITE_TIMEOUT_MS = 10_000;

/**
 * Makes an {@link EventRecorder} that writes core/v1 Events: aggregated, counted and limited per object.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/client-go/tools/record/event.go
 */
export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  return new BackgroundRecorder(options);
}

/** One Event to write. The object is the one that it is about. */
interface Task {
  readonly object: KubernetesObject;
  readonly details: EventDetails;
  readonly plan: Exclude<EventPlan, { type: 'skip' }>;
  readonly atMs: number;
}

class BackgroundRecorder implements EventRecorder {
  readonly #client: Client;
  readonly #source: { readonly component: string; readonly host?: string };
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #logger: Logger;
  readonly #report: ErrorSink;
  readonly #correlator = new EventCorrelator();
  readonly #deadline: SerialDeadline;
  /** What waits to be written, in order; a repetition of what waits already is written with it. */
  readonly #tasks = new Map<EventRecord, Task>();
  /** Failures are not tried again any more. */
  #isHurried = false;
  /** Ends the pause before the next try, if there is one. */
  #pause: AbortController | undefined;
  /** Invariant: set exactly while tasks are being written. */
  #writing: Promise<void> | undefined;

  constructor(options: EventRecorderOptions) {
    this.#client = options.client;
    this.#source = { component: options.component, ...(options.host === undefined ? {} : { host: options.host }) };
    this.#clock = options.clock ?? systemClock();
    this.#random = options.random ?? systemRandom();
    this.#logger = options.logger ?? noopLogger;
    this.#report = createErrorSink(this.#logger, options.onError);
    const onTimeout = (): Error => new ApiError('Timeout', `the event was not written within ${WRITE_TIMEOUT_MS} ms`);
    this.#deadline = new SerialDeadline({ clock: this.#clock, timeoutMs: WRITE_TIMEOUT_MS, onTimeout });
  }

  event(object: KubernetesObject, details: EventDetails): void {
    const atMs = this.#clock.now();
    const plan = this.#correlator.plan(object, details, atMs);
    if (plan.type === 'skip') return;
    if (this.#tasks.size >= QUEUE_LIMIT && !this.#tasks.has(plan.record)) {
      this.#failed(new Error(`more than ${QUEUE_LIMIT} events wait to be written; one was dropped`));
      return;
    }
    this.#tasks.set(plan.record, { object, details, plan, atMs });
    this.#writing ??= this.#writeAll();
  }

  async flush(): Promise<void> {
    this.#isHurried = true;
    this.#pause?.abort();
    await this.#writing;
    this.#deadline.rest();
  }

  async #writeAll(): Promise<void> {
    // Not at once: the caller's work comes first.
    await Promise.resolve();
    for (const [record, task] of this.#tasks) {
      this.#tasks.delete(record);
      await this.#writeSafely(task);
    }
    this.#writing = undefined;
  }

  async #writeSafely(task: Task): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        await this.#deadline.run((signal) => this.#write(task, signal));
        return;
      } catch (error) {
        if (isFinal(error) || tries >= MAX_TRIES || this.#isHurried) {
          if (isNamespaceGone(error)) this.#logger.debug('an event was refused, for its namespace is going', { error });
          else this.#failed(error);
          return;
        }
        await this.#rest(RETRY_MS * (0.5 + this.#random.next()));
      }
    }
  }

  /** Resolves after a time, or when {@link flush} is called. */
  async #rest(ms: number): Promise<void> {
    this.#pause = new AbortController();
    await sleep(this.#clock, ms, { signal: this.#pause.signal }).catch(() => undefined);
    this.#pause = undefined;
  }

  #write(task: Task, signal: AbortSignal): Promise<void> {
    const namespace = task.object.metadata.namespace ?? 'default';
    return task.plan.type === 'repeat' && task.plan.record.name !== undefined
      ? this.#repeat(task, { namespace, name: task.plan.record.name }, signal)
      : this.#create(task, namespace, signal);
  }

  async #repeat(task: Task, key: { readonly namespace: string; readonly name: string }, signal: AbortSignal): Promise<void> {
    const { plan, atMs } = task;
    try {
      const patch = { count: plan.record.count, lastTimestamp: formatTime(atMs), message: plan.message };
      await this.#client.patch(Event, key, { type: 'merge', patch }, { signal });
    } catch (error) {
      if (!isNotFound(error)) throw error;
      await this.#create(task, key.namespace, signal);
    }
  }

  async #create({ object, details, plan, atMs }: Task, namespace: string, signal: AbortSignal): Promise<void> {
    const { record } = plan;
    const { metadata } = object;
    const { action } = details;
    const lastTimestamp = formatTime(atMs);
    const event: ObjectInput<Event> = {
      metadata: { name: this.#name(metadata.name, atMs), namespace },
      involvedObject: { ...referenceTo(object) },
      type: details.type,
      reason: details.reason,
      message: plan.message,
      ...(action === undefined ? {} : { action }),
      count: record.count,
      firstTimestamp: record.firstMs === atMs ? lastTimestamp : formatTime(record.firstMs),
      lastTimestamp,
      source: this.#source,
      reportingComponent: this.#source.component,
      reportingInstance: this.#source.host ?? '',
    };
    const created = await this.#client.create(Event, event, { signal });
    record.name = created.metadata.name;
  }

  /** The object's name and the time in ns, which are ms here and random below. */
  #name(objectName: string, atMs: number): string {
    const ns = BigInt(Math.floor(atMs)) * 1_000_000n + BigInt(randomInt(this.#random, 1_000_000));
    return `${objectName}.${ns.toString(16)}`;
  }

  #failed(error: unknown): void {
    this.#report(toError(error), { source: 'background', what: `recording events of ${this.#source.component}` });
  }
}

function referenceTo(object: KubernetesObject): ObjectInput<Event>['involvedObject'] {
  const { namespace, name, uid, resourceVersion } = object.metadata;
  return {
    apiVersion: object.apiVersion,
    kind: object.kind,
    name,
    ...(namespace === undefined ? {} : { namespace }),
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
  };
}

/** The server understood the request and refused it: another try gets the same answer. */
function isFinal(error: unknown): boolean {
  return isApiError(error) && error.code >= 400 && error.code < 500 && error.reason !== 'TooManyRequests' && error.reason !== 'AlreadyExists';
}

function isNamespaceGone(error: unknown): boolean {
  if (isNotFound(error)) return true;
  return isApiError(error) && error.details?.causes?.some((cause) => cause.reason === 'NamespaceTerminating') === true;
}
