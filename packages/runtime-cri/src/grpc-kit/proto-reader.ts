const TWO_32 = 4_294_967_296;

/** Reads protocol buffers from a piece of a buffer. @throws {RangeError} when a value ends in the middle */
export class ProtoReader {
  readonly #buffer: Buffer;
  readonly #end: number;
  #position: number;
  #wireType = 0;

  constructor(buffer: Buffer, position = 0, end: number = buffer.length) {
    this.#buffer = buffer;
    this.#position = position;
    this.#end = end;
  }

  get done(): boolean {
    return this.#position >= this.#end;
  }

  get wireType(): number {
    return this.#wireType;
  }

  /** The number of the next field. */
  field(): number {
    const tag = this.varint();
    this.#wireType = tag % 8;
    return Math.floor(tag / 8);
  }

  /** A number as `int64` has it; exact up to 2^53. */
  varint(): number {
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.#position < this.#end ? this.#buffer[this.#position] : undefined;
      if (byte === undefined) throw new RangeError('a number ends in the middle');
      this.#position += 1;
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high |= bits >>> 4;
      } else high |= bits << (shift - 32);
      if (byte < 0x80) return (high | 0) * TWO_32 + (low >>> 0);
    }
    throw new RangeError('a number has too many bytes');
  }

  double(): number {
    const value = this.#buffer.readDoubleLE(this.#advance(8));
    return value;
  }

  /** A copy of the bytes of a field. */
  bytes(): Uint8Array {
    const length = this.varint();
    const start = this.#advance(length);
    return new Uint8Array(this.#buffer.subarray(start, start + length));
  }

  string(): string {
    const length = this.varint();
    const start = this.#advance(length);
    return this.#buffer.toString('utf8', start, start + length);
  }

  /** A reader of a nested message. */
  message(): ProtoReader {
    const length = this.varint();
    const start = this.#advance(length);
    return new ProtoReader(this.#buffer, start, start + length);
  }

  /** Passes over the field whose number was read last. */
  skip(): void {
    if (this.#wireType === 0) this.varint();
    else if (this.#wireType === 1) this.#advance(8);
    else if (this.#wireType === 2) this.#advance(this.varint());
    else if (this.#wireType === 5) this.#advance(4);
    else throw new RangeError(`there is no wire type ${String(this.#wireType)}`);
  }

  #advance(bytes: number): number {
    const start = this.#position;
    if (bytes < 0 || start + bytes > this.#end) throw new RangeError('a message ends in the middle');
    this.#position = start + bytes;
    return start;
  }
}
