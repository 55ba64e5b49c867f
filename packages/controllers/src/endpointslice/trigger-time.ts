import { getCondition, keyOf, parseTime, type ObjectMeta } from '@kybern/core';
import type { Pod, Service } from '@kybern/core/kinds';

/** The annotation that says since when what endpoints tell has been so: whoever programs a network measures its own delay by it. */
export const LAST_CHANGE_TRIGGER_TIME = 'endpoints.kubernetes.io/last-change-trigger-time';

/** The change that a Service's endpoints are about to tell of. */
export interface Trigger {
  /** When the first of what is new happened, RFC 3339; undefined when nothing is new that has a time. */
  readonly time: string | undefined;
  /** The endpoints tell of it now: the next look is for what is newer. Not called when they could not be written. */
  told(): void;
}

/** Remembers of each Service what its endpoints have told of. */
export interface TriggerTimes {
  /** Looks when Pods became ready, or not ready, and the Service was created. */
  look(service: Service, pods: readonly Pod[]): Trigger;
  /** The Service is gone. */
  forget(key: string): void;
}

interface Told {
  readonly service: string;
  readonly pods: ReadonlyMap<string, string>;
}

/**
 * Makes {@link TriggerTimes} that have told nothing yet; what they know is of this process, as in Kubernetes.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/endpointslice/util/trigger_time_tracker.go (ComputeEndpointLastChangeTriggerTime)
 */
export function createTriggerTimes(): TriggerTimes {
  const known = new Map<string, Told>();
  return {
    look(service, pods) {
      const key = keyOf(service);
      const before = known.get(key);
      const now: Told = { service: service.metadata.creationTimestamp ?? '', pods: readinessTimes(pods) };
      return { time: before === undefined ? now.service || undefined : firstNew(before, now), told: () => void known.set(key, now) };
    },
    forget: (key) => void known.delete(key),
  };
}

/** Annotations with that time, or without any when there is none. */
export function withTriggerTime<M extends ObjectMeta>(metadata: M, time: string | undefined): M {
  const { [LAST_CHANGE_TRIGGER_TIME]: former, ...others } = metadata.annotations ?? {};
  if (former === time) return metadata;
  const { annotations: _, ...rest } = metadata;
  const annotations = time === undefined ? others : { ...others, [LAST_CHANGE_TRIGGER_TIME]: time };
  return (Object.keys(annotations).length === 0 ? rest : { ...rest, annotations }) as M;
}

function readinessTimes(pods: readonly Pod[]): ReadonlyMap<string, string> {
  const times = new Map<string, string>();
  for (const pod of pods) {
    const time = getCondition(pod, 'Ready')?.lastTransitionTime;
    if (time !== undefined) times.set(pod.metadata.name, time);
  }
  return times;
}

function firstNew(before: Told, now: Told): string | undefined {
  let first = isLater(now.service, before.service) ? now.service : undefined;
  for (const [name, time] of now.pods) {
    if (isLater(time, before.pods.get(name)) && (first === undefined || isLater(first, time))) first = time;
  }
  return first;
}

const isLater = (time: string, than: string | undefined): boolean => than === undefined || (time !== than && parseTime(time) > parseTime(than));
