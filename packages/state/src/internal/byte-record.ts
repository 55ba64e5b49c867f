import { deepFreeze, type KubernetesObject } from '@kybern/core';
import type { Revision } from '../store.ts';
import { stampedBytes, type EncodedObject } from '../encoded-object.ts';
import type { LazyRecord, RecordVersion } from './record.ts';

/** What a file holds of a record's store; what is no longer current is counted there. */
export interface Home {
  /** Bytes of entries that are current. */
  liveBytes: number;
}

/**
 * Text that goes with an object without being part of it, and is kept wherever the object is kept as bytes: the API server's ledger of who owns which
 * fields lies in a private field of its objects, which bytes cannot carry.
 */
export interface Annex {
  /** The text beside an object that is about to be stored; undefined: none. */
  of(object: KubernetesObject): string | undefined;
  /** Puts the text beside an object that was just parsed and is not frozen yet. */
  attach(object: KubernetesObject, text: string): void;
}

/** Where the bytes of a record are: JSON, and after it the text of the annex. */
export interface RecordBytes {
  readonly slab: Buffer;
  readonly at: number;
  /** Of the JSON. */
  readonly length: number;
  readonly annexLength: number;
}

/** What the records of one store share: which of them have their object faces, and what to do when one is made. */
export interface Faces {
  readonly annex: Annex | undefined;
  /** Told that a record has an object face now. */
  keep(record: ByteRecord): void;
}

/**
 * A record that keeps its bytes and makes its object face on demand. Faces that were not used for long are dropped, as the store's {@link Faces} say;
 * then the next reader gets an equal object, but another one.
 */
export class ByteRecord implements LazyRecord {
  readonly key: string;
  readonly modRevision: Revision;
  readonly createRevision: Revision;
  readonly version: number;
  readonly #faces: Faces;
  /** Invariant: a record has a face, or bytes, or what they are to be made of, or several of these. */
  face: KubernetesObject | undefined;
  /** What was committed as bytes, until they have their place. */
  encoded: EncodedObject | undefined;
  /** Whether the face was asked for since somebody cleared this. */
  used = false;
  /** The file that has its entry, and where the entry is in it. */
  home: Home | undefined;
  entryAt = 0;
  entrySize = 0;
  #slab: Buffer | undefined;
  #at = 0;
  #length = 0;
  #annexLength = 0;
  /** Invariant: undefined, or the JSON in the slab. */
  #view: Uint8Array | undefined;

  constructor(key: string, at: RecordVersion, faces: Faces) {
    this.key = key;
    this.modRevision = at.modRevision;
    this.createRevision = at.createRevision;
    this.version = at.version;
    this.#faces = faces;
  }

  get value(): KubernetesObject {
    this.used = true;
    return this.face ?? this.#parse();
  }

  /** Where its bytes are; undefined before they are made. */
  get place(): RecordBytes | undefined {
    if (this.#slab === undefined) return undefined;
    return { slab: this.#slab, at: this.#at, length: this.#length, annexLength: this.#annexLength };
  }

  /** How many bytes the JSON and the annex have. */
  get byteLength(): number {
    return this.#length + this.#annexLength;
  }

  /** Says where its bytes are from now on; they are the same bytes. */
  move({ slab, at, length, annexLength }: RecordBytes): void {
    this.#slab = slab;
    this.#at = at;
    this.#length = length;
    this.#annexLength = annexLength;
    this.#view = undefined;
    this.encoded = undefined;
  }

  /** The record with an object face, as it was committed. */
  withFace(face: KubernetesObject): this {
    this.face = face;
    this.#faces.keep(this);
    return this;
  }

  bytes(): Uint8Array {
    if (this.encoded !== undefined) return stampedBytes(this.encoded, String(this.modRevision));
    if (this.#slab === undefined) return Buffer.from(JSON.stringify(this.face));
    return (this.#view ??= this.#slab.subarray(this.#at, this.#at + this.#length));
  }

  /** The bytes themselves are what the store keeps. */
  dropBytes(): void {
    this.#view = undefined;
  }

  #parse(): KubernetesObject {
    if (this.encoded !== undefined) this.#keepStamped(this.encoded);
    const slab = this.#slab as Buffer;
    const end = this.#at + this.#length;
    const object = JSON.parse(slab.toString('utf8', this.#at, end)) as KubernetesObject;
    if (this.#annexLength > 0) this.#faces.annex?.attach(object, slab.toString('utf8', end, end + this.#annexLength));
    this.face = deepFreeze(object);
    this.#faces.keep(this);
    return this.face;
  }

  /** Gives what was committed as bytes a place of its own: somebody reads it before the store has found one. */
  #keepStamped(encoded: EncodedObject): void {
    const json = stampedBytes(encoded, String(this.modRevision));
    const annex = Buffer.from(encoded.annex ?? '');
    this.move({ slab: Buffer.concat([json, annex]), at: 0, length: json.length, annexLength: annex.length });
    this.encoded = encoded;
  }
}

/**
 * Keeps the object faces of about `limit` records, of those that were used least long ago: a clock goes round, and takes the face of whose face was not
 * used since it came by last.
 */
export function createFaces(limit: number, annex: Annex | undefined): Faces {
  const ring: (ByteRecord | undefined)[] = [];
  let hand = 0;
  const advance = (): void => {
    hand = hand + 1 === limit ? 0 : hand + 1;
  };
  return {
    annex,
    keep(record) {
      if (ring.length < limit) {
        ring.push(record);
        return;
      }
      for (let spared = 0; spared < MAX_SPARED && ring[hand]?.used === true; spared += 1) {
        (ring[hand] as ByteRecord).used = false;
        advance();
      }
      const oldest = ring[hand];
      if (oldest !== undefined && oldest !== record && oldest.place !== undefined) oldest.face = undefined;
      ring[hand] = record;
      advance();
    },
  };
}

const MAX_SPARED = 16;

/** Where the bytes of records are copied to that only the history still needs, so that they do not keep everything in memory that was written beside them. */
export interface PastBytes {
  detach(record: ByteRecord): void;
}

const PAST_SLAB = 1 << 20;

/** Makes {@link PastBytes}: slabs that are filled in the order in which records become history, and so are forgotten together. */
export function createPastBytes(): PastBytes {
  let slab = Buffer.alloc(0);
  let used = 0;
  return {
    detach(record) {
      const place = record.place;
      if (place === undefined) return;
      const { at, length, annexLength } = place;
      const size = length + annexLength;
      if (size > slab.length - used) {
        slab = Buffer.allocUnsafeSlow(Math.max(PAST_SLAB, size));
        used = 0;
      }
      place.slab.copy(slab, used, at, at + size);
      record.move({ slab, at: used, length, annexLength });
      used += size;
    },
  };
}
