import { parseTime, type Clock, type KubernetesObject, type Logger } from '@kybern/core';
import { expireObjects, type StateStore } from '@kybern/state';

/** How long Events live where nobody says it. @see kubernetes v1.36 pkg/controlplane/apiserver/options/options.go (EventTTL) */
export const DEFAULT_EVENT_TTL_MS = 3_600_000;

const PREFIXES = ['/registry/core/events/', '/registry/events.k8s.io/events/'];

/** The times that an Event says. */
interface EventTimes {
  readonly lastTimestamp?: string | null;
  readonly firstTimestamp?: string | null;
  readonly eventTime?: string | null;
  readonly series?: { readonly lastObservedTime?: string | null };
}

/** Deletes Events that were last written so long ago, whatever the state; runs until the signal aborts. */
export function expireEvents(
  state: StateStore,
  { clock, ttlMs, logger }: { readonly clock: Clock; readonly ttlMs: number; readonly logger: Logger },
): {
  run(signal: AbortSignal): Promise<void>;
} {
  return { run: (signal) => expireObjects(state, { clock, ttlMs, logger, prefixes: PREFIXES, writtenAt: lastWritten }, signal) };
}

/** The latest of the times that an Event says, in ms since the Unix epoch. */
export function lastWritten(event: KubernetesObject): number | undefined {
  const { lastTimestamp, firstTimestamp, eventTime, series } = event as EventTimes;
  const times = [lastTimestamp, firstTimestamp, eventTime, series?.lastObservedTime, event.metadata.creationTimestamp].flatMap((time) => {
    const epochMs = typeof time === 'string' ? parseTime(time) : undefined;
    return epochMs === undefined || Number.isNaN(epochMs) ? [] : [epochMs];
  });
  return times.length === 0 ? undefined : Math.max(...times);
}
