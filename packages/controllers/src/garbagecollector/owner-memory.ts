import { groupResource } from '@kybern/core';
import type { Place } from './owner-graph.ts';

/** What is known of owners that no cache has. Uids are not given out twice, so what is gone stays gone. */
export interface OwnerMemory {
  /** Whether it is known that there is no object of this uid at that place. */
  isAbsent(place: Place, uid: string): boolean;
  /** Remembers that; the longest known is forgotten when they are too many. */
  addAbsent(place: Place, uid: string): void;
}

/** Each is a short text, and a namespace full of Deployments may be deleted at once. Kubernetes keeps 500. */
const LIMIT = 10_000;

/**
 * Makes an {@link OwnerMemory} that knows nothing yet, so that the server is asked once about an owner that is absent, not once for each of its dependents.
 *
 * @param limit so many owners are remembered
 * @see kubernetes v1.36 pkg/controller/garbagecollector/uid_cache.go (ReferenceCache)
 */
export function createOwnerMemory(limit: number = LIMIT): OwnerMemory {
  const absent = new Set<string>();
  return {
    isAbsent: (place, uid) => absent.has(coordinates(place, uid)),
    addAbsent(place, uid) {
      const [oldest] = absent;
      if (absent.size >= limit && oldest !== undefined) absent.delete(oldest);
      absent.add(coordinates(place, uid));
    },
  };
}

/** Where the owner should be: one of the right uid elsewhere is none. */
const coordinates = ({ kind, name }: Place, uid: string): string => `${uid}|${groupResource(kind)}|${name}`;
