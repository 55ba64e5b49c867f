import type { Container, ContainerState, ContainerStatus, VolumeMountStatus } from '@kybern/core/kinds';
import type { ObservedContainer, ObservedPod } from './observed.ts';
import type { Waiting } from './plan.ts';
import { isReady, isStarted, type ProbeResults } from './probe-results.ts';
import type { ResizeReport } from './resize-report.ts';
import { isSidecar } from './restart-policy.ts';

/** What {@link computeContainerStatuses} decides from. */
export interface ContainerStatusesInput {
  readonly containers: readonly Container[];
  readonly kind: 'init' | 'regular' | 'ephemeral';
  readonly observed: ObservedPod;
  readonly previous: readonly ContainerStatus[];
  /** What holds back containers that are to run, by name. */
  readonly waiting: ReadonlyMap<string, Waiting>;
  readonly probes: ProbeResults;
  /** Such as `containerd`: the first part of container ids. */
  readonly runtimeName: string;
  /** Whether the Pod has init containers, so that waiting means `PodInitializing`. */
  readonly hasInitContainers: boolean;
  /** Nothing will be started any more. */
  readonly terminal: boolean;
  /** Whether a regular container has been made, so that init containers of which nothing is left must have succeeded. */
  readonly initialized: boolean;
  /** Set while the Pod has not all that it asks for. */
  readonly resize?: ResizeReport;
}

/**
 * The statuses of a Pod's containers of one kind, in the order of the spec for init containers, else by name.
 *
 * @see kubernetes v1.36 pkg/kubelet/kubelet_pods.go (convertToAPIContainerStatuses)
 */
export function computeContainerStatuses(input: ContainerStatusesInput): readonly ContainerStatus[] {
  const statuses = input.containers.map((container) => computeContainerStatus(input, container));
  return input.kind === 'init' || statuses.length < 2 ? statuses : statuses.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function computeContainerStatus(input: ContainerStatusesInput, container: Container): ContainerStatus {
  const [newest, older] = instancesOf(input.observed, container.name);
  const previous = input.previous.find(({ name }) => name === container.name);
  const seen = newest === undefined ? neverSeen(input, container, previous) : fromInstance(input, container, { newest, older, previous });
  const waiting = input.waiting.get(container.name);
  const held = waiting === undefined || newest?.state === 'running' ? seen : hold(seen, waiting);
  return input.terminal ? asTerminal(held) : held;
}

function instancesOf(observed: ObservedPod, name: string): readonly [newest?: ObservedContainer, older?: ObservedContainer] {
  let newest: ObservedContainer | undefined;
  for (const container of observed.containers) {
    if (container.name !== name) continue;
    if (newest !== undefined) return [newest, container];
    newest = container;
  }
  return newest === undefined ? [] : [newest];
}

/** The runtime has nothing of this container: it was not made yet, or has vanished. */
function neverSeen(input: ContainerStatusesInput, container: Container, previous: ContainerStatus | undefined): ContainerStatus {
  if (previous?.state?.terminated !== undefined) return previous;
  if (input.kind === 'init' && input.initialized && !isSidecar(container))
    return { ...blank(container, previous), ready: true, state: { terminated: FORGOTTEN_INIT } };
  const waiting = { reason: input.hasInitContainers ? 'PodInitializing' : 'ContainerCreating' };
  const status: ContainerStatus = {
    ...blank(container, previous),
    state: { waiting },
    ...(previous?.lastState === undefined ? {} : { lastState: previous.lastState }),
  };
  if (previous?.state?.running === undefined || previous.lastState?.terminated !== undefined) return status;
  return { ...status, lastState: { terminated: VANISHED }, restartCount: previous.restartCount + (input.terminal ? 0 : 1) };
}

const FORGOTTEN_INIT = {
  exitCode: 0,
  reason: 'Completed',
  message: 'Unable to get init container status from container runtime and pod has been initialized, treat it as exited normally',
};
const VANISHED = {
  exitCode: 137,
  reason: 'ContainerStatusUnknown',
  message: 'The container could not be located when the pod was deleted.  The container used to be Running',
};
const NOT_LOCATED = { exitCode: 137, reason: 'ContainerStatusUnknown', message: 'The container could not be located when the pod was terminated' };

function blank(container: Container, previous: ContainerStatus | undefined): ContainerStatus {
  return {
    name: container.name,
    image: container.image ?? '',
    imageID: '',
    ready: false,
    restartCount: previous?.restartCount ?? 0,
    started: false,
    ...volumeMounts(container),
  };
}

/** A container's instances in the runtime, and its status as it was. */
interface Instances {
  readonly newest: ObservedContainer;
  readonly older: ObservedContainer | undefined;
  readonly previous: ContainerStatus | undefined;
}

function fromInstance(input: ContainerStatusesInput, container: Container, { newest, older, previous }: Instances): ContainerStatus {
  const containerID = `${input.runtimeName}://${newest.id}`;
  const lost = newest.state === 'unknown' && previous?.state?.running !== undefined;
  const lastState = older === undefined ? carriedLastState(previous, containerID) : stateOf(input.runtimeName, older);
  const allocated = input.resize?.allocation.get(container.name) ?? container.resources;
  const resources = (newest.state === 'running' ? input.resize?.actuated.get(newest.id) : undefined) ?? allocated;
  return {
    name: container.name,
    image: newest.image,
    imageID: newest.imageRef,
    containerID,
    restartCount: Math.max(newest.attempt, previous?.restartCount ?? 0),
    ...readiness(input, container, newest),
    state: lost ? { terminated: NOT_LOCATED } : stateOf(input.runtimeName, newest),
    ...(lastState === undefined ? {} : { lastState }),
    ...(allocated?.requests === undefined ? {} : { allocatedResources: allocated.requests }),
    ...(resources === undefined ? {} : { resources: resources }),
    ...volumeMounts(container),
  };
}

function readiness(input: ContainerStatusesInput, container: Container, newest: ObservedContainer): { ready: boolean; started: boolean } {
  const started = isStarted(container, newest, input.probes);
  if (input.kind === 'init' && !isSidecar(container)) return { ready: newest.state === 'exited' && newest.exitCode === 0, started };
  return { ready: input.kind !== 'ephemeral' && isReady(container, newest, input.probes), started };
}

/** How the attempt before ended, when the runtime has no record of it any more. */
function carriedLastState(previous: ContainerStatus | undefined, containerID: string): ContainerState | undefined {
  if (previous === undefined) return undefined;
  if (previous.containerID !== containerID && previous.state?.terminated !== undefined) return { terminated: previous.state.terminated };
  return previous.lastState?.terminated === undefined ? undefined : previous.lastState;
}

function stateOf(runtimeName: string, container: ObservedContainer): ContainerState {
  switch (container.state) {
    case 'running':
      return { running: { startedAt: container.startedAt } };
    case 'exited':
      return {
        terminated: {
          exitCode: container.exitCode,
          reason: container.reason,
          ...(container.message === '' ? {} : { message: container.message }),
          ...(container.startedAt === '' ? {} : { startedAt: container.startedAt }),
          finishedAt: container.finishedAt,
          containerID: `${runtimeName}://${container.id}`,
        },
      };
    case 'created':
    case 'unknown':
      return { waiting: {} };
  }
}

function hold(status: ContainerStatus, waiting: Waiting): ContainerStatus {
  const { terminated } = status.state ?? {};
  return { ...status, ready: false, started: false, state: { waiting }, ...(terminated === undefined ? {} : { lastState: { terminated } }) };
}

/** No container of a Pod that is over may look as if it ran. */
function asTerminal(status: ContainerStatus): ContainerStatus {
  if (status.state?.running === undefined) return status.ready && status.state?.terminated === undefined ? { ...status, ready: false } : status;
  return { ...status, ready: false, started: false, state: { terminated: NOT_LOCATED } };
}

function volumeMounts({ volumeMounts: mounts }: Container): { volumeMounts?: readonly VolumeMountStatus[] } {
  if (mounts === undefined || mounts.length === 0) return {};
  return {
    volumeMounts: mounts.map(({ name, mountPath, readOnly }) => ({
      name,
      mountPath,
      ...(readOnly === true ? { readOnly, recursiveReadOnly: 'Disabled' } : {}),
    })),
  };
}
