import { deepEqual } from '@kybern/core';
import type { Container, Pod, ResourceRequirements } from '@kybern/core/kinds';
import type { CgroupLimits } from './cgroup-limits.ts';
import { describeShortage } from './admission.ts';
import { newestContainer, type ObservedPod } from './observed.ts';
import { podRequests, type Amounts } from './pod-requests.ts';
import { isSidecar } from './restart-policy.ts';

/** What each container of a Pod was given by its node, by name. */
export type Allocation = ReadonlyMap<string, ResourceRequirements>;

/** Why a resize waits, in the words of the condition `PodResizePending`. */
export interface ResizePending {
  /** It will be tried again when there is more room; or it never fits on this node. */
  readonly reason: 'Deferred' | 'Infeasible';
  readonly message: string;
}

const RESIZABLE = ['cpu', 'memory'] as const;

const containersOf = ({ spec }: Pod): readonly Container[] => [...(spec.initContainers ?? []), ...spec.containers];

/** What the Pod's spec asks for. */
export function desiredAllocation(pod: Pod): Allocation {
  return new Map(containersOf(pod).map(({ name, resources = {} }) => [name, resources]));
}

/**
 * What the Pod was given before this agent started, as its status has it: requests as they were allocated, limits as they were in effect. A resize of which the status does not tell is decided anew.
 *
 * @see kubernetes v1.36 pkg/kubelet/allocation/state (there it is a file of the node)
 */
export function reportedAllocation(pod: Pod): Allocation {
  const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
  return new Map(
    containersOf(pod).map(({ name, resources = {} }) => {
      const status = statuses.find((each) => each.name === name);
      if (status?.containerID === undefined) return [name, resources];
      const { limits } = status.resources ?? {};
      const requests = status.allocatedResources;
      const { requests: _requests, limits: _limits, ...rest } = resources;
      return [name, { ...rest, ...(limits !== undefined && { limits }), ...(requests !== undefined && { requests }) }];
    }),
  );
}

/** The Pod with what it was given in place of what it asks for; the same object when that is the same. */
export function withAllocation(pod: Pod, allocation: Allocation): Pod {
  const give = (containers: readonly Container[]): readonly Container[] =>
    containers.map((container) => {
      const given = allocation.get(container.name);
      return given === undefined || isSame(given, container.resources) ? container : { ...container, resources: given };
    });
  const { containers, initContainers } = pod.spec;
  const given = give(containers);
  const givenInit = initContainers === undefined ? undefined : give(initContainers);
  const unchanged = given.every((each, i) => each === containers[i]) && givenInit?.every((each, i) => each === initContainers?.[i]) !== false;
  if (unchanged) return pod;
  return { ...pod, spec: { ...pod.spec, containers: given, ...(givenInit !== undefined && { initContainers: givenInit }) } };
}

/** Whether two are the same, one that is empty being none. */
export function isSame(a: ResourceRequirements | undefined, b: ResourceRequirements | undefined): boolean {
  return deepEqual(a?.requests ?? {}, b?.requests ?? {}) && deepEqual(a?.limits ?? {}, b?.limits ?? {});
}

/** What {@link computeResize} decides from. */
export interface ResizeInput {
  /** As the API wants it. */
  readonly pod: Pod;
  /** What the node can give to Pods. */
  readonly allocatable: Amounts;
  /** What the other Pods of the node were given. */
  readonly others: Amounts;
}

/**
 * Whether the node can give a Pod what it asks for now.
 *
 * @returns why not; undefined when it can
 * @see kubernetes v1.36 pkg/kubelet/kubelet.go (canResizePod), pkg/kubelet/allocation/allocation_manager.go
 */
export function computeResize({ pod, allocatable, others }: ResizeInput): ResizePending | undefined {
  const requests = podRequests(pod);
  for (const name of RESIZABLE) {
    const [requested, capacity] = [inUnits(name, requests[name]), inUnits(name, allocatable[name])];
    if (requested > capacity)
      return { reason: 'Infeasible', message: `Node didn't have enough capacity: ${name}, requested: ${String(requested)}, capacity: ${String(capacity)}` };
  }
  for (const name of RESIZABLE) {
    const shortage = describeShortage(name, { amount: requests[name] ?? 0, used: others[name] ?? 0, capacity: allocatable[name] ?? 0 });
    if (shortage !== undefined) return { reason: 'Deferred', message: shortage };
  }
  return undefined;
}

/** CPU in thousandths. */
const inUnits = (name: string, amount = 0): number => Math.ceil(name === 'cpu' ? amount * 1000 - 1e-6 : amount);

/** A running container that has not what it was given. */
export interface ContainerResize {
  readonly container: Container;
  readonly id: string;
  readonly from: ResourceRequirements;
  /** In place, or by a new container: its `resizePolicy` says so for what changes. */
  readonly how: 'update' | 'restart';
}

/**
 * Which running containers are to be changed.
 *
 * @param pod with what it was given
 * @param actuated what containers have that is not what they were given, by id
 * @see kubernetes v1.36 pkg/kubelet/kuberuntime/kuberuntime_manager.go (computePodResizeAction)
 */
export function computeContainerResizes(pod: Pod, observed: ObservedPod, actuated: Allocation): readonly ContainerResize[] {
  if (actuated.size === 0) return [];
  const resizable = [...(pod.spec.initContainers ?? []).filter(isSidecar), ...pod.spec.containers];
  return resizable.flatMap((container): readonly ContainerResize[] => {
    const newest = newestContainer(observed, container.name);
    const from = newest === undefined ? undefined : actuated.get(newest.id);
    if (newest?.state !== 'running' || from === undefined || isSame(from, container.resources)) return [];
    return [{ container, id: newest.id, from, how: needsRestart(container, from) ? 'restart' : 'update' }];
  });
}

function needsRestart({ resources, resizePolicy = [] }: Container, from: ResourceRequirements): boolean {
  return RESIZABLE.some(
    (name) =>
      (resources?.requests?.[name] !== from.requests?.[name] || resources?.limits?.[name] !== from.limits?.[name]) &&
      resizePolicy.some(({ resourceName, restartPolicy }) => resourceName === name && restartPolicy === 'RestartContainer'),
  );
}

/** The limits that hold both before and after a change, so that neither is refused while containers change one by one. */
export function wider(a: CgroupLimits, b: CgroupLimits): CgroupLimits {
  const most = (x: number | undefined, y: number | undefined): number | undefined => (x === undefined || y === undefined ? undefined : Math.max(x, y));
  const [cpuQuotaUs, memoryBytes] = [most(a.cpuQuotaUs, b.cpuQuotaUs), most(a.memoryBytes, b.memoryBytes)];
  return {
    cpuShares: Math.max(a.cpuShares, b.cpuShares),
    ...(cpuQuotaUs === undefined ? {} : { cpuQuotaUs }),
    ...(memoryBytes === undefined ? {} : { memoryBytes }),
  };
}
