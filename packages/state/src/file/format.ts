import { crc32 } from 'node:zlib';
import type { Revision } from '../store.ts';

/**
 * The form of the files, version 1. All numbers are little-endian, revisions are doubles, and everything begins at a multiple of 8 bytes.
 *
 * A segment is a header and then batches; a batch is what one flush of the disk made durable: a header with checksums of itself and of its payload, and
 * the entries of whole commits. A batch says its segment and its number in it, so that nothing old is taken for it. The last batch of a segment that is
 * full is an end mark. In the one segment that is not, what follows the last batch is no batch: zeros, or what a crash left half written.
 */
export const FORMAT = 1;

/** Bytes of the header of a segment. */
export const SEGMENT_HEADER = 64;
/** Bytes of the header of a batch. */
export const BATCH_HEADER = 48;
/** Bytes of the header of an entry. */
export const ENTRY_HEADER = 48;

const SEGMENT_MAGIC = Buffer.from('KYBERNST');
/** Begins a batch. */
export const BATCH_MAGIC: Buffer = Buffer.from('KBT1');

/** A segment is a part of the log, or what was left of others after cleaning. */
export type SegmentKind = 'log' | 'cleaned';

/** The header of a segment. */
export function segmentHeader(id: number, kind: SegmentKind): Buffer {
  const header = Buffer.alloc(SEGMENT_HEADER);
  SEGMENT_MAGIC.copy(header);
  header.writeUInt32LE(FORMAT, 8);
  header.writeUInt32LE(id, 12);
  header.writeUInt32LE(kind === 'log' ? 0 : 1, 16);
  header.writeUInt32LE(crc32(header.subarray(0, 60)), 60);
  return header;
}

/** What kind of segment begins here; undefined: not one of this number. */
export function kindOfSegment(bytes: Buffer, id: number): SegmentKind | undefined {
  const header = bytes.subarray(0, SEGMENT_HEADER);
  return (['log', 'cleaned'] as const).find((kind) => header.equals(segmentHeader(id, kind)));
}

/** What the header of a batch says besides its checksums. */
export interface BatchInfo {
  readonly segment: number;
  /** Which batch of the segment it is, from 0. */
  readonly index: number;
  /** How many entries it has. */
  readonly count: number;
  /** The store's revision once the batch is applied. */
  readonly revision: Revision;
  /** The oldest revision that was retained. */
  readonly compacted: Revision;
  /** Whether it is the last of its segment. */
  readonly end: boolean;
}

/** Writes the header of a batch, into `header`, for the chunks of its payload. */
export function writeBatchHeader(header: Buffer, info: BatchInfo, payload: readonly Uint8Array[]): void {
  let length = 0;
  let checksum = 0;
  for (const chunk of payload) {
    length += chunk.length;
    checksum = crc32(chunk, checksum);
  }
  BATCH_MAGIC.copy(header);
  header.writeUInt32LE(length, 4);
  header.writeUInt32LE(checksum, 8);
  header.writeUInt32LE(info.count, 12);
  header.writeUInt32LE(info.segment, 16);
  header.writeUInt32LE(info.index, 20);
  header.writeDoubleLE(info.revision, 24);
  header.writeDoubleLE(info.compacted, 32);
  header.writeUInt32LE(info.end ? 1 : 0, 40);
  header.writeUInt32LE(crc32(header.subarray(0, 44)), 44);
}

/** A batch as it was found. */
export interface FoundBatch extends BatchInfo {
  /** Where its payload is in the bytes, and where the next batch begins. */
  readonly payload: number;
  readonly next: number;
}

/** Reads the header of the batch at a place; undefined when there is no sound one. */
export function readBatchHeader(bytes: Buffer, at: number): FoundBatch | undefined {
  if (at + BATCH_HEADER > bytes.length || bytes.readUInt32LE(at) !== BATCH_MAGIC.readUInt32LE(0)) return undefined;
  if (crc32(bytes.subarray(at, at + 44)) !== bytes.readUInt32LE(at + 44)) return undefined;
  return {
    segment: bytes.readUInt32LE(at + 16),
    index: bytes.readUInt32LE(at + 20),
    count: bytes.readUInt32LE(at + 12),
    revision: bytes.readDoubleLE(at + 24),
    compacted: bytes.readDoubleLE(at + 32),
    end: bytes.readUInt32LE(at + 40) === 1,
    payload: at + BATCH_HEADER,
    next: at + BATCH_HEADER + bytes.readUInt32LE(at + 4),
  };
}

/** Whether the payload of a batch is what was written. */
export function isPayloadSound(bytes: Buffer, { payload, next }: FoundBatch): boolean {
  return next <= bytes.length && crc32(bytes.subarray(payload, next)) === bytes.readUInt32LE(payload - BATCH_HEADER + 8);
}

/** One write of one key, as it is in a file. */
export interface EntryInfo {
  readonly type: 'put' | 'delete';
  readonly modRevision: Revision;
  readonly createRevision: Revision;
  readonly version: number;
  /** Which event of its commit it is. */
  readonly index: number;
  /** Of a delete: no younger segment than this one holds older versions of the key. It is the newest number that was given out when the delete was written. */
  readonly born: number;
}

/** Lengths of the parts of an entry. */
export interface EntryLengths {
  readonly key: number;
  readonly value: number;
  readonly annex: number;
}

/** How long an entry is, header and padding included. */
export function entrySize({ key, value, annex }: EntryLengths): number {
  return (ENTRY_HEADER + key + value + annex + 7) & ~7;
}

/** Writes the header of an entry. */
export function writeEntryHeader(bytes: Buffer, at: number, { key, value, annex }: EntryLengths, entry: EntryInfo): void {
  bytes.writeUInt32LE(key, at);
  bytes.writeUInt32LE(value, at + 4);
  bytes.writeUInt32LE(annex, at + 8);
  bytes.writeUInt32LE(entry.type === 'put' ? 1 : 2, at + 12);
  bytes.writeDoubleLE(entry.modRevision, at + 16);
  bytes.writeDoubleLE(entry.createRevision, at + 24);
  bytes.writeUInt32LE(entry.version, at + 32);
  bytes.writeUInt32LE(entry.index, at + 36);
  bytes.writeUInt32LE(entry.born, at + 40);
  bytes.writeUInt32LE(0, at + 44);
}

/** An entry as it was found; its key begins at `at + ENTRY_HEADER`, then come value and annex. */
export interface FoundEntry extends EntryInfo, EntryLengths {
  readonly at: number;
  readonly size: number;
}

/** Reads the entry at a place of a sound payload. */
export function readEntry(bytes: Buffer, at: number): FoundEntry {
  const key = bytes.readUInt32LE(at);
  const value = bytes.readUInt32LE(at + 4);
  const annex = bytes.readUInt32LE(at + 8);
  return {
    at,
    key,
    value,
    annex,
    size: (ENTRY_HEADER + key + value + annex + 7) & ~7,
    type: bytes.readUInt32LE(at + 12) === 1 ? 'put' : 'delete',
    modRevision: bytes.readDoubleLE(at + 16),
    createRevision: bytes.readDoubleLE(at + 24),
    version: bytes.readUInt32LE(at + 32),
    index: bytes.readUInt32LE(at + 36),
    born: bytes.readUInt32LE(at + 40),
  };
}

/** The key of an entry. */
export function keyOf(bytes: Buffer, { at, key }: FoundEntry): string {
  return bytes.toString('utf8', at + ENTRY_HEADER, at + ENTRY_HEADER + key);
}
