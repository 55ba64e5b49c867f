import { deflateSync } from 'node:zlib';
import { spdyDictionary } from './dictionary.ts';
import { CONTROL_TYPES, type SpdyFrame, type SpdyHeader } from './frames.ts';

const VERSION = 3;
const FIN = 1;
const UNIDIRECTIONAL = 2;
/** A block that is stored as it is may not be longer. */
const MAX_STORED = 65_535;

/** Makes frames into bytes. One for each connection: its first header block is not like the others. */
export interface SpdyEncoder {
  /** @throws {RangeError} when the content of a frame is longer than 16 MiB - 1 */
  encode(frame: SpdyFrame): Buffer;
}

/** Makes a {@link SpdyEncoder}. */
export function createSpdyEncoder(): SpdyEncoder {
  const block = createHeaderCompressor();
  return {
    encode(frame) {
      switch (frame.type) {
        case 'data':
          return Buffer.concat([prefix(frame.streamId & 0x7fffffff, frame.fin ? FIN : 0, frame.bytes.byteLength), frame.bytes]);
        case 'synStream': {
          const flags = (frame.fin ? FIN : 0) | (frame.unidirectional ? UNIDIRECTIONAL : 0);
          return control('synStream', flags, [words(frame.streamId, frame.associatedId), Buffer.from([(frame.priority & 7) << 5, 0]), block(frame.headers)]);
        }
        case 'synReply':
        case 'headers':
          return control(frame.type, frame.fin ? FIN : 0, [words(frame.streamId), block(frame.headers)]);
        case 'rstStream':
          return control('rstStream', 0, [words(frame.streamId, frame.status)]);
        case 'settings':
          return control('settings', 0, [
            words(frame.entries.length),
            ...frame.entries.map(({ id, flags, value }) => words(((flags & 0xff) * 2 ** 24 + (id & 0xffffff)) >>> 0, value)),
          ]);
        case 'ping':
          return control('ping', 0, [words(frame.id)]);
        case 'goAway':
          return control('goAway', 0, [words(frame.lastStreamId, frame.status)]);
        case 'windowUpdate':
          return control('windowUpdate', 0, [words(frame.streamId, frame.delta)]);
      }
    },
  };
}

function control(type: keyof typeof CONTROL_TYPES, flags: number, parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([prefix((0x80000000 | (VERSION << 16) | CONTROL_TYPES[type]) >>> 0, flags, content.length), content]);
}

function prefix(first: number, flags: number, length: number): Buffer {
  if (length > 0xffffff) throw new RangeError(`a frame of ${String(length)} bytes is too long`);
  return words(first, (flags * 2 ** 24 + length) >>> 0);
}

function words(...values: readonly number[]): Buffer {
  const bytes = Buffer.allocUnsafe(4 * values.length);
  values.forEach((value, i) => bytes.writeUInt32BE(value >>> 0, 4 * i));
  return bytes;
}

/**
 * Header blocks in the form of zlib, but stored as they are: the few headers of these streams are not worth compressing, and what is not compressed gives
 * nothing away of secrets by its length.
 */
function createHeaderCompressor(): (headers: readonly SpdyHeader[]) => Buffer {
  let begun = false;
  return (headers) => {
    const plain = headerBlock(headers);
    const parts: Buffer[] = [];
    // The two bytes of zlib's header and the four that name the dictionary.
    if (!begun) parts.push(deflateSync(Buffer.alloc(0), { dictionary: spdyDictionary() }).subarray(0, 6));
    begun = true;
    for (let at = 0; at < plain.length; at += MAX_STORED) parts.push(storedBlock(plain.subarray(at, at + MAX_STORED)));
    // An empty block is the sign to hand out what was read.
    parts.push(storedBlock(Buffer.alloc(0)));
    return Buffer.concat(parts);
  };
}

function storedBlock(content: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt16LE(content.length, 1);
  head.writeUInt16LE(~content.length & 0xffff, 3);
  return Buffer.concat([head, content]);
}

function headerBlock(headers: readonly SpdyHeader[]): Buffer {
  const parts = [words(headers.length)];
  for (const [name, value] of headers) {
    for (const text of [name.toLowerCase(), value]) {
      const bytes = Buffer.from(text, 'utf8');
      parts.push(words(bytes.length), bytes);
    }
  }
  return Buffer.concat(parts);
}
