import type { KubernetesObject } from '@kybern/core';
import { isExpiredRevision, type StateCursor, type StateStore } from '@kybern/state';

/** What is made from a part of the store. */
export interface Follower {
  /** Forget everything: the whole part follows. */
  reset(): void;
  /** Take in one object; `value` is undefined when it is gone. */
  apply(key: string, value: KubernetesObject | undefined): void;
}

/** Keeps a {@link Follower} in step with the store. */
export interface FollowedStore {
  /** Brings the follower to the state as it is now, at once. Costs a comparison when nothing was written, next to nothing when nothing of the part was. */
  catchUp(): void;
  /** Lets go of the store; the next {@link catchUp} begins anew. Idempotent. */
  close(): void;
}

/**
 * Follows the objects whose keys begin with `prefix`, at the reader's pace: nothing is read before the first `catchUp`, and then only what changed since
 * the last one. What is made this way is never older than the store, and asking it takes no promise.
 */
export function followStore(state: StateStore, prefix: string, follower: Follower): FollowedStore {
  let cursor: StateCursor | undefined;
  let seen = -1;
  const begin = (): void => {
    const snapshot = state.snapshot();
    follower.reset();
    for (const { key, value } of snapshot.range(prefix).records) follower.apply(key, value);
    cursor?.close();
    cursor = state.cursor(prefix, snapshot.revision);
    seen = snapshot.revision;
  };
  return {
    catchUp() {
      const { revision } = state;
      if (revision === seen) return;
      if (cursor === undefined) return begin();
      try {
        for (let events = cursor.read(); events.length > 0; events = cursor.read())
          for (const { type, key, value } of events) follower.apply(key, type === 'put' ? value : undefined);
        seen = revision;
      } catch (error) {
        if (!isExpiredRevision(error)) throw error;
        begin();
      }
    },
    close() {
      cursor?.close();
      cursor = undefined;
      seen = -1;
    },
  };
}
