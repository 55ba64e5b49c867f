import { Ring } from './ring.ts';

/** First-in first-out lists of several sources, which take turns: what one of them brings in a storm delays the others by no more than one item each. */
export class FairRing<T> {
  readonly #bySource = new Map<string, Ring<T>>();
  /** Invariant: exactly the lists that are not empty, in the order of their turns. */
  readonly #turns = new Ring<Ring<T>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(source: string, item: T): void {
    let ring = this.#bySource.get(source);
    if (ring === undefined) {
      ring = new Ring<T>();
      this.#bySource.set(source, ring);
    }
    if (ring.size === 0) this.#turns.push(ring);
    ring.push(item);
    this.#size += 1;
  }

  shift(): T | undefined {
    const ring = this.#turns.shift();
    if (ring === undefined) return undefined;
    const item = ring.shift();
    if (ring.size > 0) this.#turns.push(ring);
    this.#size -= 1;
    return item;
  }
}
