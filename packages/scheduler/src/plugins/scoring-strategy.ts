import type { NodeInfo } from '../cluster/node-info.ts';
import type { PodRequests } from '../cluster/pod-requests.ts';
import { MAX_SCORE } from '../engine/normalize.ts';
import { SchedulerConfigError } from '../errors.ts';
import { allocatableOf, checkedResources, isLeftOut, nonZeroRequestedOf, podNonZeroRequestOf, type ResourceSpec } from './resource-usage.ts';
import { checkedShape, shapeFunction, type UtilizationShapePoint } from './utilization-shape.ts';

/** How nodes that fit are compared, as in KubeSchedulerConfiguration v1. */
export interface ScoringStrategy {
  /** `LeastAllocated` prefers nodes with most left, `MostAllocated` those with least, `RequestedToCapacityRatio` goes by the shape. */
  readonly type: 'LeastAllocated' | 'MostAllocated' | 'RequestedToCapacityRatio';
  /** Default cpu and memory, 1 each. */
  readonly resources?: readonly ResourceSpec[];
  /** For `RequestedToCapacityRatio`, and required there. */
  readonly requestedToCapacityRatio?: { readonly shape: readonly UtilizationShapePoint[] };
}

/** The score of a node for what a Pod requests, from 0 to 100. */
export type ResourceScorer = (requests: PodRequests, node: NodeInfo) => number;

type Resources = readonly Required<ResourceSpec>[];

/** @throws {SchedulerConfigError} naming the field under `scoringStrategy` */
export function resourceScorer(strategy: ScoringStrategy = { type: 'LeastAllocated' }): ResourceScorer {
  const resources = checkedResources(strategy.resources, 'scoringStrategy.resources');
  switch (strategy.type) {
    case 'LeastAllocated':
      return (requests, node) => weightedMean(requests, node, { resources, scoreOf: leastUsed });
    case 'MostAllocated':
      return (requests, node) => weightedMean(requests, node, { resources, scoreOf: mostUsed });
    case 'RequestedToCapacityRatio': {
      const path = 'scoringStrategy.requestedToCapacityRatio.shape';
      const scoreOf = shapeFunction(checkedShape(strategy.requestedToCapacityRatio?.shape, path));
      return (requests, node) => shapedMean(requests, node, { resources, scoreOf });
    }
    default:
      throw new SchedulerConfigError('scoringStrategy.type', `must be LeastAllocated, MostAllocated or RequestedToCapacityRatio, not ${String(strategy.type)}`);
  }
}

/** @see kubernetes v1.36 pkg/scheduler/framework/plugins/noderesources/least_allocated.go */
function leastUsed(used: number, capacity: number): number {
  return used > capacity ? 0 : Math.floor(((capacity - used) * MAX_SCORE) / capacity);
}

/** @see kubernetes v1.36 pkg/scheduler/framework/plugins/noderesources/most_allocated.go */
function mostUsed(used: number, capacity: number): number {
  return Math.floor((Math.min(used, capacity) * MAX_SCORE) / capacity);
}

interface Scored {
  readonly resources: Resources;
  readonly scoreOf: (used: number, capacity: number) => number;
}

/** The mean over the resources, weighted; every division truncates. */
function weightedMean(requests: PodRequests, node: NodeInfo, { resources, scoreOf }: Scored): number {
  let sum = 0;
  let weights = 0;
  for (const { name, weight } of resources) {
    const capacity = allocatableOf(node, name);
    if (capacity === 0 || isLeftOut(requests, name)) continue;
    sum += weight * scoreOf(nonZeroRequestedOf(node, name) + podNonZeroRequestOf(requests, name), capacity);
    weights += weight;
  }
  return weights === 0 ? 0 : Math.floor(sum / weights);
}

/**
 * The mean over those resources that score more than 0, rounded.
 *
 * @see kubernetes v1.36 pkg/scheduler/framework/plugins/noderesources/requested_to_capacity_ratio.go
 */
function shapedMean(
  requests: PodRequests,
  node: NodeInfo,
  { resources, scoreOf }: { readonly resources: Resources; readonly scoreOf: (utilization: number) => number },
): number {
  let sum = 0;
  let weights = 0;
  for (const { name, weight } of resources) {
    const capacity = allocatableOf(node, name);
    if (capacity === 0 || isLeftOut(requests, name)) continue;
    const used = nonZeroRequestedOf(node, name) + podNonZeroRequestOf(requests, name);
    const score = scoreOf(used > capacity ? 100 : Math.floor((used * 100) / capacity));
    if (score <= 0) continue;
    sum += weight * score;
    weights += weight;
  }
  return weights === 0 ? 0 : Math.round(sum / weights);
}
