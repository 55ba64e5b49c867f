import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import { CorruptStateError, isCorruptState, StateFormatError } from '../errors.ts';
import { createFaces } from '../internal/byte-record.ts';
import type { Revision } from '../store.ts';
import { nodeFileSystem, writeAll, type FileSystem, type StateFile } from './file-system.ts';
import { BATCH_HEADER, FORMAT, writeBatchHeader } from './format.ts';
import { createSegment } from './journal.ts';
import { formatManifest, isMissing, manifestPath, newerFormat, readManifest, type Manifest } from './manifest.ts';
import { recover } from './recover.ts';
import { scanSegment, type SegmentScan } from './scan.ts';
import { newSegment, segmentPath } from './segment.ts';

/** Options of {@link backupState} and {@link restoreState}. */
export interface BackupOptions {
  /** The directory of a durable store. */
  readonly directory: string;
  /** The backup. */
  readonly file: string;
  /** Told how many bytes are done. */
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void;
  readonly signal?: AbortSignal;
  /** Default: the machine's. */
  readonly files?: FileSystem;
}

/** Options of {@link restoreState}. */
export interface RestoreOptions extends BackupOptions {
  /**
   * By how much the revision becomes greater than the backup's. The revisions that were given out after the backup was made are given out again without
   * it, for other changes: a client that had seen them, and comes back once the new ones are as high, misses what happened in between. With more of it
   * than there were writes since the backup no client can: all watches expire, and clients list again. Default 0: watches resume.
   *
   * @see etcd `etcdutl snapshot restore --bump-revision --mark-compacted`
   */
  readonly bumpRevision?: number;
}

/** What a backup, or the directory of a store, holds. */
export interface StateSummary {
  readonly format: number;
  readonly revision: Revision;
  /** The oldest revision that watches can resume from. */
  readonly compacted: Revision;
  readonly segments: number;
  readonly bytes: number;
  /** How many objects there are; undefined when they were not counted. */
  readonly objects: number | undefined;
}

/**
 * A backup is a header, the segments with a header each, and an end mark; all headers, and the batches in the segments, have checksums.
 */
const FILE_HEADER = 64;
const PART_HEADER = 32;
const FILE_MAGIC = 'KYBERNBK';
const PART_MAGIC = 'KSEG';
const END_MAGIC = 'KEND';

/**
 * Copies the state of a directory into one file, also while a store has it open: everything that was acknowledged before the call is in it, with its
 * revisions and the history, so that watches resume on what is restored from it. The file appears when it is whole; one that exists is replaced then.
 *
 * @throws {CorruptStateError} the state is damaged
 * @throws {StateFormatError} there is no state in the directory
 */
export async function backupState(options: BackupOptions): Promise<StateSummary> {
  const { directory, file, signal } = options;
  const files = options.files ?? nodeFileSystem();
  const { manifest, sources } = await openSources(files, directory);
  const partial = `${file}.partial`;
  await files.remove(partial);
  const target = await files.open(partial, 'create');
  try {
    const total = sources.reduce((sum, { size }) => sum + size, 0);
    const writer = new BackupWriter(target, manifest);
    let done = 0;
    for (const source of sources) {
      signal?.throwIfAborted();
      await writer.add(source.id, await readStable(source));
      options.onProgress?.((done += source.size), total);
    }
    const summary = await writer.finish();
    await target.close();
    await files.rename(partial, file);
    await files.syncDirectory(dirname(file));
    return summary;
  } catch (error) {
    await target.close().catch(() => undefined);
    await files.remove(partial);
    throw error;
  } finally {
    for (const source of sources) await source.file.close();
  }
}

interface Source {
  readonly id: number;
  readonly path: string;
  readonly file: StateFile;
  readonly size: number;
}

const MAX_ATTEMPTS = 20;

/** Opens the files of a state that may be in use: once all of them are open they stay readable, whatever is cleaned away. */
async function openSources(files: FileSystem, directory: string): Promise<{ readonly manifest: Manifest; readonly sources: readonly Source[] }> {
  for (let attempt = 1; ; attempt += 1) {
    const manifest = await readManifest(files, directory);
    if (manifest === undefined) throw new StateFormatError(directory, 'there is no state in this directory');
    const sources: Source[] = [];
    try {
      for (const id of manifest.segments) {
        const path = segmentPath(directory, id);
        const file = await files.open(path, 'read');
        sources.push({ id, path, file, size: await file.size() });
      }
      return { manifest, sources };
    } catch (error) {
      for (const { file } of sources) await file.close();
      if (!isMissing(error)) throw error;
      const missing = manifest.segments[sources.length] as number;
      const now = await readManifest(files, directory);
      if (attempt >= MAX_ATTEMPTS || now?.segments.includes(missing) === true) throw new CorruptStateError(segmentPath(directory, missing), 0, 'it is missing');
    }
  }
}

/**
 * Reads a segment that somebody may be writing to. What is being written can look like damage, because a file is not read at one instant; damage looks
 * the same the next time.
 */
async function readStable(source: Source): Promise<{ readonly bytes: Buffer; readonly scan: SegmentScan }> {
  let before: number | undefined;
  for (;;) {
    const buffer = Buffer.allocUnsafeSlow(await source.file.size());
    const bytes = buffer.subarray(0, await source.file.read(buffer, 0));
    try {
      return { bytes, scan: scanSegment(bytes, source) };
    } catch (error) {
      if (!isCorruptState(error) || error.offset === before) throw error;
      before = error.offset;
    }
  }
}

class BackupWriter {
  readonly #file: StateFile;
  readonly #manifest: Manifest;
  #at = FILE_HEADER;
  #segments = 0;
  #revision: Revision;
  #compacted: Revision;

  constructor(file: StateFile, manifest: Manifest) {
    this.#file = file;
    this.#manifest = manifest;
    this.#revision = manifest.revision;
    this.#compacted = manifest.compacted;
  }

  async add(id: number, { bytes, scan }: { bytes: Buffer; scan: SegmentScan }): Promise<void> {
    if (scan.batches.length === 0) return;
    const used = bytes.subarray(0, scan.end);
    for (const batch of scan.batches) {
      this.#revision = Math.max(this.#revision, batch.revision);
      this.#compacted = Math.max(this.#compacted, batch.compacted);
    }
    // The segment that is written to ends here.
    const end = scan.ended ? [] : [endMark({ segment: id, index: scan.batches.length, revision: this.#revision, compacted: this.#compacted })];
    const parts = [used, ...end];
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    await this.#write([partHeader(PART_MAGIC, id, length), ...parts]);
    this.#segments += 1;
  }

  async finish(): Promise<StateSummary> {
    await this.#write([partHeader(END_MAGIC, this.#segments, this.#at)]);
    const summary = { format: FORMAT, revision: this.#revision, compacted: this.#compacted, segments: this.#segments, bytes: this.#at, objects: undefined };
    await writeAll(this.#file, [fileHeader(summary, this.#manifest.next)], 0);
    await this.#file.sync();
    return summary;
  }

  async #write(buffers: readonly Buffer[]): Promise<void> {
    await writeAll(this.#file, buffers, this.#at);
    for (const { length } of buffers) this.#at += length;
  }
}

function endMark(info: { segment: number; index: number; revision: Revision; compacted: Revision }): Buffer {
  const mark = Buffer.alloc(BATCH_HEADER);
  writeBatchHeader(mark, { ...info, count: 0, end: true }, []);
  return mark;
}

function sealed(header: Buffer): Buffer {
  header.writeUInt32LE(crc32(header.subarray(0, header.length - 4)), header.length - 4);
  return header;
}

const isSealed = (header: Buffer): boolean => crc32(header.subarray(0, header.length - 4)) === header.readUInt32LE(header.length - 4);

function partHeader(magic: string, number: number, length: number): Buffer {
  const header = Buffer.alloc(PART_HEADER);
  header.write(magic, 'latin1');
  header.writeUInt32LE(number, 4);
  header.writeDoubleLE(length, 8);
  return sealed(header);
}

function fileHeader({ revision, compacted, segments }: StateSummary, next: number): Buffer {
  const header = Buffer.alloc(FILE_HEADER);
  header.write(FILE_MAGIC, 'latin1');
  header.writeUInt32LE(FORMAT, 8);
  header.writeUInt32LE(segments, 12);
  header.writeDoubleLE(revision, 16);
  header.writeDoubleLE(compacted, 24);
  header.writeUInt32LE(next, 32);
  return sealed(header);
}

/** What the header of a backup says. */
interface BackupHead extends StateSummary {
  readonly next: number;
}

/** A backup that is read from its beginning to its end. */
class BackupReader {
  readonly #path: string;
  readonly #file: StateFile;
  #at = FILE_HEADER;

  constructor(path: string, file: StateFile) {
    this.#path = path;
    this.#file = file;
  }

  async head(): Promise<BackupHead> {
    const header = await this.#read(0, FILE_HEADER);
    if (header.toString('latin1', 0, 8) !== FILE_MAGIC) throw new StateFormatError(this.#path, 'it is not a backup of kybern state');
    const format = header.readUInt32LE(8);
    if (format > FORMAT) throw newerFormat(this.#path, format);
    if (!isSealed(header)) throw new CorruptStateError(this.#path, 0, 'the checksum of its header is wrong');
    return {
      format,
      segments: header.readUInt32LE(12),
      revision: header.readDoubleLE(16),
      compacted: header.readDoubleLE(24),
      next: header.readUInt32LE(32),
      bytes: await this.#file.size(),
      objects: undefined,
    };
  }

  /** The next segment, checked; undefined at the end, which is checked too. */
  async next(segments: number): Promise<{ readonly id: number; readonly bytes: Buffer; readonly at: number } | undefined> {
    const at = this.#at;
    const header = await this.#read(at, PART_HEADER);
    const magic = header.toString('latin1', 0, 4);
    if (!isSealed(header) || (magic !== PART_MAGIC && magic !== END_MAGIC)) throw new CorruptStateError(this.#path, at, 'the header of a part is damaged');
    if (magic === END_MAGIC) {
      if (header.readUInt32LE(4) !== segments || header.readDoubleLE(8) !== at) throw new CorruptStateError(this.#path, at, 'parts are missing');
      return undefined;
    }
    const id = header.readUInt32LE(4);
    const bytes = await this.#read(at + PART_HEADER, header.readDoubleLE(8));
    this.#check(id, bytes, at + PART_HEADER);
    this.#at = at + PART_HEADER + bytes.length;
    return { id, bytes, at };
  }

  #check(id: number, bytes: Buffer, at: number): void {
    try {
      const { end } = scanSegment(bytes, { id, path: this.#path });
      if (end !== bytes.length) throw new CorruptStateError(this.#path, end, 'a batch is damaged');
    } catch (error) {
      if (!isCorruptState(error)) throw error;
      throw new CorruptStateError(this.#path, at + error.offset, `segment ${id} of the backup is damaged`);
    }
  }

  async #read(at: number, length: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafeSlow(length);
    if ((await this.#file.read(bytes, at)) < length) throw new CorruptStateError(this.#path, at, 'the file ends too early');
    return bytes;
  }
}

/**
 * Makes the state of a backup that of a directory, which must not have any yet. Everything is checked before the directory counts as a state.
 *
 * @throws {CorruptStateError} the backup is damaged
 * @throws {StateFormatError} it is no backup, or one of a newer version; or there is something in the directory
 * @throws {StateLockedError} a process has the directory open
 */
export async function restoreState(options: RestoreOptions): Promise<StateSummary> {
  const { directory, signal, bumpRevision = 0 } = options;
  if (!Number.isSafeInteger(bumpRevision) || bumpRevision < 0) throw new RangeError(`bumpRevision must be an integer ≥ 0, not ${bumpRevision}`);
  const files = options.files ?? nodeFileSystem();
  const source = await files.open(options.file, 'read');
  try {
    const reader = new BackupReader(options.file, source);
    const head = bumped(await reader.head(), bumpRevision);
    await files.makeDirectory(directory);
    await refuseOccupied(files, directory);
    await using _lock = await files.lock(directory);
    await refuseOccupied(files, directory);
    const segments: number[] = [];
    for (let part = await reader.next(head.segments); part !== undefined; part = await reader.next(head.segments)) {
      signal?.throwIfAborted();
      await writeSegment(files, segmentPath(directory, part.id), part.bytes);
      segments.push(part.id);
      options.onProgress?.(part.at + part.bytes.length, head.bytes);
    }
    const manifest = await found(files, directory, { head, segments });
    const { state } = await recover({ files, directory, manifest, faces: createFaces(1, undefined), historyLimit: undefined });
    await files.replaceFile(manifestPath(directory), formatManifest(manifest));
    return { ...head, objects: state.records.size };
  } finally {
    await source.close();
  }
}

/** What is told of a backup whose revision is made greater: of what leads there, nothing is known. */
function bumped(head: BackupHead, by: number): BackupHead {
  return by === 0 ? head : { ...head, revision: head.revision + by, compacted: head.revision + by };
}

const OWN_FILES = new Set(['lock', 'lock-journal', 'holder', 'holder.next']);

async function refuseOccupied(files: FileSystem, directory: string): Promise<void> {
  const names = (await files.list(directory)).filter((name) => !OWN_FILES.has(name));
  if (names.includes('manifest.json')) throw new StateFormatError(directory, 'there is a state in this directory already; restore into another one');
  if (names.some((name) => !/^segment-\d+$/.test(name)))
    throw new StateFormatError(directory, `the directory is not empty ("${names[0]}"); restore into another one`);
}

async function writeSegment(files: FileSystem, path: string, bytes: Buffer): Promise<void> {
  await files.remove(path);
  const file = await files.open(path, 'create');
  try {
    await writeAll(file, [bytes], 0);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** The manifest of the restored segments, and one more to go on in. */
async function found(files: FileSystem, directory: string, { head, segments }: { head: BackupHead; segments: readonly number[] }): Promise<Manifest> {
  const id = Math.max(head.next, 1 + Math.max(0, ...segments));
  const file = await createSegment(files, newSegment(directory, id));
  await file.close();
  await files.syncDirectory(directory);
  return { format: FORMAT, segments: [...segments, id].sort((a, b) => a - b), next: id + 1, revision: head.revision, compacted: head.compacted };
}

/** Options of {@link verifyState}. */
export interface VerifyOptions extends Pick<BackupOptions, 'onProgress' | 'signal' | 'files'> {
  /** The directory of a store, which may be in use, or a backup. */
  readonly path: string;
}

/**
 * Reads a backup, or all of a state, and checks every checksum. Changes nothing.
 *
 * @throws {CorruptStateError} says what is damaged, and where
 * @throws {StateFormatError} it is neither, or of a newer version
 */
export async function verifyState(options: VerifyOptions): Promise<StateSummary> {
  const files = options.files ?? nodeFileSystem();
  const isDirectory = await files.list(options.path).then(
    () => true,
    (error: unknown) => {
      if (error instanceof Error && 'code' in error && error.code === 'ENOTDIR') return false;
      throw error;
    },
  );
  return isDirectory ? verifyDirectory(files, options) : verifyBackup(files, options);
}

async function verifyBackup(files: FileSystem, { path, onProgress, signal }: VerifyOptions): Promise<StateSummary> {
  const file = await files.open(path, 'read');
  try {
    const reader = new BackupReader(path, file);
    const head = await reader.head();
    for (let part = await reader.next(head.segments); part !== undefined; part = await reader.next(head.segments)) {
      signal?.throwIfAborted();
      onProgress?.(part.at + part.bytes.length, head.bytes);
    }
    return head;
  } finally {
    await file.close();
  }
}

async function verifyDirectory(files: FileSystem, { path, onProgress, signal }: VerifyOptions): Promise<StateSummary> {
  const { manifest, sources } = await openSources(files, path);
  try {
    let { revision, compacted } = manifest;
    const total = sources.reduce((sum, { size }) => sum + size, 0);
    let bytes = 0;
    let open: { readonly path: string; readonly end: number } | undefined;
    for (const source of sources) {
      signal?.throwIfAborted();
      const { scan } = await readStable(source);
      if (open !== undefined && scan.kind === 'log' && scan.batches.length > 0) throw new CorruptStateError(open.path, open.end, 'its end is missing');
      if (!scan.ended) open ??= { path: source.path, end: scan.end };
      for (const batch of scan.batches) {
        revision = Math.max(revision, batch.revision);
        compacted = Math.max(compacted, batch.compacted);
      }
      onProgress?.((bytes += source.size), total);
    }
    return { format: manifest.format, revision, compacted, segments: sources.length, bytes, objects: undefined };
  } finally {
    for (const { file } of sources) await file.close();
  }
}
