import { ApiError, formatMicroTime, isAlreadyExists, isConflict, isNotFound, noopLogger, sleep, systemClock, systemIds, systemRandom } from '@kybern/core';
import type { Client, Clock, IdSource, Logger, Random } from '@kybern/core';
import { Lease, type LeaseSpec } from '@kybern/core/kinds/coordination-v1';
import { withDeadline } from './internal/deadline.ts';

/** How one of several replicas is chosen. */
export interface LeaderElectionOptions {
  /** Name of the Lease that all replicas contend for. */
  readonly name: string;
  /** Its namespace. Default `default`. */
  readonly namespace?: string;
  /** Who this replica is; unique among them. Default: the name and a UID. */
  readonly identity?: string;
  /** A lease that was not renewed for so long may be taken over. Default 15,000; whole seconds. */
  readonly leaseDurationMs?: number;
  /** A leader that could not renew for so long stops to lead. Default 10,000; less than `leaseDurationMs`. */
  readonly renewDeadlineMs?: number;
  /** Time between two tries to renew; to acquire, up to 1.2 times as much again. Default 2,000; less than `renewDeadlineMs`. */
  readonly retryPeriodMs?: number;
}

/** What {@link lead} works with. */
export interface LeaderElectionDeps {
  readonly client: Client;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly ids?: IdSource;
  readonly logger?: Logger;
}

/** The time in which this replica leads. */
export interface LeadershipTerm {
  /** Aborts when the lease could not be renewed in time, or when the caller's signal aborts. */
  readonly signal: AbortSignal;
  /** @throws {ApiError} `Conflict` when another replica may lead by now, as far as local time tells; ask it before a write that must not be done twice */
  assertLeading(): void;
}

/**
 * Takes part in an election for as long as `signal` lets it: waits for the lease, runs `work` while it holds it, and contends again after a loss. At the end it gives the lease
 * back, so that the next replica need not wait for it to run out.
 *
 * Only locally observed time counts: a lease is free when this replica has not seen it change for its whole duration, whatever times are written in it.
 *
 * @param work gets a term whose signal it must obey; it is awaited before the lease is given back or contended for again
 * @returns resolves when `signal` aborts and `work` has ended; rejects with what `work` threw
 * @throws {RangeError} that names the option
 * @see kubernetes v1.36 staging/src/k8s.io/client-go/tools/leaderelection/leaderelection.go
 */
export async function lead(
  options: LeaderElectionOptions & LeaderElectionDeps,
  work: (term: LeadershipTerm) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const elector = new Elector(options);
  while (!signal.aborted) {
    await elector.acquire(signal);
    if (signal.aborted) return;
    await elector.term(work, signal);
  }
}

const DEFAULTS = { namespace: 'default', leaseDurationMs: 15_000, renewDeadlineMs: 10_000, retryPeriodMs: 2_000 };
/** Each wait of a candidate is longer by a random part of so many periods, so that candidates do not collide. */
const JITTER = 1.2;
const RELEASE_TIMEOUT_MS = 5_000;

class Elector {
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #logger: Logger;
  readonly #options: Required<LeaderElectionOptions>;
  /** The lease as it was last seen, and when it was seen to change. */
  #observed: { readonly lease: Lease; readonly spec: string; readonly atMs: number } | undefined;
  /** When the request began that last made or kept this replica the leader. */
  #renewedMs = -Infinity;

  constructor(options: LeaderElectionOptions & LeaderElectionDeps) {
    this.#client = options.client;
    this.#clock = options.clock ?? systemClock();
    this.#random = options.random ?? systemRandom();
    this.#logger = options.logger ?? noopLogger;
    const { name, identity = `${name}_${(options.ids ?? systemIds()).uid()}` } = options;
    this.#options = { ...DEFAULTS, ...withoutUndefined(options), name, identity };
    validate(this.#options);
  }

  /** Resolves when this replica holds the lease, or `signal` aborts. */
  async acquire(signal: AbortSignal): Promise<void> {
    const { retryPeriodMs, identity, name } = this.#options;
    while (!signal.aborted) {
      if (await this.#tryFor(this.#options.renewDeadlineMs, signal)) {
        this.#logger.info('leading', { lease: name, identity });
        return;
      }
      const delayMs = retryPeriodMs * (1 + JITTER * this.#random.next());
      await sleep(this.#clock, delayMs, { signal, background: true }).catch(() => undefined);
    }
  }

  /** Runs `work` until it ends, the lease is lost or `signal` aborts. */
  async term(work: (term: LeadershipTerm) => Promise<void>, signal: AbortSignal): Promise<void> {
    const ending = new AbortController();
    const onAbort = (): void => ending.abort(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    const renewing = this.#renewUntil(ending);
    try {
      await work({ signal: ending.signal, assertLeading: () => this.#assertLeading() });
    } finally {
      ending.abort();
      signal.removeEventListener('abort', onAbort);
      await renewing;
      await this.#release();
    }
  }

  async #renewUntil(ending: AbortController): Promise<void> {
    const { renewDeadlineMs, retryPeriodMs, name, identity } = this.#options;
    while (!ending.signal.aborted) {
      const leftMs = this.#renewedMs + renewDeadlineMs - this.#clock.monotonicMs();
      if (leftMs <= 0) {
        this.#logger.error('leadership lost: the lease could not be renewed in time', { lease: name, identity });
        ending.abort(lost(name));
        return;
      }
      await sleep(this.#clock, Math.min(retryPeriodMs, leftMs), { signal: ending.signal, background: true }).catch(() => undefined);
      if (!ending.signal.aborted) await this.#tryFor(Math.max(1, this.#renewedMs + renewDeadlineMs - this.#clock.monotonicMs()), ending.signal);
      if (this.#isHeldByOther()) ending.abort(lost(name));
    }
  }

  #assertLeading(): void {
    if (this.#clock.monotonicMs() - this.#renewedMs >= this.#options.leaseDurationMs) throw lost(this.#options.name);
  }

  /** One try; what goes wrong is logged and counts as a failed one. */
  async #tryFor(timeoutMs: number, signal: AbortSignal): Promise<boolean> {
    const { name } = this.#options;
    const beganMs = this.#clock.monotonicMs();
    const onTimeout = (): Error => new ApiError('Timeout', `lease "${name}" did not answer within ${timeoutMs} ms`);
    try {
      const holds = await withDeadline((inner) => this.#tryOnce(inner), { clock: this.#clock, timeoutMs, onTimeout, signal });
      if (holds) this.#renewedMs = beganMs;
      return holds;
    } catch (error) {
      if (!signal.aborted) this.#logger.warn('the lease could not be acquired or renewed', { lease: name, error });
      return false;
    }
  }

  /** Whether this replica holds the lease now. */
  async #tryOnce(signal: AbortSignal): Promise<boolean> {
    if (!this.#isHeldByMe() || !(await this.#write(this.#spec(), signal))) {
      if (!(await this.#observe(signal))) return await this.#create(signal);
      if (this.#isHeldByOther() && !this.#isExpired()) return false;
      return await this.#write(this.#spec(), signal);
    }
    return true;
  }

  async #observe(signal: AbortSignal): Promise<boolean> {
    const { name, namespace } = this.#options;
    try {
      this.#saw(await this.#client.get(Lease, { name, namespace }, { signal }));
      return true;
    } catch (error) {
      if (!isNotFound(error)) throw error;
      this.#observed = undefined;
      return false;
    }
  }

  async #create(signal: AbortSignal): Promise<boolean> {
    const { name, namespace } = this.#options;
    try {
      this.#saw(await this.#client.create(Lease, { metadata: { name, namespace }, spec: this.#spec() }, { signal }));
      return true;
    } catch (error) {
      if (isAlreadyExists(error)) return false;
      throw error;
    }
  }

  /** Writes over the lease as it was observed. False when it is another one by now. */
  async #write(spec: LeaseSpec, signal: AbortSignal): Promise<boolean> {
    const lease = this.#observed?.lease;
    if (lease === undefined) return false;
    try {
      this.#saw(await this.#client.update(Lease, { ...lease, spec }, { signal }));
      return true;
    } catch (error) {
      if (isConflict(error) || isNotFound(error)) return false;
      throw error;
    }
  }

  /** The lease held by this replica, from now on. */
  #spec(): LeaseSpec {
    const nowTime = formatMicroTime(this.#clock.now());
    const old = this.#observed?.lease.spec;
    const mine = this.#isHeldByMe() ? old : undefined;
    return {
      ...old,
      holderIdentity: this.#options.identity,
      leaseDurationSeconds: Math.ceil(this.#options.leaseDurationMs / 1000),
      acquireTime: mine?.acquireTime ?? nowTime,
      renewTime: nowTime,
      leaseTransitions: old === undefined ? 0 : (old.leaseTransitions ?? 0) + (mine === undefined ? 1 : 0),
    };
  }

  #saw(lease: Lease): void {
    const spec = JSON.stringify(lease.spec);
    const atMs = this.#observed?.spec === spec ? this.#observed.atMs : this.#clock.monotonicMs();
    this.#observed = { lease, spec, atMs };
  }

  get #holder(): string {
    return this.#observed?.lease.spec?.holderIdentity ?? '';
  }

  #isHeldByMe(): boolean {
    return this.#holder === this.#options.identity;
  }

  #isHeldByOther(): boolean {
    return this.#holder !== '' && !this.#isHeldByMe();
  }

  #isExpired(): boolean {
    if (this.#observed === undefined) return true;
    const { lease, atMs } = this.#observed;
    return this.#clock.monotonicMs() - atMs >= (lease.spec?.leaseDurationSeconds ?? 0) * 1000;
  }

  /** So that the next one need not wait. Not done is not wrong: the lease runs out. */
  async #release(): Promise<void> {
    if (!this.#isHeldByMe()) return;
    const { name } = this.#options;
    const spec = { ...this.#spec(), holderIdentity: '', leaseDurationSeconds: 1 };
    const onTimeout = (): Error => new ApiError('Timeout', `lease "${name}" did not answer within ${RELEASE_TIMEOUT_MS} ms`);
    try {
      await withDeadline((inner) => this.#write(spec, inner), {
        clock: this.#clock,
        timeoutMs: RELEASE_TIMEOUT_MS,
        onTimeout,
        signal: new AbortController().signal,
      });
    } catch (error) {
      this.#logger.warn('the lease could not be given back', { lease: name, error });
    }
  }
}

function lost(name: string): ApiError {
  return new ApiError('Conflict', `leadership of lease "${name}" is lost`);
}

function withoutUndefined<T extends object>(value: T): Partial<T> {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as Partial<T>;
}

function validate({ name, identity, leaseDurationMs, renewDeadlineMs, retryPeriodMs }: Required<LeaderElectionOptions>): void {
  if (name === '') throw new RangeError('leaderElection.name is empty');
  if (identity === '') throw new RangeError('leaderElection.identity is empty');
  if (!(retryPeriodMs > 0)) throw new RangeError('leaderElection.retryPeriodMs must be positive');
  if (!(renewDeadlineMs > retryPeriodMs)) throw new RangeError('leaderElection.renewDeadlineMs must be greater than retryPeriodMs');
  if (!(leaseDurationMs > renewDeadlineMs)) throw new RangeError('leaderElection.leaseDurationMs must be greater than renewDeadlineMs');
}
