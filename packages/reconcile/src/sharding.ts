import { ApiError, formatMicroTime, isAlreadyExists, isNotFound, noopLogger, sleep, systemClock, systemIds, systemRandom } from '@kybern/core';
import type { Client, Clock, Logger, Random } from '@kybern/core';
import { Lease } from '@kybern/core/kinds/coordination-v1';
import { withDeadline } from './internal/deadline.ts';
import { LiveMembers, preferredMember } from './internal/shard-members.ts';
import { lead, type LeaderElectionDeps, type LeadershipTerm } from './leader-election.ts';

/** How keys are shared out among replicas. All replicas must say the same, but for `identity`. */
export interface ShardingOptions {
  /** Names the group of replicas, and begins the names of its Leases. */
  readonly name: string;
  /** Namespace of the Leases. Default `default`. */
  readonly namespace?: string;
  /** Into how many parts the keys are divided: at least as many as there are replicas, a few times that for an even share. Each costs one Lease that is renewed. Default 8. */
  readonly shards?: number;
  /** Who this replica is; unique among them. Default: the name and a UID. */
  readonly identity?: string;
  /** As for leader election, of each Lease. Default 15,000. */
  readonly leaseDurationMs?: number;
  /** As for leader election. Default 10,000. */
  readonly renewDeadlineMs?: number;
  /** As for leader election; also the time between two looks at who is there. Default 2,000. */
  readonly retryPeriodMs?: number;
}

/** The time in which this replica holds one shard. */
export interface ShardTerm extends LeadershipTerm {
  /** From 0. */
  readonly shard: number;
  /** Whether a key is of this shard. */
  owns(key: string): boolean;
}

/** The label by which the Leases of a group's members are found; its value is the group's name. */
export const SHARD_GROUP_LABEL = 'kybern.dev/shard-group';

const DEFAULTS = { namespace: 'default', shards: 8, leaseDurationMs: 15_000, renewDeadlineMs: 10_000, retryPeriodMs: 2_000 };

/**
 * Holds this replica's share of the shards for as long as `signal` lets it, and runs `work` for each shard while it holds it.
 *
 * Safety and balance are apart. A shard has a Lease, held as in leader election, so no two replicas ever work on one key. Who should hold it follows from who is alive: each replica
 * renews a Lease of its own, and of those that did lately the one with the highest hash of shard and identity is preferred (rendezvous hashing), so a replica that comes or
 * goes moves only the shards that it gains or loses. A replica that is no longer preferred ends its work on the shard, then gives the Lease back.
 *
 * @param work gets a term whose signal it must obey; it is awaited before the shard is given up
 * @returns resolves when `signal` aborts and all work has ended; rejects with what `work` threw
 * @throws {RangeError} that names the option
 */
export async function runShards(options: ShardingOptions & LeaderElectionDeps, work: (term: ShardTerm) => Promise<void>, signal: AbortSignal): Promise<void> {
  await new Sharder(options, work).run(signal);
}

/** The shard of a key: the same in every replica. FNV-1a. */
export function shardOf(key: string, shards: number): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
  return (hash >>> 0) % shards;
}

class Sharder {
  readonly #options: Required<ShardingOptions>;
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #logger: Logger;
  readonly #work: (term: ShardTerm) => Promise<void>;
  readonly #members: LiveMembers;
  /** The shards that this replica contends for or holds. */
  readonly #contending = new Map<number, AbortController>();
  readonly #runs = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | undefined;

  constructor(options: ShardingOptions & LeaderElectionDeps, work: (term: ShardTerm) => Promise<void>) {
    const { name, identity = `${name}-${(options.ids ?? systemIds()).uid()}` } = options;
    this.#client = options.client;
    this.#clock = options.clock ?? systemClock();
    this.#random = options.random ?? systemRandom();
    this.#logger = options.logger ?? noopLogger;
    const { namespace, shards, leaseDurationMs, renewDeadlineMs, retryPeriodMs } = { ...DEFAULTS, ...options };
    this.#options = { name, identity, namespace, shards, leaseDurationMs, renewDeadlineMs, retryPeriodMs };
    if (!Number.isInteger(shards) || shards < 1) throw new RangeError(`sharding.shards must be a positive integer, not ${shards}`);
    if (name === '') throw new RangeError('sharding.name is empty');
    this.#work = work;
    this.#members = new LiveMembers(leaseDurationMs);
  }

  async run(signal: AbortSignal): Promise<void> {
    const ending = new AbortController();
    const onAbort = (): void => ending.abort(signal.reason);
    if (signal.aborted) return;
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      while (!ending.signal.aborted) {
        await this.#look(ending);
        if (ending.signal.aborted) break;
        const periodMs = this.#options.retryPeriodMs * (1 + 0.2 * this.#random.next());
        await sleep(this.#clock, periodMs, { signal: ending.signal, background: true }).catch(() => undefined);
      }
    } finally {
      signal.removeEventListener('abort', onAbort);
      for (const stop of this.#contending.values()) stop.abort(ending.signal.reason);
      await Promise.all(this.#runs);
      await this.#leave();
    }
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  /** One look: tells that this replica is there, sees who else is, and contends for what it should hold. What goes wrong is logged; the shards it holds are kept as long as their Leases. */
  async #look(ending: AbortController): Promise<void> {
    const { name, namespace, identity, shards, renewDeadlineMs } = this.#options;
    try {
      const leases = await this.#within(renewDeadlineMs, ending.signal, async (signal) => {
        await this.#renewMembership(signal);
        return await this.#client.list(Lease, { namespace, labels: { [SHARD_GROUP_LABEL]: name }, signal });
      });
      const members = this.#members.see(leases.items, this.#clock.monotonicMs());
      for (let shard = 0; shard < shards; shard++) {
        const isMine = preferredMember(`${name}-${shard}`, members) === identity;
        if (isMine) this.#contend(shard, ending);
        else this.#contending.get(shard)?.abort(new ApiError('Conflict', `shard ${shard} of "${name}" goes to another replica`));
      }
    } catch (error) {
      if (!ending.signal.aborted) this.#logger.warn('the members of a shard group could not be looked at', { group: name, error });
    }
  }

  #contend(shard: number, ending: AbortController): void {
    if (this.#contending.has(shard) || ending.signal.aborted) return;
    const { name, namespace, identity, shards, leaseDurationMs, renewDeadlineMs, retryPeriodMs } = this.#options;
    const stop = new AbortController();
    this.#contending.set(shard, stop);
    const owns = (key: string): boolean => shardOf(key, shards) === shard;
    const run = lead(
      {
        ...{ name: `${name}-${shard}`, namespace, identity, leaseDurationMs, renewDeadlineMs, retryPeriodMs },
        ...{ client: this.#client, clock: this.#clock, random: this.#random.fork(`shard/${shard}`), logger: this.#logger },
      },
      (term) => this.#work({ signal: term.signal, assertLeading: () => term.assertLeading(), shard, owns }),
      stop.signal,
    )
      .catch((error: unknown) => {
        this.#failure ??= { error };
        ending.abort(error);
      })
      .finally(() => {
        this.#runs.delete(run);
        this.#contending.delete(shard);
      });
    this.#runs.add(run);
  }

  get #memberName(): string {
    return `${this.#options.name}-member-${this.#options.identity}`.toLowerCase().replaceAll(/[^a-z0-9.-]/g, '-');
  }

  async #renewMembership(signal: AbortSignal): Promise<void> {
    const { name, namespace, identity, leaseDurationMs } = this.#options;
    const spec = {
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(leaseDurationMs / 1000),
      renewTime: formatMicroTime(this.#clock.now()),
    };
    const key = { name: this.#memberName, namespace };
    try {
      await this.#client.patch(Lease, key, { type: 'merge', patch: { spec } }, { signal });
    } catch (error) {
      if (!isNotFound(error)) throw error;
      const metadata = { ...key, labels: { [SHARD_GROUP_LABEL]: name } };
      await this.#client.create(Lease, { metadata, spec }, { signal }).catch((failure: unknown) => {
        if (!isAlreadyExists(failure)) throw failure;
      });
    }
  }

  /** So that the others need not wait for the Lease to run out. Not done is not wrong. */
  async #leave(): Promise<void> {
    const { namespace, renewDeadlineMs } = this.#options;
    try {
      const key = { name: this.#memberName, namespace };
      await this.#within(renewDeadlineMs, new AbortController().signal, (signal) => this.#client.delete(Lease, key, { signal }));
    } catch (error) {
      if (!isNotFound(error)) this.#logger.warn('the membership of a shard group could not be given up', { group: this.#options.name, error });
    }
  }

  #within<R>(timeoutMs: number, signal: AbortSignal, run: (signal: AbortSignal) => Promise<R>): Promise<R> {
    const onTimeout = (): Error => new ApiError('Timeout', `the Leases of shard group "${this.#options.name}" did not answer within ${timeoutMs} ms`);
    return withDeadline(run, { clock: this.#clock, timeoutMs, onTimeout, signal });
  }
}
