import type { Pod, PodCondition } from '@kybern/core/kinds';
import type { Allocation, ResizePending } from './resize.ts';

/** How a Pod's resize stands, for its status. */
export interface ResizeReport {
  /** What its containers were given. */
  readonly allocation: Allocation;
  /** What running containers have that is not what they were given, by id. */
  readonly actuated: Allocation;
  readonly pending?: (ResizePending & { readonly generation: number | undefined }) | undefined;
  readonly inProgress?: { readonly generation: number | undefined; readonly error?: string | undefined } | undefined;
}

/** A condition before it is dated. */
export interface ResizeVerdict extends Pick<PodCondition, 'type' | 'reason' | 'message' | 'observedGeneration'> {
  readonly status: 'True';
}

/**
 * The conditions of a resize: there while it waits or is under way, gone afterwards.
 *
 * @see kubernetes v1.36 pkg/kubelet/status/status_manager.go (SetPodResizePendingCondition, SetPodResizeInProgressCondition)
 */
export function resizeVerdicts({ pending, inProgress }: ResizeReport): readonly ResizeVerdict[] {
  const verdicts: ResizeVerdict[] = [];
  if (pending !== undefined) {
    const { reason, message, generation } = pending;
    verdicts.push({ type: 'PodResizePending', status: 'True', reason, message, ...at(generation) });
  }
  if (inProgress !== undefined) {
    const { error, generation } = inProgress;
    verdicts.push({ type: 'PodResizeInProgress', status: 'True', ...(error === undefined ? {} : { reason: 'Error', message: error }), ...at(generation) });
  }
  return verdicts;
}

const at = (generation: number | undefined): Pick<ResizeVerdict, 'observedGeneration'> => (generation === undefined ? {} : { observedGeneration: generation });

/**
 * What an event says of a resize.
 *
 * @see kubernetes v1.36 pkg/kubelet/events/event.go (PodResizeStartedMsg)
 */
export function describeResize({ spec, metadata }: Pod, what: 'started' | 'completed' | 'error' | 'Deferred' | 'Infeasible', error?: string): string {
  const containers = [...(spec.initContainers ?? []), ...spec.containers]
    .filter(({ resources }) => resources !== undefined)
    .map(({ name, resources }) => ({ name, resources }));
  const details = { containers, ...(metadata.generation !== undefined && { generation: metadata.generation }), ...(error !== undefined && { error }) };
  return `Pod resize ${what}: ${JSON.stringify(details)}`;
}
