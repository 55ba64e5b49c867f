import type { RowBatch } from '../engine/plugin.ts';
import type { NodeSet } from './node-set.ts';
import { NO_DOMAIN, type TopologyColumn } from './topology-column.ts';

/**
 * How many Pods of one kind are in each domain of a topology, kept up to date Pod by Pod.
 * Invariant: `counts[domain]` is the number of such Pods on the domain's nodes, and `nodes[domain]` the number of these nodes; with a node set, only nodes
 * of the set count.
 */
export class DomainCounter {
  readonly column: TopologyColumn;
  readonly nodeSet: NodeSet | undefined;
  counts: Int32Array = new Int32Array(0);
  nodes: Int32Array = new Int32Array(0);
  /** Pods in all domains together. */
  total = 0;
  /** Domains that have a node. */
  domains = 0;
  /** Invariant: while `#ties` is above 0 so many domains have the smallest count, `#least`. */
  #least = 0;
  #ties = 0;

  constructor(column: TopologyColumn, nodeSet?: NodeSet) {
    this.column = column;
    this.nodeSet = nodeSet;
  }

  /** Counts `by` Pods more on the node in `row`. */
  add(row: number, by: number): void {
    const domain = this.#domainOf(row);
    if (domain === NO_DOMAIN) return;
    this.total += by;
    const count = (this.counts[domain] as number) + by;
    if (this.nodes[domain] !== 0) this.#move(count - by, count);
    this.counts[domain] = count;
  }

  /** The node in `row` is there from now on; its Pods are counted apart. */
  addNode(row: number): void {
    const domain = this.#domainOf(row);
    if (domain === NO_DOMAIN) return;
    if ((this.nodes[domain] as number)++ > 0) return;
    this.domains += 1;
    this.#ties = 0;
  }

  removeNode(row: number): void {
    const domain = this.#domainOf(row);
    if (domain === NO_DOMAIN) return;
    if (--(this.nodes[domain] as number) > 0) return;
    this.domains -= 1;
    this.#ties = 0;
  }

  /** Pods in the domain of the node in `row`; 0 when it is in none. */
  at(row: number): number {
    const domain = this.column.domains[row] as number;
    return domain === NO_DOMAIN ? 0 : (this.counts[domain] ?? 0);
  }

  /** Adds `weight` times {@link at} of each row. */
  addTo(scores: Float64Array, rows: Int32Array, weight: number): void {
    const { counts } = this;
    const { domains } = this.column;
    for (let i = 0; i < scores.length; i++) {
      const domain = domains[rows[i] as number] as number;
      if (domain !== NO_DOMAIN && domain < counts.length) (scores[i] as number) += weight * (counts[domain] as number);
    }
  }

  /** Turns down the rows whose {@link at} is above 0. */
  rejectOccupied({ rows, count, rejected }: RowBatch): void {
    if (this.total === 0) return;
    const { counts } = this;
    const { domains } = this.column;
    for (let i = 0; i < count; i++) {
      const domain = domains[rows[i] as number] as number;
      if (domain !== NO_DOMAIN && domain < counts.length && (counts[domain] as number) > 0) rejected[i] = 1;
    }
  }

  /** The smallest count of all domains that have a node; 0 when there is none. */
  least(): number {
    if (this.#ties === 0) this.#findLeast();
    return this.#least;
  }

  #move(from: number, to: number): void {
    if (this.#ties === 0) return;
    if (from === this.#least && to > from) this.#ties -= 1;
    else if (to < this.#least) {
      this.#least = to;
      this.#ties = 1;
    } else if (to === this.#least && from !== to) this.#ties += 1;
  }

  #findLeast(): void {
    const { nodes, counts } = this;
    let least = Infinity;
    let ties = 0;
    for (let domain = 0; domain < nodes.length; domain++) {
      const count = counts[domain] as number;
      if (nodes[domain] === 0 || count > least) continue;
      ties = count < least ? 1 : ties + 1;
      least = count;
    }
    this.#least = ties === 0 ? 0 : least;
    this.#ties = ties;
  }

  #domainOf(row: number): number {
    if (this.nodeSet !== undefined && this.nodeSet.members[row] !== 1) return NO_DOMAIN;
    const domain = this.column.domains[row] as number;
    if (domain >= this.counts.length) this.#grow(this.column.size);
    return domain;
  }

  #grow(domains: number): void {
    const length = Math.max(8, domains * 2);
    this.counts = enlarge(this.counts, length);
    this.nodes = enlarge(this.nodes, length);
  }
}

function enlarge(array: Int32Array, length: number): Int32Array {
  const larger = new Int32Array(length);
  larger.set(array);
  return larger;
}
