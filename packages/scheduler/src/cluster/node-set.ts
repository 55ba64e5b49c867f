import type { Node } from '@kybern/core/kinds';

/** The nodes that pass a test, as a column. Invariant: `members[row]` is 1 exactly if the node in `row` passes. */
export class NodeSet {
  /** By row. Replaced when it grows. */
  members: Uint8Array = new Uint8Array(0);
  readonly #passes: (node: Node) => boolean;

  constructor(passes: (node: Node) => boolean) {
    this.#passes = passes;
  }

  set(row: number, node: Node): void {
    if (row >= this.members.length) {
      const larger = new Uint8Array(Math.max(16, (row + 1) * 2));
      larger.set(this.members);
      this.members = larger;
    }
    this.members[row] = this.#passes(node) ? 1 : 0;
  }

  clear(row: number): void {
    this.members[row] = 0;
  }
}
