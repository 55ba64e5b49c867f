import { CorruptStateError } from '../errors.ts';
import { BATCH_MAGIC, isPayloadSound, kindOfSegment, readBatchHeader, SEGMENT_HEADER, type FoundBatch, type SegmentKind } from './format.ts';

/** What a segment holds. */
export interface SegmentScan {
  readonly kind: SegmentKind;
  readonly batches: readonly FoundBatch[];
  /** Where the last sound batch ends. */
  readonly end: number;
  /** Whether the end mark was found: nothing was to follow. */
  readonly ended: boolean;
  /** How many bytes follow that are neither a batch nor zeros: a write that a crash cut off. */
  readonly tornBytes: number;
}

/** Which segment it is, for messages and for checks. */
export interface SegmentName {
  readonly id: number;
  readonly path: string;
}

/**
 * Finds the batches of a segment and checks all of them. A batch that is not sound ends the segment if nothing sound follows: it was being written when
 * the machine stopped, and nobody was told that it was kept. If a sound batch follows it had been kept, and is damaged.
 *
 * @throws {CorruptStateError} says where
 */
export function scanSegment(bytes: Buffer, name: SegmentName): SegmentScan {
  const kind = kindOfSegment(bytes, name.id);
  if (kind === undefined) throw new CorruptStateError(name.path, 0, 'its header is not that of the segment');
  const batches: FoundBatch[] = [];
  let at = SEGMENT_HEADER;
  for (;;) {
    const batch = soundBatch(bytes, at, name.id);
    if (batch === undefined || batch.index !== batches.length) break;
    batches.push(batch);
    at = batch.next;
    if (batch.end) return { kind, batches, end: at, ended: true, tornBytes: 0 };
  }
  const later = laterBatch(bytes, at, { id: name.id, index: batches.length });
  if (later !== undefined) throw new CorruptStateError(name.path, at, `a batch is damaged; the next sound one begins at byte ${later}`);
  if (kind === 'cleaned') throw new CorruptStateError(name.path, at, 'its end is missing');
  return { kind, batches, end: at, ended: false, tornBytes: unusedTail(bytes, at) };
}

function soundBatch(bytes: Buffer, at: number, id: number): FoundBatch | undefined {
  const batch = readBatchHeader(bytes, at);
  return batch?.segment === id && isPayloadSound(bytes, batch) ? batch : undefined;
}

/** Where a sound batch begins that was written after the one with this index. */
function laterBatch(bytes: Buffer, from: number, { id, index }: { id: number; index: number }): number | undefined {
  for (let at = bytes.indexOf(BATCH_MAGIC, from); at >= 0; at = bytes.indexOf(BATCH_MAGIC, at + 1)) {
    const batch = soundBatch(bytes, at, id);
    if (batch !== undefined && batch.index >= index && at > from) return at;
  }
  return undefined;
}

/** How many bytes there are up to the last that is not zero. */
function unusedTail(bytes: Buffer, from: number): number {
  let end = bytes.length;
  while (end - 4096 >= from && bytes.subarray(end - 4096, end).equals(ZEROS)) end -= 4096;
  while (end > from && bytes[end - 1] === 0) end -= 1;
  return end - from;
}

const ZEROS = Buffer.alloc(4096);
