const FIRST_CAPACITY = 16;

/** A first-in first-out list that grows; push and shift are O(1) and allocate nothing in the long run. */
export class Ring<T> {
  /** Invariant: a power of two long; items are at `head … head + size - 1`, modulo the length; all other slots are undefined. */
  #slots: (T | undefined)[] = new Array<T | undefined>(FIRST_CAPACITY).fill(undefined);
  #head = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(item: T): void {
    if (this.#size === this.#slots.length) this.#grow();
    this.#slots[(this.#head + this.#size) & (this.#slots.length - 1)] = item;
    this.#size += 1;
  }

  shift(): T | undefined {
    if (this.#size === 0) return undefined;
    const item = this.#slots[this.#head];
    this.#slots[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#slots.length - 1);
    this.#size -= 1;
    return item;
  }

  #grow(): void {
    const old = this.#slots;
    const grown = old.slice(this.#head).concat(old.slice(0, this.#head));
    while (grown.length < old.length * 2) grown.push(undefined);
    this.#slots = grown;
    this.#head = 0;
  }
}
