import { builtinKinds, type StorageClass } from '@kybern/core/kinds';
import type { ControllerDefinition } from '@kybern/reconcile';
import type { Provisioner } from '@kybern/storage';
import { clusterRoleAggregationController } from './clusterroleaggregation/controller.ts';
import { cronJobController } from './cronjob/controller.ts';
import { daemonSetController } from './daemonset/controller.ts';
import { deploymentController } from './deployment/controller.ts';
import { disruptionController } from './disruptionbudget/controller.ts';
import { staleDisruptionController } from './disruptionbudget/stale-controller.ts';
import { endpointsController } from './endpoints/controller.ts';
import { endpointSliceMirroringController } from './endpointslicemirroring/controller.ts';
import { endpointSliceController } from './endpointslice/controller.ts';
import { ephemeralVolumeController } from './ephemeralvolume/controller.ts';
import { garbageCollectorController } from './garbagecollector/controller.ts';
import { horizontalPodAutoscalerController, type HorizontalPodAutoscalerOptions } from './horizontalpodautoscaler/controller.ts';
import { jobController } from './job/controller.ts';
import { jobOrphanController } from './job/orphans.ts';
import { serviceLoadBalancerController, type ServiceLoadBalancerOptions } from './loadbalancer/controller.ts';
import { fixedKinds, type KindSource } from './kind-source.ts';
import { namespaceController } from './namespace/controller.ts';
import { nodeIpamController, type NodeIpamOptions } from './nodeipam/controller.ts';
import type { NodeLifecycleOptions } from './nodelifecycle/compute.ts';
import { nodeLifecycleController } from './nodelifecycle/controller.ts';
import { onDemand } from './on-demand.ts';
import { persistentVolumeClaimBinder } from './persistentvolume/claim-controller.ts';
import { persistentVolumeController } from './persistentvolume/volume-controller.ts';
import { podGarbageCollectorController, type PodGarbageCollectorOptions } from './podgc/controller.ts';
import { replicaSetController } from './replicaset/controller.ts';
import { replicationController } from './replicationcontroller/controller.ts';
import { resourceQuotaController } from './resourcequota/controller.ts';
import { rootCaPublisher, type RootCaOptions } from './rootca/controller.ts';
import { serviceAccountController } from './serviceaccount/controller.ts';
import { statefulSetController } from './statefulset/controller.ts';
import { taintEvictionController } from './tainteviction/controller.ts';
import { ttlAfterFinishedController } from './ttlafterfinished/controller.ts';
import { volumeExpansionController } from './volumeexpand/controller.ts';
import { claimProtectionController, volumeProtectionController } from './volumeprotection/controller.ts';
import { provisioningController } from './volumeprovisioner/claim-controller.ts';
import { volumeDeletionController } from './volumeprovisioner/volume-controller.ts';

/** Options of {@link builtinControllers}. */
export interface BuiltinControllersOptions {
  /** The kinds of the server: their objects own, are owned, and are deleted with their namespace. Default: the built-in kinds, all of them in use. */
  readonly kinds?: KindSource;
  readonly nodeLifecycle?: NodeLifecycleOptions;
  readonly nodeIpam?: NodeIpamOptions;
  readonly serviceLoadBalancer?: ServiceLoadBalancerOptions;
  readonly podGarbageCollector?: PodGarbageCollectorOptions;
  readonly horizontalPodAutoscaler?: HorizontalPodAutoscalerOptions;
  /** Who makes volumes for claims. Default: nobody, so that claims get only volumes that are there. */
  readonly volumes?: readonly VolumeProvisioning[];
  /** The certificate to publish in every namespace. Default: none is, as there is none without TLS. */
  readonly rootCa?: RootCaOptions;
}

/** A provisioner, and what is asked of it. */
export interface VolumeProvisioning {
  readonly provisioner: Provisioner;
  /** The class that is created when a claim names none and the cluster has no default. */
  readonly standardClass?: StorageClass;
}

/**
 * All controllers that a cluster needs to behave as Kubernetes, as a list that the caller may filter and extend. Each call makes new ones; give one to
 * one manager.
 *
 * @throws {AllocationError} `InvalidAddress` when an option names a CIDR that is none
 * @example createManager({ client, controllers: [...builtinControllers(), sites] })
 */
export function builtinControllers(options: BuiltinControllersOptions = {}): readonly ControllerDefinition[] {
  const kinds = options.kinds ?? fixedKinds(builtinKinds);
  return [
    namespaceController(kinds),
    serviceAccountController(),
    ...(options.rootCa === undefined ? [] : [rootCaPublisher(options.rootCa)]),
    nodeIpamController(options.nodeIpam),
    nodeLifecycleController(options.nodeLifecycle),
    taintEvictionController(),
    podGarbageCollectorController(options.podGarbageCollector),
    deploymentController(),
    replicaSetController(),
    onDemand(kinds, replicationController()),
    onDemand(kinds, statefulSetController()),
    onDemand(kinds, daemonSetController()),
    jobController(),
    jobOrphanController(),
    onDemand(kinds, cronJobController()),
    onDemand(kinds, disruptionController()),
    staleDisruptionController(),
    onDemand(kinds, horizontalPodAutoscalerController({ kinds: () => kinds.all(), ...options.horizontalPodAutoscaler })),
    onDemand(kinds, resourceQuotaController()),
    onDemand(kinds, clusterRoleAggregationController()),
    ttlAfterFinishedController(),
    endpointSliceController(),
    endpointsController(),
    endpointSliceMirroringController(),
    serviceLoadBalancerController(options.serviceLoadBalancer),
    ephemeralVolumeController(),
    onDemand(kinds, persistentVolumeClaimBinder()),
    onDemand(kinds, persistentVolumeController()),
    onDemand(kinds, claimProtectionController()),
    onDemand(kinds, volumeProtectionController()),
    ...(options.volumes ?? []).flatMap((each) => provisioningControllers(kinds, each)),
    garbageCollectorController(kinds),
  ];
}

function provisioningControllers(kinds: KindSource, { provisioner, standardClass }: VolumeProvisioning): readonly ControllerDefinition[] {
  return [
    onDemand(kinds, provisioningController(provisioner, standardClass)),
    onDemand(kinds, volumeDeletionController(provisioner)),
    ...(provisioner.expand === undefined ? [] : [onDemand(kinds, volumeExpansionController(provisioner))]),
  ];
}
