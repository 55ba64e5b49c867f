import type { Clock } from '@kybern/core';

interface Entry<K> {
  readonly key: K;
  dueMs: number;
  /** Keys that are due together come in the order in which they were set. */
  order: number;
  /** Where the entry is in the heap. */
  at: number;
}

/** Keys that become due later: a heap with one timer for its head. */
export class DelayQueue<K> {
  readonly #clock: Clock;
  readonly #background: boolean;
  readonly #onDue: (key: K) => void;
  /** Invariant: `#heap[entry.at] === entry`, and `#entries` holds exactly the heap's entries. */
  readonly #heap: Entry<K>[] = [];
  readonly #entries = new Map<K, Entry<K>>();
  #order = 0;
  #timerDueMs = Infinity;
  #cancelTimer: (() => void) | undefined;

  constructor(options: { readonly clock: Clock; readonly background: boolean; readonly onDue: (key: K) => void }) {
    this.#clock = options.clock;
    this.#background = options.background;
    this.#onDue = options.onDue;
  }

  get size(): number {
    return this.#heap.length;
  }

  /** Makes `key` due at `dueMs`, unless it is due earlier already. */
  set(key: K, dueMs: number): void {
    const known = this.#entries.get(key);
    if (known !== undefined && known.dueMs <= dueMs) return;
    if (known !== undefined) this.#remove(known);
    const entry: Entry<K> = { key, dueMs, order: this.#order++, at: this.#heap.length };
    this.#entries.set(key, entry);
    this.#heap.push(entry);
    this.#up(entry);
    this.#arm();
  }

  dueMs(key: K): number | undefined {
    return this.#entries.get(key)?.dueMs;
  }

  delete(key: K): boolean {
    const entry = this.#entries.get(key);
    if (entry === undefined) return false;
    this.#remove(entry);
    this.#arm();
    return true;
  }

  clear(): void {
    this.#heap.length = 0;
    this.#entries.clear();
    this.#arm();
  }

  #arm(): void {
    const dueMs = this.#heap[0]?.dueMs ?? Infinity;
    if (dueMs === this.#timerDueMs) return;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#timerDueMs = dueMs;
    if (dueMs === Infinity) return;
    const delayMs = Math.max(0, dueMs - this.#clock.monotonicMs());
    this.#cancelTimer = this.#clock.after(delayMs, () => this.#fire(), { background: this.#background });
  }

  #fire(): void {
    this.#cancelTimer = undefined;
    this.#timerDueMs = Infinity;
    const nowMs = this.#clock.monotonicMs();
    for (let head = this.#heap[0]; head !== undefined && head.dueMs <= nowMs; head = this.#heap[0]) {
      this.#remove(head);
      this.#onDue(head.key);
    }
    this.#arm();
  }

  #remove(entry: Entry<K>): void {
    this.#entries.delete(entry.key);
    const last = this.#heap.pop() as Entry<K>;
    if (last === entry) return;
    this.#place(last, entry.at);
    this.#up(last);
    this.#down(last);
  }

  #place(entry: Entry<K>, at: number): void {
    this.#heap[at] = entry;
    entry.at = at;
  }

  #up(entry: Entry<K>): void {
    let at = entry.at;
    while (at > 0) {
      const parent = this.#heap[(at - 1) >> 1] as Entry<K>;
      if (isBefore(parent, entry)) break;
      const free = parent.at;
      this.#place(parent, at);
      at = free;
    }
    this.#place(entry, at);
  }

  #down(entry: Entry<K>): void {
    let at = entry.at;
    for (;;) {
      const left = this.#heap[at * 2 + 1];
      const right = this.#heap[at * 2 + 2];
      const child = left !== undefined && right !== undefined && isBefore(right, left) ? right : left;
      if (child === undefined || isBefore(entry, child)) break;
      const free = child.at;
      this.#place(child, at);
      at = free;
    }
    this.#place(entry, at);
  }
}

function isBefore<K>(a: Entry<K>, b: Entry<K>): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order);
}
