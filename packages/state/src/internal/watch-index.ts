const SLASH = 47;

/** Everybody who watches one prefix. Invariant: `live` counts the defined slots. */
interface Group<W> {
  slots: (W | undefined)[];
  live: number;
}

/** The groups of all prefixes of one length. A prefix that ends in a slash is looked up only at the slashes of a key. */
interface Length<W> {
  readonly length: number;
  readonly whole: Map<string, Group<W>>;
  readonly partial: Map<string, Group<W>>;
}

/**
 * Finds the watchers of a key. The cost of an event is one lookup per segment of its key (and one per length of the prefixes that do not end in a
 * slash), plus the watchers that it concerns, however many others there are.
 */
export class WatchIndex<W> {
  /** Invariant: ascending by length; no entry is empty. Replaced, not changed, because a visit may be under way. */
  #lengths: readonly Length<W>[] = [];

  /** Adds a watcher. While `visit` runs, it is not visited for the key that is being visited. */
  add(prefix: string, watcher: W): () => void {
    const groups = this.#groups(prefix);
    let group = groups.get(prefix);
    if (group === undefined) {
      group = { slots: [], live: 0 };
      groups.set(prefix, group);
    }
    group.slots.push(watcher);
    group.live += 1;
    return () => this.#remove(prefix, watcher);
  }

  /** Calls `fn` for the watchers of every prefix of `key`: shorter prefixes first, then in the order in which they were added. */
  visit(key: string, fn: (watcher: W) => void): void {
    for (const { length, whole, partial } of this.#lengths) {
      if (length > key.length) return;
      const groups = length > 0 && key.charCodeAt(length - 1) === SLASH ? whole : partial;
      const slots = groups.size === 0 ? undefined : groups.get(key.slice(0, length))?.slots;
      if (slots === undefined) continue;
      for (let at = 0, end = slots.length; at < end; at += 1) {
        const watcher = slots[at];
        if (watcher !== undefined) fn(watcher);
      }
    }
  }

  #groups(prefix: string): Map<string, Group<W>> {
    let entry = this.#lengths.find(({ length }) => length === prefix.length);
    if (entry === undefined) {
      entry = { length: prefix.length, whole: new Map(), partial: new Map() };
      this.#lengths = [...this.#lengths, entry].sort((a, b) => a.length - b.length);
    }
    return prefix.endsWith('/') ? entry.whole : entry.partial;
  }

  #remove(prefix: string, watcher: W): void {
    const groups = this.#groups(prefix);
    const group = groups.get(prefix);
    const at = group?.slots.indexOf(watcher) ?? -1;
    if (group === undefined || at < 0) return;
    group.slots[at] = undefined;
    group.live -= 1;
    if (group.live * 2 < group.slots.length) group.slots = group.slots.filter((slot) => slot !== undefined);
    if (group.live > 0) return;
    groups.delete(prefix);
    this.#lengths = this.#lengths.filter(({ whole, partial }) => whole.size + partial.size > 0);
  }
}
