import { constants, inflateRawSync } from 'node:zlib';
import { spdyDictionary } from './dictionary.ts';
import { CONTROL_TYPES, SpdyError, type SpdyFrame, type SpdyHeader } from './frames.ts';

const PREFIX_BYTES = 8;
/** Of a control frame: what carries more headers is no stream of Kubernetes'. */
const MAX_CONTROL_BYTES = 65_536;
/** Of a header block when it is unpacked. */
const MAX_HEADER_BYTES = 262_144;
/** How far back compressed bytes may refer. */
const WINDOW_BYTES = 32_768;

/** Makes bytes into frames. One for each connection. It keeps at most one control frame. */
export interface SpdyDecoder {
  /** The frames that are complete with this piece, in order. @throws {SpdyError} when the bytes are no SPDY/3.1; nothing more can be read then */
  decode(chunk: Uint8Array): readonly SpdyFrame[];
}

/** What is known of the frame that is being read: nothing yet, a control frame that is not complete, or a data frame of which so many bytes are to come. */
type State = { readonly type: 'prefix' } | { readonly type: 'data'; readonly streamId: number; readonly fin: boolean; readonly left: number };

/** Makes a {@link SpdyDecoder}. */
export function createSpdyDecoder(): SpdyDecoder {
  const inflate = createHeaderInflater();
  let state: State = { type: 'prefix' };
  let pending: Buffer = Buffer.alloc(0);

  /** Takes one step with what is there. @returns undefined when it needs more */
  const step = (): readonly SpdyFrame[] | undefined => {
    if (state.type === 'data') {
      if (pending.length === 0) return undefined;
      const bytes = pending.subarray(0, state.left);
      pending = pending.subarray(bytes.length);
      const { streamId, fin, left } = state;
      const over = bytes.length === left;
      state = over ? { type: 'prefix' } : { ...state, left: left - bytes.length };
      return [{ type: 'data', streamId, fin: fin && over, bytes }];
    }
    if (pending.length < PREFIX_BYTES) return undefined;
    const first = pending.readUInt32BE(0);
    const second = pending.readUInt32BE(4);
    const [flags, length] = [second >>> 24, second & 0xffffff];
    if (first < 0x80000000) {
      pending = pending.subarray(PREFIX_BYTES);
      if (length === 0) return [{ type: 'data', streamId: first, fin: (flags & 1) !== 0, bytes: new Uint8Array() }];
      state = { type: 'data', streamId: first, fin: (flags & 1) !== 0, left: length };
      return [];
    }
    if (((first >>> 16) & 0x7fff) !== 3) throw new SpdyError(`version ${String((first >>> 16) & 0x7fff)} of SPDY is not understood`);
    if (length > MAX_CONTROL_BYTES) throw new SpdyError(`a control frame of ${String(length)} bytes is too long`);
    if (pending.length < PREFIX_BYTES + length) return undefined;
    const content = pending.subarray(PREFIX_BYTES, PREFIX_BYTES + length);
    pending = pending.subarray(PREFIX_BYTES + length);
    const frame = controlFrame(first & 0xffff, { flags, content, inflate });
    return frame === undefined ? [] : [frame];
  };

  return {
    decode(chunk) {
      const piece = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      pending = pending.length === 0 ? piece : Buffer.concat([pending, piece]);
      const frames: SpdyFrame[] = [];
      for (let made = step(); made !== undefined; made = step()) frames.push(...made);
      // What waits must not hold the whole piece that it came in.
      if (pending.length > 0 && pending.length < pending.buffer.byteLength) pending = Buffer.from(pending);
      return frames;
    },
  };
}

interface ControlContent {
  readonly flags: number;
  readonly content: Buffer;
  readonly inflate: (block: Buffer) => Buffer;
}

/** Undefined for types that are not known: they are to be left out. */
function controlFrame(type: number, { flags, content, inflate }: ControlContent): SpdyFrame | undefined {
  const fin = (flags & 1) !== 0;
  const id = (at: number): number => word(content, at) & 0x7fffffff;
  const headers = (at: number): readonly SpdyHeader[] => parseHeaders(inflate(content.subarray(at)));
  switch (type) {
    case CONTROL_TYPES.synStream:
      requireLength(content, 10);
      return {
        type: 'synStream',
        streamId: id(0),
        associatedId: id(4),
        priority: (content[8] ?? 0) >>> 5,
        fin,
        unidirectional: (flags & 2) !== 0,
        headers: headers(10),
      };
    case CONTROL_TYPES.synReply:
      return { type: 'synReply', streamId: id(0), fin, headers: headers(4) };
    case CONTROL_TYPES.headers:
      return { type: 'headers', streamId: id(0), fin, headers: headers(4) };
    case CONTROL_TYPES.rstStream:
      return { type: 'rstStream', streamId: id(0), status: word(content, 4) };
    case CONTROL_TYPES.settings:
      return { type: 'settings', entries: settings(content) };
    case CONTROL_TYPES.ping:
      return { type: 'ping', id: word(content, 0) };
    case CONTROL_TYPES.goAway:
      return { type: 'goAway', lastStreamId: id(0), status: word(content, 4) };
    case CONTROL_TYPES.windowUpdate:
      return { type: 'windowUpdate', streamId: id(0), delta: word(content, 4) & 0x7fffffff };
    default:
      return undefined;
  }
}

function word(content: Buffer, at: number): number {
  requireLength(content, at + 4);
  return content.readUInt32BE(at);
}

function requireLength(content: Buffer, length: number): void {
  if (content.length < length) throw new SpdyError('a control frame is cut off');
}

function settings(content: Buffer): { id: number; flags: number; value: number }[] {
  const count = word(content, 0);
  requireLength(content, 4 + 8 * count);
  return Array.from({ length: count }, (_, i) => {
    const first = word(content, 4 + 8 * i);
    return { id: first & 0xffffff, flags: first >>> 24, value: word(content, 8 + 8 * i) };
  });
}

function parseHeaders(block: Buffer): readonly SpdyHeader[] {
  let at = 0;
  const text = (): string => {
    const length = word(block, at);
    requireLength(block, at + 4 + length);
    const value = block.toString('utf8', at + 4, at + 4 + length);
    at += 4 + length;
    return value;
  };
  const count = word(block, 0);
  if (count > block.length / 8) throw new SpdyError('a header block is cut off');
  at = 4;
  return Array.from({ length: count }, () => [text(), text()] as const);
}

/**
 * Unpacks the header blocks of a connection. They are one compressed stream, flushed after each block: so each block stands at a byte's boundary and can be
 * unpacked by itself, given the last 32 KiB of what came before.
 */
function createHeaderInflater(): (block: Buffer) => Buffer {
  let before: Buffer | undefined;
  return (block) => {
    const compressed = before === undefined ? withoutZlibHeader(block) : block;
    before ??= spdyDictionary();
    try {
      const plain = inflateRawSync(compressed, { dictionary: before, finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: MAX_HEADER_BYTES });
      before = Buffer.from(Buffer.concat([before, plain]).subarray(-WINDOW_BYTES));
      return plain;
    } catch (cause) {
      throw new SpdyError('a header block cannot be unpacked', { cause });
    }
  };
}

function withoutZlibHeader(block: Buffer): Buffer {
  requireLength(block, 6);
  const [method = 0, flags = 0] = block;
  if ((method & 0x0f) !== 8 || (method * 256 + flags) % 31 !== 0) throw new SpdyError('a header block is not compressed as it should be');
  return block.subarray((flags & 0x20) === 0 ? 2 : 6);
}
