import type { ClusterEvent } from './cluster-event.ts';

/** Events kept while attempts run; past it they become one event that matches everything. */
const MAX_EVENTS = 10_000;
const EVERYTHING: ClusterEvent = { resource: '*', action: 'All' };

/**
 * The attempts that are under way, and the events since each began: what happened during an attempt may be just what it lacked.
 * Invariant: `#events` holds every event since the oldest attempt began (or {@link EVERYTHING} for those that were too many), the first being number `#first`.
 */
export class InFlight {
  readonly #began = new Map<string, number>();
  #events: ClusterEvent[] = [];
  #first = 0;

  get size(): number {
    return this.#began.size;
  }

  has(key: string): boolean {
    return this.#began.has(key);
  }

  begin(key: string): void {
    this.#began.delete(key);
    this.#began.set(key, this.#first + this.#events.length);
  }

  /** Ends an attempt. The events since it began. */
  end(key: string): readonly ClusterEvent[] {
    const began = this.#began.get(key);
    if (began === undefined) return [];
    const since = this.#events.slice(Math.max(0, began - this.#first));
    this.#began.delete(key);
    this.#trim();
    return since;
  }

  record(event: ClusterEvent): void {
    if (this.#began.size === 0) return;
    if (this.#events.length < MAX_EVENTS) {
      this.#events.push(event);
    } else {
      this.#first += this.#events.length;
      this.#events = [EVERYTHING];
      for (const key of this.#began.keys()) this.#began.set(key, this.#first);
    }
  }

  #trim(): void {
    // Attempts are in the order in which they began.
    const oldest = this.#began.values().next().value ?? this.#first + this.#events.length;
    const gone = oldest - this.#first;
    if (gone > 0 && (gone === this.#events.length || gone >= 256)) {
      this.#events.splice(0, gone);
      this.#first = oldest;
    }
  }
}
