import { deepFreeze, type KubernetesObject } from '@kybern/core';
import { isEncodedObject, stampedBytes, type EncodedObject } from '../encoded-object.ts';
import type { Revision, StateEvent, StateRecord } from '../store.ts';

const encoder = new TextEncoder();

/** Where a record stands among the revisions. */
export interface RecordVersion {
  readonly modRevision: Revision;
  readonly createRevision: Revision;
  readonly version: number;
}

/** Makes the record of a value that is not accepted yet. */
export type MakeRecord = (key: string, value: KubernetesObject | EncodedObject, at: RecordVersion) => StateRecord;

/** Makes records that are kept in memory as they come. */
export const makeObjectRecord: MakeRecord = (key, value, at) =>
  isEncodedObject(value) ? new EncodedRecord(key, stampedBytes(value, String(at.modRevision)), at) : new ObjectRecord(key, accept(value, at.modRevision), at);

/** A record that keeps its object face and makes its byte face on demand. */
export class ObjectRecord implements StateRecord {
  readonly key: string;
  readonly value: KubernetesObject;
  readonly modRevision: Revision;
  readonly createRevision: Revision;
  readonly version: number;
  /** Invariant: undefined, or the JSON of `value`. */
  #bytes: Uint8Array | undefined;

  constructor(key: string, value: KubernetesObject, at: RecordVersion) {
    this.key = key;
    this.value = value;
    this.modRevision = at.modRevision;
    this.createRevision = at.createRevision;
    this.version = at.version;
  }

  bytes(): Uint8Array {
    return (this.#bytes ??= encoder.encode(JSON.stringify(this.value)));
  }

  dropBytes(): void {
    this.#bytes = undefined;
  }
}

/** A record that was committed as bytes: it keeps them, and makes its object face once somebody reads it. */
export class EncodedRecord implements LazyRecord {
  readonly key: string;
  readonly modRevision: Revision;
  readonly createRevision: Revision;
  readonly version: number;
  readonly #bytes: Uint8Array;
  face: KubernetesObject | undefined;

  constructor(key: string, bytes: Uint8Array, at: RecordVersion) {
    this.key = key;
    this.modRevision = at.modRevision;
    this.createRevision = at.createRevision;
    this.version = at.version;
    this.#bytes = bytes;
  }

  get value(): KubernetesObject {
    return (this.face ??= deepFreeze(
      JSON.parse(Buffer.from(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.byteLength).toString()) as KubernetesObject,
    ));
  }

  bytes(): Uint8Array {
    return this.#bytes;
  }

  /** The bytes are what it keeps. */
  dropBytes(): void {
    // Nothing was made of them that would cost memory.
  }
}

/** The last record of a key that was deleted: value and `modRevision` stamped with the revision of the delete. Its faces are made when they are asked for. */
export class DeletedRecord implements StateRecord {
  readonly key: string;
  readonly modRevision: Revision;
  readonly createRevision: Revision;
  readonly version: number;
  readonly #last: StateRecord;
  #value: KubernetesObject | undefined;
  #bytes: Uint8Array | undefined;

  constructor(last: StateRecord, revision: Revision) {
    this.key = last.key;
    this.modRevision = revision;
    this.createRevision = last.createRevision;
    this.version = last.version;
    this.#last = last;
  }

  get value(): KubernetesObject {
    return (this.#value ??= accept(this.#last.value, this.modRevision));
  }

  bytes(): Uint8Array {
    return (this.#bytes ??= encoder.encode(JSON.stringify(this.value)));
  }

  dropBytes(): void {
    this.#bytes = undefined;
  }
}

/** A record that may have no object face at the moment. */
export interface LazyRecord extends StateRecord {
  /** The object face, if it is there: it is not made. */
  readonly face: KubernetesObject | undefined;
}

/** The object face of a record, unless it would have to be made. */
export function faceOf(record: StateRecord): KubernetesObject | undefined {
  return 'face' in record ? (record as LazyRecord).face : record.value;
}

/** An event; its value is read from the record only when somebody asks for it, so that records may keep bytes alone. */
export class RecordEvent implements StateEvent {
  readonly type: 'put' | 'delete';
  readonly key: string;
  readonly revision: Revision;
  readonly record: StateRecord;
  readonly previous: StateRecord | undefined;

  constructor(type: 'put' | 'delete', record: StateRecord, previous: StateRecord | undefined) {
    this.type = type;
    this.key = record.key;
    this.revision = record.modRevision;
    this.record = record;
    this.previous = previous;
  }

  get value(): KubernetesObject {
    return this.record.value;
  }
}

/**
 * The accepted form of a value: stamped with its revision and deeply frozen. Changes `value` in place as far as it is not frozen; frozen parts are
 * shared.
 */
export function accept(value: KubernetesObject, revision: Revision): KubernetesObject {
  const stamped = stamp(value, String(revision));
  deepFreeze(stamped);
  return stamped;
}

function stamp(value: KubernetesObject, resourceVersion: string): KubernetesObject {
  if (Object.isFrozen(value)) return { ...value, metadata: { ...value.metadata, resourceVersion } };
  const own = value as { metadata: { resourceVersion?: string } };
  if (Object.isFrozen(own.metadata)) own.metadata = { ...own.metadata, resourceVersion };
  else own.metadata.resourceVersion = resourceVersion;
  return value;
}
