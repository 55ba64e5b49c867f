import type { Container, Pod } from '@kybern/core/kinds';
import { backOffEndMs, nextBackOff, type BackOff } from './back-off.ts';
import { newestContainer, type ObservedContainer, type ObservedPod } from './observed.ts';
import type { ProbeResults } from './probe-results.ts';
import type { ContainerResize } from './resize.ts';

/** Why a container does not run yet, in the words of `status.containerStatuses[].state.waiting`. */
export interface Waiting {
  readonly reason: string;
  readonly message?: string;
}

/** A failed pull of an image for this Pod. */
export interface PullFailure {
  readonly backOff: BackOff;
  /** What the last pull said. */
  readonly error: string;
}

/** What {@link computePodActions} decides from. */
export interface PodActionsInput {
  readonly pod: Pod;
  readonly observed: ObservedPod;
  /** Wall time. */
  readonly nowMs: number;
  readonly probes: ProbeResults;
  /** Restarts so far, by container name. */
  readonly restartBackOffs: ReadonlyMap<string, BackOff>;
  /** Images that could not be pulled for this Pod. */
  readonly pullFailures: ReadonlyMap<string, PullFailure>;
  /** Running containers that have not what they were given. Default: none. */
  readonly resizes?: readonly ContainerResize[];
  /** Ids of containers that were ended in order to be replaced: how they ended does not count. Default: none. */
  readonly replaced?: ReadonlySet<string>;
}

/** A container to create and start. */
export interface ContainerStart {
  readonly container: Container;
  readonly kind: 'init' | 'sidecar' | 'regular' | 'ephemeral';
  /** The restart count to create it with. */
  readonly attempt: number;
  /** What holds for the next restart; to be remembered. */
  readonly backOff?: BackOff;
}

/** A container to stop while the Pod goes on. */
export interface ContainerStop {
  readonly container: Container;
  readonly id: string;
  /** Why, in the words of the event `Killing`. */
  readonly message: string;
  readonly reason: 'definition-changed' | 'resize' | 'liveness' | 'startup' | 'unknown-state';
}

/** What to do next for a Pod, in this order. When all of it is done, look and compute again. */
export interface PodActions {
  /** Stop every container and sandbox first. */
  readonly stopPod: boolean;
  readonly stop: readonly ContainerStop[];
  /** Ids of dead containers that nobody needs any more. */
  readonly remove: readonly string[];
  readonly createSandbox?: { readonly attempt: number };
  readonly start: readonly ContainerStart[];
  /** By container name: what holds back containers that are to run. */
  readonly waiting: ReadonlyMap<string, Waiting>;
  /** Wall time at which a back-off ends. */
  readonly wakeAtMs?: number;
  /** The most retries in a row that any back-off here has seen. */
  readonly retries: number;
}

/** The parts of {@link PodActions} while they are being collected. */
export interface ActionsDraft {
  stopPod: boolean;
  readonly stop: ContainerStop[];
  readonly remove: string[];
  createSandbox?: { readonly attempt: number };
  readonly start: ContainerStart[];
  readonly waiting: Map<string, Waiting>;
  wakeAtMs?: number;
  retries: number;
}

/** Plans the start of a container, unless a back-off holds it back. */
export function planStart(input: PodActionsInput, draft: ActionsDraft, what: Pick<ContainerStart, 'container' | 'kind'>): 'planned' | 'held' {
  const { container, kind } = what;
  const newest = newestContainer(input.observed, container.name);
  const exited = input.observed.containers.find((other) => other.name === container.name && other.state === 'exited');
  if (exited !== undefined && isRestartHeld(input, draft, { container, exited })) return 'held';
  if (isPullHeld(input, draft, container)) return 'held';
  const backOff = exited === undefined ? undefined : nextBackOff(input.restartBackOffs.get(container.name), exited.finishedAtMs, input.nowMs);
  draft.start.push({ container, kind, attempt: nextAttempt(input.pod, container.name, newest), ...(backOff === undefined ? {} : { backOff }) });
  return 'planned';
}

function isRestartHeld(input: PodActionsInput, draft: ActionsDraft, { container, exited }: { container: Container; exited: ObservedContainer }): boolean {
  const backOff = input.restartBackOffs.get(container.name);
  const endMs = backOffEndMs(backOff, exited.finishedAtMs, input.nowMs);
  if (backOff === undefined || endMs === undefined) return false;
  const delay = formatBackOff(backOff.delayMs);
  hold(draft, container.name, {
    waiting: { reason: 'CrashLoopBackOff', message: `back-off ${delay} restarting failed container=${container.name} pod=${describePod(input.pod)}` },
    endMs,
    retries: backOff.failures,
  });
  return true;
}

function isPullHeld(input: PodActionsInput, draft: ActionsDraft, container: Container): boolean {
  const failure = input.pullFailures.get(container.image ?? '');
  const endMs = failure === undefined ? undefined : backOffEndMs(failure.backOff, failure.backOff.updatedAtMs, input.nowMs);
  if (failure === undefined || endMs === undefined) return false;
  hold(draft, container.name, {
    waiting: { reason: 'ImagePullBackOff', message: `Back-off pulling image "${container.image ?? ''}": ErrImagePull: ${failure.error}` },
    endMs,
    retries: failure.backOff.failures,
  });
  return true;
}

function hold(draft: ActionsDraft, name: string, { waiting, endMs, retries }: { waiting: Waiting; endMs: number; retries: number }): void {
  draft.waiting.set(name, waiting);
  draft.wakeAtMs = Math.min(draft.wakeAtMs ?? Infinity, endMs);
  draft.retries = Math.max(draft.retries, retries);
}

/** Restart counts never go back, even when the runtime forgot earlier attempts. */
function nextAttempt(pod: Pod, name: string, newest: ObservedContainer | undefined): number {
  const statuses = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.ephemeralContainerStatuses ?? [])];
  const reported = statuses.find((status) => status.name === name);
  const known = reported?.containerID === undefined || reported.containerID === '' ? -1 : reported.restartCount;
  return Math.max(newest?.attempt ?? -1, known) + 1;
}

/** `name_namespace(uid)`, as Kubernetes writes a Pod in messages. */
export function describePod({ metadata }: Pod): string {
  return `${metadata.name}_${metadata.namespace ?? 'default'}(${metadata.uid ?? ''})`;
}

/** A duration as Go writes it: `10s`, `1m20s`, `5m0s`. */
function formatBackOff(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}
