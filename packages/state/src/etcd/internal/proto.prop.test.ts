import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProtoReader } from './proto-reader.ts';
import { ProtoWriter } from './proto-writer.ts';

const HEAD_BYTES = 5;
const safe = fc.maxSafeInteger();
const wide = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });

/** Writes fields last first, as the writer wants it, and gives what a reader is to read. */
function written(write: (writer: ProtoWriter) => void, writer = new ProtoWriter()): ProtoReader {
  write(writer);
  return new ProtoReader(writer.takeFrame(), HEAD_BYTES);
}

describe('protocol buffers', () => {
  it('give back every number that was written', () => {
    fc.assert(
      fc.property(safe, wide, fc.integer({ min: 1, max: 1000 }), (number, id, field) => {
        const reader = written((writer) => {
          writer.wide(2, id);
          writer.integer(field, number);
        });
        expect([reader.field(), reader.integer(), reader.field(), reader.wide(true)]).toEqual([field, number, 2, id]);
      }),
    );
  });

  it('give back texts and bytes of any length, also nested, one frame after another from one writer', () => {
    const writer = new ProtoWriter();
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40_000 }), fc.uint8Array({ maxLength: 300 }), (text, bytes) => {
        const well = text.toWellFormed();
        const reader = written((each) => {
          const { end } = each;
          each.bytes(2, bytes);
          each.string(1, well);
          each.length(7, end);
        }, writer);
        expect(reader.field()).toBe(7);
        const end = reader.message();
        expect([reader.field(), reader.string(), reader.field(), [...reader.bytes()]]).toEqual([1, well, 2, [...bytes]]);
        expect(reader.position).toBe(end);
      }),
      { numRuns: 50 },
    );
  });

  it('pass over what they do not know', () => {
    const reader = written((writer) => {
      writer.integer(9, 5);
      writer.string(8, 'unknown');
      writer.integer(7, -1);
    });
    const fields = [];
    for (let at = 0; at < 2; at += 1) {
      fields.push(reader.field());
      reader.skip();
    }
    expect([...fields, reader.field(), reader.integer()]).toEqual([7, 8, 9, 5]);
  });

  it('are refused when they end in the middle', () => {
    expect(() => new ProtoReader(Buffer.of(0x80)).integer()).toThrow(RangeError);
    expect(() => new ProtoReader(Buffer.of(0x05, 0x61)).string()).toThrow(RangeError);
    expect(() => new ProtoReader(Buffer.alloc(11, 0xff)).integer()).toThrow(RangeError);
  });

  it('are written as others write them', () => {
    const writer = new ProtoWriter();
    writer.integer(1, 150);
    expect([...writer.takeFrame()]).toEqual([0, 0, 0, 0, 3, 0x08, 0x96, 0x01]);
    writer.string(2, 'testing');
    expect(writer.takeFrame().subarray(5).toString('hex')).toBe('120774657374696e67');
  });
});
