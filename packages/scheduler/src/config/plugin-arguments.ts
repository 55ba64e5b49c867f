import { isQualifiedName, parseDuration } from '@kybern/core';
import type { TopologySpreadConstraint } from '@kybern/core/kinds';
import { SchedulerConfigError } from '../errors.ts';
import type { DefaultPreemptionArgs } from '../plugins/default-preemption.ts';
import type { InterPodAffinityArgs } from '../plugins/inter-pod-affinity.ts';
import type { NodeAffinityArgs } from '../plugins/node-affinity.ts';
import type { NodeResourcesBalancedAllocationArgs } from '../plugins/node-resources-balanced-allocation.ts';
import type { NodeResourcesFitArgs } from '../plugins/node-resources-fit.ts';
import type { PodTopologySpreadArgs } from '../plugins/pod-topology-spread.ts';
import type { ResourceSpec } from '../plugins/resource-usage.ts';
import type { ScoringStrategy } from '../plugins/scoring-strategy.ts';
import type { VolumeBindingArgs } from '../plugins/volume-binding.ts';
import { checkedShape, type UtilizationShapePoint } from '../plugins/utilization-shape.ts';
import { flag, integer, list, oneOf, record, text, type Reader } from './config-reader.ts';
import { nodeAffinityReader } from './node-selector-reader.ts';

/** Arguments may name their own type; it is checked and dropped. */
function args<T extends object>(kind: string, fields: { readonly [K in keyof T]-?: Reader<NonNullable<T[K]>> }): Reader<T> {
  const reader = record<T & TypeMeta>({ ...fields, apiVersion: oneOf('kubescheduler.config.k8s.io/v1'), kind: oneOf(kind) } as never, [] as never);
  return (value, path) => {
    const { apiVersion: _apiVersion, kind: _kind, ...rest } = reader(value, path);
    return rest as unknown as T;
  };
}

interface TypeMeta {
  readonly apiVersion?: string;
  readonly kind?: string;
}

/** The reader's own checks after the shape is known to be right. */
function checked<T>(reader: Reader<T>, check: (value: T, path: string) => void): Reader<T> {
  return (value, path) => {
    const read = reader(value, path);
    check(read, path);
    return read;
  };
}

const qualifiedName = checked(text, (value, path) => {
  if (!isQualifiedName(value)) throw new SchedulerConfigError(path, `"${value}" is no valid name`);
});

/** A weight of 0 means the default. */
const resource: Reader<ResourceSpec> = (value, path) => {
  const { name, weight } = record<ResourceSpec>({ name: text, weight: integer(0, 100) }, ['name'])(value, path);
  return { name, weight: weight === undefined || weight === 0 ? 1 : weight };
};

const shape: Reader<readonly UtilizationShapePoint[]> = checked(
  list(record<UtilizationShapePoint>({ utilization: integer(), score: integer() }, [])),
  (points, path) => void checkedShape(points, path),
);

const scoringStrategy: Reader<ScoringStrategy> = (value, path) => {
  const read = record<Partial<ScoringStrategy>>(
    {
      type: oneOf('LeastAllocated', 'MostAllocated', 'RequestedToCapacityRatio'),
      resources: list(resource),
      requestedToCapacityRatio: record<NonNullable<ScoringStrategy['requestedToCapacityRatio']>>({ shape }, ['shape']),
    },
    [],
  )(value, path);
  const { type = 'LeastAllocated', requestedToCapacityRatio } = read;
  const at = `${path}.requestedToCapacityRatio`;
  if (type === 'RequestedToCapacityRatio' && requestedToCapacityRatio === undefined) throw new SchedulerConfigError(at, `must be given for ${type}`);
  if (type !== 'RequestedToCapacityRatio' && requestedToCapacityRatio !== undefined) throw new SchedulerConfigError(at, `must not be given for ${type}`);
  return { ...read, type };
};

const resourceGroup = checked(qualifiedName, (value, path) => {
  if (value.includes('/')) throw new SchedulerConfigError(path, 'a group of resources has no "/"');
});

const constraint: Reader<TopologySpreadConstraint> = record<TopologySpreadConstraint>(
  {
    maxSkew: integer(1),
    topologyKey: qualifiedName,
    whenUnsatisfiable: oneOf('DoNotSchedule', 'ScheduleAnyway'),
    labelSelector: (_value, path) => {
      throw new SchedulerConfigError(path, 'must not be given: each Pod has its own');
    },
    minDomains: integer(1),
    matchLabelKeys: list(qualifiedName),
    nodeAffinityPolicy: oneOf('Honor', 'Ignore'),
    nodeTaintsPolicy: oneOf('Honor', 'Ignore'),
  },
  ['maxSkew', 'topologyKey', 'whenUnsatisfiable'],
);

function checkSpread({ defaultConstraints = [], defaultingType = 'System' }: PodTopologySpreadArgs, path: string): void {
  if (defaultingType === 'System' && defaultConstraints.length > 0)
    throw new SchedulerConfigError(`${path}.defaultingType`, 'must be List when there are defaultConstraints');
  const seen = new Set<string>();
  defaultConstraints.forEach(({ topologyKey, whenUnsatisfiable }, index) => {
    const key = `${topologyKey} ${whenUnsatisfiable}`;
    if (seen.has(key)) throw new SchedulerConfigError(`${path}.defaultConstraints[${index}]`, `there are two with ${topologyKey} and ${whenUnsatisfiable}`);
    seen.add(key);
  });
}

function checkPreemption({ minCandidateNodesPercentage, minCandidateNodesAbsolute }: DefaultPreemptionArgs, path: string): void {
  if (minCandidateNodesPercentage === 0 && minCandidateNodesAbsolute === 0) {
    throw new SchedulerConfigError(`${path}.minCandidateNodesPercentage`, 'must not be 0 when minCandidateNodesAbsolute is 0');
  }
}

function checkBalanced({ resources = [] }: NodeResourcesBalancedAllocationArgs, path: string): void {
  const seen = new Set<string>();
  resources.forEach(({ name, weight }, index) => {
    const at = `${path}.resources[${index}]`;
    if (seen.has(name)) throw new SchedulerConfigError(`${at}.name`, `"${name}" is there twice`);
    if (weight !== 1) throw new SchedulerConfigError(`${at}.weight`, 'must be 1');
    seen.add(name);
  });
}

const duration: Reader<number> = (value, path) => {
  try {
    return parseDuration(value as string);
  } catch (error) {
    throw new SchedulerConfigError(path, error instanceof Error ? error.message : 'is no duration');
  }
};

/** @see kubernetes v1.36 pkg/scheduler/apis/config/validation/validation_pluginargs.go */
export const defaultPreemptionArgs: Reader<DefaultPreemptionArgs> = checked(
  args<DefaultPreemptionArgs>('DefaultPreemptionArgs', { minCandidateNodesPercentage: integer(0, 100), minCandidateNodesAbsolute: integer(0) }),
  checkPreemption,
);
/** Arguments as in KubeSchedulerConfiguration v1. */
export const interPodAffinityArgs: Reader<InterPodAffinityArgs> = args<InterPodAffinityArgs>('InterPodAffinityArgs', {
  hardPodAffinityWeight: integer(0, 100),
  ignorePreferredTermsOfExistingPods: flag,
});
/** Arguments as in KubeSchedulerConfiguration v1. */
export const nodeAffinityArgs: Reader<NodeAffinityArgs> = args<NodeAffinityArgs>('NodeAffinityArgs', { addedAffinity: nodeAffinityReader });
/** Arguments as in KubeSchedulerConfiguration v1. */
export const nodeResourcesBalancedAllocationArgs: Reader<NodeResourcesBalancedAllocationArgs> = checked(
  args<NodeResourcesBalancedAllocationArgs>('NodeResourcesBalancedAllocationArgs', { resources: list(resource) }),
  checkBalanced,
);
/** Arguments as in KubeSchedulerConfiguration v1. */
export const nodeResourcesFitArgs: Reader<NodeResourcesFitArgs> = args<NodeResourcesFitArgs>('NodeResourcesFitArgs', {
  ignoredResources: list(qualifiedName),
  ignoredResourceGroups: list(resourceGroup),
  scoringStrategy,
});
/** Arguments as in KubeSchedulerConfiguration v1. */
export const podTopologySpreadArgs: Reader<PodTopologySpreadArgs> = checked(
  args<PodTopologySpreadArgs>('PodTopologySpreadArgs', { defaultConstraints: list(constraint), defaultingType: oneOf('System', 'List') }),
  checkSpread,
);
/** Arguments as in KubeSchedulerConfiguration v1. */
export const volumeBindingArgs: Reader<VolumeBindingArgs> = args<VolumeBindingArgs>('VolumeBindingArgs', { bindTimeoutSeconds: integer(0), shape });
/** Arguments as in KubeSchedulerConfiguration v1. */
export const dynamicResourcesArgs: Reader<object> = args<{ filterTimeout?: number; bindingTimeout?: number }>('DynamicResourcesArgs', {
  filterTimeout: duration,
  bindingTimeout: duration,
});
/** For plugins that take none: an empty object will do. */
export const noArgs: Reader<object> = record<object>({} as never, []);
