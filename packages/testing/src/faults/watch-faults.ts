import { ApiError, groupResource } from '@kybern/core';
import type { CallFault, EventFault, FaultScope, FaultSource } from './fault-source.ts';
import { isInScope } from './fault-source.ts';
import { storagePrefix } from '../trace.ts';

/** Options of {@link staleCaches}. */
export interface StaleCacheOptions extends FaultScope {
  /** How late events may be, in ms. Default 100, 2,000 and 15,000. */
  readonly lagsMs?: readonly number[];
}

/** Events of watches that are late: caches that show what was. The order within a watch stays. */
export function staleCaches(options: StaleCacheOptions = {}): FaultSource {
  const lags = (options.lagsMs ?? [100, 2_000, 15_000]).map((ms): EventFault => ({ name: `${String(ms)} ms late`, fate: ms }));
  return {
    name: 'stale caches',
    chance: options.chance ?? 0.15,
    ofEvent: (call, event) => (event.type !== 'BOOKMARK' && isInScope(options, call.process) ? lags : []),
  };
}

const ENDS: readonly EventFault[] = [
  { name: 'the watch ends before it', fate: { end: undefined } },
  { name: 'the connection breaks before it', fate: { end: new ApiError('ServiceUnavailable', 'the connection of the watch broke') } },
  { name: '410 in its place', fate: { end: new ApiError('Expired', 'too old resource version') } },
];
const BOOKMARK_LOST: readonly EventFault[] = [{ name: 'no bookmark', fate: 'withhold' }];
const EXPIRED: readonly CallFault[] = [{ name: '410', fault: { type: 'fail', error: new ApiError('Expired', 'too old resource version') } }];

/**
 * Watches that end: in good order, with the connection, or because their history is gone (410 in the stream, or in answer to the request). What happened
 * meanwhile is seen only as its outcome when the watcher lists again.
 */
export function cutWatches(scope: FaultScope = {}): FaultSource {
  return {
    name: 'cut watches',
    chance: scope.chance ?? 0.06,
    ofEvent: ({ process }, { type }) => (!isInScope(scope, process) ? [] : type === 'BOOKMARK' ? BOOKMARK_LOST : ENDS),
    ofCall: ({ verb, options, process }) => (verb === 'watch' && options['resourceVersion'] !== undefined && isInScope(scope, process) ? EXPIRED : []),
  };
}

const STALLED: readonly CallFault[] = [0, 1, 3].map((afterEvents) => ({
  name: `silent after ${String(afterEvents)} events`,
  fault: { type: 'silence', afterEvents },
}));

/** Watches that stay open and say nothing any more, until the watcher gives them up (after 150 s, as an informer does). */
export function stalledWatches(scope: FaultScope = {}): FaultSource {
  return {
    name: 'stalled watches',
    chance: scope.chance ?? 0.1,
    ofCall: ({ verb, process }) => (verb === 'watch' && isInScope(scope, process) ? STALLED : []),
  };
}

/**
 * A process that starts again meets an API server that is behind: its caches begin with an older state than the one that it knew before, and catch up some
 * seconds later. Combine with {@link crashes}.
 */
export function timeTravel(scope: FaultScope = {}): FaultSource {
  return {
    name: 'time travel',
    chance: scope.chance ?? 0.4,
    ofCall({ verb, kind, options, process }, cluster) {
      const begins = verb === 'watch' && (options['sendInitialEvents'] === true || options['resourceVersion'] === undefined);
      if (!begins || !isInScope(scope, process)) return [];
      const revisions = cluster.revisionsOf(storagePrefix(kind), 5);
      return revisions.flatMap((revision, back): CallFault[] =>
        [2_000, 15_000].map((forMs) => ({
          name: `${String(back + 1)} changes of ${groupResource(kind)} back, for ${String(forMs)} ms`,
          fault: { type: 'past', revision: revision - 1, forMs },
        })),
      );
    },
  };
}
