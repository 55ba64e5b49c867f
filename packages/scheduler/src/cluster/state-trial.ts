import { keyOf } from '@kybern/core';
import type { Pod } from '@kybern/core/kinds';
import type { Trial } from '../engine/snapshot.ts';
import type { NodeColumns } from './node-columns.ts';
import type { PodRecord } from './node-entry.ts';
import { podRequests } from './pod-requests.ts';

/** What a trial may do to the state that it belongs to. */
export interface TrialAccess {
  readonly columns: NodeColumns;
  recordOf(key: string): PodRecord | undefined;
  rowOf(nodeName: string): number | undefined;
  put(record: PodRecord): void;
  take(record: PodRecord): void;
}

/** Changes of a {@link ClusterState} that are taken back. Invariant: undone, every amount, counter and version is what it was. */
export class StateTrial implements Trial {
  readonly #access: TrialAccess;
  /** Invariant: taking the added and putting the removed, last change first, undoes everything. */
  readonly #changes: { readonly record: PodRecord; readonly isAdded: boolean }[] = [];
  /** By row, as it was before the first change. */
  readonly #versions = new Map<number, number>();

  constructor(access: TrialAccess) {
    this.#access = access;
  }

  add(item: unknown, binName: string): void {
    const pod = item as Pod;
    const present = this.#access.recordOf(keyOf(pod));
    if (present !== undefined) this.#change(present, false);
    this.#change(this.#removedRecord(pod, binName) ?? newRecord(pod, binName), true);
  }

  remove(item: unknown): void {
    const record = this.#access.recordOf(keyOf(item as Pod));
    if (record !== undefined) this.#change(record, false);
  }

  undo(): void {
    const { columns, put, take } = this.#access;
    for (const { record, isAdded } of this.#changes.reverse()) (isAdded ? take : put)(record);
    this.#changes.length = 0;
    for (const [row, version] of this.#versions) columns.restore(row, version);
    this.#versions.clear();
  }

  /** What comes back is what went. */
  #removedRecord(pod: Pod, binName: string): PodRecord | undefined {
    return this.#changes.find(({ record, isAdded }) => !isAdded && record.pod === pod && record.nodeName === binName)?.record;
  }

  #change(record: PodRecord, isAdded: boolean): void {
    const { columns, rowOf, put, take } = this.#access;
    const row = rowOf(record.nodeName);
    if (row !== undefined && !this.#versions.has(row)) this.#versions.set(row, columns.version(row));
    this.#changes.push({ record, isAdded });
    (isAdded ? put : take)(record);
  }
}

function newRecord(pod: Pod, nodeName: string): PodRecord {
  const placed: Pod = pod.spec.nodeName === nodeName ? pod : { ...pod, spec: { ...pod.spec, nodeName } };
  return { key: keyOf(pod), pod: placed, nodeName, requests: podRequests(pod), placement: undefined };
}
