import type { Labels } from '@kybern/core';
import type { Node, Pod } from '@kybern/core/kinds';
import { affinityTerms, hasAffinityTerms, termKey, type AffinityTerm, type AffinityTermGroup } from './affinity-terms.ts';
import { DomainCounter } from './domain-counter.ts';
import type { PodRecord } from './node-entry.ts';
import { NodeSet } from './node-set.ts';
import { PodClasses, type PodClass } from './pod-class.ts';
import type { NamespaceLabels, PodMatcher } from './pod-matcher.ts';
import { TopologyColumn } from './topology-column.ts';

/** Which Pods to count, where. */
export interface CounterQuery {
  readonly matcher: PodMatcher;
  readonly topologyKey: string;
  /** Pods that are being deleted do not count. */
  readonly ignoreTerminating?: boolean;
  /** Only these nodes count. The key says what the test tests: two sets of the same key are the same. */
  readonly nodes?: { readonly key: string; readonly passes: (node: Node) => boolean };
}

/** Where a Pod on a node is counted. */
export interface Placement {
  readonly podClass: PodClass;
  readonly groups: readonly AffinityTermGroup[];
}

interface KeptCounter {
  readonly key: string;
  readonly query: CounterQuery;
  readonly counter: DomainCounter;
}

/** Counters that are kept; the one used longest ago goes first. */
const MAX_COUNTERS = 512;
const MAX_EMPTY_GROUPS = 512;
const NO_GROUPS: readonly AffinityTermGroup[] = Object.freeze([]);
const NO_LABELS: Labels = Object.freeze({});

/**
 * Knows how many Pods of which kind are in which topology domain, so that no decision has to look at all Pods. Counters are made when they are first asked
 * for, and kept up to date with every Pod and node from then on.
 *
 * Invariants: every counter agrees with a count from scratch; a group of terms counts exactly the Pods on nodes that have the term.
 */
export class PlacementIndex {
  readonly #labelsOf: NamespaceLabels;
  /** The nodes that are there, by row. */
  readonly #nodes: (Node | undefined)[] = [];
  readonly #columns = new Map<string, TopologyColumn>();
  readonly #sets = new Map<string, { readonly set: NodeSet; users: number }>();
  readonly #classes = new PodClasses();
  readonly #counters = new Map<string, KeptCounter>();
  readonly #groups = new Map<string, AffinityTermGroup>();
  /** Changes when a group comes or goes, or namespaces change. */
  #termsVersion = 0;

  constructor(labelsOf: (namespace: string) => Labels | undefined) {
    this.#labelsOf = (namespace) => labelsOf(namespace) ?? NO_LABELS;
  }

  /** A node comes, or comes back changed: its Pods must not be counted at that moment. */
  addNode(row: number, node: Node): void {
    this.#nodes[row] = node;
    for (const column of this.#columns.values()) column.set(row, node);
    for (const { set } of this.#sets.values()) set.set(row, node);
    for (const { counter } of this.#counters.values()) counter.addNode(row);
  }

  removeNode(row: number): void {
    if (this.#nodes[row] === undefined) return;
    for (const { counter } of this.#counters.values()) counter.removeNode(row);
    for (const { set } of this.#sets.values()) set.clear(row);
    for (const column of this.#columns.values()) column.clear(row);
    this.#nodes[row] = undefined;
  }

  addPod(record: PodRecord, row: number): void {
    const podClass = this.classOf(record.pod);
    const groups = hasAffinityTerms(record.pod) ? affinityTerms(record.pod).map((term) => this.#groupOf(term)) : NO_GROUPS;
    this.#classes.add(podClass, record, row);
    record.placement = { podClass, groups };
    this.#count(record.placement, row, 1);
  }

  removePod(record: PodRecord, row: number): void {
    const { placement } = record;
    if (placement === undefined) return;
    record.placement = undefined;
    this.#classes.remove(placement.podClass, record);
    this.#count(placement, row, -1);
  }

  /** The labels of a namespace are others now. */
  namespaceChanged(): void {
    this.#termsVersion += 1;
    for (const kept of [...this.#counters.values()]) if (kept.query.matcher.readsNamespaces) this.#drop(kept);
  }

  /** The class of a Pod, on a node or not. */
  classOf(pod: Pod): PodClass {
    return this.#classes.of(pod, (made) => {
      for (const { query, counter } of this.#counters.values()) if (this.#isCounted(made, query)) made.counters.add(counter);
    });
  }

  /** The terms of Pods on nodes that mean this Pod. A group may have no owners left. */
  termsMatching(pod: Pod): readonly AffinityTermGroup[] {
    if (this.#groups.size === 0) return NO_GROUPS;
    const podClass = this.classOf(pod);
    if (podClass.termsVersion !== this.#termsVersion) {
      podClass.matchingTerms = [...this.#groups.values()].filter(({ term }) => term.matcher.matches(podClass, this.#labelsOf));
      podClass.termsVersion = this.#termsVersion;
    }
    return podClass.matchingTerms;
  }

  /** Whether a matcher means this Pod. */
  isMatch(matcher: PodMatcher, pod: Pod): boolean {
    return matcher.matches({ namespace: pod.metadata.namespace ?? '', labels: pod.metadata.labels ?? NO_LABELS }, this.#labelsOf);
  }

  /** The counter for a query. Keep it no longer than for one decision. */
  counter(query: CounterQuery): DomainCounter {
    const key = `${query.topologyKey}\u0000${query.ignoreTerminating === true ? 1 : 0}${query.nodes?.key ?? ''}\u0000${query.matcher.key}`;
    let kept = this.#counters.get(key);
    if (kept === undefined) kept = this.#makeCounter(key, query);
    else this.#counters.delete(key);
    this.#counters.set(key, kept);
    return kept.counter;
  }

  column(topologyKey: string): TopologyColumn {
    let column = this.#columns.get(topologyKey);
    if (column === undefined) {
      column = new TopologyColumn(topologyKey);
      for (const [row, node] of this.#nodes.entries()) if (node !== undefined) column.set(row, node);
      this.#columns.set(topologyKey, column);
    }
    return column;
  }

  #makeCounter(key: string, query: CounterQuery): KeptCounter {
    const [oldest] = this.#counters.size >= MAX_COUNTERS ? this.#counters.values() : [];
    if (oldest !== undefined) this.#drop(oldest);
    const counter = new DomainCounter(this.column(query.topologyKey), query.nodes === undefined ? undefined : this.#useSet(query.nodes));
    for (const [row, node] of this.#nodes.entries()) if (node !== undefined) counter.addNode(row);
    for (const podClass of this.#classes.all()) {
      if (!this.#isCounted(podClass, query)) continue;
      podClass.counters.add(counter);
      for (const row of podClass.members.values()) counter.add(row, 1);
    }
    return { key, query, counter };
  }

  #drop({ key, query, counter }: KeptCounter): void {
    this.#counters.delete(key);
    for (const podClass of this.#classes.all()) podClass.counters.delete(counter);
    const used = query.nodes === undefined ? undefined : this.#sets.get(query.nodes.key);
    if (used !== undefined && --used.users === 0) this.#sets.delete(query.nodes?.key ?? '');
  }

  #useSet({ key, passes }: NonNullable<CounterQuery['nodes']>): NodeSet {
    let used = this.#sets.get(key);
    if (used === undefined) {
      used = { set: new NodeSet(passes), users: 0 };
      for (const [row, node] of this.#nodes.entries()) if (node !== undefined) used.set.set(row, node);
      this.#sets.set(key, used);
    }
    used.users += 1;
    return used.set;
  }

  #isCounted(podClass: PodClass, { matcher, ignoreTerminating }: CounterQuery): boolean {
    return !(ignoreTerminating === true && podClass.isTerminating) && matcher.matches(podClass, this.#labelsOf);
  }

  #count({ podClass, groups }: Placement, row: number, by: 1 | -1): void {
    for (const counter of podClass.counters) counter.add(row, by);
    for (const group of groups) group.owners.add(row, by);
  }

  #groupOf(term: AffinityTerm): AffinityTermGroup {
    const key = termKey(term);
    let group = this.#groups.get(key);
    if (group === undefined) {
      this.#forgetEmptyGroups();
      group = { key, term, owners: new DomainCounter(this.column(term.topologyKey)) };
      this.#groups.set(key, group);
      this.#termsVersion += 1;
    }
    return group;
  }

  /** Groups without owners are kept for a while: their Pods often come back. */
  #forgetEmptyGroups(): void {
    if (this.#groups.size < this.#groupLimit) return;
    for (const [key, { owners }] of this.#groups) if (owners.total === 0) this.#groups.delete(key);
    this.#groupLimit = this.#groups.size + MAX_EMPTY_GROUPS;
  }

  #groupLimit = MAX_EMPTY_GROUPS;
}
