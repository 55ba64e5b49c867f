import { deepEqual, formatTime } from '@kybern/core';
import type { Pod, PodStatus } from '@kybern/core/kinds';
import { computeContainerStatuses, type ContainerStatusesInput } from './container-statuses.ts';
import type { ObservedPod } from './observed.ts';
import { needsSandbox } from './pod-actions.ts';
import { computePodConditions } from './pod-conditions.ts';
import { computePodPhase, type PodPhase } from './pod-phase.ts';
import type { Waiting } from './plan.ts';
import type { ProbeResults } from './probe-results.ts';
import { computeQosClass } from './qos.ts';
import type { ResizeReport } from './resize-report.ts';

/** Why a Pod was ended by the kubelet, whatever its containers did. */
export interface PodVerdict {
  readonly phase: 'Failed';
  readonly reason: string;
  readonly message: string;
}

/** What {@link computePodStatus} decides from. */
export interface PodStatusInput {
  /** With the status that the API has: it is what the new status continues. */
  readonly pod: Pod;
  readonly observed: ObservedPod;
  /** Wall time. */
  readonly nowMs: number;
  readonly probes: ProbeResults;
  readonly waiting: ReadonlyMap<string, Waiting>;
  /** The node's addresses, its primary one first. */
  readonly hostIPs: readonly string[];
  readonly runtimeName: string;
  /** Nothing of the Pod runs or will run: its phase is final. */
  readonly terminal: boolean;
  readonly verdict?: PodVerdict;
  /** Set while the Pod has not all that it asks for. */
  readonly resize?: ResizeReport;
}

/**
 * The status of a Pod, as far as a kubelet owns it; what others own in it stays. Pure, and where nothing changed the very same object as before, so
 * `===` tells whether there is anything to write.
 *
 * @see kubernetes v1.36 pkg/kubelet/kubelet_pods.go (generateAPIPodStatus), pkg/kubelet/status/status_manager.go (mergePodStatus)
 */
export function computePodStatus(input: PodStatusInput): PodStatus {
  const previous = input.pod.status ?? NO_STATUS;
  const statuses = computeAllContainerStatuses(input, previous);
  const { phase, reason, message } = decidePhase(input, previous, statuses);
  const conditions = computePodConditions({
    pod: input.pod,
    previous: previous.conditions ?? [],
    containerStatuses: statuses.containerStatuses,
    initContainerStatuses: statuses.initContainerStatuses ?? [],
    phase,
    sandboxReady: !needsSandbox(input.pod, input.observed),
    ...(input.resize === undefined || input.terminal ? {} : { resize: input.resize }),
    nowMs: input.nowMs,
  });
  const { reason: _reason, message: _message, ...kept } = previous;
  const { generation } = input.pod.metadata;
  return reuse(previous, {
    ...kept,
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    phase,
    ...(reason === undefined ? {} : { reason }),
    ...(message === undefined ? {} : { message }),
    conditions,
    ...addresses(input, previous),
    startTime: previous.startTime ?? formatTime(input.nowMs),
    qosClass: previous.qosClass ?? computeQosClass(input.pod),
    ...statuses,
  });
}

const NO_STATUS: PodStatus = Object.freeze({});

type Statuses = Required<Pick<PodStatus, 'containerStatuses'>> & Pick<PodStatus, 'initContainerStatuses' | 'ephemeralContainerStatuses'>;

function computeAllContainerStatuses(input: PodStatusInput, previous: PodStatus): Statuses {
  const { spec } = input.pod;
  const inits = spec.initContainers ?? [];
  const ephemerals = spec.ephemeralContainers ?? [];
  const common: Omit<ContainerStatusesInput, 'containers' | 'kind' | 'previous'> = {
    observed: input.observed,
    waiting: input.waiting,
    probes: input.probes,
    runtimeName: input.runtimeName,
    hasInitContainers: inits.length > 0,
    terminal: input.terminal,
    initialized: hasStarted(input),
    ...(input.resize === undefined ? {} : { resize: input.resize }),
  };
  const compute = (kind: ContainerStatusesInput['kind'], containers: ContainerStatusesInput['containers'], before: PodStatus['containerStatuses']) =>
    computeContainerStatuses({ ...common, kind, containers, previous: before ?? [] });
  return {
    containerStatuses: compute('regular', spec.containers, previous.containerStatuses),
    ...(inits.length === 0 ? {} : { initContainerStatuses: compute('init', inits, previous.initContainerStatuses) }),
    ...(ephemerals.length === 0 ? {} : { ephemeralContainerStatuses: compute('ephemeral', ephemerals, previous.ephemeralContainerStatuses) }),
  };
}

/** Whether a regular container was made in the present sandbox. */
function hasStarted({ pod, observed }: PodStatusInput): boolean {
  const since = observed.sandboxes[0]?.createdAtMs;
  if (since === undefined) return false;
  return observed.containers.some((container) => container.createdAtMs >= since && pod.spec.containers.some(({ name }) => name === container.name));
}

interface PhaseAndReason {
  readonly phase: PodPhase;
  readonly reason?: string | undefined;
  readonly message?: string | undefined;
}

function decidePhase(input: PodStatusInput, previous: PodStatus, statuses: Statuses): PhaseAndReason {
  // A final phase is final.
  if (previous.phase === 'Failed' || previous.phase === 'Succeeded') return { phase: previous.phase, reason: previous.reason, message: previous.message };
  if (input.terminal && input.verdict !== undefined) return input.verdict;
  const computed = computePodPhase({
    pod: input.pod,
    containerStatuses: statuses.containerStatuses,
    initContainerStatuses: statuses.initContainerStatuses ?? [],
    terminal: input.terminal,
    initialized: hasStarted(input),
  });
  const phase = input.terminal && computed !== 'Succeeded' ? 'Failed' : computed;
  return phase === previous.phase ? { phase, reason: previous.reason, message: previous.message } : { phase };
}

function addresses(input: PodStatusInput, previous: PodStatus): Pick<PodStatus, 'hostIP' | 'hostIPs' | 'podIP' | 'podIPs'> {
  const [hostIP] = input.hostIPs;
  const sandbox = input.observed.sandboxes[0];
  const ips = input.pod.spec.hostNetwork === true ? input.hostIPs : sandbox?.ready === true ? sandbox.ips : [];
  const podIPs = ips.length > 0 || input.terminal === false ? ips.map((ip) => ({ ip })) : (previous.podIPs ?? []);
  const podIP = podIPs[0]?.ip;
  return {
    ...(hostIP === undefined ? {} : { hostIP, hostIPs: input.hostIPs.map((ip) => ({ ip })) }),
    ...(podIP === undefined ? {} : { podIP, podIPs }),
  };
}

/** `next` with every part that equals its counterpart in `previous` replaced by it; `previous` itself when all do. */
function reuse(previous: PodStatus, next: PodStatus): PodStatus {
  const shared: Record<string, unknown> = {};
  const before = previous as Readonly<Record<string, unknown>>;
  let same = Object.keys(before).length === Object.keys(next).length;
  for (const [key, value] of Object.entries(next)) {
    const unchanged = deepEqual(before[key], value);
    shared[key] = unchanged ? before[key] : value;
    same &&= unchanged && key in before;
  }
  return same ? previous : (shared as PodStatus);
}
