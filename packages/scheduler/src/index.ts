// The engine
export { createScheduler } from './engine/scheduler.ts';
export type { Scheduler, SchedulerOptions } from './engine/scheduler.ts';
export type { Decision, ScheduleOptions } from './engine/decision.ts';
export { diagnosisMessage, statusOfBin } from './engine/diagnosis.ts';
export type { Diagnosis } from './engine/diagnosis.ts';
export type { BinExplanation, Explanation, FilterVerdict, ScoreVerdict } from './engine/explanation.ts';
export type { Bin, BinVersions, ChangeLog, Nominations, Snapshot, Trial } from './engine/snapshot.ts';
export type { Profile } from './engine/profile.ts';
export { CycleState } from './engine/cycle-state.ts';
export type { ClonableState } from './engine/cycle-state.ts';
// Writing plugins
export type {
  BindingContext,
  BindPlugin,
  CycleContext,
  FilterPlugin,
  PermitPlugin,
  PlacedItem,
  Plugin,
  PostBindPlugin,
  PostFilterContext,
  RowBatch,
  BinMemo,
  PostFilterPlugin,
  PostFilterResult,
  PreBindPlugin,
  PreEnqueuePlugin,
  PreFilterPlugin,
  PreFilterResult,
  PreScorePlugin,
  QueueSortPlugin,
  ReservePlugin,
  ScorePlugin,
  WaitingPod,
  WaitingPods,
  WhatIf,
} from './engine/plugin.ts';
export { failure, isRejected, isSuccess, pending, skip, success, unresolvable, unschedulable, wait } from './engine/status.ts';
export type { Status, StatusCode, StatusResult } from './engine/status.ts';
export { normalizeByMaximum } from './engine/normalize.ts';
export type { ActionType, ClusterEvent, ClusterEventWithHint, EventResource, QueueingHint } from './queue/cluster-event.ts';
export type { QueuedItem } from './queue/queued-item.ts';
// Kubernetes' plugins
export { defaultPlugins } from './plugins/default-plugins.ts';
export { defaultBinder } from './plugins/default-binder.ts';
export { defaultPreemption } from './plugins/default-preemption.ts';
export type { DefaultPreemptionArgs } from './plugins/default-preemption.ts';
export { interPodAffinity } from './plugins/inter-pod-affinity.ts';
export type { InterPodAffinityArgs } from './plugins/inter-pod-affinity.ts';
export { podTopologySpread } from './plugins/pod-topology-spread.ts';
export type { PodTopologySpreadArgs } from './plugins/pod-topology-spread.ts';
export { nodeAffinity } from './plugins/node-affinity.ts';
export type { NodeAffinityArgs } from './plugins/node-affinity.ts';
export { nodeName } from './plugins/node-name.ts';
export { nodePorts } from './plugins/node-ports.ts';
export { nodeResourcesBalancedAllocation } from './plugins/node-resources-balanced-allocation.ts';
export type { NodeResourcesBalancedAllocationArgs } from './plugins/node-resources-balanced-allocation.ts';
export { nodeResourcesFit } from './plugins/node-resources-fit.ts';
export type { NodeResourcesFitArgs } from './plugins/node-resources-fit.ts';
export type { ScoringStrategy } from './plugins/scoring-strategy.ts';
export type { UtilizationShapePoint } from './plugins/utilization-shape.ts';
export { imageLocality } from './plugins/image-locality.ts';
export type { ResourceSpec } from './plugins/resource-usage.ts';
export { nodeUnschedulable } from './plugins/node-unschedulable.ts';
export { prioritySort } from './plugins/priority-sort.ts';
export { schedulingGates } from './plugins/scheduling-gates.ts';
export { nodeVolumeLimits } from './plugins/node-volume-limits.ts';
export { volumeBinding } from './plugins/volume-binding.ts';
export type { VolumeBindingArgs } from './plugins/volume-binding.ts';
export { volumeRestrictions } from './plugins/volume-restrictions.ts';
export { volumeZone } from './plugins/volume-zone.ts';
export { taintToleration } from './plugins/taint-toleration.ts';
// Nodes and Pods
export { ClusterState, clusterOf } from './cluster/cluster-state.ts';
export { createSnapshot } from './cluster/create-snapshot.ts';
export type { ClusterSnapshot } from './cluster/cluster-state.ts';
export type { SnapshotInput } from './cluster/create-snapshot.ts';
export type { NodeInfo, ResourceAmounts } from './cluster/node-info.ts';
export { podRequests } from './cluster/pod-requests.ts';
export type { HostPort, PodRequests } from './cluster/pod-requests.ts';
export { SchedulerConfigError } from './errors.ts';
// Explaining
export { explain } from './explain/explain.ts';
export type { ExplainInput, PodExplanation } from './explain/explain.ts';
export type { ClusterManifests } from './explain/manifest-defaults.ts';
export { verdictText } from './explain/verdict-text.ts';
export type { Change } from './explain/node-changes.ts';
export type { ChangeOption, SmallestChange } from './explain/smallest-change.ts';
// What would be if
export { simulate } from './simulate/simulate.ts';
export type { SimulateOptions, SimulatedChanges, SimulatedPlacement, Simulation } from './simulate/simulate.ts';
// Configuration
export { configureProfile } from './config/configure-profile.ts';
export type { SchedulerProfile } from './config/configure-profile.ts';
export type { ExtenderConfig, KubeSchedulerConfiguration, KubeSchedulerProfile } from './config/configuration-types.ts';
export type { PluginFactory, PluginRegistry } from './config/plugin-registry.ts';
export type { PluginOrder } from './engine/profile.ts';
// Extenders
export { createHttpExtender } from './extender/http-extender.ts';
export type { ExtenderTransport, HttpExtenderDeps } from './extender/http-extender.ts';
export type { ExtenderCall, ExtenderFilterAnswer, SchedulerExtender } from './extender/extender.ts';
// The scheduler of a cluster
export { createSchedulerLoop } from './loop/scheduler-loop.ts';
export { DEFAULT_SCHEDULER_NAME } from './loop/scheduler-name.ts';
export type { SchedulerLoop, SchedulerLoopOptions } from './loop/scheduler-loop.ts';
export type { PluginTimeouts } from './loop/binding-cycle.ts';
