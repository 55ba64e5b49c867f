import type { NodeInfo } from '../cluster/node-info.ts';
import type { Bin } from './snapshot.ts';
import type { Status } from './status.ts';

/** Why an attempt found no bin. */
export interface Diagnosis<B extends Bin = NodeInfo> {
  /** Bins in the snapshot. */
  readonly binCount: number;
  /** The bins that were looked at and turned down, each with the first answer against it. */
  readonly rejected: ReadonlyMap<string, Status>;
  /** The answer for every bin that is not in `rejected`: PreFilter left it out, or turned the item down altogether. */
  readonly others: Status | undefined;
  /** The bins of `rejected`, in the order of the search. */
  readonly rejectedBins: readonly B[];
  /** Set when PreFilter turned the item down for all bins. */
  readonly preFilterMessage: string;
  /** What the PostFilter plugins had to say. */
  readonly postFilterMessage: string;
  readonly unschedulablePlugins: ReadonlySet<string>;
  readonly pendingPlugins: ReadonlySet<string>;
}

/** The answer that a bin got. */
export function statusOfBin<B extends Bin>(diagnosis: Diagnosis<B>, name: string): Status | undefined {
  return diagnosis.rejected.get(name) ?? diagnosis.others;
}

/**
 * The text of a FailedScheduling event: `0/3 nodes are available: 1 node(s) were unschedulable, 2 Insufficient cpu.`
 *
 * @see kubernetes v1.36 pkg/scheduler/framework/types.go (FitError)
 */
export function diagnosisMessage<B extends Bin>(diagnosis: Diagnosis<B>): string {
  if (diagnosis.binCount === 0) return 'no nodes available to schedule pods';
  let message = `0/${diagnosis.binCount} nodes are available:`;
  const causes = diagnosis.preFilterMessage === '' ? countReasons(diagnosis) : diagnosis.preFilterMessage;
  if (causes !== '') message += ` ${causes}.`;
  return diagnosis.postFilterMessage === '' ? message : `${message} ${diagnosis.postFilterMessage}`;
}

function countReasons<B extends Bin>(diagnosis: Diagnosis<B>): string {
  // Most bins got one of a few answers.
  const answers = new Map<Status, number>();
  for (const status of diagnosis.rejected.values()) answers.set(status, (answers.get(status) ?? 0) + 1);
  const left = diagnosis.binCount - diagnosis.rejected.size;
  if (left > 0 && diagnosis.others !== undefined) answers.set(diagnosis.others, (answers.get(diagnosis.others) ?? 0) + left);
  const counts = new Map<string, number>();
  for (const [{ reasons }, times] of answers) for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + times);
  return Array.from(counts, ([reason, times]) => `${times} ${reason}`)
    .sort(byCodePoint)
    .join(', ');
}

/** Order of the characters' codes, the same in every locale. */
export function byCodePoint(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Adds the plugin of a rejection to the set that events are later matched with. */
export function noteRejection(status: Status, into: { readonly unschedulable: Set<string>; readonly pending: Set<string> }): void {
  if (status.plugin === undefined) return;
  if (status.code === 'Pending') into.pending.add(status.plugin);
  else into.unschedulable.add(status.plugin);
}
