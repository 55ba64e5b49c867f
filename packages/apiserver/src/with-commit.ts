import type { StateStore } from '@kybern/state';

/** The same store with another way to commit. */
export function withCommit(state: StateStore, commit: StateStore['commit']): StateStore {
  return {
    get revision() {
      return state.revision;
    },
    get compactedRevision() {
      return state.compactedRevision;
    },
    ...(state.shared === undefined ? {} : { shared: state.shared }),
    ...(state.maxChanges === undefined ? {} : { maxChanges: state.maxChanges }),
    get: (key, options) => state.get(key, options),
    range: (prefix, options) => state.range(prefix, options),
    commit,
    watch: (prefix, from) => state.watch(prefix, from),
    cursor: (prefix, from) => state.cursor(prefix, from),
    compact: (before) => state.compact(before),
    snapshot: () => state.snapshot(),
    fork: () => state.fork(),
    [Symbol.asyncDispose]: () => state[Symbol.asyncDispose](),
  };
}
