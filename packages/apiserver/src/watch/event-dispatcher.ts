import type { KubernetesObject } from '@kybern/core';
import { isExpiredRevision, type StateCursor, type StateEvent, type StateStore } from '@kybern/state';
import { expired, internalError } from '../errors.ts';
import { carryLedger, withLastLedger } from '../managed-fields/ledger.ts';
import type { FieldReader } from '../strategy.ts';

/** Someone who is told of the changes of one resource. */
export interface Watcher {
  /** Events up to this revision are not for this watcher: it has them from elsewhere. */
  readonly after: number;
  onEvent(event: StateEvent): void;
  /** The stream is over: the history that comes next is gone, or the store is. */
  onEnd(error: Error | undefined): void;
}

/** Which events concern a watcher, as far as they are sorted out before it is asked. */
export interface WatchScope {
  /** `/registry/core/pods/` */
  readonly prefix: string;
  /** An exact field value: the watcher hears only of changes of objects that have it now or had it before. */
  readonly index?: { readonly field: string; readonly value: string; readonly read: FieldReader } | undefined;
}

/**
 * Hands each change of the store to the watchers that it concerns. One cursor on the store serves all watchers of a server; a change finds its
 * watchers by resource, and within a resource by the value of an indexed field, so a watcher of one node's Pods costs nothing for others'.
 */
export interface EventDispatcher {
  /** Everything up to this revision was handed out. */
  readonly revision: number;
  /** @returns stops it; idempotent */
  add(watcher: Watcher, scope: WatchScope): () => void;
  /** Ends the watchers of one resource; those who come later are served. @param prefix `/registry/core/pods/` */
  end(prefix: string): void;
  /** Ends all watchers, and those who still come. */
  close(): void;
}

/** The watchers of one resource. */
interface ResourceWatchers {
  readonly all: Set<Watcher>;
  readonly indexes: Map<string, FieldIndex>;
}

interface FieldIndex {
  readonly read: FieldReader;
  readonly byValue: Map<string, Set<Watcher>>;
}

const PREFIX = '/registry/';

/** Makes an {@link EventDispatcher}. The store is read only while there are watchers. */
export function createEventDispatcher(state: StateStore): EventDispatcher {
  const resources = new Map<string, ResourceWatchers>();
  let watchers = 0;
  let closed = false;
  let cursor: StateCursor | undefined;
  let cancelReady: (() => void) | undefined;

  const stop = (): void => {
    cancelReady?.();
    cursor?.close();
    cursor = undefined;
  };
  const endAll = (error: Error | undefined): void => {
    stop();
    const ending = [...resources.values()].flatMap(watchersOf);
    resources.clear();
    watchers = 0;
    for (const watcher of ending) watcher.onEnd(error);
  };
  const drain = (): void => {
    const reading = cursor;
    if (reading === undefined) return;
    try {
      for (let events = reading.read(); events.length > 0; events = reading.read()) {
        for (const event of events) dispatch(resources, event);
        if (cursor !== reading) return;
      }
    } catch (error) {
      endAll(toApiError(error));
      return;
    }
    cancelReady = reading.ready(drain);
  };
  return {
    get revision() {
      return cursor?.revision ?? state.revision;
    },
    add(watcher, scope) {
      if (closed) {
        watcher.onEnd(undefined);
        return () => undefined;
      }
      if (cursor === undefined) {
        cursor = state.cursor(PREFIX, state.revision);
        cancelReady = cursor.ready(drain);
      }
      watchers += 1;
      const remove = insert(resources, watcher, scope);
      let added = true;
      return () => {
        if (!added) return;
        added = false;
        if (!remove()) return;
        watchers -= 1;
        if (watchers === 0) stop();
      };
    },
    end(prefix) {
      const group = resources.get(prefix);
      if (group === undefined) return;
      for (const watcher of watchersOf(group)) watcher.onEnd(undefined);
    },
    close() {
      closed = true;
      endAll(undefined);
    },
  };
}

function watchersOf({ all, indexes }: ResourceWatchers): Watcher[] {
  return [...all, ...[...indexes.values()].flatMap((index) => [...index.byValue.values()].flatMap((set) => [...set]))];
}

function insert(resources: Map<string, ResourceWatchers>, watcher: Watcher, { prefix, index }: WatchScope): () => boolean {
  let group = resources.get(prefix);
  if (group === undefined) resources.set(prefix, (group = { all: new Set(), indexes: new Map() }));
  if (index === undefined) {
    group.all.add(watcher);
    return () => group.all.delete(watcher);
  }
  let field = group.indexes.get(index.field);
  if (field === undefined) group.indexes.set(index.field, (field = { read: index.read, byValue: new Map() }));
  const { byValue } = field;
  let set = byValue.get(index.value);
  if (set === undefined) byValue.set(index.value, (set = new Set()));
  set.add(watcher);
  return () => {
    const removed = set.delete(watcher);
    if (set.size === 0 && byValue.get(index.value) === set) byValue.delete(index.value);
    return removed;
  };
}

function dispatch(resources: ReadonlyMap<string, ResourceWatchers>, event: StateEvent): void {
  const group = resources.get(resourcePrefix(event.key));
  if (group === undefined) return;
  deliver(group.all, event);
  for (const { read, byValue } of group.indexes.values()) {
    const now = read(event.value);
    const before = event.previous === undefined ? now : read(event.previous.value);
    deliver(byValue.get(now), event);
    if (before !== now) deliver(byValue.get(before), event);
  }
}

function deliver(watchers: ReadonlySet<Watcher> | undefined, event: StateEvent): void {
  if (watchers === undefined) return;
  for (const watcher of watchers) if (event.revision > watcher.after) watcher.onEvent(event);
}

/** `/registry/core/pods/` of `/registry/core/pods/default/web-0`. */
function resourcePrefix(key: string): string {
  const group = key.indexOf('/', PREFIX.length);
  return key.slice(0, key.indexOf('/', group + 1) + 1);
}

function toApiError(error: unknown): Error {
  if (isExpiredRevision(error)) return expired(`too old resource version: ${error.requested} (${error.compacted})`);
  return internalError(error instanceof Error ? error.message : String(error), error);
}

/** What the objects of an event look like to a watcher with a selection. */
export interface Transition {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: KubernetesObject;
}

/** How a watcher sees stored objects. */
export interface View {
  /** Undefined: it sees all of them. */
  readonly matches: ((object: KubernetesObject) => boolean) | undefined;
  readonly read: (stored: KubernetesObject) => KubernetesObject;
}

/**
 * What a change is to a watcher that sees only the objects that `matches` selects: an object that begins to match is added, one that ceases to is
 * deleted (as it was while it matched, with the revision of the change).
 *
 * @returns undefined when the watcher has nothing to do with it
 * @see kubernetes v1.36 staging/src/k8s.io/apiserver/pkg/storage/cacher/cache_watcher.go (convertToWatchEvent)
 */
export function transitionOf(event: StateEvent, { matches, read }: View): Transition | undefined {
  const before = event.previous === undefined ? undefined : read(event.previous.value);
  const now = read(event.value);
  const matchedBefore = before !== undefined && (matches === undefined || matches(before));
  if (event.type === 'delete') return matchedBefore ? { type: 'DELETED', object: withLastLedger(now, event.previous?.value) } : undefined;
  const matchesNow = matches === undefined || matches(now);
  if (matchesNow) return { type: matchedBefore ? 'MODIFIED' : 'ADDED', object: now };
  return matchedBefore ? { type: 'DELETED', object: withResourceVersion(before, now.metadata.resourceVersion) } : undefined;
}

function withResourceVersion(object: KubernetesObject, resourceVersion: string | undefined): KubernetesObject {
  const metadata = Object.freeze({ ...object.metadata, ...(resourceVersion === undefined ? {} : { resourceVersion }) });
  return Object.freeze(carryLedger({ ...object, metadata }, object));
}
