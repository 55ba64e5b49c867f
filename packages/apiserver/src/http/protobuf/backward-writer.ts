/**
 * Writes protocol buffers from the end to the beginning: the length of a message is then known when it has to be written before it, and nothing is copied.
 * So what comes last is written first.
 */
export class BackwardWriter {
  #buffer: Buffer = Buffer.allocUnsafe(INITIAL_BYTES);
  /** Invariant: what was written is in the buffer from here to its end. */
  #start: number = INITIAL_BYTES;

  /** How many bytes were written. */
  get length(): number {
    return this.#buffer.length - this.#start;
  }

  /** What was written, as bytes of its own; the writer begins anew. */
  take(): Buffer {
    const bytes = Buffer.from(this.#buffer.subarray(this.#start));
    if (this.#buffer.length > MAX_KEPT_BYTES) this.#buffer = Buffer.allocUnsafe(INITIAL_BYTES);
    this.#start = this.#buffer.length;
    return bytes;
  }

  /** The key of a field, before whose value it comes. @param wireType 0 number, 1 double, 2 what has a length */
  tag(field: number, wireType: 0 | 1 | 2): void {
    this.varint(field * 8 + wireType);
  }

  /** A whole number. Negative ones take ten bytes. */
  varint(value: number): void {
    if (value < 0 || value > Number.MAX_SAFE_INTEGER) {
      this.#bigVarint(BigInt.asUintN(64, BigInt(Math.trunc(value))));
      return;
    }
    let size = 1;
    for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) size += 1;
    let at = this.#reserve(size);
    let rest = value;
    while (rest >= 128) {
      this.#buffer[at++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    this.#buffer[at] = rest;
  }

  #bigVarint(value: bigint): void {
    const bytes: number[] = [];
    let rest = value;
    for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
    bytes.push(Number(rest));
    this.bytes(Uint8Array.from(bytes));
  }

  double(value: number): void {
    const at = this.#reserve(8);
    this.#buffer.writeDoubleLE(value, at);
  }

  bytes(value: Uint8Array): void {
    const at = this.#reserve(value.length);
    this.#buffer.set(value, at);
  }

  text(value: string): void {
    const size = Buffer.byteLength(value);
    const at = this.#reserve(size);
    this.#buffer.write(value, at, size, size === value.length ? 'latin1' : 'utf8');
  }

  /** Ends what began when `length` was `before`: its length, and the key of the field that it is. */
  close(field: number, before: number): void {
    this.varint(this.length - before);
    this.tag(field, 2);
  }

  #reserve(size: number): number {
    if (size > this.#start) {
      const written = this.length;
      const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, written + size + INITIAL_BYTES));
      this.#buffer.copy(larger, larger.length - written, this.#start);
      this.#buffer = larger;
      this.#start = larger.length - written;
    }
    this.#start -= size;
    return this.#start;
  }
}

const INITIAL_BYTES = 16_384;
/** What was larger once is not kept for what comes next. */
const MAX_KEPT_BYTES = 1_048_576;
