import type { Client } from '@kybern/core';

/** One reconcile, for those who look on. */
export interface ObservedReconcile {
  readonly controller: string;
  /** `namespace/name`, or only `name` for objects of Cluster scope. */
  readonly key: string;
  /** Counts the reconciles of this controller in this manager, from 1. */
  readonly id: number;
}

/**
 * Looks on while controllers work: for timelines, and for tests that decide when what runs. Called synchronously; must not throw. Costs nothing where it is
 * not given.
 */
export interface ReconcileObserver {
  /** A key was added to a controller's queue, within the delivery of an event; it may have been there already. */
  enqueued?(controller: string, key: string): void;
  /** A key is about to be reconciled. More than 0: not now, but in so many ms, with all that changes until then. */
  postponeMs?(controller: string, key: string): number;
  /** A reconcile begins. @returns the client that it works with; `client` itself will do */
  began?(reconcile: ObservedReconcile, client: Client): Client;
  /** It ended. `result` is the label of the metric `controller_runtime_reconcile_total`. */
  ended?(reconcile: ObservedReconcile, result: 'success' | 'requeue_after' | 'error' | 'terminal_error'): void;
}
