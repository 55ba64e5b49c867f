import type { Labels } from '@kybern/core';
import type { Pod } from '@kybern/core/kinds';
import type { AffinityTermGroup } from './affinity-terms.ts';
import type { DomainCounter } from './domain-counter.ts';
import type { PodRecord } from './node-entry.ts';

/** All Pods that selectors cannot tell apart: same namespace, same labels, both terminating or both not. */
export interface PodClass {
  readonly key: string;
  readonly namespace: string;
  readonly labels: Labels;
  readonly isTerminating: boolean;
  /** The Pods of the class that count on a node, with the node's row. */
  readonly members: Map<PodRecord, number>;
  /** The counters that count Pods of this class. */
  readonly counters: Set<DomainCounter>;
  /** The terms of Pods on nodes that match this class, as of `termsVersion`. */
  matchingTerms: readonly AffinityTermGroup[];
  termsVersion: number;
}

const NO_LABELS: Labels = Object.freeze({});
/** Classes without members that are kept, for Pods that wait. */
const MAX_EMPTY = 1024;

/** The classes of Pods. Invariant: two Pods that selectors can tell apart are never in one class. */
export class PodClasses {
  readonly #classes = new Map<string, PodClass>();
  /** In the order in which they became empty. */
  readonly #empty = new Set<PodClass>();

  /** The class of a Pod, made by `fill` when it is new. */
  of(pod: Pod, fill: (made: PodClass) => void): PodClass {
    const { namespace = '', labels = NO_LABELS, deletionTimestamp } = pod.metadata;
    const key = classKey(namespace, labels, deletionTimestamp !== undefined);
    let found = this.#classes.get(key);
    if (found === undefined) {
      found = {
        key,
        namespace,
        labels,
        isTerminating: deletionTimestamp !== undefined,
        members: new Map(),
        counters: new Set(),
        matchingTerms: [],
        termsVersion: -1,
      };
      this.#classes.set(key, found);
      this.#setAside(found);
      fill(found);
    }
    return found;
  }

  all(): Iterable<PodClass> {
    return this.#classes.values();
  }

  /** The class must come from {@link of}, just now. */
  add(podClass: PodClass, record: PodRecord, row: number): void {
    if (podClass.members.size === 0) this.#empty.delete(podClass);
    podClass.members.set(record, row);
  }

  remove(podClass: PodClass, record: PodRecord): void {
    podClass.members.delete(record);
    if (podClass.members.size === 0) this.#setAside(podClass);
  }

  #setAside(podClass: PodClass): void {
    this.#empty.add(podClass);
    if (this.#empty.size <= MAX_EMPTY) return;
    const [oldest] = this.#empty;
    if (oldest === undefined) return;
    this.#empty.delete(oldest);
    this.#classes.delete(oldest.key);
  }
}

function classKey(namespace: string, labels: Labels, isTerminating: boolean): string {
  let key = isTerminating ? `${namespace}\u0001` : namespace;
  for (const name in labels) key += `\u0000${name}\u0000${labels[name] as string}`;
  return key;
}
