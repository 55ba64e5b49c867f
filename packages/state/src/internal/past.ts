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

  page(prefix: string, { after, limit = Infinity }: PageOptions = {}): Page<StateRecord> {
    const { gone, dropped } = this.#changes(prefix, after);
    const { kept, total } = this.#current(prefix, { after, limit });
    const bound = kept.length < limit ? undefined : (kept.at(-1) as StateRecord).key;
    const restored = bound === undefined ? gone : gone.filter(({ key }) => key < bound);
    const merged = merge(kept, restored.sort(byKey));
    const records = merged.length > limit ? merged.slice(0, limit) : merged;
    return { records, remaining: total - dropped + gone.length - records.length };
  }

  /** What the current state lacks of the picture, and how many records it has that are not in it. */
  #changes(prefix: string, after = ''): { readonly gone: StateRecord[]; readonly dropped: number } {
    const gone: StateRecord[] = [];
    let dropped = 0;
    for (const events of this.#history.chunks(this.#at)) {
      for (const { type, key, revision, previous } of events) {
        if (revision <= this.#at || !key.startsWith(prefix) || key <= after) continue;
        if (type === 'put') dropped += 1;
        if (previous === undefined) continue;
        if (previous.modRevision > this.#at) dropped -= 1;
        else gone.push(previous);
      }
    }
    return { gone, dropped };
  }

  /** The first records of the current state that are in the picture, and how many records it has, in the picture or not. */
  #current(prefix: string, { after, limit }: { after: string | undefined; limit: number }): { readonly kept: StateRecord[]; readonly total: number } {
    let page = this.#records.page(prefix, { after, limit });
    const total = page.records.length + page.remaining;
    const kept = page.records.filter((record) => record.modRevision <= this.#at);
    while (kept.length < limit && page.remaining > 0) {
      page = this.#records.page(prefix, { after: (page.records.at(-1) as StateRecord).key, limit });
      for (const record of page.records) if (record.modRevision <= this.#at && kept.length < limit) kept.push(record);
    }
    return { kept, total };
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
