import { ApiError } from '@kybern/core';
import type { ContainerStatus, PodStatus } from '@kybern/core/kinds';

/** Whose log is wanted. */
export interface LogWish {
  readonly pod: string;
  readonly container: string;
  /** The run before the present one. */
  readonly previous: boolean;
}

/**
 * Which container of the runtime has the log that is wanted: its id, without the runtime's name.
 *
 * @throws {ApiError} `BadRequest` when there is none (yet), with the reason
 * @see kubernetes v1.36 pkg/kubelet/kubelet_pods.go (validateContainerLogStatus)
 */
export function loggedContainer(status: PodStatus | undefined, wish: LogWish): string {
  const found = findStatus(status, wish.container);
  if (found === undefined) throw unavailable(wish, 'is not available');
  const { state = {}, lastState } = found;
  const last = idOf(lastState?.terminated?.containerID);
  if (wish.previous) {
    if (last === undefined)
      throw new ApiError('BadRequest', `previous terminated container ${JSON.stringify(wish.container)} in pod ${JSON.stringify(wish.pod)} not found`);
    return last;
  }
  const present = state.running !== undefined ? idOf(found.containerID) : state.terminated === undefined ? undefined : idOf(state.terminated.containerID);
  if (present !== undefined) return present;
  if (last !== undefined) return last;
  if (state.terminated !== undefined || lastState?.terminated !== undefined) throw unavailable(wish, 'is terminated');
  throw unavailable(wish, whyWaiting(state.waiting?.reason));
}

function findStatus(status: PodStatus | undefined, name: string): ContainerStatus | undefined {
  const { containerStatuses = [], initContainerStatuses = [], ephemeralContainerStatuses = [] } = status ?? {};
  return [...containerStatuses, ...initContainerStatuses, ...ephemeralContainerStatuses].find((each) => each.name === name);
}

function whyWaiting(reason: string | undefined): string {
  switch (reason) {
    case undefined:
      return 'is waiting to start - no logs yet';
    case 'ErrImagePull':
      return "is waiting to start: image can't be pulled";
    case 'ImagePullBackOff':
      return 'is waiting to start: trying and failing to pull image';
    default:
      return `is waiting to start: ${reason}`;
  }
}

function unavailable({ pod, container }: LogWish, why: string): ApiError {
  return new ApiError('BadRequest', `container ${JSON.stringify(container)} in pod ${JSON.stringify(pod)} ${why}`);
}

/** `containerd://1234` is 1234. */
function idOf(containerId: string | undefined): string | undefined {
  if (containerId === undefined || containerId === '') return undefined;
  return containerId.slice(containerId.indexOf('://') < 0 ? 0 : containerId.indexOf('://') + 3);
}
