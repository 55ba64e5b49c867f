import { setImmediate as nextTurn } from 'node:timers/promises';
import { ByteRecord } from '../internal/byte-record.ts';
import type { Revision, StateRecord } from '../store.ts';
import { writeAll, type FileSystem, type StateFile } from './file-system.ts';
import { BATCH_HEADER, ENTRY_HEADER, keyOf, readEntry, SEGMENT_HEADER, segmentHeader, writeBatchHeader, type FoundEntry } from './format.ts';
import type { Journal } from './journal.ts';
import { scanSegment } from './scan.ts';
import { forgetDeaths, hush, isHushedBy, type Death, type Segment } from './segment.ts';

/** What a {@link Cleaner} works with. */
export interface CleanerOptions {
  readonly files: FileSystem;
  readonly directory: string;
  readonly segmentBytes: number;
  readonly journal: Journal;
  readonly progress: () => { readonly revision: Revision; readonly compacted: Revision };
  readonly current: (key: string) => StateRecord | undefined;
  /** Told what went wrong. Nothing is lost by it: the segments stay as they are. */
  readonly onError: (error: unknown) => void;
}

/** Of all bytes, so many may be of no use before segments are cleaned: half as many as are in use, and this many at least. */
const USELESS_SHARE = 0.5;
/** A segment is worth cleaning when this share of it is of no use. */
const WORTH_SHARE = 0.25;
/** So many entries are looked at, or moved, in one turn of the event loop. */
const ENTRIES_PER_TURN = 256;
const PIECE_BYTES = 1 << 20;

/** An entry that is still needed. */
interface Kept {
  readonly from: Segment;
  readonly bytes: Buffer;
  readonly entry: FoundEntry;
  readonly key: string;
  /** Whether it is the key's current record, and not merely part of the history, or a delete. */
  readonly live: boolean;
  /** Where it will be. */
  at: number;
}

/**
 * Gives back the space of what is neither current nor in the history: the entries of some segments that are still needed are copied into a new one,
 * which takes their place in the manifest, at one instant. Works in small pieces, so that commits hardly notice it. A record keeps its revisions.
 */
export class Cleaner {
  readonly #options: CleanerOptions;
  /** Segments that could not be read: they are left alone. */
  readonly #unreadable = new Set<Segment>();
  #running: Promise<void> | undefined;
  #again = false;
  #closed = false;

  constructor(options: CleanerOptions) {
    this.#options = options;
  }

  /** Cleans in the background if it is worth it. */
  consider(): void {
    this.#again = true;
    this.#running ??= this.#loop().then(() => {
      this.#running = undefined;
    });
  }

  /** Resolves once everything worth cleaning is clean. */
  async settled(): Promise<void> {
    this.consider();
    while (this.#running !== undefined) await this.#running;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
  }

  async #loop(): Promise<void> {
    while (this.#again) {
      this.#again = false;
      for (let victims = this.#victims(); victims.length > 0 && !this.#closed; victims = this.#victims()) {
        try {
          await this.#clean(victims);
        } catch (error) {
          for (const victim of victims) this.#unreadable.add(victim);
          // A log that has failed has been told of.
          if (this.#options.journal.failure === undefined) this.#options.onError(error);
        }
      }
    }
  }

  /** The segments to clean next: those with the least that is needed, as many as fit into one. */
  #victims(): Segment[] {
    const { journal, segmentBytes } = this.#options;
    if (journal.failure !== undefined) return [];
    const { compacted } = this.#options.progress();
    const oldest = Math.min(...journal.segments.map(({ id }) => id));
    let useful = 0;
    let useless = 0;
    const costs = new Map<Segment, number>();
    for (const segment of journal.segments) {
      const deletes = segment.id === oldest ? 0 : segment.deleteBytes;
      const needed = Math.min(segment.size, segment.liveBytes + forgetDeaths(segment, compacted) + deletes);
      useful += needed;
      useless += segment.size - needed;
      if (segment.full && !this.#unreadable.has(segment) && segment.size - needed > segment.size * WORTH_SHARE) costs.set(segment, needed);
    }
    if (useless < Math.max(useful * USELESS_SHARE, segmentBytes)) return [];
    const victims: Segment[] = [];
    let bytes = 0;
    for (const [segment, needed] of [...costs].sort(([a, costA], [b, costB]) => costA - costB || a.id - b.id)) {
      if (victims.length > 0 && (bytes + needed > segmentBytes || victims.length >= 8)) break;
      victims.push(segment);
      bytes += needed;
    }
    return victims;
  }

  async #clean(victims: readonly Segment[]): Promise<void> {
    const { files, directory, journal } = this.#options;
    // In this order: a delete that does not know of the new segment must not be able to follow what is copied into it.
    const segment = journal.newSegment();
    await journal.flush();
    const { compacted, revision } = this.#options.progress();
    const kept: Kept[] = [];
    for (const victim of victims) kept.push(...(await this.#neededOf(victim, victims, compacted)));
    for (const { entry, live } of kept) if (!live && entry.type === 'put') hush(segment, entry.modRevision, revision);
    let made: { segment: Segment; bytes: Buffer } | undefined;
    if (kept.length > 0) made = await this.#write(segment, kept);
    await journal.replace(victims, made?.segment, compacted);
    if (made !== undefined) await this.#move(kept, made);
    for (const victim of victims) await files.remove(victim.path);
    await files.syncDirectory(directory);
  }

  async #neededOf(victim: Segment, victims: readonly Segment[], compacted: Revision): Promise<Kept[]> {
    const bytes = await readWhole(this.#options.files, victim);
    const { batches } = scanSegment(bytes, victim);
    forgetDeaths(victim, compacted);
    const past = new DeathIndex(victim);
    const others = this.#options.journal.segments.filter((segment) => !victims.includes(segment));
    const kept: Kept[] = [];
    let count = 0;
    for (const batch of batches) {
      for (let at = batch.payload; at < batch.next; ) {
        const entry = readEntry(bytes, at);
        at += entry.size;
        const key = keyOf(bytes, entry);
        const live = entry.type === 'put' && this.#isCurrent(key, victim, entry.at);
        const isNeeded =
          live || (entry.type === 'put' ? past.of(entry.at) !== undefined : entry.modRevision > compacted || others.some((one) => isHushedBy(one, entry)));
        if (isNeeded) kept.push({ from: victim, bytes, entry, key, live, at: 0 });
        count += 1;
        if (count % ENTRIES_PER_TURN === 0) await nextTurn();
      }
    }
    return kept;
  }

  #isCurrent(key: string, segment: Segment, at: number): boolean {
    const record = this.#options.current(key);
    return record instanceof ByteRecord && record.home === segment && record.entryAt === at;
  }

  /** Writes the entries into a new segment, durably. */
  async #write(segment: Segment, kept: readonly Kept[]): Promise<{ segment: Segment; bytes: Buffer }> {
    const { files, directory } = this.#options;
    const pieces = piecesOf(kept);
    const size = SEGMENT_HEADER + pieces.reduce((sum, piece) => sum + BATCH_HEADER + piece.bytes, 0) + BATCH_HEADER;
    const bytes = Buffer.allocUnsafeSlow(size);
    const file = await files.open(segment.path, 'create');
    try {
      segmentHeader(segment.id, 'cleaned').copy(bytes);
      await writeAll(file, [bytes.subarray(0, SEGMENT_HEADER)], 0);
      let at = SEGMENT_HEADER;
      for (const [index, piece] of pieces.entries()) {
        at = this.#fill(bytes, at, { segment, index, kept: piece.kept, bytes: piece.bytes });
        await writeAll(file, [bytes.subarray(at - BATCH_HEADER - piece.bytes, at)], at - BATCH_HEADER - piece.bytes);
        await file.sync();
      }
      const { revision, compacted } = this.#options.progress();
      const end = bytes.subarray(at);
      writeBatchHeader(end, { segment: segment.id, index: pieces.length, count: 0, revision, compacted, end: true }, []);
      await writeAll(file, [end], at);
      await file.sync();
    } finally {
      await closeQuietly(file);
    }
    await files.syncDirectory(directory);
    segment.size = size;
    segment.full = true;
    segment.batches = pieces.length + 1;
    return { segment, bytes };
  }

  #fill(bytes: Buffer, start: number, piece: { segment: Segment; index: number; kept: readonly Kept[]; bytes: number }): number {
    let at = start + BATCH_HEADER;
    for (const one of piece.kept) {
      one.bytes.copy(bytes, at, one.entry.at, one.entry.at + one.entry.size);
      one.at = at;
      at += one.entry.size;
    }
    const { revision, compacted } = this.#options.progress();
    const info = { segment: piece.segment.id, index: piece.index, count: piece.kept.length, revision, compacted, end: false };
    writeBatchHeader(bytes.subarray(start, start + BATCH_HEADER), info, [bytes.subarray(start + BATCH_HEADER, at)]);
    return at;
  }

  /** Tells the records where they are now. What was replaced in the meantime is history in the new segment. */
  async #move(kept: readonly Kept[], { segment, bytes }: { segment: Segment; bytes: Buffer }): Promise<void> {
    const deaths = new Map<Segment, DeathIndex>();
    for (const [index, { from, entry, key, at }] of kept.entries()) {
      if (index % ENTRIES_PER_TURN === ENTRIES_PER_TURN - 1) await nextTurn();
      if (entry.type === 'delete') {
        segment.deleteBytes += entry.size;
        continue;
      }
      const record = this.#options.current(key);
      if (record instanceof ByteRecord && record.home === from && record.entryAt === entry.at) {
        record.move({ slab: bytes, at: at + ENTRY_HEADER + entry.key, length: entry.value, annexLength: entry.annex });
        record.home = segment;
        record.entryAt = at;
        segment.liveBytes += entry.size;
      } else {
        let past = deaths.get(from);
        if (past === undefined) deaths.set(from, (past = new DeathIndex(from)));
        const death = past.of(entry.at);
        if (death !== undefined) segment.deaths.push({ ...death, at });
      }
    }
    segment.deaths.sort((a, b) => a.revision - b.revision);
  }
}

/** The deaths of a segment by place; it follows those that are added in the meantime. */
class DeathIndex {
  readonly #segment: Segment;
  readonly #known = new Map<number, Death>();
  #count = 0;

  constructor(segment: Segment) {
    this.#segment = segment;
  }

  of(at: number): Death | undefined {
    const { deaths } = this.#segment;
    for (; this.#count < deaths.length; this.#count += 1) {
      const death = deaths[this.#count] as Death;
      this.#known.set(death.at, death);
    }
    return this.#known.get(at);
  }
}

/** Entries in batches of a bounded size. */
function piecesOf(kept: readonly Kept[]): { kept: Kept[]; bytes: number }[] {
  const pieces: { kept: Kept[]; bytes: number }[] = [];
  for (const one of kept) {
    let piece = pieces.at(-1);
    if (piece === undefined || piece.bytes + one.entry.size > PIECE_BYTES) pieces.push((piece = { kept: [], bytes: 0 }));
    piece.kept.push(one);
    piece.bytes += one.entry.size;
  }
  return pieces;
}

async function readWhole(files: FileSystem, { path, size }: Segment): Promise<Buffer> {
  const file = await files.open(path, 'read');
  try {
    const bytes = Buffer.allocUnsafeSlow(size);
    await file.read(bytes, 0);
    return bytes;
  } finally {
    await closeQuietly(file);
  }
}

/** What was read or synced is safe, whatever closing says. */
async function closeQuietly(file: StateFile): Promise<void> {
  await file.close().catch(() => undefined);
}
