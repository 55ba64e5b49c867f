import { getCondition, parseTime } from '@kybern/core';
import type { Pod } from '@kybern/core/kinds';
import type { PodSample, PodSamples } from './metrics.ts';

/** After its start a Pod's use of the CPU says little for so long. */
const CPU_INITIALIZATION_MS = 300_000;
/** A Pod that was not ready from so soon after its start on has never been ready. */
const INITIAL_READINESS_MS = 30_000;

/** What a metric can say of Pods. */
export interface PodGroups {
  /** Pods whose values count. */
  readonly ready: readonly string[];
  /** Pods that do not serve yet. */
  readonly unready: readonly string[];
  /** Pods without a value. */
  readonly missing: readonly string[];
  /** The values of ready Pods, and of Pods that the cluster does not know (any more). */
  readonly samples: ReadonlyMap<string, number>;
}

/**
 * Sorts Pods by what their values are good for. Those that go or have failed count for nothing.
 *
 * @param resource the name of the resource that the metric is about; empty for others
 * @see kubernetes v1.36 pkg/controller/podautoscaler/replica_calculator.go (groupPods)
 */
export function groupPods(pods: readonly Pod[], samples: PodSamples, { resource, nowMs }: { readonly resource: string; readonly nowMs: number }): PodGroups {
  const groups = { ready: [] as string[], unready: [] as string[], missing: [] as string[] };
  const values = new Map([...samples].map(([name, { milliValue }]) => [name, milliValue]));
  for (const pod of pods) {
    const { name, deletionTimestamp } = pod.metadata;
    const sample = samples.get(name);
    if (deletionTimestamp !== undefined || pod.status?.phase === 'Failed') values.delete(name);
    else if (pod.status?.phase === 'Pending' || (sample !== undefined && resource === 'cpu' && isStarting(pod, sample, nowMs))) {
      groups.unready.push(name);
      values.delete(name);
    } else groups[sample === undefined ? 'missing' : 'ready'].push(name);
  }
  return { ...groups, samples: values };
}

/** While a Pod starts it uses more of the CPU than later. */
function isStarting(pod: Pod, { atMs, windowMs }: PodSample, nowMs: number): boolean {
  const ready = getCondition(pod, 'Ready');
  const { startTime } = pod.status ?? {};
  if (ready === undefined || startTime === undefined) return true;
  const startMs = parseTime(startTime);
  const changedMs = ready.lastTransitionTime === undefined ? startMs : parseTime(ready.lastTransitionTime);
  if (startMs + CPU_INITIALIZATION_MS > nowMs) return ready.status === 'False' || atMs < changedMs + windowMs;
  return ready.status === 'False' && startMs + INITIAL_READINESS_MS > changedMs;
}
