const encoder = new TextEncoder();

/** The first size of the buffer; it doubles as needed and is kept for the next message. */
const INITIAL_BYTES = 16 * 1024;

/**
 * Writes protocol buffers from the end to the beginning: when the length of a nested message is due, it is known. Fields must therefore be written last
 * first.
 */
export class ProtoWriter {
  #buffer: Buffer = Buffer.allocUnsafeSlow(INITIAL_BYTES);
  /** Where what is written begins. */
  #start = INITIAL_BYTES;

  /** How many bytes are written: where a nested message that is written next will end. */
  get end(): number {
    return this.#buffer.length - this.#start;
  }

  /** Writes a number of up to 2^53; negative ones take ten bytes, as protocol buffers have it. */
  integer(field: number, value: number): void {
    if (value < 0) return this.wide(field, BigInt(value));
    this.#varint(value);
    this.#varint(field * 8);
  }

  /** Writes a number of 64 bits, signed or not. */
  wide(field: number, value: bigint): void {
    const bytes: number[] = [];
    let rest = BigInt.asUintN(64, value);
    while (rest >= 0x80n) {
      bytes.push(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    bytes.push(Number(rest));
    this.#room(bytes.length);
    this.#start -= bytes.length;
    this.#buffer.set(bytes, this.#start);
    this.#varint(field * 8);
  }

  bool(field: number, value: boolean): void {
    this.integer(field, value ? 1 : 0);
  }

  bytes(field: number, value: Uint8Array): void {
    this.#room(value.length);
    this.#start -= value.length;
    this.#buffer.set(value, this.#start);
    this.#varint(value.length);
    this.#varint(field * 8 + 2);
  }

  string(field: number, value: string): void {
    this.bytes(field, encoder.encode(value));
  }

  /** Puts the head before a nested message, of which {@link end} was told before it was written. */
  length(field: number, end: number): void {
    this.#varint(this.end - end);
    this.#varint(field * 8 + 2);
  }

  /** What was written, behind the head of a gRPC message, as bytes of its own; the writer begins anew. */
  takeFrame(): Buffer {
    const length = this.end;
    const frame = Buffer.allocUnsafe(length + 5);
    frame[0] = 0;
    frame.writeUInt32BE(length, 1);
    this.#buffer.copy(frame, 5, this.#start);
    this.#start = this.#buffer.length;
    return frame;
  }

  #varint(value: number): void {
    let size = 1;
    for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) size += 1;
    this.#room(size);
    this.#start -= size;
    let at = this.#start;
    let rest = value;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) this.#buffer[at++] = (rest % 0x80) | 0x80;
    this.#buffer[at] = rest;
  }

  #room(bytes: number): void {
    if (this.#start >= bytes) return;
    const { end } = this;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#buffer.length * 2, end + bytes * 2));
    this.#buffer.copy(larger, larger.length - end, this.#start);
    this.#buffer = larger;
    this.#start = larger.length - end;
  }
}
