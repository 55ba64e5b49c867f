/** How many nodes have how many volumes. Invariant: `#nodes[n]` nodes have `n` volumes, for every `n` above 0, and none has more than `most`. */
export class VolumeCounts {
  readonly #nodes: number[] = [];
  #most = 0;

  /** The number of volumes of the node that has most. */
  get most(): number {
    return this.#most;
  }

  /** A node that had `before` volumes has `after`. */
  move(before: number, after: number): void {
    if (before === after) return;
    if (before > 0) (this.#nodes[before] as number) -= 1;
    if (after > 0) this.#nodes[after] = (this.#nodes[after] ?? 0) + 1;
    if (after > this.#most) this.#most = after;
    while (this.#most > 0 && (this.#nodes[this.#most] ?? 0) === 0) this.#most -= 1;
  }
}
