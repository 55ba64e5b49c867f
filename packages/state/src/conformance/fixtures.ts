import type { KubernetesObject } from '@kybern/core';
import type { Observable } from 'rxjs';
import type { Change, CommitResult, RangeResult, StateEvent, StateRecord, StateStore } from '../store.ts';

/** A small object of the conformance tests. */
export type Thing = KubernetesObject & { readonly spec: { readonly data: string } };

/** The key of a thing in the namespace `ns`. */
export const keyOf = (name: string, namespace = 'ns'): string => `/registry/core/configmaps/${namespace}/${name}`;

/** A fresh, unfrozen thing. */
export const thing = (name: string, data = ''): Thing => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'ns' }, spec: { data } });

/** A change that stores a thing. */
export const put = (name: string, data = '', expect?: number): Change => ({
  key: keyOf(name),
  value: thing(name, data),
  ...(expect === undefined ? {} : { expect }),
});

/** A change that deletes a thing. */
export const del = (name: string, expect?: number): Change => ({ key: keyOf(name), value: undefined, ...(expect === undefined ? {} : { expect }) });

/** Commits one put. */
export const write = (store: StateStore, name: string, data = ''): Promise<CommitResult> => store.commit([put(name, data)]);

/** What tests compare of a record. */
export const view = (record: StateRecord | undefined): string | undefined =>
  record && `${record.value.metadata.name}=${(record.value as Thing).spec.data}@${record.modRevision}`;

/** What tests compare of a range. */
export const views = (result: RangeResult): readonly (string | undefined)[] => result.records.map(view);

/** What tests compare of an event. */
export const trace = (event: StateEvent): string => `${event.type} ${view(event.record)}`;

/** A watch's outcome, gathered. */
export interface Gathered {
  readonly events: readonly StateEvent[];
  readonly outcome: 'complete' | { readonly error: unknown } | undefined;
  /** Resolves when there are `count` events, or the watch is over. */
  until(count: number): Promise<readonly StateEvent[]>;
  /** Resolves when the watch is over. */
  over(): Promise<unknown>;
  unsubscribe(): void;
}

/** Subscribes and gathers what comes. */
export function gather(watch: Observable<StateEvent>): Gathered {
  const events: StateEvent[] = [];
  let outcome: Gathered['outcome'];
  let check: (() => void)[] = [];
  const tell = (): void => {
    const fns = check;
    check = [];
    for (const fn of fns) fn();
  };
  const end = (value: Gathered['outcome']): void => {
    outcome = value;
    tell();
  };
  const subscription = watch.subscribe({
    next(event) {
      events.push(event);
      tell();
    },
    error: (error: unknown) => end({ error }),
    complete: () => end('complete'),
  });
  const when = async (test: () => boolean): Promise<void> => {
    while (!test()) await new Promise<void>((resolve) => check.push(resolve));
  };
  return {
    events,
    get outcome() {
      return outcome;
    },
    async until(count) {
      await when(() => events.length >= count || outcome !== undefined);
      return events;
    },
    async over() {
      await when(() => outcome !== undefined);
      return outcome;
    },
    unsubscribe: () => subscription.unsubscribe(),
  };
}
