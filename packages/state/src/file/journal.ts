import type { Clock } from '@kybern/core';
import { StateWriteError } from '../errors.ts';
import type { Annex } from '../internal/byte-record.ts';
import type { Staged } from '../internal/engine.ts';
import type { Revision } from '../store.ts';
import { BatchEncoder, sealBatch, type Batch, type Waiter } from './batch.ts';
import { writeAll, type FileSystem, type StateFile } from './file-system.ts';
import { BATCH_HEADER, SEGMENT_HEADER, segmentHeader, writeBatchHeader } from './format.ts';
import { formatManifest, manifestPath, type Manifest } from './manifest.ts';
import { newSegment, settle, type Segment } from './segment.ts';

/** What a {@link Journal} works with. */
export interface JournalOptions {
  readonly files: FileSystem;
  readonly directory: string;
  readonly clock: Clock;
  readonly segmentBytes: number;
  readonly annex: Annex | undefined;
  /** Runs a function soon, once everything that came in together has been committed. */
  readonly soon: (fn: () => void) => void;
  /** What the store has reached, for the headers of batches. */
  readonly progress: () => { readonly revision: Revision; readonly compacted: Revision };
  /** A batch is durable: its commits are to be applied, in order. */
  readonly onDurable: (batch: Batch) => void;
  /** Nothing more can be written. */
  readonly onFailure: (error: StateWriteError) => void;
  /** A segment became full. */
  readonly onFull: () => void;
}

/** What is reserved at the end of the segment at once: a flush that need not make the file longer is twice as fast. */
const RESERVED_BYTES = 1 << 20;
/** Batches of this size do not profit from reserved space: writing them twice costs more. */
const LARGE_BATCH = 48 * 1024;
/** So much is written without waiting for what else comes in together with it: the disk works while the rest is committed. */
const EARLY_BYTES = 128 * 1024;
/** When so much of the active segment is used there is no time any more to reserve the next one. */
const HURRY_SHARE = 0.5;
/** After so long without a write the last batch is sealed. */
const IDLE_MS = 20;

/** A segment that is ready to be written to. */
interface Prepared {
  readonly segment: Segment;
  readonly file: StateFile;
  /** How long its file is. */
  readonly allocated: number;
}

/**
 * The log in front of the acknowledgements. Commits that arrive while the disk is busy are flushed together: one write, one `fdatasync`. After a failure
 * nothing is written any more: what the disk has of the writes since the last sync is not known, and a second sync that succeeds would prove nothing.
 */
export class Journal {
  readonly #options: JournalOptions;
  readonly #encoder: BatchEncoder;
  readonly segments: Segment[];
  #manifest: Manifest;
  #active: Segment;
  #file: StateFile;
  /** How long the active file is. */
  #allocated: number;
  /** The segment after the active one, once it is being prepared. */
  #next: Promise<Prepared> | undefined;
  /** Changes of the manifest, one after the other. */
  #manifestWrites: Promise<void> = Promise.resolve();
  /** Until nothing waits any more. Invariant: defined while something waits or is being written. */
  #running: Promise<void> | undefined;
  #rest: () => void = () => undefined;
  #isWriting = false;
  /** Of how much that waits the write begins at once: of about half of what comes together. */
  #early = EARLY_BYTES;
  #failure: StateWriteError | undefined;
  #cancelSeal: (() => void) | undefined;
  #closed = false;

  constructor(options: JournalOptions, start: { manifest: Manifest; segments: readonly Segment[]; active: Segment; file: StateFile }) {
    this.#options = options;
    this.#encoder = new BatchEncoder(options.annex);
    this.segments = [...start.segments];
    this.#manifest = start.manifest;
    this.#active = start.active;
    this.#file = start.file;
    this.#allocated = start.active.size;
  }

  get failure(): StateWriteError | undefined {
    return this.#failure;
  }

  get active(): Segment {
    return this.#active;
  }

  /** Takes a commit, and tells once it is durable and applied, or (with a {@link StateWriteError}) that it is not. @throws an object cannot be encoded */
  append(staged: Staged, { resolve, reject }: Omit<Waiter, 'staged'>): void {
    if (this.#failure !== undefined) throw this.#failure;
    this.#encoder.add(staged.events, { staged, resolve, reject });
    this.#start();
  }

  /** Resolves once everything that was appended before is durable, and with it how far the store is. */
  flush(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#encoder.add([], { staged: undefined, resolve, reject });
      this.#start();
    });
  }

  /**
   * A number for a segment that somebody makes beside the log. What is copied into it may be deleted meanwhile: deletes that are written from now on are
   * kept as long as it exists, so what to copy is to be decided after {@link flush}.
   */
  newSegment(): Segment {
    const id = this.#manifest.next;
    this.#manifest = { ...this.#manifest, next: id + 1 };
    return newSegment(this.#options.directory, id);
  }

  /** Replaces segments by one that holds what was needed of them, at one instant. */
  async replace(old: readonly Segment[], by: Segment | undefined, compacted: Revision): Promise<void> {
    await this.#changeManifest((manifest) => ({
      ...manifest,
      segments: [...manifest.segments.filter((id) => !old.some((segment) => segment.id === id)), ...(by === undefined ? [] : [by.id])].sort((a, b) => a - b),
      revision: Math.max(manifest.revision, this.#options.progress().revision),
      compacted: Math.max(manifest.compacted, compacted),
    }));
    for (const segment of old) this.segments.splice(this.segments.indexOf(segment), 1);
    if (by !== undefined) this.segments.push(by);
  }

  /** Writes down what is under way and ends. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelSeal?.();
    while (this.#running !== undefined) await this.#running;
    if (this.#failure === undefined) await this.#seal().catch(() => undefined);
    const next = await this.#next?.catch(() => undefined);
    await this.#manifestWrites.catch(() => undefined);
    await Promise.all([this.#file.close(), next?.file.close()]).catch(() => undefined);
  }

  /** Refuses everything from now on. */
  fail(cause: unknown): StateWriteError {
    if (this.#failure !== undefined) return this.#failure;
    const failure = writeFailed(this.#options.directory, cause);
    this.#failure = failure;
    this.#options.onFailure(failure);
    for (const { reject } of this.#encoder.take()?.waiters ?? []) reject(failure);
    return failure;
  }

  /** Sees to it that what waits is written: once everything that came in together has been committed, or at once when it is much. */
  #start(): void {
    if (this.#running === undefined) {
      this.#cancelSeal?.();
      this.#cancelSeal = undefined;
      this.#running = new Promise((resolve) => (this.#rest = resolve));
      this.#options.soon(this.#pump);
    }
    if (this.#encoder.waitingBytes >= this.#early) this.#pump();
  }

  /** Begins the next write, unless one is under way. Ends the run when nothing waits. */
  readonly #pump = (): void => {
    if (this.#isWriting || this.#running === undefined) return;
    const batch = this.#failure === undefined ? this.#encoder.take() : undefined;
    if (batch === undefined) this.#settleDown();
    else this.#begin(batch);
  };

  #begin(batch: Batch): void {
    this.#isWriting = true;
    this.#early = Math.max(EARLY_BYTES, (this.#early + batch.bytes) / 2);
    this.#write(batch).then(
      () => {
        this.#isWriting = false;
        // Of much that waits the disk first: it works while the commits of this batch are told. Of little not: who is told now comes along.
        if (this.#encoder.waitingBytes >= this.#early) this.#pump();
        this.#acknowledge(batch);
        if (!this.#isWriting) this.#options.soon(this.#pump);
      },
      (error: unknown) => {
        this.#isWriting = false;
        this.#refuse(batch, error);
        this.#pump();
      },
    );
  }

  #acknowledge(batch: Batch): void {
    try {
      this.#options.onDurable(batch);
    } catch (error) {
      this.#refuse(batch, error);
      return;
    }
    for (const { resolve } of batch.waiters) resolve();
  }

  #refuse(batch: Batch, error: unknown): void {
    const failure = this.fail(error);
    for (const { reject } of batch.waiters) reject(failure);
  }

  #settleDown(): void {
    this.#running = undefined;
    this.#rest();
    if (this.#failure === undefined && !this.#closed) this.#sealSoon();
  }

  async #write(batch: Batch): Promise<void> {
    const bytes = BATCH_HEADER + batch.bytes;
    const isEmpty = this.#active.size === SEGMENT_HEADER;
    if (!isEmpty && this.#active.size + bytes > this.#options.segmentBytes) await this.#roll();
    const segment = this.#active;
    const last = batch.waiters.findLast(({ staged }) => staged !== undefined)?.staged;
    const { revision, compacted } = this.#options.progress();
    const info = { segment: segment.id, index: segment.batches, revision: last?.revision ?? revision, compacted, end: false, born: this.#manifest.next - 1 };
    await this.#put(sealBatch(batch, info), bytes);
    let at = segment.size + BATCH_HEADER;
    for (const { record, size } of batch.entries) {
      if (record === undefined) segment.deleteBytes += size;
      else settle(record, segment, at);
      at += size;
    }
    segment.size += bytes;
    segment.batches += 1;
    if (segment.size > this.#options.segmentBytes / 4) void this.#prepare();
  }

  /** Writes at the end of the active segment, durably. */
  async #put(buffers: readonly Buffer[], bytes: number): Promise<void> {
    const end = this.#active.size + bytes;
    const room = Math.min(RESERVED_BYTES, this.#options.segmentBytes - end);
    const reserve = end > this.#allocated && bytes < LARGE_BATCH && room > 0 ? [ZEROS.subarray(0, room)] : [];
    await writeDurably(this.#file, [...buffers, ...reserve], this.#active.size);
    this.#allocated = Math.max(this.#allocated, reserve.length > 0 ? end + room : end);
  }

  /** Goes on in the next segment. */
  async #roll(): Promise<void> {
    const { segment, file, allocated } = await this.#prepare();
    const full = this.#active;
    await this.#mark(true);
    // All of it is durable: what closing says does not matter, nor when.
    void this.#file.close().catch(() => undefined);
    full.full = true;
    this.segments.push(segment);
    this.#active = segment;
    this.#file = file;
    this.#allocated = allocated;
    this.#next = undefined;
    this.#options.onFull();
  }

  /** Writes a batch without entries: behind it, the one before cannot be taken for one that a crash cut off. */
  async #mark(end: boolean): Promise<void> {
    const segment = this.#active;
    const header = Buffer.allocUnsafe(BATCH_HEADER);
    const { revision, compacted } = this.#options.progress();
    writeBatchHeader(header, { segment: segment.id, index: segment.batches, count: 0, revision, compacted, end }, []);
    await this.#put([header], BATCH_HEADER);
    segment.size += BATCH_HEADER;
    segment.batches += 1;
  }

  #sealSoon(): void {
    this.#cancelSeal = this.#options.clock.after(IDLE_MS, () => this.#sealNow(), { background: true });
  }

  #sealNow(): void {
    if (this.#running !== undefined || this.#failure !== undefined) return;
    this.#isWriting = true;
    this.#running = this.#seal()
      .catch((error: unknown) => void this.fail(error))
      .then(() => {
        this.#isWriting = false;
        this.#running = undefined;
        if (this.#encoder.waitingBytes > 0) this.#start();
      });
  }

  async #seal(): Promise<void> {
    if (this.#active.batches > 0) await this.#mark(false);
  }

  #prepare(): Promise<Prepared> {
    if (this.#next === undefined) {
      this.#next = this.#createNext();
      // Whoever needs the segment is told why there is none.
      this.#next.catch(() => undefined);
    }
    return this.#next;
  }

  async #createNext(): Promise<Prepared> {
    const segment = this.newSegment();
    const file = await createSegment(this.#options.files, segment);
    await this.#options.files.syncDirectory(this.#options.directory);
    await this.#changeManifest((manifest) => ({ ...manifest, segments: [...manifest.segments, segment.id] }));
    return { segment, file, allocated: await this.#reserve(file, segment.size) };
  }

  /** Reserves a whole segment in advance, unless commits come so fast that it is needed before. Returns how long the file is. */
  async #reserve(file: StateFile, start: number): Promise<number> {
    const { segmentBytes } = this.#options;
    let end = start;
    while (end < segmentBytes && this.#active.size < segmentBytes * HURRY_SHARE) {
      const piece = ZEROS.subarray(0, Math.min(RESERVED_BYTES, segmentBytes - end));
      await writeDurably(file, [piece], end);
      end += piece.length;
    }
    return end;
  }

  #changeManifest(change: (manifest: Manifest) => Manifest): Promise<void> {
    const write = async (): Promise<void> => {
      this.#manifest = change(this.#manifest);
      await this.#options.files.replaceFile(manifestPath(this.#options.directory), formatManifest(this.#manifest));
    };
    const written = this.#manifestWrites.then(write);
    this.#manifestWrites = written.catch((error: unknown) => void this.fail(error));
    return written;
  }
}

function writeFailed(directory: string, cause: unknown): StateWriteError {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  const why =
    code === 'ENOSPC' || code === 'EDQUOT'
      ? 'the disk is full: make room, then start again'
      : `${cause instanceof Error ? cause.message : String(cause)}; start again once the disk is well`;
  return new StateWriteError(`the state in ${directory} takes no more writes: ${why}`, { cause });
}

const ZEROS = Buffer.alloc(RESERVED_BYTES);

/** Batches up to this size are written in one call that is durable when it returns; larger ones are faster in two. */
const SMALL_BATCH = 256 * 1024;

async function writeDurably(file: StateFile, buffers: readonly Uint8Array[], position: number): Promise<void> {
  if (file.writeSynced !== undefined && buffers.reduce((sum, { length }) => sum + length, 0) <= SMALL_BATCH) return file.writeSynced(buffers, position);
  await writeAll(file, buffers, position);
  await file.sync();
}

/** Makes the file of an empty segment. Its directory is still to be synced. */
export async function createSegment(files: FileSystem, segment: Segment): Promise<StateFile> {
  await files.remove(segment.path);
  const file = await files.open(segment.path, 'create');
  await writeAll(file, [segmentHeader(segment.id, 'log')], 0);
  await file.sync();
  segment.size = SEGMENT_HEADER;
  return file;
}
