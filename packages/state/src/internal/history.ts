import type { Revision, StateEvent } from '../store.ts';

/** A run of events. Invariant: a commit is never split over two chunks; a chunk in a history is never empty. */
interface Chunk {
  /** The position of the first event. */
  readonly first: number;
  readonly events: StateEvent[];
}

const CHUNK_EVENTS = 256;

/**
 * The bounded log of all changes, oldest first. Events are found by position, a number that counts them from the beginning of the store. A fork
 * shares the chunks and costs one pointer per chunk.
 */
export class History {
  /** Invariant: ordered and without gap in positions; revisions rise from chunk to chunk. */
  #chunks: Chunk[];
  /** Whether the last chunk may be appended to: false after a fork, when two histories hold it. */
  #open = false;
  #end: number;
  #compacted: Revision;

  constructor(compacted: Revision, chunks: Chunk[] = [], end = 0) {
    this.#chunks = chunks;
    this.#compacted = compacted;
    this.#end = end;
  }

  /** Position of the oldest event. */
  get start(): number {
    return this.#chunks[0]?.first ?? this.#end;
  }

  /** The position after the newest event. */
  get end(): number {
    return this.#end;
  }

  /** All events with greater revisions are here. */
  get compacted(): Revision {
    return this.#compacted;
  }

  /** Adds the events of one commit. */
  append(events: readonly StateEvent[]): void {
    let chunk = this.#chunks.at(-1);
    if (chunk === undefined || !this.#open || chunk.events.length >= CHUNK_EVENTS) {
      chunk = { first: this.#end, events: [] };
      this.#chunks.push(chunk);
      this.#open = true;
    }
    for (const event of events) chunk.events.push(event);
    this.#end += events.length;
  }

  /** The events from a position on, by chunk; empty at the end. */
  from(position: number): readonly StateEvent[] {
    const at = this.#chunkBefore((chunk) => chunk.first <= position);
    const chunk = this.#chunks[at];
    if (chunk === undefined) return [];
    return position === chunk.first ? chunk.events : chunk.events.slice(position - chunk.first);
  }

  /** The position of the first event after a revision. */
  after(revision: Revision): number {
    const at = this.#chunkBefore((chunk) => (chunk.events[0] as StateEvent).revision <= revision);
    const chunk = this.#chunks[at];
    if (chunk === undefined) return this.start;
    const within = chunk.events.findIndex((event) => event.revision > revision);
    return within < 0 ? chunk.first + chunk.events.length : chunk.first + within;
  }

  /** Drops the oldest chunks as long as `limit` events remain, and none that reaches to `keep` or beyond. */
  trim(limit: number, keep: number): void {
    while (this.#chunks.length > 1) {
      const next = (this.#chunks[1] as Chunk).first;
      if (this.#end - next < limit || next > keep) return;
      this.#dropFirst();
    }
  }

  /** Makes `before` the oldest revision. Events from position `keep` on stay for those who are still to be told of them. */
  compact(before: Revision, keep: number): void {
    if (before <= this.#compacted) return;
    this.#compacted = before;
    for (;;) {
      const first = this.#chunks[0];
      const last = first?.events.at(-1);
      if (first === undefined || last === undefined || last.revision > before || first.first + first.events.length > keep) return;
      this.#dropFirst();
    }
  }

  fork(): History {
    this.#open = false;
    return new History(this.#compacted, [...this.#chunks], this.#end);
  }

  #dropFirst(): void {
    const dropped = this.#chunks.shift();
    const last = dropped?.events.at(-1);
    if (last !== undefined) this.#compacted = Math.max(this.#compacted, last.revision);
  }

  /** The index of the last chunk for which `test`, true for the older ones, is true; -1 when for none. */
  #chunkBefore(test: (chunk: Chunk) => boolean): number {
    let low = 0;
    let high = this.#chunks.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (test(this.#chunks[middle] as Chunk)) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}
