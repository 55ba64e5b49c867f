import type { Plugin } from '../engine/plugin.ts';
import { defaultBinder } from '../plugins/default-binder.ts';
import { defaultPreemption } from '../plugins/default-preemption.ts';
import { imageLocality } from '../plugins/image-locality.ts';
import { interPodAffinity } from '../plugins/inter-pod-affinity.ts';
import { nodeAffinity } from '../plugins/node-affinity.ts';
import { nodeName } from '../plugins/node-name.ts';
import { nodePorts } from '../plugins/node-ports.ts';
import { nodeResourcesBalancedAllocation } from '../plugins/node-resources-balanced-allocation.ts';
import { nodeResourcesFit } from '../plugins/node-resources-fit.ts';
import { nodeUnschedulable } from '../plugins/node-unschedulable.ts';
import { podTopologySpread } from '../plugins/pod-topology-spread.ts';
import { nodeVolumeLimits } from '../plugins/node-volume-limits.ts';
import { prioritySort } from '../plugins/priority-sort.ts';
import { schedulingGates } from '../plugins/scheduling-gates.ts';
import { taintToleration } from '../plugins/taint-toleration.ts';
import { volumeRestrictions } from '../plugins/volume-restrictions.ts';
import { volumeBinding } from '../plugins/volume-binding.ts';
import { volumeZone } from '../plugins/volume-zone.ts';
import type { Reader } from './config-reader.ts';
import * as read from './plugin-arguments.ts';

/** Makes a plugin of the arguments in its `pluginConfig`; `undefined` when there are none. What it throws becomes an error with the arguments' path. */
export type PluginFactory = (args: unknown) => Plugin;

/** Plugin name → how to make it. */
export type PluginRegistry = Readonly<Record<string, PluginFactory>>;

/** One of Kubernetes' own plugins. */
export interface KnownPlugin {
  readonly readArgs: Reader<unknown>;
  /** Undefined: it can be named (and switched off), but there is none yet. */
  readonly make: PluginFactory | undefined;
}

function known<T>(readArgs: Reader<T>, make: ((args: T) => Plugin) | undefined): KnownPlugin {
  return { readArgs, make: make === undefined ? undefined : (args) => make((args ?? {}) as T) };
}

/** Kubernetes' plugins that a configuration can name. Removed ones are not among them. */
export const KNOWN_PLUGINS: ReadonlyMap<string, KnownPlugin> = new Map(
  Object.entries({
    SchedulingGates: known(read.noArgs, schedulingGates),
    PrioritySort: known(read.noArgs, prioritySort),
    NodeUnschedulable: known(read.noArgs, nodeUnschedulable),
    NodeName: known(read.noArgs, nodeName),
    TaintToleration: known(read.noArgs, taintToleration),
    NodeAffinity: known(read.nodeAffinityArgs, nodeAffinity),
    NodePorts: known(read.noArgs, nodePorts),
    NodeResourcesFit: known(read.nodeResourcesFitArgs, nodeResourcesFit),
    VolumeRestrictions: known(read.noArgs, volumeRestrictions),
    NodeVolumeLimits: known(read.noArgs, nodeVolumeLimits),
    VolumeBinding: known(read.volumeBindingArgs, volumeBinding),
    VolumeZone: known(read.noArgs, volumeZone),
    PodTopologySpread: known(read.podTopologySpreadArgs, podTopologySpread),
    InterPodAffinity: known(read.interPodAffinityArgs, interPodAffinity),
    DynamicResources: known(read.dynamicResourcesArgs, undefined),
    DefaultPreemption: known(read.defaultPreemptionArgs, defaultPreemption),
    NodeResourcesBalancedAllocation: known(read.nodeResourcesBalancedAllocationArgs, nodeResourcesBalancedAllocation),
    ImageLocality: known(read.noArgs, imageLocality),
    DefaultBinder: known(read.noArgs, defaultBinder),
    NodeDeclaredFeatures: known(read.noArgs, undefined),
    GangScheduling: known(read.noArgs, undefined),
  }),
);

/** @see kubernetes v1.36 pkg/scheduler/apis/config/validation/validation.go (invalidPluginsByVersion) */
export const REMOVED_PLUGINS: ReadonlySet<string> = new Set(['AzureDiskLimits', 'CinderLimits', 'EBSLimits', 'GCEPDLimits', 'SelectorSpread']);
