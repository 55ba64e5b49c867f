import type { KubernetesObject } from '@kybern/core';
import { memberText, type EncodedObject } from '../encoded-object.ts';
import type { ByteRecord, Annex } from '../internal/byte-record.ts';
import type { Staged } from '../internal/engine.ts';
import type { Revision, StateEvent } from '../store.ts';
import { BATCH_HEADER, ENTRY_HEADER, entrySize, writeBatchHeader, writeEntryHeader, type BatchInfo, type EntryLengths } from './format.ts';

const SLAB_BYTES = 1 << 20;
/** Where it is in a delete's entry how long it has to be kept. */
const BORN_AT = 40;

/** Somebody who waits until a batch is durable. */
export interface Waiter {
  readonly staged: Staged | undefined;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** An entry of a batch that is being gathered. */
interface Gathered {
  /** Undefined for a delete. */
  readonly record: ByteRecord | undefined;
  readonly slab: Buffer;
  readonly at: number;
  readonly size: number;
}

/** The entries that one flush makes durable. */
export interface Batch {
  readonly header: Buffer;
  readonly chunks: Buffer[];
  readonly entries: Gathered[];
  readonly waiters: Waiter[];
  bytes: number;
}

/**
 * Encodes commits into slabs: large buffers that are written to the disk as they are, and in which the records then have their bytes. So an object is
 * encoded and copied once.
 */
export class BatchEncoder {
  readonly #annex: Annex | undefined;
  #slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
  #used = 0;
  #batch: Batch | undefined;

  constructor(annex: Annex | undefined) {
    this.#annex = annex;
  }

  /** How large the batch is that waits to be taken; 0 when there is none. */
  get waitingBytes(): number {
    return this.#batch === undefined ? 0 : BATCH_HEADER + this.#batch.bytes;
  }

  /** Adds the events of a commit, all or none, and who waits for it. */
  add(events: readonly StateEvent[], waiter: Waiter): void {
    const batch = (this.#batch ??= newBatch());
    const entries = batch.entries.length;
    const chunks = batch.chunks.length;
    const used = this.#used;
    const slab = this.#slab;
    try {
      events.forEach((event, index) => this.#encode(batch, event, index));
    } catch (error) {
      batch.entries.length = entries;
      batch.chunks.length = chunks;
      batch.bytes = batch.entries.reduce((sum, { size }) => sum + size, 0);
      if (this.#slab === slab) this.#used = used;
      throw error;
    }
    batch.waiters.push(waiter);
  }

  /** The batch that is to be written next; undefined when nothing waits. */
  take(): Batch | undefined {
    const batch = this.#batch;
    this.#batch = undefined;
    if (batch !== undefined) batch.chunks.push(...chunksOf(batch.entries));
    return batch;
  }

  #encode(batch: Batch, event: StateEvent, index: number): void {
    const { type, key, record } = event;
    const put = type === 'put' ? (record as ByteRecord) : undefined;
    const encoded = put?.encoded;
    const place = encoded === undefined ? this.#writeText(key, put?.face) : this.#writeEncoded(key, encoded, record.modRevision);
    const { slab, at, lengths } = place;
    const size = entrySize(lengths);
    const end = at + ENTRY_HEADER + lengths.key + lengths.value + lengths.annex;
    for (let zero = end; zero < at + size; zero += 1) slab[zero] = 0;
    const { createRevision, version } = record;
    writeEntryHeader(slab, at, lengths, { type, modRevision: event.revision, createRevision, version, index, born: 0 });
    this.#used = at + size;
    if (put !== undefined) {
      put.move({ slab, at: at + ENTRY_HEADER + lengths.key, length: lengths.value, annexLength: lengths.annex });
      put.entrySize = size;
    }
    batch.entries.push({ record: put, slab, at, size });
    batch.bytes += size;
  }

  /** Writes key, value and annex of an entry; its header is still to be written. */
  #writeText(key: string, value: KubernetesObject | undefined): Place {
    const text = value === undefined ? '' : JSON.stringify(value);
    const annexText = value === undefined ? '' : (this.#annex?.of(value) ?? '');
    const { slab, at } = this.#reserve(ENTRY_HEADER + (key.length + text.length + annexText.length) * 3 + 8);
    const keyLength = slab.write(key, at + ENTRY_HEADER);
    const valueAt = at + ENTRY_HEADER + keyLength;
    const valueLength = slab.write(text, valueAt);
    const annexLength = annexText === '' ? 0 : slab.write(annexText, valueAt + valueLength);
    return { slab, at, lengths: { key: keyLength, value: valueLength, annex: annexLength } };
  }

  /** The same for an object that is JSON already. */
  #writeEncoded(key: string, encoded: EncodedObject, revision: Revision): Place {
    const { json, metadataAt, annex = '' } = encoded;
    const version = memberText(encoded, 'resourceVersion', `"${revision}"`);
    const { slab, at } = this.#reserve(ENTRY_HEADER + (key.length + annex.length) * 3 + json.length + version.length + 8);
    const keyLength = slab.write(key, at + ENTRY_HEADER);
    const valueAt = at + ENTRY_HEADER + keyLength;
    slab.set(json.subarray(0, metadataAt), valueAt);
    slab.write(version, valueAt + metadataAt, 'latin1');
    slab.set(json.subarray(metadataAt), valueAt + metadataAt + version.length);
    const valueLength = json.length + version.length;
    const annexLength = annex === '' ? 0 : slab.write(annex, valueAt + valueLength);
    return { slab, at, lengths: { key: keyLength, value: valueLength, annex: annexLength } };
  }

  /** A place for at most `most` bytes. */
  #reserve(most: number): { slab: Buffer; at: number } {
    if (most > this.#slab.length - this.#used) {
      this.#slab = Buffer.allocUnsafeSlow(Math.max(most, SLAB_BYTES));
      this.#used = 0;
    }
    return { slab: this.#slab, at: this.#used };
  }
}

/** Where an entry is being written. */
interface Place {
  readonly slab: Buffer;
  readonly at: number;
  readonly lengths: EntryLengths;
}

const newBatch = (): Batch => ({ header: Buffer.allocUnsafe(BATCH_HEADER), chunks: [], entries: [], waiters: [], bytes: 0 });

/** The pieces of slabs that the entries fill one after the other. */
function chunksOf(entries: readonly Gathered[]): Buffer[] {
  const chunks: Buffer[] = [];
  let first: Gathered | undefined;
  let end = 0;
  const close = (): void => {
    if (first !== undefined) chunks.push(first.slab.subarray(first.at, end));
  };
  for (const entry of entries) {
    if (entry.slab !== first?.slab || entry.at !== end) {
      close();
      first = entry;
    }
    end = entry.at + entry.size;
  }
  close();
  return chunks;
}

/**
 * Completes a batch for the place that it gets, and returns what to write.
 *
 * @param info.born the newest segment that may hold what the deletes of the batch delete
 */
export function sealBatch(batch: Batch, { born, ...info }: Omit<BatchInfo, 'count'> & { born: number }): readonly Buffer[] {
  for (const { record, slab, at } of batch.entries) if (record === undefined) slab.writeUInt32LE(born, at + BORN_AT);
  writeBatchHeader(batch.header, { ...info, count: batch.entries.length }, batch.chunks);
  return [batch.header, ...batch.chunks];
}
