/**
 * An item in the scheduling queue, with its history.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/kube-scheduler/framework/types.go (QueuedPodInfo)
 */
export interface QueuedItem<Item> {
  readonly key: string;
  readonly item: Item;
  /** When it was last put into the queue, in ms of the clock's monotonic time. */
  readonly timestampMs: number;
  /** When it was put into the queue for the first time. */
  readonly firstSeenMs: number;
  /** Attempts so far, the present one included. */
  readonly attempts: number;
  /** Attempts that plugins turned down; the back-off grows with them. */
  readonly unschedulableCount: number;
  /** Attempts that failed with an error since the last that did not. */
  readonly consecutiveErrors: number;
  /** The plugins that turned the last attempt down: only events that these registered for bring it back. */
  readonly unschedulablePlugins: ReadonlySet<string>;
  /** The plugins that answered `Pending`. */
  readonly pendingPlugins: ReadonlySet<string>;
  /** The plugin whose PreEnqueue holds it. */
  readonly gatedBy: string | undefined;
}
