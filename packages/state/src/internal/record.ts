import { deepFreeze, type KubernetesObject } from '@kybern/core';
import type { Revision, StateEvent, StateRecord } from '../store.ts';

const encoder = new TextEncoder();

/** Where a record stands among the revisions. */
export interface RecordVersion {
  readonly modRevision: Revision;
  readonly createRevision: Revision;
  readonly version: number;
}

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
