import { groupResource, noopLogger, systemClock, systemIds, systemRandom } from '@kybern/core';
import type { Client, Clock, IdSource, KubernetesObject, Logger, Random } from '@kybern/core';
import type { Cache } from './cache.ts';
import type { ControllerDefinition } from './controller.ts';
import { createErrorSink, type ErrorSink } from './error-sink.ts';
import { toError } from './errors.ts';
import { createEventRecorder, type EventRecorder } from './event-recorder.ts';
import { CacheSet, aborted } from './internal/cache-set.ts';
import { ControllerRun, prepareCaches, type ControllerDeps } from './internal/controller-run.ts';
import { lead, type LeaderElectionOptions, type LeadershipTerm } from './leader-election.ts';
import { noopMetrics, type Metrics } from './metrics.ts';
import type { ReconcileObserver } from './reconcile-observer.ts';
import type { ReflectorTuning } from './reflector.ts';
import { runShards, type ShardingOptions, type ShardTerm } from './sharding.ts';

/** Options of {@link createManager}. */
export interface ManagerOptions {
  readonly client: Client;
  readonly controllers: readonly ControllerDefinition[];
  /** The namespace, or namespaces, that the caches hold. Unset: all. */
  readonly namespace?: string | readonly string[];
  /** Only one of several replicas reconciles; the others keep their caches warm. Unset: this one does, always. */
  readonly leaderElection?: LeaderElectionOptions;
  /**
   * Every replica reconciles its share of the keys: no key in two replicas at a time, and when one comes or goes only its share changes hands. A controller's
   * concurrency counts per shard. In place of leader election.
   */
  readonly sharding?: ShardingOptions;
  /** Replaces each object before it is cached: see {@link dropManagedFields}. */
  readonly transform?: (object: KubernetesObject) => KubernetesObject;
  readonly tuning?: ManagerTuning;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly ids?: IdSource;
  readonly logger?: Logger;
  readonly metrics?: Metrics;
  /** Is told of every failed reconcile and of everything that a callback throws. With neither this nor a logger, failures become process warnings. */
  readonly onError?: ErrorSink;
  /** Looks on while controllers work. Default: nobody does. */
  readonly observer?: ReconcileObserver;
}

/** How a manager works; none of it needs to be set. */
export interface ManagerTuning extends ReflectorTuning {
  /** So long a key waits for the cache to show its own last writes, before it is reconciled all the same and that is logged. Default 10,000. */
  readonly staleCacheTimeoutMs?: number;
  /** So long {@link Manager.run} waits at its end for reconciles that do not react to their signal. Default 30,000. */
  readonly shutdownTimeoutMs?: number;
}

/** Whether one thing is as it should be. */
export interface HealthCheck {
  readonly name: string;
  /** What is wrong; undefined when all is well. */
  readonly failure: string | undefined;
}

/** How a manager does, for probes: see `serveProbes` of `@kybern/reconcile/http`. */
export interface ManagerHealth {
  /** Something of it fails: a restart would help. */
  readonly live: readonly HealthCheck[];
  /** Something of it fails: it does not do its work yet, or no longer. */
  readonly ready: readonly HealthCheck[];
}

/** Runs controllers on shared caches. */
export interface Manager {
  /** The controllers' caches. Readable from the start, empty until they sync. */
  readonly cache: Cache;
  /** Resolves when the caches of the controllers have synced. Rejects with the signal's reason when {@link Manager.run} ends before. */
  readonly synced: Promise<void>;
  /** Whether its controllers run: always between sync and the end without leader election; with sharding, when it holds a shard. */
  readonly isLeading: boolean;
  /** The shards that this replica holds, in order; empty without sharding. */
  readonly shards: readonly number[];
  /** How it does at this moment. */
  health(): ManagerHealth;
  /**
   * Starts the caches, waits for leadership if there is an election, then runs the controllers. When `signal` aborts, reconciles are told by their signals and
   * awaited, then the lease is given back, events are written, and the caches stop. Keeps the process alive so long.
   *
   * @returns resolves after the teardown
   * @throws {Error} when it runs or ran already
   */
  run(signal: AbortSignal): Promise<void>;
  /** Adds a controller, also while running. @throws {RangeError} when its name or an index of it is taken */
  add(controller: ControllerDefinition): void;
}

/** Makes a {@link Manager}; it does nothing before {@link Manager.run}. @throws {RangeError} when two controllers or indexes have one name, or there are both sharding and leader election */
export function createManager(options: ManagerOptions): Manager {
  return new ControllerManager(options);
}

class ControllerManager implements Manager {
  readonly cache: CacheSet;
  readonly synced: Promise<void>;
  readonly #options: ManagerOptions;
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #controllers = new Map<string, ControllerDefinition>();
  readonly #recorders = new Map<string, EventRecorder>();
  readonly #deps: Omit<ControllerDeps, 'assertLeading' | 'shard'>;
  /** The terms that go on, with the way to start a controller in each. At most one without sharding. */
  readonly #terms = new Map<LeadershipTerm | ShardTerm, (definition: ControllerDefinition) => void>();
  /** The terms whose controllers have not all ended yet. */
  readonly #openTerms = new Set<LeadershipTerm>();
  #settleSynced: { resolve: () => void; reject: (reason: unknown) => void } | undefined;
  #hasRun = false;
  #isRunning = false;

  constructor(options: ManagerOptions) {
    const { client, namespace, transform, tuning, onError } = options;
    if (options.sharding !== undefined && options.leaderElection !== undefined) throw new RangeError('a manager has leader election or sharding, not both');
    const { random = systemRandom(), metrics = noopMetrics } = options;
    this.#options = options;
    this.#logger = options.logger ?? noopLogger;
    this.#clock = options.clock ?? systemClock();
    const shared = { client, clock: this.#clock, random, logger: this.#logger };
    this.cache = new CacheSet({
      ...shared,
      ...(namespace === undefined ? {} : { namespace }),
      ...(transform === undefined ? {} : { transform }),
      ...(tuning === undefined ? {} : { tuning }),
      ...(onError === undefined ? {} : { onError }),
      metrics,
    });
    this.#deps = {
      ...shared,
      cache: this.cache,
      report: createErrorSink(this.#logger, onError),
      metrics,
      recorderFor: (component) => this.#recorderFor(component),
      staleCacheTimeoutMs: tuning?.staleCacheTimeoutMs ?? 10_000,
      shutdownTimeoutMs: tuning?.shutdownTimeoutMs ?? 30_000,
      observer: options.observer,
    };
    this.synced = new Promise((resolve, reject) => {
      this.#settleSynced = { resolve, reject };
    });
    this.synced.catch(() => undefined);
    for (const controller of options.controllers) this.add(controller);
  }

  get isLeading(): boolean {
    return this.#terms.size > 0;
  }

  get shards(): readonly number[] {
    return [...this.#terms.keys()].flatMap((term) => ('shard' in term ? [term.shard] : [])).toSorted((a, b) => a - b);
  }

  health(): ManagerHealth {
    const running = { name: 'running', failure: this.#isRunning ? undefined : this.#hasRun ? 'it is ending, or has ended' : 'it was not started' };
    const unsynced = this.cache.unsynced().map((kind) => groupResource(kind));
    const caches = { name: 'caches', failure: unsynced.length === 0 ? undefined : `not synced yet: ${unsynced.join(', ')}` };
    return {
      live: [
        { name: 'ping', failure: undefined },
        { name: 'leader-election', failure: this.#overdue() },
      ],
      ready: [running, caches],
    };
  }

  /** A term that should have ended: it could not renew its lease, and its work does not stop. */
  #overdue(): string | undefined {
    for (const term of this.#openTerms) {
      try {
        term.assertLeading();
      } catch (error) {
        return toError(error).message;
      }
    }
    return undefined;
  }

  add(controller: ControllerDefinition): void {
    const { name } = controller;
    if (this.#controllers.has(name)) throw new RangeError(`there is a controller "${name}" already`);
    prepareCaches(controller, this.cache);
    this.#controllers.set(name, controller);
    for (const start of this.#terms.values()) start(controller);
  }

  async run(signal: AbortSignal): Promise<void> {
    if (this.#hasRun) throw new Error('the manager was run before');
    this.#hasRun = true;
    this.#isRunning = !signal.aborted;
    signal.addEventListener('abort', () => (this.#isRunning = false), { once: true });
    const release = this.#clock.hold?.();
    const cachesEnd = new AbortController();
    const caches = this.cache.run(cachesEnd.signal);
    void this.cache.synced().then(
      () => this.#settleSynced?.resolve(),
      (reason: unknown) => this.#settleSynced?.reject(reason),
    );
    try {
      await this.#lead(signal);
    } finally {
      this.#isRunning = false;
      await Promise.all([...this.#recorders.values()].map((recorder) => recorder.flush()));
      cachesEnd.abort(signal.reason);
      await caches;
      release?.();
    }
  }

  #lead(signal: AbortSignal): Promise<void> {
    const { leaderElection, sharding, client, ids = systemIds() } = this.#options;
    const { random } = this.#deps;
    const deps = { client, ids, clock: this.#clock, random: random.fork('leader-election'), logger: this.#logger };
    if (sharding !== undefined) return runShards({ ...sharding, ...deps }, (term) => this.#runControllers(term), signal);
    if (leaderElection === undefined) return this.#runControllers({ signal, assertLeading: () => undefined });
    return lead({ ...leaderElection, ...deps }, (term) => this.#runControllers(term), signal);
  }

  /** Runs all controllers, those that are added meanwhile included, to the end of the term. */
  async #runControllers(term: LeadershipTerm | ShardTerm): Promise<void> {
    const { signal } = term;
    const deps = { ...this.#deps, assertLeading: () => term.assertLeading(), shard: 'shard' in term ? term : undefined };
    const runs = new Set<Promise<void>>();
    const start = (definition: ControllerDefinition): void => void runs.add(new ControllerRun(definition, deps, signal).run());
    this.#terms.set(term, start);
    this.#openTerms.add(term);
    try {
      for (const controller of this.#controllers.values()) start(controller);
      await aborted(signal);
    } finally {
      this.#terms.delete(term);
    }
    await Promise.all(runs).finally(() => this.#openTerms.delete(term));
  }

  #recorderFor(component: string): EventRecorder {
    const known = this.#recorders.get(component);
    if (known !== undefined) return known;
    const { client, random } = this.#deps;
    const { onError } = this.#options;
    const recorder = createEventRecorder({
      client,
      component,
      clock: this.#clock,
      random: random.fork(`events/${component}`),
      logger: this.#logger,
      ...(onError === undefined ? {} : { onError }),
    });
    this.#recorders.set(component, recorder);
    return recorder;
  }
}
