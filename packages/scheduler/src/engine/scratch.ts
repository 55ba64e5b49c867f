/**
 * Arrays for the numbers of one attempt, used again for the next: a fresh array of some hundred numbers per plugin and decision costs more than the
 * decision. Invariant: an array is in use at most until the next {@link take} of its slot.
 */
export class Scratch {
  readonly #buffers: ArrayBuffer[] = [];
  readonly #views: Float64Array[] = [];

  /** The array of a slot, `length` numbers of any value. */
  take(slot: number, length: number): Float64Array {
    const last = this.#views[slot];
    if (last !== undefined && last.length === length) return last;
    let buffer = this.#buffers[slot];
    if (buffer === undefined || buffer.byteLength < length * 8) buffer = this.#buffers[slot] = new ArrayBuffer(Math.max(64, length * 2) * 8);
    return (this.#views[slot] = new Float64Array(buffer, 0, length));
  }
}
