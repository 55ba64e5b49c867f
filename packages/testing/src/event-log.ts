import type { KubernetesObject } from '@kybern/core';
import type { StateEvent, StateStore } from '@kybern/state';

/** One write to the cluster's state. */
export interface LogEntry {
  /** Virtual wall time, ms since the Unix epoch. */
  readonly atMs: number;
  readonly revision: number;
  readonly type: 'put' | 'delete';
  /** Such as `/registry/core/pods/default/web-0`. */
  readonly key: string;
  readonly object: KubernetesObject;
}

/** Every write since the cluster was made, in order. */
export interface EventLog {
  readonly entries: readonly LogEntry[];
  /** The log as text, one JSON line per write: equal for equal seeds, to the byte. */
  toString(): string;
  /** Calls `fn` after each write, with what was there before, until the returned function is called. */
  onWrite(fn: (entry: LogEntry, previous: KubernetesObject | undefined) => void): () => void;
  close(): void;
}

/** Begins to log a store's writes. */
export function createEventLog(state: StateStore, now: () => number): EventLog {
  const entries: LogEntry[] = [];
  const listeners = new Set<(entry: LogEntry, previous: KubernetesObject | undefined) => void>();
  const subscription = state.watch('/registry/', state.revision).subscribe({
    next: (event: StateEvent) => {
      const entry: LogEntry = { atMs: now(), revision: event.revision, type: event.type, key: event.key, object: event.value };
      entries.push(entry);
      for (const listener of listeners) listener(entry, event.previous?.value);
    },
  });
  return {
    entries,
    toString: () => entries.map((entry) => JSON.stringify(entry)).join('\n'),
    onWrite(fn) {
      listeners.add(fn);
      return () => listeners.delete(fn);
    },
    close: () => subscription.unsubscribe(),
  };
}
