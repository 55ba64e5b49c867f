const TWO_32 = 4_294_967_296;

/** Reads protocol buffers. What it gives as bytes shares its buffer. */
export class ProtoReader {
  readonly #buffer: Buffer;
  #position: number;
  #wireType = 0;
  /** The lower 32 bits of the last number. */
  #low = 0;
  /** The upper ones. */
  #high = 0;

  constructor(buffer: Buffer, position = 0) {
    this.#buffer = buffer;
    this.#position = position;
  }

  get position(): number {
    return this.#position;
  }

  /** The number of the next field. */
  field(): number {
    const tag = this.integer();
    this.#wireType = tag & 7;
    return tag >>> 3;
  }

  /** A signed number; exact up to 2^53. */
  integer(): number {
    this.#varint();
    return (this.#high | 0) * TWO_32 + this.#low;
  }

  /** A number of 64 bits. */
  wide(signed: boolean): bigint {
    this.#varint();
    const value = (BigInt(this.#high) << 32n) | BigInt(this.#low);
    return signed ? BigInt.asIntN(64, value) : value;
  }

  bytes(): Uint8Array {
    const end = this.message();
    const bytes = this.#buffer.subarray(this.#position, end);
    this.#position = end;
    return bytes;
  }

  string(): string {
    const end = this.message();
    const text = this.#buffer.toString('utf8', this.#position, end);
    this.#position = end;
    return text;
  }

  /** Goes into a nested message. @returns where it ends */
  message(): number {
    const length = this.integer();
    const end = this.#position + length;
    if (length < 0 || end > this.#buffer.length) throw new RangeError('a message ends in the middle');
    return end;
  }

  /** Passes over the field whose number was read last. */
  skip(): void {
    if (this.#wireType === 0) this.#varint();
    else if (this.#wireType === 1) this.#position += 8;
    else if (this.#wireType === 2) this.#position = this.message();
    else if (this.#wireType === 5) this.#position += 4;
    else throw new RangeError(`there is no wire type ${this.#wireType}`);
  }

  #varint(): void {
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.#buffer[this.#position];
      if (byte === undefined) throw new RangeError('a number ends in the middle');
      this.#position += 1;
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high |= bits >>> 4;
      } else high |= bits << (shift - 32);
      if (byte < 0x80) {
        this.#low = low >>> 0;
        this.#high = high >>> 0;
        return;
      }
    }
    throw new RangeError('a number has too many bytes');
  }
}
