import { parseDuration } from '@kybern/core';

/** Nothing more to do until something changes. */
export interface Done {
  readonly type: 'done';
}

/** Reconcile again after a while, even when nothing changes. */
export interface RequeueAfter {
  readonly type: 'requeueAfter';
  readonly afterMs: number;
  /** See {@link RequeueOptions.background}. */
  readonly background: boolean;
}

/** How a reconcile ended well. What it throws is the other way to end: retried with back-off, unless it is a {@link TerminalError}. */
export type ReconcileResult = Done | RequeueAfter;

/** Options of {@link requeueAfter}. */
export interface RequeueOptions {
  /**
   * The look is part of something that goes on for ever (a monitor, a schedule), not of work in progress. Virtual clocks that run "until nothing
   * is left to do" do not wait for it. Default false.
   */
  readonly background?: boolean;
}

const DONE: Done = Object.freeze({ type: 'done' });

/** The outcome "as desired": the key is reconciled again when one of its objects changes. Takes back an earlier {@link requeueAfter} of the same key. */
export function done(): Done {
  return DONE;
}

/**
 * The outcome "look again after `delay`", or earlier when something changes. It replaces an earlier one of the same key.
 *
 * @param delay ms, or a duration such as `'30s'`, `'1h30m'`
 * @throws {ApiError} `BadRequest` when it is no duration; {RangeError} when it is negative
 */
export function requeueAfter(delay: number | string, options: RequeueOptions = {}): RequeueAfter {
  const afterMs = parseDuration(delay);
  if (!(afterMs >= 0)) throw new RangeError(`requeueAfter: not a delay: ${String(delay)}`);
  return { type: 'requeueAfter', afterMs, background: options.background === true };
}
