import type { KubernetesObject } from '@kybern/core';
import type { Change, EncodedChange } from './store.ts';

/**
 * An object as JSON, for a store to take as it is: what keeps bytes writes `metadata.resourceVersion` between them and copies them, and makes the object
 * when somebody reads it. Made by {@link encodedObject} and {@link encodeObject}.
 */
export interface EncodedObject {
  /** JSON in UTF-8, without `metadata.resourceVersion`. Not to be written into any more. */
  readonly json: Uint8Array;
  /** Where the members of `metadata` begin. */
  readonly metadataAt: number;
  /** Whether `metadata` has no members. */
  readonly bare: boolean;
  /** What the store's annex would say of the object. */
  readonly annex: string | undefined;
  readonly [ENCODED]: true;
}

const ENCODED: unique symbol = Symbol.for('@kybern/state.encoded') as never;

/** Whether a value is an {@link EncodedObject}, of any installation of this package. */
export function isEncodedObject(value: unknown): value is EncodedObject {
  return typeof value === 'object' && value !== null && ENCODED in value;
}

/** The JSON of an object, for a {@link Change}; `resourceVersion` is left out. Costs what `JSON.stringify` does. */
export function encodeObject(object: KubernetesObject, annex?: string): EncodedObject {
  const { resourceVersion: _, ...metadata } = object.metadata;
  return encodedObject(Buffer.from(JSON.stringify({ ...object, metadata })), annex);
}

/** Node's own check where there is one: this file is on the way of test clusters, which run in browsers too. */
const isUtf8: (bytes: Uint8Array) => boolean =
  typeof process === 'undefined'
    ? (bytes) => {
        try {
          new TextDecoder('utf-8', { fatal: true }).decode(bytes);
          return true;
        } catch {
          return false;
        }
      }
    : process.getBuiltinModule('node:buffer').isUtf8;

/**
 * Takes JSON that somebody has already. Only as much of it is looked at as is needed to find the metadata: that it is sound JSON of one object, with one
 * `metadata`, is the caller's word, and an object that is not can be stored and never be read.
 *
 * @param json UTF-8; it belongs to the store from now on
 * @param annex as of the store's `Annex.of`
 * @throws {TypeError} there is no `metadata`, or a `resourceVersion` in it, or the bytes are not UTF-8
 */
export function encodedObject(json: Uint8Array, annex?: string): EncodedObject {
  if (!isUtf8(json)) throw new TypeError('the JSON of an object is not UTF-8');
  const metadataAt = findMetadata(json);
  const first = skipSpace(json, metadataAt);
  for (let at = first; json[at] === QUOTE; ) {
    const key = endOfString(json, at);
    if (isWord(json, at, { end: key, word: 'resourceVersion' })) throw new TypeError('the JSON of an object has a resourceVersion: the store writes it');
    at = nextMember(json, key);
  }
  return { json, metadataAt, bare: json[first] === CLOSE, annex, [ENCODED]: true };
}

/** What a store puts at {@link EncodedObject.metadataAt}: a member of the metadata. */
export function memberText({ bare }: EncodedObject, name: string, json: string): string {
  return `"${name}":${json}${bare ? '' : ','}`;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const COLON = 0x3a;
const COMMA = 0x2c;

function findMetadata(json: Uint8Array): number {
  let at = skipSpace(json, 0);
  if (json[at] !== OPEN) throw new TypeError('the JSON of an object does not begin with a brace');
  at = skipSpace(json, at + 1);
  while (json[at] === QUOTE) {
    const key = endOfString(json, at);
    const isMetadata = isWord(json, at, { end: key, word: 'metadata' });
    const value = skipSpace(json, skipSpace(json, key) + 1);
    if (isMetadata && json[value] === OPEN) return value + 1;
    at = nextMember(json, key);
  }
  throw new TypeError('the JSON of an object has no metadata');
}

/** From the end of a key to the beginning of the next one, or to what ends the object. */
function nextMember(json: Uint8Array, key: number): number {
  const colon = skipSpace(json, key);
  if (json[colon] !== COLON) throw new TypeError('the JSON of an object is damaged');
  const end = skipSpace(json, endOfValue(json, skipSpace(json, colon + 1)));
  return json[end] === COMMA ? skipSpace(json, end + 1) : end;
}

/** @param from where a value begins. Returns where it ends. */
function endOfValue(json: Uint8Array, from: number): number {
  let depth = 0;
  for (let at = from; at < json.length; at += 1) {
    const byte = json[at] as number;
    if (byte === QUOTE) at = endOfString(json, at) - 1;
    else if (byte === OPEN || byte === 0x5b) depth += 1;
    else if (byte === CLOSE || byte === 0x5d) {
      if (depth === 0) return at;
      depth -= 1;
    } else if (byte === COMMA && depth === 0) return at;
  }
  throw new TypeError('the JSON of an object ends too early');
}

/** @param from where the quote is that begins a string. Returns the place after the one that ends it. */
function endOfString(json: Uint8Array, from: number): number {
  for (let at = from + 1; at < json.length; at += 1) {
    if (json[at] === BACKSLASH) at += 1;
    else if (json[at] === QUOTE) return at + 1;
  }
  throw new TypeError('the JSON of an object ends too early');
}

/** Whether the string there, quotes included, is this word, written without escapes. */
function isWord(json: Uint8Array, from: number, { end, word }: { end: number; word: string }): boolean {
  if (end - from !== word.length + 2) return false;
  for (let at = 0; at < word.length; at += 1) if (json[from + 1 + at] !== word.charCodeAt(at)) return false;
  return true;
}

function skipSpace(json: Uint8Array, from: number): number {
  let at = from;
  while (json[at] === 0x20 || json[at] === 0x0a || json[at] === 0x0d || json[at] === 0x09) at += 1;
  return at;
}

/** A change with its object, for whoever looks at objects on their way into a store: it gives up what an encoded one saves. */
export function plainChange(change: Change | EncodedChange): Change {
  const { value } = change;
  return isEncodedObject(value) ? { ...change, value: decodeObject(value) } : (change as Change);
}

/** The object of an {@link EncodedObject}, without `resourceVersion`. */
export function decodeObject({ json }: EncodedObject): KubernetesObject {
  return JSON.parse(Buffer.from(json.buffer, json.byteOffset, json.byteLength).toString()) as KubernetesObject;
}

/** The JSON of an {@link EncodedObject} as of a revision. */
export function stampedBytes(encoded: EncodedObject, resourceVersion: string): Uint8Array {
  const { json, metadataAt } = encoded;
  return Buffer.concat([json.subarray(0, metadataAt), Buffer.from(memberText(encoded, 'resourceVersion', `"${resourceVersion}"`)), json.subarray(metadataAt)]);
}
