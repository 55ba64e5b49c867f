import type { Node } from '@kybern/core/kinds';

/** The domain of a node without the label. */
export const NO_DOMAIN = -1;

/** Stands for the node itself as a topology key: every node is a domain of its own, whatever its labels say. */
export const NODE_ITSELF = '';

/**
 * Which domain of one topology key each node is in: a column of small numbers instead of a label look-up per node and Pod.
 * Invariant: `domains[row]` is the number of the label's value on the node in `row`, or {@link NO_DOMAIN}. A number whose last node went is used again.
 */
export class TopologyColumn {
  readonly key: string;
  /** By row. Replaced when it grows. */
  domains: Int32Array = new Int32Array(0);
  readonly #numbers = new Map<string, number>();
  /** By domain: the label's value, and how many nodes have it. */
  readonly #values: string[] = [];
  readonly #nodes: number[] = [];
  readonly #free: number[] = [];

  constructor(key: string) {
    this.key = key;
  }

  /** Numbers in use are smaller than this. */
  get size(): number {
    return this.#nodes.length;
  }

  set(row: number, node: Node): void {
    if (row >= this.domains.length) this.#grow(row + 1);
    const value = this.key === NODE_ITSELF ? String(row) : node.metadata.labels?.[this.key];
    this.domains[row] = value === undefined ? NO_DOMAIN : this.#numberOf(value);
  }

  clear(row: number): void {
    const domain = this.domains[row] ?? NO_DOMAIN;
    if (domain === NO_DOMAIN) return;
    this.domains[row] = NO_DOMAIN;
    (this.#nodes[domain] as number) -= 1;
    if (this.#nodes[domain] !== 0) return;
    this.#numbers.delete(this.#values[domain] as string);
    this.#free.push(domain);
  }

  #numberOf(value: string): number {
    let domain = this.#numbers.get(value);
    if (domain === undefined) {
      domain = this.#free.pop() ?? this.#nodes.push(0) - 1;
      this.#numbers.set(value, domain);
      this.#values[domain] = value;
    }
    (this.#nodes[domain] as number) += 1;
    return domain;
  }

  #grow(rows: number): void {
    const larger = new Int32Array(Math.max(16, rows * 2)).fill(NO_DOMAIN);
    larger.set(this.domains);
    this.domains = larger;
  }
}
