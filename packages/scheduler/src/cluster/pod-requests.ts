import { quantityToBytes, quantityToMillis } from '@kybern/core';
import type { Container, ContainerStatus, Pod } from '@kybern/core/kinds';

/** A host port that a Pod wants, with its defaults filled in. */
export interface HostPort {
  readonly ip: string;
  readonly protocol: string;
  readonly port: number;
}

/**
 * What a Pod asks of its node, added up as Kubernetes does it: containers plus sidecars, or the largest init container with the sidecars before it if that
 * is more; pod-level requests instead where they are given; plus overhead.
 */
export interface PodRequests {
  readonly cpuMillis: number;
  readonly memoryBytes: number;
  readonly ephemeralStorageBytes: number;
  /** The same with 100m for each container without a cpu request: what scores go by. */
  readonly nonZeroCpuMillis: number;
  /** The same with 200Mi for each container without a memory request: what scores go by. */
  readonly nonZeroMemoryBytes: number;
  /** Extended resources, huge pages and attachable volumes, by name, in whole units. */
  readonly extended: ReadonlyMap<string, number>;
  readonly hostPorts: readonly HostPort[];
}

/** Amounts of one container or Pod. cpu in thousandths, all else in whole units. */
type Amounts = Map<string, number>;
type ResourceList = Readonly<Record<string, string>>;

const DEFAULT_CPU_MILLIS = 100;
const DEFAULT_MEMORY_BYTES = 200 * 1024 * 1024;
const NONE: ResourceList = Object.freeze({});
const NO_EXTENDED: ReadonlyMap<string, number> = new Map();
const NO_PORTS: readonly HostPort[] = Object.freeze([]);

/** Remembers a pure function's results for as long as the Pods live: objects are immutable, so a Pod's requests never change. */
const computed = new WeakMap<Pod, PodRequests>();

/**
 * The requests of a Pod. Computed once per Pod object.
 *
 * @throws {ApiError} `BadRequest` when a quantity cannot be read
 * @see kubernetes v1.36 staging/src/k8s.io/component-helpers/resource/helpers.go (PodRequests)
 */
export function podRequests(pod: Pod): PodRequests {
  const known = computed.get(pod);
  if (known !== undefined) return known;
  const requests = computeSimple(pod) ?? compute(pod);
  computed.set(pod, requests);
  return requests;
}

/** Lets `next`, a later state of the Pod `previous`, have the same requests if nothing that they depend on changed. */
export function carryRequests(previous: Pod, next: Pod): void {
  const requests = computed.get(previous);
  if (requests === undefined || computed.has(next)) return;
  const [a, b] = [previous.spec, next.spec];
  const sameSpec = a.containers === b.containers && a.initContainers === b.initContainers && a.overhead === b.overhead && a.resources === b.resources;
  if (sameSpec && a.hostNetwork === b.hostNetwork && !hasStatusResources(previous) && !hasStatusResources(next)) computed.set(next, requests);
}

/** One or more plain containers and nothing else: nearly all Pods. Undefined for the others. */
function computeSimple(pod: Pod): PodRequests | undefined {
  const { spec } = pod;
  if (spec.initContainers?.length || spec.overhead !== undefined || spec.resources !== undefined || hasStatusResources(pod)) return undefined;
  let [cpuMillis, memoryBytes, nonZeroCpuMillis, nonZeroMemoryBytes] = [0, 0, 0, 0];
  for (const { resources } of spec.containers) {
    const requests = resources?.requests ?? NONE;
    for (const name in requests) if (name !== 'cpu' && name !== 'memory') return undefined;
    const cpu = requests['cpu'] === undefined ? undefined : quantityToMillis(requests['cpu']);
    const memory = requests['memory'] === undefined ? undefined : quantityToBytes(requests['memory']);
    cpuMillis += cpu ?? 0;
    memoryBytes += memory ?? 0;
    nonZeroCpuMillis += cpu ?? DEFAULT_CPU_MILLIS;
    nonZeroMemoryBytes += memory ?? DEFAULT_MEMORY_BYTES;
  }
  const hostPorts = podHostPorts(pod);
  return { cpuMillis, memoryBytes, ephemeralStorageBytes: 0, nonZeroCpuMillis, nonZeroMemoryBytes, extended: NO_EXTENDED, hostPorts };
}

function compute(pod: Pod): PodRequests {
  const total = sumRequests(pod, () => undefined);
  const nonZero = sumRequests(pod, nonZeroDefaults(pod, total));
  const extended = new Map([...total].filter(([name, amount]) => isExtendedResource(name) && amount !== 0));
  return {
    cpuMillis: total.get('cpu') ?? 0,
    memoryBytes: total.get('memory') ?? 0,
    ephemeralStorageBytes: total.get('ephemeral-storage') ?? 0,
    nonZeroCpuMillis: nonZero.get('cpu') ?? 0,
    nonZeroMemoryBytes: nonZero.get('memory') ?? 0,
    extended: extended.size === 0 ? NO_EXTENDED : extended,
    hostPorts: podHostPorts(pod),
  };
}

/** What a container without a request counts in the scores. A Pod with pod-level requests is only given what neither level says. */
function nonZeroDefaults(pod: Pod, total: Amounts): (resource: string) => number | undefined {
  const podLevel = Object.keys(pod.spec.resources?.requests ?? NONE).some(isPodLevelResource);
  return (resource) => {
    if (podLevel && total.has(resource)) return undefined;
    if (resource === 'cpu') return DEFAULT_CPU_MILLIS;
    return resource === 'memory' ? DEFAULT_MEMORY_BYTES : undefined;
  };
}

function sumRequests(pod: Pod, missing: (resource: string) => number | undefined): Amounts {
  const of = (container: Container): Amounts => withMissing(containerRequests(pod, container), missing);
  const total: Amounts = new Map();
  for (const container of pod.spec.containers) add(total, of(container));
  const sidecars: Amounts = new Map();
  const starting: Amounts = new Map();
  for (const container of pod.spec.initContainers ?? []) {
    const requests = of(container);
    if (container.restartPolicy === 'Always') {
      add(total, requests);
      add(sidecars, requests);
      raise(starting, sidecars);
    } else {
      add(requests, sidecars);
      raise(starting, requests);
    }
  }
  raise(total, starting);
  for (const [name, amount] of amounts(pod.spec.resources?.requests)) if (isPodLevelResource(name)) total.set(name, amount);
  add(total, amounts(pod.spec.overhead));
  return total;
}

/** A container's request. While a resize is under way it is the largest of what is wanted, allocated and in effect. */
function containerRequests(pod: Pod, container: Container): Amounts {
  const status = pod.spec.nodeName === undefined ? undefined : findStatus(pod, container.name);
  const spec = amounts(container.resources?.requests);
  if (status === undefined || (status.allocatedResources === undefined && status.resources?.requests === undefined)) return spec;
  const result = isResizeInfeasible(pod) ? new Map<string, number>() : spec;
  raise(result, amounts(status.allocatedResources));
  raise(result, amounts(status.resources?.requests));
  return result;
}

function findStatus(pod: Pod, container: string): ContainerStatus | undefined {
  const named = (status: ContainerStatus): boolean => status.name === container;
  return pod.status?.containerStatuses?.find(named) ?? pod.status?.initContainerStatuses?.find(named);
}

function isResizeInfeasible(pod: Pod): boolean {
  return pod.status?.conditions?.some((condition) => condition.type === 'PodResizePending' && condition.reason === 'Infeasible') ?? false;
}

function hasStatusResources(pod: Pod): boolean {
  if (pod.spec.nodeName === undefined) return false;
  const reported = (status: ContainerStatus): boolean => status.allocatedResources !== undefined || status.resources?.requests !== undefined;
  return (pod.status?.containerStatuses?.some(reported) ?? false) || (pod.status?.initContainerStatuses?.some(reported) ?? false);
}

function podHostPorts(pod: Pod): readonly HostPort[] {
  let ports: HostPort[] | undefined;
  const collect = (container: Container): void => {
    for (const { hostPort, hostIP, protocol } of container.ports ?? []) {
      if (hostPort === undefined || hostPort <= 0) continue;
      (ports ??= []).push({ ip: hostIP === undefined || hostIP === '' ? '0.0.0.0' : hostIP, protocol: protocol ?? 'TCP', port: hostPort });
    }
  };
  for (const container of pod.spec.containers) collect(container);
  for (const container of pod.spec.initContainers ?? []) if (container.restartPolicy === 'Always') collect(container);
  return ports ?? NO_PORTS;
}

/** Amounts of a resource list: cpu in thousandths, all else in whole units, rounded up. */
export function amounts(list: ResourceList | undefined): Map<string, number> {
  const result: Amounts = new Map();
  if (list === undefined) return result;
  for (const name of Object.keys(list)) {
    const quantity = list[name];
    if (quantity !== undefined) result.set(name, name === 'cpu' ? quantityToMillis(quantity) : quantityToBytes(quantity));
  }
  return result;
}

/**
 * Whether a resource is counted by its plain number: `nvidia.com/gpu`, `hugepages-2Mi`, `attachable-volumes-…`.
 *
 * @see kubernetes v1.36 pkg/scheduler/util/utils.go (IsScalarResourceName)
 */
export function isExtendedResource(name: string): boolean {
  return name.includes('/') || name.startsWith('hugepages-') || name.startsWith('attachable-volumes-');
}

function isPodLevelResource(name: string): boolean {
  return name === 'cpu' || name === 'memory' || name.startsWith('hugepages-');
}

function withMissing(requests: Amounts, missing: (resource: string) => number | undefined): Amounts {
  for (const name of ['cpu', 'memory']) {
    const amount = requests.has(name) ? undefined : missing(name);
    if (amount !== undefined) requests.set(name, amount);
  }
  return requests;
}

function add(target: Amounts, more: Amounts): void {
  for (const [name, amount] of more) target.set(name, (target.get(name) ?? 0) + amount);
}

function raise(target: Amounts, least: Amounts): void {
  for (const [name, amount] of least) if (amount > (target.get(name) ?? -1)) target.set(name, amount);
}
