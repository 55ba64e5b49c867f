import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createProtoCodec } from './proto-codec.ts';
import type { ProtoSchema } from './schema.ts';

const schema: ProtoSchema = {
  messages: {
    Everything: [
      { number: 1, key: 'text', type: 'string', required: true },
      { number: 2, key: 'flag', type: 'bool', required: true },
      { number: 3, key: 'big', type: 'int64', required: true },
      { number: 4, key: 'bytes', type: 'bytes', required: true },
      { number: 5, key: 'colour', type: 'Colour', required: true },
      { number: 6, key: 'inner', type: 'Inner' },
      { number: 7, key: 'inners', type: 'Inner', label: 'repeated', required: true },
      { number: 8, key: 'numbers', type: 'int64', label: 'repeated', required: true },
      { number: 9, key: 'labels', type: 'string', label: 'map', required: true },
      { number: 11, key: 'colours', type: 'Colour', label: 'repeated', required: true },
      { number: 12, key: 'flags', type: 'bool', label: 'repeated', required: true },
      { number: 10, key: 'share', type: 'double', required: true },
      { number: 200, key: 'texts', type: 'string', label: 'repeated', required: true },
    ],
    Inner: [{ number: 1, key: 'value', type: 'int64', required: true }],
    Older: [{ number: 2, key: 'flag', type: 'bool', required: true }],
  },
  enums: { Colour: { RED: 0, GREEN: 1 } },
};
const codec = createProtoCodec(schema);
const text = fc.string({ unit: 'binary' }).map((each) => each.toWellFormed());
const integer = fc.maxSafeInteger();
const inner = fc.record({ value: integer });
const everything = fc.record(
  {
    text,
    flag: fc.boolean(),
    big: integer,
    bytes: fc.uint8Array(),
    colour: fc.constantFrom('RED', 'GREEN'),
    inner,
    inners: fc.array(inner),
    numbers: fc.array(integer),
    colours: fc.array(fc.constantFrom('RED', 'GREEN')),
    flags: fc.array(fc.boolean()),
    labels: fc.dictionary(text, text, { noNullPrototype: true }),
    share: fc.double({ noNaN: true }).map((value) => (Object.is(value, -0) ? 0 : value)),
    texts: fc.array(text),
  },
  { requiredKeys: ['text', 'flag', 'big', 'bytes', 'colour', 'inners', 'numbers', 'colours', 'flags', 'labels', 'share', 'texts'] },
);

describe('the codec of protocol buffers', () => {
  it('reads what it has written', () => {
    fc.assert(fc.property(everything, (value) => void expect(codec.decode('Everything', codec.encode('Everything', value))).toEqual(value)));
  });

  it('passes over fields that an older schema does not have', () => {
    fc.assert(fc.property(everything, (value) => void expect(codec.decode('Older', codec.encode('Everything', value))).toEqual({ flag: value.flag })));
  });

  it('never reads past the end of what is cut off', () => {
    fc.assert(
      fc.property(everything, fc.nat(), (value, cut) => {
        const bytes = codec.encode('Everything', value);
        try {
          codec.decode('Everything', bytes.subarray(0, cut % (bytes.length + 1)));
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
    );
  });

  it('fills in what is required and leaves out the rest', () => {
    expect(codec.decode('Everything', Buffer.alloc(0))).toEqual({
      text: '',
      flag: false,
      big: 0,
      bytes: new Uint8Array(0),
      colour: 'RED',
      inners: [],
      numbers: [],
      labels: {},
      colours: [],
      flags: [],
      share: 0,
      texts: [],
    });
  });

  it.each([
    { name: 'a positive number', message: { value: 150 }, hex: '089601' },
    { name: 'a negative number in ten bytes', message: { value: -1 }, hex: '08ffffffffffffffffff01' },
    { name: 'nothing for zero', message: { value: 0 }, hex: '' },
  ])('writes $name as others do', ({ message, hex }) => {
    expect(codec.encode('Inner', message).toString('hex')).toBe(hex);
  });

  it('reads numbers of a list that are not packed', () => {
    expect(codec.decode('Everything', Buffer.from('40054006', 'hex'))).toMatchObject({ numbers: [5, 6] });
  });
});
