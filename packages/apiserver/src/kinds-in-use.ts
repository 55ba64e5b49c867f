import type { Kind } from '@kybern/core';
import type { StateStore } from '@kybern/state';
import type { KindRegistry } from './registry.ts';

/** The kinds of which there are objects, or were since the server started. It only grows. */
export interface KindsInUse {
  list(): readonly Kind[];
  /** Calls `fn` with each kind that comes into use from now on, after its first object was stored. @returns stops it; idempotent */
  onAdd(fn: (kind: Kind) => void): () => void;
  close(): void;
}

const PREFIX = '/registry/';

/**
 * Follows which kinds come into use, so that controllers that care for all kinds watch those that matter: a cluster uses a dozen of the seventy that
 * it serves, and each that is watched costs a watch.
 */
export function createKindsInUse(state: StateStore, registry: KindRegistry): KindsInUse {
  const kinds: Kind[] = [];
  const seen = new Set<string>();
  const listeners = new Set<(kind: Kind) => void>();
  const snapshot = state.snapshot();
  const add = (resource: string): Kind | undefined => {
    const kind = registry.list().find((candidate) => resourceOf(candidate) === resource);
    if (kind === undefined) return undefined;
    seen.add(resource);
    kinds.push(kind);
    return kind;
  };
  for (const resource of new Set(registry.list().map(resourceOf))) {
    if (snapshot.range(`${PREFIX}${resource}`, { limit: 1 }).records.length > 0) add(resource);
  }
  const subscription = state.watch(PREFIX, snapshot.revision).subscribe(({ key }) => {
    const resource = key.slice(PREFIX.length, key.indexOf('/', key.indexOf('/', PREFIX.length) + 1) + 1);
    if (seen.has(resource)) return;
    const kind = add(resource);
    if (kind !== undefined) for (const fn of [...listeners]) fn(kind);
  });
  return {
    list: () => kinds,
    onAdd(fn) {
      listeners.add(fn);
      return () => listeners.delete(fn);
    },
    close: () => subscription.unsubscribe(),
  };
}

/** `core/pods/`: the part of a key between the prefix and what names the object. */
function resourceOf(kind: Kind): string {
  return `${kind.group === '' ? 'core' : kind.group}/${kind.plural}/`;
}
