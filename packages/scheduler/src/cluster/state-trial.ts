import { keyOf } from '@kybern/core';
import type { Pod } from '@kybern/core/kinds';
import type { Trial } from '../engine/snapshot.ts';
import type { NodeColumns } from './node-columns.ts';
import type { PodRecord } from './node-entry.ts';
import { podClaims } from './pod-claims.ts';
import { podRequests } from './pod-requests.ts';

/** What a trial may do to the state that it belongs to. */
export interface TrialAccess {
  readonly columns: NodeColumns;
  recordOf(key: string): PodRecord | undefined;
  rowOf(nodeName: string): number | undefined;
  put(record: PodRecord): void;
  take(record: PodRecord): void;
}

/** A Pod that the trial touched. */
interface Touched {
  readonly record: PodRecord;
  readonly wasThere: boolean;
  isThere: boolean;
}

/** Changes of a {@link ClusterState} that are taken back. Invariant: undone, every amount, counter and version is what it was. */
export class StateTrial implements Trial {
  readonly #access: TrialAccess;
  /** In the order in which they were touched first. */
  readonly #touched: Touched[] = [];
  /** By row, as it was before the first change. */
  readonly #versions = new Map<number, number>();

  readonly #changes: number;

  constructor(access: TrialAccess) {
    this.#access = access;
    this.#changes = access.columns.log.count;
  }

  add(item: unknown, binName: string): void {
    const pod = item as Pod;
    const known = this.#touched.find(({ record }) => record.pod === pod && record.nodeName === binName);
    if (known !== undefined) {
      if (!known.isThere) this.#set(known, true);
      return;
    }
    this.remove(pod);
    this.#touch({ record: newRecord(pod, binName), wasThere: false, isThere: false }, true);
  }

  remove(item: unknown): void {
    const pod = item as Pod;
    const same = this.#touched.find(({ record, isThere }) => isThere && record.pod === pod);
    const key = same?.record.key ?? keyOf(pod);
    const known = same ?? this.#touched.find(({ record, isThere }) => isThere && record.key === key);
    if (known !== undefined) {
      this.#set(known, false);
      return;
    }
    const record = this.#access.recordOf(key);
    if (record !== undefined) this.#touch({ record, wasThere: true, isThere: true }, false);
  }

  /** Only what is other than before need be set right: most of what a preemption tries is put back already. */
  undo(): void {
    for (const touched of this.#touched) if (touched.isThere && !touched.wasThere) this.#set(touched, false);
    for (const touched of this.#touched) if (!touched.isThere && touched.wasThere) this.#set(touched, true);
    this.#touched.length = 0;
    for (const [row, version] of this.#versions) this.#access.columns.restore(row, version);
    this.#versions.clear();
    this.#access.columns.rewind(this.#changes);
  }

  #touch(touched: Touched, isThere: boolean): void {
    const row = this.#access.rowOf(touched.record.nodeName);
    if (row !== undefined && !this.#versions.has(row)) this.#versions.set(row, this.#access.columns.version(row));
    this.#touched.push(touched);
    this.#set(touched, isThere);
  }

  #set(touched: Touched, isThere: boolean): void {
    touched.isThere = isThere;
    (isThere ? this.#access.put : this.#access.take)(touched.record);
  }
}

function newRecord(pod: Pod, nodeName: string): PodRecord {
  const placed: Pod = pod.spec.nodeName === nodeName ? pod : { ...pod, spec: { ...pod.spec, nodeName } };
  return { key: keyOf(pod), pod: placed, nodeName, requests: podRequests(pod), claims: podClaims(pod), placement: undefined };
}
