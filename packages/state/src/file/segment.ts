import { join } from 'node:path';
import type { ByteRecord, Home } from '../internal/byte-record.ts';
import type { Revision } from '../store.ts';

/** A file of the log. */
export interface Segment extends Home {
  readonly id: number;
  readonly path: string;
  /** How many bytes are used, and how many of them are current entries and deletes. */
  size: number;
  liveBytes: number;
  deleteBytes: number;
  /** How many batches it has. */
  batches: number;
  /** Entries that are not current, but in the history or needed by it; the oldest deaths first. */
  deaths: Death[];
  /**
   * Deletes of these revisions may be all that keeps what they deleted from coming back out of this segment, though they were written when there was no
   * such segment yet: cleaning copies what the history still needs. They are kept as long as it exists.
   */
  hushed: { from: Revision; to: Revision } | undefined;
  /** Whether nothing is appended any more. */
  full: boolean;
}

/** Takes note that deletes of these revisions delete what a segment holds. */
export function hush(segment: Segment, from: Revision, to: Revision): void {
  const { hushed } = segment;
  segment.hushed = hushed === undefined ? { from, to } : { from: Math.min(hushed.from, from), to: Math.max(hushed.to, to) };
}

/** Whether a delete, cleaned away, would let something come back out of a segment. */
export function isHushedBy(segment: Segment, { born, modRevision }: { readonly born: number; readonly modRevision: Revision }): boolean {
  const { id, hushed } = segment;
  return id <= born || (hushed !== undefined && hushed.from <= modRevision && modRevision <= hushed.to);
}

/** When an entry ceased to be current. */
export interface Death {
  readonly at: number;
  readonly size: number;
  /** The revision that replaced or deleted it. */
  readonly revision: Revision;
}

/** The file name of a segment. */
export function segmentPath(directory: string, id: number): string {
  return join(directory, `segment-${String(id).padStart(8, '0')}`);
}

/** A segment of which nothing is known yet. */
export function newSegment(directory: string, id: number): Segment {
  return { id, path: segmentPath(directory, id), size: 0, liveBytes: 0, deleteBytes: 0, batches: 0, deaths: [], hushed: undefined, full: false };
}

/** Takes note that a record is current, and where it is. */
export function settle(record: ByteRecord, segment: Segment, at: number): void {
  record.home = segment;
  record.entryAt = at;
  segment.liveBytes += record.entrySize;
}

/** Takes note that a record was replaced or deleted. */
export function bury(record: ByteRecord, revision: Revision): void {
  const segment = record.home as Segment | undefined;
  if (segment === undefined) return;
  segment.liveBytes -= record.entrySize;
  segment.deaths.push({ at: record.entryAt, size: record.entrySize, revision });
  record.home = undefined;
}

/** Forgets the deaths that the history has forgotten. Returns how many bytes the others have. */
export function forgetDeaths(segment: Segment, compacted: Revision): number {
  const keep = segment.deaths.findIndex(({ revision }) => revision > compacted);
  if (keep < 0) segment.deaths = [];
  else if (keep > 0) segment.deaths.splice(0, keep);
  return segment.deaths.reduce((sum, { size }) => sum + size, 0);
}
