import { keyOf } from '@kybern/core';
import type { Service } from '@kybern/core/kinds';
import { parseIp, type AddressPool } from '@kybern/netmodel/addresses';
import { wantedFamilies } from './compute.ts';

/** Which Service has which addresses of a pool. What was handed out counts at once, before a cache shows it. */
export class AddressLedger {
  readonly #pool: AddressPool;
  /** Invariant: the addresses here are exactly those that the pool counts as taken. */
  readonly #byService = new Map<string, readonly string[]>();
  #isComplete = false;

  constructor(pool: AddressPool) {
    this.#pool = pool;
  }

  /** Before anything is handed out, everything that Services have must be known. */
  noteAll(services: () => readonly Service[]): void {
    if (this.#isComplete) return;
    this.#isComplete = true;
    for (const service of services()) this.#keep(keyOf(service), service);
  }

  /**
   * The addresses of a Service, one of each family that it wants: those that it has as far as they fit, `spec.loadBalancerIP`, or free ones.
   *
   * @throws {AllocationError} `Exhausted`, `InUse`, `OutOfRange`
   */
  assign(service: Service): readonly string[] {
    const key = keyOf(service);
    const held = this.#byService.get(key) ?? this.#keep(key, service);
    const requested = service.spec.loadBalancerIP;
    const ips = wantedFamilies(service).map((family) => {
      const wanted = requested !== undefined && parseIp(requested)?.family === family ? requested : undefined;
      const kept = held.find((ip) => parseIp(ip)?.family === family && (wanted === undefined || ip === wanted));
      return kept ?? this.#take(wanted, family);
    });
    for (const ip of held) if (!ips.includes(ip)) this.#pool.release(ip);
    this.#byService.set(key, ips);
    return ips;
  }

  release(key: string): void {
    for (const ip of this.#byService.get(key) ?? []) this.#pool.release(ip);
    this.#byService.delete(key);
  }

  #keep(key: string, { status }: Service): readonly string[] {
    const ips = (status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => (ip !== undefined && this.#pool.contains(ip) && !this.#pool.has(ip) ? [ip] : []));
    for (const ip of ips) this.#pool.allocateSpecific(ip);
    if (ips.length > 0) this.#byService.set(key, ips);
    return ips;
  }

  #take(wanted: string | undefined, family: 'IPv4' | 'IPv6'): string {
    if (wanted === undefined) return this.#pool.allocate(family);
    this.#pool.allocateSpecific(wanted);
    return wanted;
  }
}
