import type { Diagnosis } from './diagnosis.ts';
import type { Explanation } from './explanation.ts';
import type { CycleState } from './cycle-state.ts';
import type { Bin } from './snapshot.ts';
import type { Status } from './status.ts';

/** What the engine decided about one item. */
export interface Decision<Item, B extends Bin> {
  /** Name of the chosen bin. Undefined: none, see `status` and `message`. */
  readonly node: string | undefined;
  /** `Success`, `Unschedulable`, or `Error` when a plugin failed (`status.plugin` names it). */
  readonly status: Status;
  /** Empty on success; else the text for an event. */
  readonly message: string;
  /** Why there is no bin; undefined on success and when a plugin failed. */
  readonly diagnosis: Diagnosis<B> | undefined;
  /** What PostFilter would evict, and from where, to make room. An empty name: whatever was promised to the item before is void. */
  readonly nominatedNodeName: string | undefined;
  readonly victims: readonly Item[];
  /** Bins that were looked at, and how many of these were feasible. */
  readonly evaluated: number;
  readonly feasible: number;
  /** Where the next search is to begin, so that all bins get their turn. */
  readonly nextStartIndex: number;
  /** What the plugins wrote; Reserve and what follows read it. */
  readonly state: CycleState;
  /** Every plugin's answer for every bin. Computed when it is first read, from the snapshot as it then is. */
  readonly explain: Explanation;
}

/** Options of one decision. */
export interface ScheduleOptions {
  /** Index in `snapshot.nodes` to begin the search at; default 0. Pass the previous decision's `nextStartIndex`. */
  readonly startIndex?: number;
  /** Try this bin first, and take it if it is feasible. */
  readonly nominatedNodeName?: string;
}
