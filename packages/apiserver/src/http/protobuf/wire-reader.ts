/** Reads the fields of one message. @throws {RangeError} when the bytes are no message */
export function* readFields(bytes: Buffer): Generator<WireField> {
  const at = { offset: 0 };
  while (at.offset < bytes.length) {
    const tag = readVarint(bytes, at);
    const number = Number(tag >> 3n);
    if (number === 0) throw new RangeError('a field has the number 0');
    switch (Number(tag & 7n)) {
      case 0:
        yield { number, value: readVarint(bytes, at) };
        break;
      case 1:
        yield { number, value: take(bytes, at, 8).readDoubleLE() };
        break;
      case 2:
        yield { number, value: take(bytes, at, Number(readVarint(bytes, at))) };
        break;
      case 5:
        yield { number, value: take(bytes, at, 4).readFloatLE() };
        break;
      default:
        throw new RangeError('a field has an unknown wire type');
    }
  }
}

/** A field as it is on the wire: whole numbers are unsigned. */
export interface WireField {
  readonly number: number;
  readonly value: bigint | number | Buffer;
}

interface Position {
  offset: number;
}

const MAX_VARINT_BYTES = 10;

/** Reads a variable-length number. @throws {RangeError} */
export function readVarint(bytes: Buffer, at: Position): bigint {
  let value = 0n;
  for (let i = 0; i < MAX_VARINT_BYTES; i++) {
    const byte = bytes[at.offset];
    if (byte === undefined) throw new RangeError('a number is cut off');
    at.offset += 1;
    value |= BigInt(byte & 127) << BigInt(7 * i);
    if (byte < 128) return BigInt.asUintN(64, value);
  }
  throw new RangeError('a number is too long');
}

function take(bytes: Buffer, at: Position, length: number): Buffer {
  const end = at.offset + length;
  if (end > bytes.length) throw new RangeError('a field is cut off');
  const part = bytes.subarray(at.offset, end);
  at.offset = end;
  return part;
}
