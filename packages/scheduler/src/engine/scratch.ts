/**
 * Arrays for the numbers of one attempt, used again for the next: fresh arrays of some hundred numbers per plugin and decision would cost more than the
 * decision. Invariant: an array is in use at most until its slot is taken again.
 */
export class Scratch {
  readonly #floats: Float64Array[] = [];
  readonly #integers: Int32Array[] = [];
  #bytes = new Uint8Array(64);

  /** The array of a slot: `length` numbers of any value. */
  floats(slot: number, length: number): Float64Array {
    const last = this.#floats[slot];
    if (last !== undefined && last.length === length) return last;
    const roomy = last !== undefined && last.buffer.byteLength >= length * 8 ? last.buffer : new ArrayBuffer(Math.max(64, length * 2) * 8);
    return (this.#floats[slot] = new Float64Array(roomy, 0, length));
  }

  /** An array of a slot with room for at least `length` integers. */
  integers(slot: number, length: number): Int32Array {
    const last = this.#integers[slot];
    return last !== undefined && last.length >= length ? last : (this.#integers[slot] = new Int32Array(Math.max(64, length * 2)));
  }

  /** So many zeros. */
  zeros(length: number): Uint8Array {
    if (this.#bytes.length < length) this.#bytes = new Uint8Array(length);
    else this.#bytes.fill(0, 0, length);
    return this.#bytes;
  }
}
