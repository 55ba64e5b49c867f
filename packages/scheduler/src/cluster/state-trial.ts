import { keyOf } from '@kybern/core';
import type { Pod } from '@kybern/core/kinds';
import type { Trial } from '../engine/snapshot.ts';
import type { ClusterState } from './cluster-state.ts';
import type { NodeColumns } from './node-columns.ts';
import { carryRequests } from './pod-requests.ts';

/** Changes of a {@link ClusterState} that are taken back. Invariant: undone, every amount, counter and version is what it was. */
export class StateTrial implements Trial {
  readonly #state: ClusterState;
  readonly #columns: NodeColumns;
  readonly #undo: (() => void)[] = [];
  /** By row, as it was before the first change. */
  readonly #versions = new Map<number, number>();

  constructor(state: ClusterState, columns: NodeColumns) {
    this.#state = state;
    this.#columns = columns;
  }

  add(item: unknown, binName: string): void {
    const pod = item as Pod;
    const key = keyOf(pod);
    const before = this.#state.getPod(key)?.pod;
    this.#remember(binName);
    const placed: Pod = pod.spec.nodeName === binName ? pod : { ...pod, spec: { ...pod.spec, nodeName: binName } };
    if (placed !== pod) carryRequests(pod, placed);
    this.#undo.push(() => (before === undefined ? this.#state.removePod(key) : this.#state.setPod(before)));
    if (before !== undefined) this.#remember(before.spec.nodeName ?? '');
    this.#state.setPod(placed);
  }

  remove(item: unknown): void {
    const key = keyOf(item as Pod);
    const before = this.#state.getPod(key)?.pod;
    if (before === undefined) return;
    this.#remember(before.spec.nodeName ?? '');
    this.#undo.push(() => this.#state.setPod(before));
    this.#state.removePod(key);
  }

  undo(): void {
    for (const step of this.#undo.reverse()) step();
    this.#undo.length = 0;
    for (const [row, version] of this.#versions) this.#columns.restore(row, version);
    this.#versions.clear();
  }

  #remember(nodeName: string): void {
    const node = this.#state.get(nodeName);
    const row = node === undefined ? undefined : this.#state.versions.row(node);
    if (row !== undefined && !this.#versions.has(row)) this.#versions.set(row, this.#columns.version(row));
  }
}
