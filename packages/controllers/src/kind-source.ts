import type { Kind } from '@kybern/core';

/** Which kinds there are, for the controllers that care for all of them: the garbage collector and the namespace controller. */
export interface KindSource {
  /** All that the server has, custom ones included. */
  all(): readonly Kind[];
  /** Those of which there may be objects: what has to be watched. */
  inUse(): readonly Kind[];
  /** Calls `fn` with each kind that comes into use from now on. @returns stops it; idempotent */
  onInUse(fn: (kind: Kind) => void): () => void;
}

/** A source that does not change: every kind may be in use. */
export function fixedKinds(kinds: readonly Kind[]): KindSource {
  return { all: () => kinds, inUse: () => kinds, onInUse: () => () => undefined };
}
