/** The kinds of SPDY/3.1 frames that are used here. */
export const SPDY = { synStream: 1, synReply: 2, rstStream: 3, settings: 4, ping: 6, goAway: 7, headers: 8, windowUpdate: 9 } as const;

const VERSION = 0x8003;
const FLAG_FIN = 1;
const HEAD_BYTES = 8;
const MAX_FRAME_BYTES = 16 * 1024 * 1024;

/** A frame as it came: data of a stream, or control. */
export type SpdyFrame =
  | { readonly type: 'data'; readonly stream: number; readonly fin: boolean; readonly data: Buffer }
  | { readonly type: 'control'; readonly kind: number; readonly fin: boolean; readonly body: Buffer };

function controlFrame(kind: number, flags: number, body: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(HEAD_BYTES + body.length);
  frame.writeUInt16BE(VERSION, 0);
  frame.writeUInt16BE(kind, 2);
  frame.writeUInt32BE(flags * 0x1000000 + body.length, 4);
  frame.set(body, HEAD_BYTES);
  return frame;
}

/** Data of a stream. */
export function dataFrame(stream: number, data: Uint8Array, fin: boolean): Buffer {
  const frame = Buffer.allocUnsafe(HEAD_BYTES + data.length);
  frame.writeUInt32BE(stream, 0);
  frame.writeUInt32BE((fin ? FLAG_FIN : 0) * 0x1000000 + data.length, 4);
  frame.set(data, HEAD_BYTES);
  return frame;
}

/** A control frame of numbers. */
export function numbersFrame(kind: number, ...numbers: readonly number[]): Buffer {
  const body = Buffer.allocUnsafe(4 * numbers.length);
  numbers.forEach((number, index) => body.writeUInt32BE(number, 4 * index));
  return controlFrame(kind, 0, body);
}

/**
 * Opens streams. Headers go as one zlib stream that compresses nothing and names no dictionary: what reads SPDY headers accepts that, and so neither a
 * dictionary nor a compressor is needed.
 */
export class SynStreamWriter {
  #begun = false;

  frame(stream: number, headers: Readonly<Record<string, string>>): Buffer {
    const head = Buffer.alloc(10);
    head.writeUInt32BE(stream, 0);
    const block = this.#stored(headerBlock(headers));
    return controlFrame(SPDY.synStream, 0, Buffer.concat([head, block]));
  }

  #stored(block: Buffer): Buffer {
    const parts: Buffer[] = this.#begun ? [] : [Buffer.of(0x78, 0x01)];
    this.#begun = true;
    const head = Buffer.alloc(5);
    head.writeUInt16LE(block.length, 1);
    head.writeUInt16LE(block.length ^ 0xffff, 3);
    // An empty block makes readers give out what they have.
    parts.push(head, block, Buffer.of(0, 0, 0, 0xff, 0xff));
    return Buffer.concat(parts);
  }
}

function headerBlock(headers: Readonly<Record<string, string>>): Buffer {
  const entries = Object.entries(headers);
  const parts: Buffer[] = [uint32(entries.length)];
  for (const [name, value] of entries) for (const text of [name, value]) parts.push(uint32(Buffer.byteLength(text)), Buffer.from(text));
  return Buffer.concat(parts);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** Takes a stream of bytes apart into frames. */
export class SpdyFrameReader {
  #rest: Buffer = Buffer.alloc(0);

  /** @throws {RangeError} when a frame is longer than 16 MiB */
  push(chunk: Buffer): readonly SpdyFrame[] {
    const all = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const frames: SpdyFrame[] = [];
    let at = 0;
    while (all.length - at >= HEAD_BYTES) {
      const length = all.readUInt32BE(at + 4) & 0xffffff;
      if (length > MAX_FRAME_BYTES) throw new RangeError('a frame is too long');
      const end = at + HEAD_BYTES + length;
      if (end > all.length) break;
      frames.push(frameAt(all.subarray(at, end)));
      at = end;
    }
    this.#rest = all.subarray(at);
    return frames;
  }
}

function frameAt(bytes: Buffer): SpdyFrame {
  const fin = ((bytes[4] ?? 0) & FLAG_FIN) !== 0;
  const body = bytes.subarray(HEAD_BYTES);
  if (((bytes[0] ?? 0) & 0x80) === 0) return { type: 'data', stream: bytes.readUInt32BE(0), fin, data: body };
  return { type: 'control', kind: bytes.readUInt16BE(2), fin, body };
}
