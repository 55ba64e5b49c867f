// The agent
export { createKubelet } from './kubelet.ts';
export type { Kubelet, KubeletOptions } from './kubelet.ts';
export type { MachineFolders } from './running-kubelet.ts';
export { describeMachine, removeCgroups } from './node/machine.ts';
export type { MachineDescription } from './node/machine.ts';
export type { DiskSpace, ImageGarbagePolicy } from './decisions/image-garbage.ts';
export { createPodSource } from './pod-source.ts';
export type { PodListener, PodSource, PodSourceOptions } from './pod-source.ts';
export { createLocalConnections } from './streams/local-connections.ts';
export type { LocalConnections } from './streams/local-connections.ts';
export type { PodResolver } from './runtime/configs.ts';
export { createNetworkProber } from './probes/network-prober.ts';
// Its decisions
export { computePodActions } from './decisions/pod-actions.ts';
export { describePod } from './decisions/plan.ts';
export type { ContainerStart, ContainerStop, PodActions, PodActionsInput, PullFailure, Waiting } from './decisions/plan.ts';
export { computePodStatus } from './decisions/pod-status.ts';
export type { PodStatusInput, PodVerdict } from './decisions/pod-status.ts';
export { computeAdmission } from './decisions/admission.ts';
export type { AdmissionInput } from './decisions/admission.ts';
export { podRequests } from './decisions/pod-requests.ts';
export type { Amounts } from './decisions/pod-requests.ts';
export { computeTermination } from './decisions/termination.ts';
export type { TerminationStep } from './decisions/termination.ts';
export { containerHash } from './decisions/container-hash.ts';
export type { BackOff } from './decisions/back-off.ts';
export type { ProbeResults, ProbeType } from './decisions/probe-results.ts';
export type { ObservedContainer, ObservedPod, ObservedSandbox } from './decisions/observed.ts';
