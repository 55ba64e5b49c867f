import type { Container, ContainerState, ContainerStatus, Pod, PodStatus } from '@kybern/core/kinds';
import { isSidecar, restartsAfter } from './restart-policy.ts';

/** The phase of a Pod. */
export type PodPhase = NonNullable<PodStatus['phase']>;

/** What {@link computePodPhase} counts over. */
export interface PodPhaseInput {
  readonly pod: Pod;
  readonly containerStatuses: readonly ContainerStatus[];
  readonly initContainerStatuses: readonly ContainerStatus[];
  /** Nothing of the Pod will be started any more, whatever its restart policy says. */
  readonly terminal: boolean;
  /** A regular container has been started in the present sandbox. */
  readonly initialized: boolean;
}

/** How many containers are in which situation. */
interface Counts {
  pendingInit: number;
  pendingSidecars: number;
  failedInit: number;
  unknown: number;
  running: number;
  waiting: number;
  stopped: number;
  stoppedForGood: number;
  succeeded: number;
}

/**
 * The phase that the states of all containers amount to.
 *
 * @see kubernetes v1.36 pkg/kubelet/kubelet_pods.go (getPhase)
 */
export function computePodPhase(input: PodPhaseInput): PodPhase {
  const counts: Counts = { pendingInit: 0, pendingSidecars: 0, failedInit: 0, unknown: 0, running: 0, waiting: 0, stopped: 0, stoppedForGood: 0, succeeded: 0 };
  for (const container of input.pod.spec.initContainers ?? []) {
    const status = find(input.initContainerStatuses, container.name);
    if (isSidecar(container)) countSidecar(counts, status);
    else countInit(counts, input.pod, { container, status });
  }
  for (const container of input.pod.spec.containers) countRegular(counts, input.pod, { container, status: find(input.containerStatuses, container.name) });
  return phaseOf(counts, input);
}

function phaseOf(counts: Counts, { terminal, initialized }: PodPhaseInput): PodPhase {
  if (counts.failedInit > 0) return 'Failed';
  if (counts.pendingInit > 0 || (counts.pendingSidecars > 0 && !initialized) || counts.waiting > 0) return 'Pending';
  if (counts.unknown > 0) return 'Pending';
  if (counts.running > 0) return 'Running';
  if (counts.stopped === 0) return 'Pending';
  if (!terminal && counts.stopped !== counts.stoppedForGood) return 'Running';
  return counts.stopped === counts.succeeded ? 'Succeeded' : 'Failed';
}

/** A container of the spec and what is known of it. */
interface Counted {
  readonly container: Container;
  readonly status: ContainerStatus | undefined;
}

const find = (statuses: readonly ContainerStatus[], name: string): ContainerStatus | undefined => statuses.find((status) => status.name === name);

/** How the container last ended: it has, or it waits to be started again. */
function lastExit(status: ContainerStatus): ContainerState['terminated'] {
  return status.state?.terminated ?? (status.state?.waiting === undefined ? undefined : status.lastState?.terminated);
}

function countInit(counts: Counts, pod: Pod, { container, status }: Counted): void {
  const exit = status === undefined ? undefined : lastExit(status);
  if (exit === undefined) counts.pendingInit += 1;
  else if (exit.exitCode !== 0) {
    if (restartsAfter(pod, container, exit.exitCode)) counts.pendingInit += 1;
    else counts.failedInit += 1;
  }
}

function countSidecar(counts: Counts, status: ContainerStatus | undefined): void {
  if (status === undefined) counts.unknown += 1;
  else if (status.state?.running !== undefined) {
    counts.running += 1;
    if (status.started !== true) counts.pendingSidecars += 1;
  } else if (lastExit(status) === undefined) {
    // One that ended does not count: sidecars do not decide the phase.
    counts.pendingSidecars += 1;
    counts.waiting += 1;
  }
}

function countRegular(counts: Counts, pod: Pod, { container, status }: Counted): void {
  if (status?.state === undefined) {
    counts.unknown += 1;
    return;
  }
  if (status.state.running !== undefined) {
    counts.running += 1;
    return;
  }
  const exit = lastExit(status);
  if (exit === undefined) {
    counts.waiting += 1;
    return;
  }
  counts.stopped += 1;
  if (!restartsAfter(pod, container, exit.exitCode)) counts.stoppedForGood += 1;
  if (status.state.terminated !== undefined && exit.exitCode === 0) counts.succeeded += 1;
}
