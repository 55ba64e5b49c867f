import type { Kind, KubernetesObject, ObjectKey } from '@kybern/core';
import { compileLabelSelector } from './label-match.ts';
import { InvariantError } from './errors.ts';
import type { EventLog, LogEntry } from './event-log.ts';
import { storageKey, storagePrefix } from './trace.ts';

/** One picture of the whole cluster, after one write and before the next. */
export interface ClusterView {
  readonly revision: number;
  /** The write that led to it; undefined when nothing was written yet. */
  readonly last: LogEntry | undefined;
  get<T extends KubernetesObject>(kind: Kind<T>, key: ObjectKey): T | undefined;
  list<T extends KubernetesObject>(kind: Kind<T>, selector?: ViewSelector): readonly T[];
}

/** Which objects of a kind. */
export interface ViewSelector {
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** Looks at every picture; says what is wrong by throwing or returning false. */
export type Invariant = (view: ClusterView) => boolean | void;

/** What has to hold after every write. */
export interface Invariants {
  add(name: string, holds: Invariant): () => void;
  /** What did not hold, once. */
  take(): InvariantError | undefined;
}

/** Makes {@link Invariants}. Pictures are kept only while there is somebody to look. @param start what there is now */
export function createInvariants(log: EventLog, start: () => Iterable<readonly [key: string, object: KubernetesObject]>): Invariants {
  const invariants = new Map<Invariant, string>();
  let objects: Map<string, KubernetesObject> | undefined;
  let stop: () => void = () => undefined;
  let failed: InvariantError | undefined;
  const look = (entry: LogEntry | undefined): void => {
    const view = viewOf(objects ?? new Map(), entry);
    for (const [holds, name] of invariants) {
      if (failed !== undefined) return;
      try {
        if (holds(view) === false) failed = violated(name, entry);
      } catch (error) {
        failed = violated(name, entry, error);
      }
    }
  };
  const follow = (entry: LogEntry): void => {
    if (entry.type === 'put') objects?.set(entry.key, entry.object);
    else objects?.delete(entry.key);
    look(entry);
  };
  return {
    add(name, holds) {
      if (objects === undefined) {
        objects = new Map(start());
        stop = log.onWrite(follow);
      }
      invariants.set(holds, name);
      look(log.entries.at(-1));
      return () => {
        invariants.delete(holds);
        if (invariants.size > 0) return;
        stop();
        objects = undefined;
      };
    },
    take() {
      const error = failed;
      failed = undefined;
      return error;
    },
  };
}

function violated(name: string, entry: LogEntry | undefined, cause?: unknown): InvariantError {
  const why = cause instanceof Error ? `: ${cause.message}` : '';
  const after =
    entry === undefined ? 'at the start' : `after revision ${String(entry.revision)}, which ${entry.type === 'put' ? 'wrote' : 'deleted'} ${entry.key}`;
  return new InvariantError(`${name} did not hold ${after}${why}`, { revision: entry?.revision ?? 0, cause });
}

function viewOf(objects: ReadonlyMap<string, KubernetesObject>, last: LogEntry | undefined): ClusterView {
  return {
    revision: last?.revision ?? 0,
    last,
    get(kind, key) {
      return objects.get(storageKey(kind, key)) as never;
    },
    list(kind, { namespace, labels } = {}) {
      const prefix = `${storagePrefix(kind)}${namespace === undefined ? '' : `${namespace}/`}`;
      const matches = compileLabelSelector(labels);
      const found: KubernetesObject[] = [];
      for (const [key, object] of objects) if (key.startsWith(prefix) && matches(object)) found.push(object);
      return found as never;
    },
  };
}
