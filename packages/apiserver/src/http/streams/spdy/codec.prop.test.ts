import { deflateRawSync, constants } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSpdyDecoder } from './decode.ts';
import { spdyDictionary } from './dictionary.ts';
import { createSpdyEncoder } from './encode.ts';
import { SpdyError, type SpdyFrame, type SpdyHeader } from './frames.ts';

const id = fc.integer({ min: 1, max: 0x7fffffff });
const word = fc.integer({ min: 0, max: 0xffffffff });
const text = fc.string({ unit: 'grapheme', maxLength: 40 }).map((value) => value.toLowerCase());
const headers = fc.array(fc.tuple(text, fc.string({ unit: 'grapheme', maxLength: 60 })), { maxLength: 6 }) as fc.Arbitrary<SpdyHeader[]>;
const bytes = fc.uint8Array({ maxLength: 300 });

const frame: fc.Arbitrary<SpdyFrame> = fc.oneof(
  fc.record({
    type: fc.constant('synStream' as const),
    streamId: id,
    associatedId: fc.integer({ min: 0, max: 0x7fffffff }),
    priority: fc.integer({ min: 0, max: 7 }),
    fin: fc.boolean(),
    unidirectional: fc.boolean(),
    headers,
  }),
  fc.record({ type: fc.constantFrom('synReply' as const, 'headers' as const), streamId: id, fin: fc.boolean(), headers }),
  fc.record({ type: fc.constant('rstStream' as const), streamId: id, status: word }),
  fc.record({
    type: fc.constant('settings' as const),
    entries: fc.array(fc.record({ id: fc.integer({ min: 0, max: 0xffffff }), flags: fc.integer({ min: 0, max: 255 }), value: word }), { maxLength: 4 }),
  }),
  fc.record({ type: fc.constant('ping' as const), id: word }),
  fc.record({ type: fc.constant('goAway' as const), lastStreamId: id, status: word }),
  fc.record({ type: fc.constant('windowUpdate' as const), streamId: id, delta: id }),
  fc.record({ type: fc.constant('data' as const), streamId: id, fin: fc.boolean(), bytes }),
);

/** Frames with the pieces of each data frame put together again. */
function joined(frames: readonly SpdyFrame[], lengths: readonly number[]): SpdyFrame[] {
  const result: SpdyFrame[] = [];
  let open = 0;
  let nth = 0;
  for (const each of frames) {
    const last = result.at(-1);
    if (each.type !== 'data') result.push(each);
    else if (open > 0 && last?.type === 'data') {
      result[result.length - 1] = { ...each, bytes: Buffer.concat([last.bytes, each.bytes]) };
      open -= each.bytes.byteLength;
    } else {
      result.push(each);
      open = (lengths[nth++] ?? 0) - each.bytes.byteLength;
    }
  }
  return result;
}

const plain = (frames: readonly SpdyFrame[]): unknown =>
  frames.map((each) => (each.type === 'data' ? { ...each, bytes: Buffer.from(each.bytes).toString('hex') } : each));

describe('the SPDY codec', () => {
  it('reads what it writes, however it is cut into pieces', () => {
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 12 }), fc.infiniteStream(fc.integer({ min: 1, max: 200 })), (frames, cuts) => {
        const encoder = createSpdyEncoder();
        const decoder = createSpdyDecoder();
        const wire = Buffer.concat(frames.map((each) => encoder.encode(each)));
        const read: SpdyFrame[] = [];
        for (let at = 0; at < wire.length; ) {
          const size = cuts.next().value as number;
          read.push(...decoder.decode(wire.subarray(at, at + size)));
          at += size;
        }
        const lengths = frames.flatMap((each) => (each.type === 'data' ? [each.bytes.byteLength] : []));
        expect(plain(joined(read, lengths))).toEqual(plain(frames));
      }),
    );
  });

  it('reads bytes of any kind, or refuses them with an SpdyError', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 400 }), { maxLength: 6 }), (pieces) => {
        const decoder = createSpdyDecoder();
        try {
          for (const piece of pieces) for (const each of decoder.decode(piece)) expect(each.type).toMatch(/./);
        } catch (error) {
          expect(error).toBeInstanceOf(SpdyError);
        }
      }),
    );
  });

  it('reads damaged frames, or refuses them with an SpdyError', () => {
    fc.assert(
      fc.property(fc.array(frame, { minLength: 1, maxLength: 4 }), fc.nat(), fc.integer({ min: 0, max: 255 }), (frames, where, value) => {
        const encoder = createSpdyEncoder();
        const wire = Buffer.concat(frames.map((each) => encoder.encode(each)));
        if (wire.length > 0) wire[where % wire.length] = value;
        try {
          expect(createSpdyDecoder().decode(wire).length).toBeGreaterThanOrEqual(0);
        } catch (error) {
          expect(error).toBeInstanceOf(SpdyError);
        }
      }),
    );
  });

  it('reads compressed headers that refer back to blocks before them', () => {
    const block = (...pairs: readonly (readonly [string, string])[]): Buffer => {
      const words = (value: number): Buffer => Buffer.from([value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255]);
      return Buffer.concat([words(pairs.length), ...pairs.flat().flatMap((each) => [words(each.length), Buffer.from(each)])]);
    };
    const first = block(['streamtype', 'error'], ['port', '8080']);
    const second = block(['streamtype', 'data'], ['port', '8080'], ['user-agent', 'kubectl']);
    const begin = createSpdyEncoder().encode({ type: 'synReply', streamId: 1, fin: false, headers: [] }).subarray(12, 18);
    const compress = (plainBlock: Buffer, dictionary: Buffer): Buffer => deflateRawSync(plainBlock, { dictionary, finishFlush: constants.Z_SYNC_FLUSH });
    const frameOf = (streamId: number, content: Buffer): Buffer => {
      const all = Buffer.concat([Buffer.from([0, 0, 0, streamId, 0, 0, 0, 0, 0, 0]), content]);
      return Buffer.concat([Buffer.from([0x80, 3, 0, 1, 0, 0, all.length >>> 8, all.length & 255]), all]);
    };
    const wire = Buffer.concat([
      frameOf(1, Buffer.concat([begin, compress(first, spdyDictionary())])),
      frameOf(3, compress(second, Buffer.concat([spdyDictionary(), first]))),
    ]);
    expect(createSpdyDecoder().decode(wire)).toMatchObject([
      {
        streamId: 1,
        headers: [
          ['streamtype', 'error'],
          ['port', '8080'],
        ],
      },
      {
        streamId: 3,
        headers: [
          ['streamtype', 'data'],
          ['port', '8080'],
          ['user-agent', 'kubectl'],
        ],
      },
    ]);
  });

  it('knows the dictionary by the sum that the protocol gives', () => {
    const wire = createSpdyEncoder().encode({ type: 'synReply', streamId: 1, fin: false, headers: [] });
    expect(spdyDictionary()).toHaveLength(1423);
    expect(wire.subarray(14, 18).toString('hex')).toBe('e3c6a7c2');
  });

  it('refuses frames that would fill the memory', () => {
    expect(() => createSpdyDecoder().decode(Buffer.from([0x80, 3, 0, 1, 0, 0xff, 0xff, 0xff]))).toThrow(SpdyError);
    expect(() => createSpdyDecoder().decode(Buffer.from([0x80, 2, 0, 1, 0, 0, 0, 0]))).toThrow(SpdyError);
  });
});
