import type { Revision, StateEvent } from '../store.ts';

/** A run of events. Invariant: never empty once in a history; a commit is never split over two chunks. */
interface Chunk {
  /** The position of the first event. */
  readonly first: number;
  readonly events: StateEvent[];
}

/** Chunks are the unit of dropping: small beside the limit, and few. */
const MAX_CHUNK_EVENTS = 256;
const CHUNKS_PER_LIMIT = 16;

const MIN_LIMIT = 10_000;
const MAX_LIMIT = 100_000;

/** How many events to keep where nobody says it: as many as there are objects, within bounds. */
export function defaultHistoryLimit(objects: number): number {
  return Math.min(Math.max(objects, MIN_LIMIT), MAX_LIMIT);
}

/**
 * The bounded log of all changes, oldest first. Events are found by position, a number that counts them from the beginning of the store. A fork
 * shares the chunks and costs one pointer per chunk.
 */
export class History {
  /** Invariant: without gap in positions; every revision in a chunk is less than those in the next. */
  readonly #chunks: Chunk[];
  /** Whether the last chunk may be appended to: not after a fork, when two histories hold it. */
  #open = false;
  #end: number;
  #compacted: Revision;

  constructor(compacted: Revision, chunks: Chunk[] = [], end = 0) {
    this.#compacted = compacted;
    this.#chunks = chunks;
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

  /** All events of greater revisions are here. */
  get compacted(): Revision {
    return this.#compacted;
  }

  /** Adds the events of one commit to a history that is to keep `limit` events. */
  append(events: readonly StateEvent[], limit: number): void {
    let chunk = this.#chunks.at(-1);
    if (chunk === undefined || !this.#open || chunk.events.length >= Math.min(MAX_CHUNK_EVENTS, limit / CHUNKS_PER_LIMIT)) {
      chunk = { first: this.#end, events: [] };
      this.#chunks.push(chunk);
      this.#open = true;
    }
    for (const event of events) chunk.events.push(event);
    this.#end += events.length;
  }

  /** The events from a position on, up to the end of their chunk: an array and where in it they begin. It may grow, but never at its front. */
  from(position: number): { readonly events: readonly StateEvent[]; readonly at: number } {
    // Readers mostly are near the end.
    const newest = this.#chunks.at(-1);
    const chunk = newest !== undefined && newest.first <= position ? newest : this.#chunks[this.#lastChunk((candidate) => candidate.first <= position)];
    return chunk === undefined ? { events: [], at: 0 } : { events: chunk.events, at: position - chunk.first };
  }

  /** The position of the first event after a revision. */
  after(revision: Revision): number {
    const chunk = this.#chunks[this.#chunkAt(revision)];
    if (chunk === undefined) return this.start;
    const within = chunk.events.findIndex((event) => event.revision > revision);
    return chunk.first + (within < 0 ? chunk.events.length : within);
  }

  /** The chunks that hold the events after a revision; the first may begin with earlier ones. */
  chunks(after: Revision): readonly (readonly StateEvent[])[] {
    return this.#chunks.slice(Math.max(this.#chunkAt(after), 0)).map((chunk) => chunk.events);
  }

  /** Drops the oldest chunks as long as `limit` events remain, and none that reaches beyond position `keep`. */
  trim(limit: number, keep: number): void {
    for (let next = this.#chunks[1]; next !== undefined && next.first <= keep && this.#end - next.first >= limit; next = this.#chunks[1]) {
      const dropped = this.#chunks.shift() as Chunk;
      this.#compacted = Math.max(this.#compacted, (dropped.events.at(-1) as StateEvent).revision);
    }
  }

  /** Makes `before` the oldest revision. Events from position `keep` on stay for those who are still to be told of them. */
  compact(before: Revision, keep: number): void {
    if (before <= this.#compacted) return;
    this.#compacted = before;
    for (let first = this.#chunks[0]; first !== undefined; first = this.#chunks[0]) {
      if ((first.events.at(-1) as StateEvent).revision > before || first.first + first.events.length > keep) return;
      this.#chunks.shift();
    }
  }

  /** Forgets everything: what led to `revision` is not known. Whoever was told of all there was has missed something. */
  restart(revision: Revision): void {
    this.#chunks.length = 0;
    this.#compacted = revision;
    this.#end += 1;
  }

  fork(): History {
    this.#open = false;
    return new History(this.#compacted, [...this.#chunks], this.#end);
  }

  /** The index of the chunk with the last event that is not after a revision; -1 when all events are. */
  #chunkAt(revision: Revision): number {
    return this.#lastChunk((chunk) => (chunk.events[0] as StateEvent).revision <= revision);
  }

  /** The index of the last chunk for which `test`, true for the older ones, is true; -1 when for none. */
  #lastChunk(test: (chunk: Chunk) => boolean): number {
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
