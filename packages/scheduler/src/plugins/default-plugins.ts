import type { Plugin } from '../engine/plugin.ts';
import { defaultBinder } from './default-binder.ts';
import { defaultPreemption } from './default-preemption.ts';
import { imageLocality } from './image-locality.ts';
import { interPodAffinity } from './inter-pod-affinity.ts';
import { nodeAffinity } from './node-affinity.ts';
import { nodeName } from './node-name.ts';
import { nodePorts } from './node-ports.ts';
import { nodeResourcesBalancedAllocation } from './node-resources-balanced-allocation.ts';
import { nodeResourcesFit } from './node-resources-fit.ts';
import { nodeUnschedulable } from './node-unschedulable.ts';
import { podTopologySpread } from './pod-topology-spread.ts';
import { nodeVolumeLimits } from './node-volume-limits.ts';
import { prioritySort } from './priority-sort.ts';
import { schedulingGates } from './scheduling-gates.ts';
import { taintToleration } from './taint-toleration.ts';
import { volumeBinding } from './volume-binding.ts';
import { volumeRestrictions } from './volume-restrictions.ts';
import { volumeZone } from './volume-zone.ts';

/**
 * The plugins of Kubernetes' default profile, in its order and with its weights. A new list each time: filter it, or add to it.
 *
 * @example [...defaultPlugins(), packGpus]
 * @see kubernetes v1.36 pkg/scheduler/apis/config/v1/default_plugins.go
 */
export function defaultPlugins(): Plugin[] {
  return [
    schedulingGates(),
    prioritySort(),
    nodeUnschedulable(),
    nodeName(),
    taintToleration(),
    nodeAffinity(),
    nodePorts(),
    nodeResourcesFit(),
    volumeRestrictions(),
    nodeVolumeLimits(),
    volumeBinding(),
    volumeZone(),
    podTopologySpread(),
    interPodAffinity(),
    defaultPreemption(),
    nodeResourcesBalancedAllocation(),
    imageLocality(),
    defaultBinder(),
  ];
}
