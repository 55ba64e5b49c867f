import type { PageOptions, Revision, StateRecord } from '../store.ts';
import type { History } from './history.ts';
import type { OrderedMap, Page } from './ordered-map.ts';

/**
 * Reads of the state as an older revision left it: the current state, with the events since then undone in passing. One read costs one pass over
 * those events; nothing is kept between reads, so pages of a list may be any time apart.
 */
export class Past {
  readonly #records: OrderedMap<StateRecord>;
  readonly #history: History;
  readonly #at: Revision;

  constructor(records: OrderedMap<StateRecord>, history: History, at: Revision) {
    this.#records = records;
    this.#history = history;
    this.#at = at;
  }

  get(key: string): StateRecord | undefined {
    for (const events of this.#history.chunks(this.#at)) {
      for (const event of events) if (event.revision > this.#at && event.key === key) return event.previous;
    }
    return this.#records.get(key);
  }

  page(prefix: string, options: PageOptions = {}): Page<StateRecord> {
    const { after, limit = Infinity } = options;
    const changed = this.#changed(prefix, after);
    const dropped = new Set<StateRecord>();
    const restored: StateRecord[] = [];
    for (const [key, previous] of changed) {
      const current = this.#records.get(key);
      if (current !== undefined) dropped.add(current);
      if (previous !== undefined) restored.push(previous);
    }
    const current = this.#records.page(prefix, { after, limit: limit + dropped.size });
    const kept = dropped.size === 0 ? current.records : current.records.filter((record) => !dropped.has(record));
    const merged = merge(kept, restored.sort(byKey));
    const records = merged.length > limit ? merged.slice(0, limit) : merged;
    const total = current.records.length + current.remaining - dropped.size + restored.length;
    return { records, remaining: total - records.length };
  }

  /** The keys of the page that changed since, each with what it had. */
  #changed(prefix: string, after: string | undefined): Map<string, StateRecord | undefined> {
    const changed = new Map<string, StateRecord | undefined>();
    for (const events of this.#history.chunks(this.#at)) {
      for (const { key, revision, previous } of events) {
        if (revision > this.#at && key.startsWith(prefix) && (after === undefined || key > after) && !changed.has(key)) changed.set(key, previous);
      }
    }
    return changed;
  }
}

const byKey = (a: StateRecord, b: StateRecord): number => (a.key < b.key ? -1 : 1);

function merge(left: StateRecord[], right: StateRecord[]): StateRecord[] {
  if (right.length === 0) return left;
  const merged: StateRecord[] = [];
  let at = 0;
  for (const record of left) {
    for (let next = right[at]; next !== undefined && next.key < record.key; next = right[at]) {
      merged.push(next);
      at += 1;
    }
    merged.push(record);
  }
  for (; at < right.length; at += 1) merged.push(right[at] as StateRecord);
  return merged;
}
