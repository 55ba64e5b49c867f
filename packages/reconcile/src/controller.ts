import type { Client, Clock, Kind, KubernetesObject, Logger, Random } from '@kybern/core';
import type { Cache } from './cache.ts';
import type { EventRecorder } from './event-recorder.ts';
import type { InformerEvent } from './informer-event.ts';
import type { Done, RequeueAfter } from './outcome.ts';

/** What a reconcile is given when its object is gone. */
export interface AbsentRequest {
  /** `namespace/name`, or only `name` for objects of Cluster scope. */
  readonly key: string;
  /**
   * For reads past the cache, and for writes. It passes the request's signal to every call, and refuses calls once that is aborted, so a reconcile that
   * timed out cannot write while its successor runs.
   *
   * What it wrote is remembered per key: the next reconcile of this key does not start before the caches of the kinds in question have seen it.
   */
  readonly client: Client;
  /** The objects of the kinds that the controller named. Not older than what reconciles of this key wrote. */
  readonly cache: Cache;
  /** Aborts when the controller's time-out is over, when leadership is lost, and at shutdown. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly random: Random;
  /** Adds controller, kind, key and reconcileId to each line. */
  readonly logger: Logger;
  readonly recorder: EventRecorder;
}

/** What a reconcile is given. */
export interface ReconcileRequest<T extends KubernetesObject = KubernetesObject> extends AbsentRequest {
  /** From the cache: frozen, and not older than what reconciles of this key wrote. */
  readonly object: T;
}

/** Whether an event is worth a reconcile. Pure. (Typed as a method is, so that a controller of any kind fits a list of controllers.) */
export type Predicate<T extends KubernetesObject> = { holds(event: InformerEvent<T>): boolean }['holds'];

/** Objects of another kind whose changes concern this controller's objects. */
export interface Watch<T extends KubernetesObject = KubernetesObject> {
  readonly kind: Kind<T>;
  /**
   * The keys to reconcile. Called with the new object, or the last state of a deleted one; for an update also with the `old`: keys of both are reconciled.
   * May read `cache` (which Services select this Pod?), and nothing else. Before everything has synced the cache is not whole; what is missed then is
   * made up for by the first reconcile of every object of `for`.
   */
  map(object: T, old: T | undefined, cache: Cache): readonly string[];
  /** Default: every event. */
  predicate?(event: InformerEvent<T>): boolean;
}

/** An index that the controller reads with `cache.by`. */
export interface CacheIndex<T extends KubernetesObject = KubernetesObject> {
  readonly kind: Kind<T>;
  /** Unique per kind and manager; controllers share an index by giving the same function under the same name. */
  readonly name: string;
  by(object: T): readonly string[];
}

/** Options of {@link defineController}. */
export interface ControllerOptions<T extends KubernetesObject = KubernetesObject> {
  /** For logs, metrics and events. Default: the kind in lower case. Unique in a manager. */
  readonly name?: string;
  /** The kind whose objects are reconciled. */
  readonly for: Kind<T>;
  /** Kinds whose objects have objects of `for` as their controller (`ownerReferences[].controller`): a change of one reconciles its owner. */
  readonly owns?: readonly Kind[];
  /** Other kinds that matter, with the way from them to keys. */
  readonly watches?: readonly Watch[];
  /**
   * Watches that come up while the controller runs, for kinds that are not known beforehand. Called at the start of each run with the function that begins
   * a watch (what exists comes as added); returns what ends the source. The controller does not wait for these caches before it starts.
   */
  readonly laterWatches?: (begin: (watch: Watch, indexes?: readonly CacheIndex[]) => void) => () => void;
  /** Kinds that are only read from the cache. */
  readonly reads?: readonly Kind[];
  readonly indexes?: readonly CacheIndex[];
  /** All must hold for an event of `for` to matter. Default: none, every event does. */
  readonly predicates?: readonly Predicate<T>[];
  /** Reconciles at a time; one key is never reconciled twice at a time. Default 1. */
  readonly concurrency?: number;
  /** After so many ms the reconcile's signal aborts and it counts as failed, whether it reacts or not. Default: no limit. */
  readonly timeoutMs?: number;
  /** After so many failures in a row a key is given up until something changes. Default: never. */
  readonly maxAttempts?: number;
  /** Everything is reconciled again after so many ms, with low priority. Default: never, for nothing is missed. */
  readonly resyncMs?: number;
  /**
   * Makes the world as `object` wants it. Called for keys, not for events: it looks at everything, whatever woke it, and does nothing when all is well.
   *
   * @returns {@link Done} or {@link RequeueAfter}
   * @throws anything: retried with back-off, and reported; `TerminalError`: reported, not retried
   */
  reconcile(request: ReconcileRequest<T>): Promise<Done | RequeueAfter>;
  /** The same for a key that has no object, because it is gone or because a map named it. Default: nothing. Deletions that happened while the controller did not run are not told of: use a finalizer. */
  onAbsent?(request: AbsentRequest): Promise<Done | RequeueAfter>;
}

/** A controller as a value: give it to a manager. */
export interface ControllerDefinition<T extends KubernetesObject = KubernetesObject> extends ControllerOptions<T> {
  readonly name: string;
  readonly concurrency: number;
}

/** {@link ControllerOptions} as they are written: each element of `watches` and `indexes` is typed by its own `kind`. */
export type ControllerInput<T extends KubernetesObject, W extends readonly KubernetesObject[], I extends readonly KubernetesObject[]> = Omit<
  ControllerOptions<T>,
  'watches' | 'indexes' | 'reconcile' | 'onAbsent'
> & {
  readonly watches?: { readonly [K in keyof W]: Watch<W[K]> };
  readonly indexes?: { readonly [K in keyof I]: CacheIndex<I[K]> };
  reconcile(request: ReconcileRequest<T>): Promise<Done | RequeueAfter>;
  onAbsent?(request: AbsentRequest): Promise<Done | RequeueAfter>;
};

/**
 * Checks a controller's options and fills in the defaults.
 *
 * @throws {RangeError} that names the field
 * @example defineController({ for: Site, async reconcile({ object, client }) { …; return done(); } })
 */
export function defineController<
  T extends KubernetesObject,
  const W extends readonly KubernetesObject[] = readonly [],
  const I extends readonly KubernetesObject[] = readonly [],
>(options: ControllerInput<T, W, I>): ControllerDefinition<T> {
  const { name = options.for.kind.toLowerCase(), concurrency = 1, timeoutMs, maxAttempts, resyncMs } = options;
  if (name === '') throw new RangeError('defineController: name is empty');
  if (!Number.isInteger(concurrency) || concurrency < 1)
    throw new RangeError(`controller "${name}": concurrency must be a positive integer, not ${concurrency}`);
  for (const [field, value] of Object.entries({ timeoutMs, maxAttempts, resyncMs })) {
    if (value !== undefined && !(value > 0)) throw new RangeError(`controller "${name}": ${field} must be positive, not ${value}`);
  }
  return Object.freeze({ ...(options as ControllerOptions<T>), name, concurrency });
}
