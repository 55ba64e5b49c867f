// All of them
export { builtinControllers } from './builtin-controllers.ts';
export { fixedKinds } from './kind-source.ts';
export type { KindSource } from './kind-source.ts';
export type { BuiltinControllersOptions } from './builtin-controllers.ts';
// Workloads
export { deploymentController } from './deployment/controller.ts';
export { computeDeployment } from './deployment/compute.ts';
export type { DeploymentInput, DeploymentPlan } from './deployment/compute.ts';
export { replicaSetController } from './replicaset/controller.ts';
export { computeReplicaSet, computeReplicaSetStatus } from './replicaset/compute.ts';
export type { ReplicaSetInput, ReplicaSetPlan, ReplicaSetStatusInput, ReplicaSetStatusPlan } from './replicaset/compute.ts';
export { jobController } from './job/controller.ts';
export { jobOrphanController } from './job/orphans.ts';
export { computeJob } from './job/compute.ts';
export type { JobInput, JobPlan } from './job/compute.ts';
export { computeJobEnd, computeJobStatus } from './job/status.ts';
export type { JobEnd, JobEndInput, JobStatusInput, JobStatusPlan } from './job/status.ts';
export type { JobFacts } from './job/observe.ts';
export type { JobOutcome } from './job/outcome.ts';
export type { BackoffRecord } from './job/backoff.ts';
export type { IndexInterval, IndexSet } from './job/indexes.ts';
export { ttlAfterFinishedController } from './ttlafterfinished/controller.ts';
export { computeTimeToLive } from './ttlafterfinished/compute.ts';
export type { TimeToLiveInput } from './ttlafterfinished/compute.ts';
export { podTemplateHash } from './pod-template.ts';
export type { PlannedEvent } from './planned-event.ts';
// Services
export { endpointSliceController } from './endpointslice/controller.ts';
export { computeEndpointSlices } from './endpointslice/compute.ts';
export type { EndpointSliceInput, EndpointSlicePlan, NewEndpointSlice } from './endpointslice/compute.ts';
export { serviceLoadBalancerController } from './loadbalancer/controller.ts';
export type { ServiceLoadBalancerOptions } from './loadbalancer/controller.ts';
// Nodes
export { nodeLifecycleController } from './nodelifecycle/controller.ts';
export { computeNodeLifecycle } from './nodelifecycle/compute.ts';
export type { NodeLifecycleInput, NodeLifecycleOptions, NodeLifecyclePlan } from './nodelifecycle/compute.ts';
export type { NodeObservation } from './nodelifecycle/health.ts';
export { taintEvictionController } from './tainteviction/controller.ts';
export { computeTaintEviction } from './tainteviction/compute.ts';
export type { TaintEvictionInput, TaintEvictionPlan } from './tainteviction/compute.ts';
export { nodeIpamController } from './nodeipam/controller.ts';
export type { NodeIpamOptions } from './nodeipam/controller.ts';
// What goes
export { garbageCollectorController } from './garbagecollector/controller.ts';
export { computeCollection } from './garbagecollector/compute.ts';
export type { CollectionInput, CollectionPlan, OwnerState } from './garbagecollector/compute.ts';
export { podGarbageCollectorController } from './podgc/controller.ts';
export type { PodGarbageCollectorOptions } from './podgc/controller.ts';
export { namespaceController } from './namespace/controller.ts';
export { serviceAccountController } from './serviceaccount/controller.ts';
