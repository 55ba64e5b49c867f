import type { Client, Clock, Kind, Random } from '@kybern/core';
import type { Pod } from '@kybern/core/kinds';
import type { NodeInfo } from '../cluster/node-info.ts';
import type { ClusterEventWithHint } from '../queue/cluster-event.ts';
import type { QueuedItem } from '../queue/queued-item.ts';
import type { CycleState } from './cycle-state.ts';
import type { Diagnosis } from './diagnosis.ts';
import type { Bin, Snapshot } from './snapshot.ts';
import type { Status, StatusResult } from './status.ts';

/** What a plugin sees of the attempt it takes part in. */
export interface CycleContext<B extends Bin = NodeInfo> {
  /** All bins, also those that the filters did not look at. Read only. */
  readonly snapshot: Snapshot<B>;
  /** Scratch space for this attempt. */
  readonly state: CycleState;
  /** The bins that passed all filters; empty until PreScore. `scores[i]` in NormalizeScore belongs to `feasible[i]`. */
  readonly feasible: readonly B[];
  /** The rows of `feasible` in the snapshot, when it has rows. */
  readonly feasibleRows?: Int32Array | undefined;
  /** Somebody wants to read why: answers may carry `details`. */
  readonly explaining: boolean;
}

/** What a PostFilter plugin sees: also bins as they would be. */
export interface PostFilterContext<Item = Pod, B extends Bin = NodeInfo> extends CycleContext<B> {
  /** The item's own generator, for whoever has to choose. */
  readonly random: Random;
  /**
   * For what was found out about single bins: see {@link BinMemo}. Undefined when it cannot be kept, because a filter that takes part has not signed the item.
   */
  readonly memo: BinMemo<B> | undefined;
  /** Begins a what-if on one bin. One at a time, and `end()` it. Undefined when the snapshot has no {@link Snapshot.trial}. */
  whatIf(bin: B): WhatIf<Item> | undefined;
}

/**
 * Remembers the last thing that was written about each bin, for all items of the same signature. What it had of a bin is gone when the bin changed, or the promises of room there that
 * the item at hand must respect.
 */
export interface BinMemo<B extends Bin = NodeInfo> {
  /** What `owner`, the name of a plugin, wrote about the bin last. */
  get(owner: string, bin: B): unknown;
  set(owner: string, bin: B, value: unknown): void;
}

/** A bin as it would be if some items came or went. The plugins' AddPod and RemovePod are called. */
export interface WhatIf<Item = Pod> {
  add(item: Item): StatusResult;
  remove(item: Item): StatusResult;
  /** Whether the item at hand could go on the bin, those that were promised room there considered. */
  fits(): StatusResult;
  /** Takes everything back. */
  end(): void;
}

/** What a plugin gets from Reserve on, when the decision is made and its effects begin. */
export interface BindingContext<Item = Pod> {
  readonly state: CycleState;
  /** Aborted when the plugin's time is over or the scheduler stops. */
  readonly signal: AbortSignal;
  readonly client: Client;
  readonly clock: Clock;
  /** The Pods that Permit plugins hold back. */
  readonly waitingPods: WaitingPods<Item>;
}

/** The Pods that wait at Permit. */
export interface WaitingPods<Item = Pod> {
  get(uid: string): WaitingPod<Item> | undefined;
  list(): readonly WaitingPod<Item>[];
}

/** A Pod that waits at Permit. */
export interface WaitingPod<Item = Pod> {
  readonly item: Item;
  readonly nodeName: string;
  /** The plugins that still hold it. */
  readonly pendingPlugins: readonly string[];
  /** `plugin` lets it go; it goes when all have. */
  allow(plugin: string): void;
  /** `plugin` turns it down: the attempt fails. */
  reject(plugin: string, message: string): void;
}

/** Bins that are filtered together, given by their rows in the snapshot (see `Snapshot.versions`). The arrays are longer than the batch. */
export interface RowBatch {
  readonly rows: Int32Array;
  readonly count: number;
  /** Set to 1 for each bin that is turned down; the others stay as they are. */
  readonly rejected: Uint8Array;
}

/** Answer of PreFilter: only these bins need be looked at. */
export interface PreFilterResult {
  readonly nodeNames: ReadonlySet<string>;
}

/** Answer of PostFilter: `Success` with the bin that will have room once the victims are gone, or `Unschedulable`. */
export interface PostFilterResult<Item = Pod> {
  readonly status: Status;
  /** Empty: whatever was promised to the item is void. */
  readonly nominatedNodeName?: string;
  /** What the scheduler is to evict from there. */
  readonly victims?: readonly Item[];
}

/** A Pod that is added to or removed from a bin in a what-if. */
export interface PlacedItem<Item, B extends Bin> {
  readonly item: Item;
  readonly bin: B;
}

/**
 * A scheduler plugin: a plain object that has the extension points it needs and no others.
 *
 * PreEnqueue to NormalizeScore and Reserve are synchronous and pure: they read their arguments, which are frozen or read-only, and answer with a
 * {@link Status} (`undefined` is `Success`). Permit to PostBind have effects and may be asynchronous. What a plugin throws, and an answer that is none,
 * fails only the attempt at hand, with an event that names the plugin.
 *
 * `Item` and `B` are `Pod` and `NodeInfo` unless an application places items of its own on bins of its own.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/kube-scheduler/framework/interface.go
 */
export interface Plugin<Item = Pod, B extends Bin = NodeInfo> {
  /** Unique within a scheduler. */
  readonly name: string;
  /** What a score of this plugin counts; default 1. */
  readonly weight?: number;

  /**
   * Promises that this plugin's PreFilter, Filter, PreScore and Score depend only on the returned text and on the bin, so that answers can be used again
   * for other items of the same text while the bin does not change. What the answers depend on besides, such as numbers over all bins, belongs into the text.
   * `undefined`: no such promise for this item.
   */
  sign?(item: Item, snapshot: Snapshot<B>): string | undefined;

  /** Anything but `Success` keeps the item out of the queue until an event that this plugin registered for. */
  preEnqueue?(item: Item): StatusResult;
  /** The order of the queue. Exactly one plugin has it. */
  less?(a: QueuedItem<Item>, b: QueuedItem<Item>): boolean;

  /** Once per attempt, before the filters. `Skip` switches this plugin's filter off for the attempt. */
  preFilter?(item: Item, cycle: CycleContext<B>): PreFilterResult | StatusResult;
  /** Updates what PreFilter wrote as if `placed` were on its bin. */
  addPod?(item: Item, placed: PlacedItem<Item, B>, cycle: CycleContext<B>): StatusResult;
  /** Updates what PreFilter wrote as if `placed` were gone from its bin. */
  removePod?(item: Item, placed: PlacedItem<Item, B>, cycle: CycleContext<B>): StatusResult;
  /** Whether the item can go on the bin. */
  filter?(item: Item, bin: B, cycle: CycleContext<B>): StatusResult;
  /** Optional, for speed: what `filter` says of many bins at once. `filter` is still asked where the reasons matter. */
  filterRows?(item: Item, batch: RowBatch, cycle: CycleContext<B>): void;
  /** When no bin is feasible: makes room, if it can. The first plugin that succeeds ends it. */
  postFilter?(item: Item, diagnosis: Diagnosis<B>, cycle: PostFilterContext<Item, B>): PostFilterResult<Item>;

  /** Once per attempt, before the scores of `cycle.feasible`. `Skip` switches this plugin's score off for the attempt. */
  preScore?(item: Item, cycle: CycleContext<B>): StatusResult;
  /** How good the bin is. Any finite number if there is a `normalizeScore`, else from 0 to 100. */
  score?(item: Item, bin: B, cycle: CycleContext<B>): number | Status;
  /** Optional, for speed: writes what `score` says of the bin in `rows[i]` into `scores[i]`, for all `i` below `scores.length`. */
  scoreRows?(item: Item, rows: Int32Array, scores: Float64Array, cycle: CycleContext<B>): void;
  /** Brings all scores between 0 and 100, in place: `scores[i]` is of `cycle.feasible[i]`. */
  normalizeScore?(item: Item, scores: Float64Array, cycle: CycleContext<B>): StatusResult | void;
  /**
   * Promises that NormalizeScore never fails and gives bins of equal raw scores equal ones, between 0 and 100: it looks at nothing but the scores. A signed
   * plugin need not be asked about bins that it has all scored the same.
   */
  readonly normalizeKeepsTies?: boolean;

  /** Takes what the item needs from this plugin's own books. Undone by `unreserve`, also after this plugin's own failure. */
  reserve?(item: Item, nodeName: string, context: BindingContext<Item>): StatusResult;
  /** Never fails, and may be called without a `reserve`. */
  unreserve?(item: Item, nodeName: string, context: BindingContext<Item>): void;
  /** `Success`, a rejection, or `wait(timeoutMs)`. */
  permit?(item: Item, nodeName: string, context: BindingContext<Item>): StatusResult | Promise<StatusResult>;
  /** What must be done before the binding, such as attaching storage. */
  preBind?(item: Item, nodeName: string, context: BindingContext<Item>): StatusResult | Promise<StatusResult>;
  /** Binds the item, or answers `Skip` to leave it to the next plugin. */
  bind?(item: Item, nodeName: string, context: BindingContext<Item>): StatusResult | Promise<StatusResult>;
  /** Is told that the item was bound. */
  postBind?(item: Item, nodeName: string, context: BindingContext<Item>): void | Promise<void>;

  /** The kinds, besides nodes and Pods, whose objects the plugin reads from the snapshot; the scheduler of a cluster watches them. */
  readonly reads?: readonly Kind[];
  /** Which events can cure a rejection by this plugin. Without it: all. */
  eventsToRegister?(): readonly ClusterEventWithHint<Item>[];
}

type With<Item, B extends Bin, K extends keyof Plugin> = Plugin<Item, B> & Required<Pick<Plugin<Item, B>, K>>;

/** A plugin that gates items before they enter the queue. */
export type PreEnqueuePlugin<Item = Pod, B extends Bin = NodeInfo> = With<Item, B, 'preEnqueue'>;
/** A plugin that orders the queue. */
export type QueueSortPlugin<Item = Pod, B extends Bin = NodeInfo> = With<Item, B, 'less'>;
/** A plugin that prepares, or narrows, the search. */
export type PreFilterPlugin<Item = Pod, B extends Bin = NodeInfo> = With<Item, B, 'preFilter'>;
/** A plugin that says where an item cannot go. */
export type FilterPlugin<Item = Pod, B extends Bin = NodeInfo> = With<Item, B, 'filter'>;
/** A plugin that makes room when there is none. */
export type PostFilterPlugin<Item = Pod, B extends Bin = NodeInfo> = With<Item, B, 'postFilter'>;
/** A plugin that prepares the scores. */
export type PreScorePlugin<Item = Pod, B extends Bin = NodeInfo> = With<Item, B, 'preScore'>;
/** A plugin that says where an item had better go. */
export type ScorePlugin<Item = Pod, B extends Bin = NodeInfo> = With<Item, B, 'score'>;
/** A plugin that keeps books of its own. */
export type ReservePlugin<Item = Pod, B extends Bin = NodeInfo> = With<Item, B, 'reserve'>;
/** A plugin that can hold an item back after the decision. */
export type PermitPlugin<Item = Pod, B extends Bin = NodeInfo> = With<Item, B, 'permit'>;
/** A plugin that has work to do before the binding. */
export type PreBindPlugin<Item = Pod, B extends Bin = NodeInfo> = With<Item, B, 'preBind'>;
/** A plugin that binds. */
export type BindPlugin<Item = Pod, B extends Bin = NodeInfo> = With<Item, B, 'bind'>;
/** A plugin that wants to know of bindings. */
export type PostBindPlugin<Item = Pod, B extends Bin = NodeInfo> = With<Item, B, 'postBind'>;
