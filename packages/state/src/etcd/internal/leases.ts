import type { Clock } from '@kybern/core';
import { etcdMethods } from '../generated/etcd.ts';
import type { EtcdCaller } from './etcd-client.ts';

interface Granted {
  readonly lease: Promise<bigint>;
  readonly untilMs: number;
  keys: number;
}

/** Objects that are written within a minute share a lease, up to a thousand: a lease each would be dearer than the object. */
const REUSE_MS = 60_000;
const MAX_KEYS = 1000;

/**
 * Gives leases for keys that are to go away by themselves: not before their time, and at most a minute after it.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/apiserver/pkg/storage/etcd3/lease_manager.go
 */
export class Leases {
  readonly #client: EtcdCaller;
  readonly #clock: Clock;
  readonly #byTtl = new Map<number, Granted>();

  constructor(client: EtcdCaller, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  /** A lease for one key. @throws {EtcdError} */
  get(ttlSeconds: number): Promise<bigint> {
    const nowMs = this.#clock.monotonicMs();
    const granted = this.#byTtl.get(ttlSeconds);
    if (granted !== undefined && nowMs < granted.untilMs && granted.keys < MAX_KEYS) {
      granted.keys += 1;
      return granted.lease;
    }
    const lease = this.#client.call(etcdMethods.leaseGrant, { ttl: ttlSeconds + REUSE_MS / 1000 }, { repeatable: true }).then(({ id }) => id);
    this.#byTtl.set(ttlSeconds, { lease, untilMs: nowMs + REUSE_MS, keys: 1 });
    lease.catch(() => this.forget());
    return lease;
  }

  /** The next ones are new: a lease is gone. */
  forget(): void {
    this.#byTtl.clear();
  }
}
