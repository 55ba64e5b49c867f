import type { NodeInfo } from '../cluster/node-info.ts';
import { podRequests, type PodRequests } from '../cluster/pod-requests.ts';
import { MAX_SCORE } from '../engine/normalize.ts';
import type { PreScorePlugin, ScorePlugin } from '../engine/plugin.ts';
import { skip } from '../engine/status.ts';
import { allocatableOf, checkedResources, isLeftOut, podRequestOf, requestedOf, requestSignature, type ResourceSpec } from './resource-usage.ts';

/** Arguments of {@link nodeResourcesBalancedAllocation}, as in KubeSchedulerConfiguration v1. */
export interface NodeResourcesBalancedAllocationArgs {
  /** Default cpu and memory. Weights play no part. */
  readonly resources?: readonly ResourceSpec[];
}

/**
 * Prefers nodes on which a Pod makes the use of resources more even: 75 for no change, up to 100 for evening out, down to 50 for the contrary.
 *
 * @throws {SchedulerConfigError} when an argument is not valid
 * @see kubernetes v1.36 pkg/scheduler/framework/plugins/noderesources/balanced_allocation.go
 */
export function nodeResourcesBalancedAllocation(args: NodeResourcesBalancedAllocationArgs = {}): PreScorePlugin & ScorePlugin {
  const resources = checkedResources(args.resources, 'resources').map(({ name }) => name);
  return {
    name: 'NodeResourcesBalancedAllocation',
    sign: (pod) => requestSignature(podRequests(pod)),
    preScore(pod) {
      const requests = podRequests(pod);
      return resources.every((name) => podRequestOf(requests, name) === 0) ? skip() : undefined;
    },
    score(pod, node) {
      const requests = podRequests(pod);
      const counted = resources.filter((name) => !isLeftOut(requests, name) && allocatableOf(node, name) > 0);
      const change = balance(node, counted, requests) - balance(node, counted, undefined);
      return MAX_SCORE / 2 + Math.trunc((MAX_SCORE / 2 + change) / 2);
    },
  };
}

/** How even the use of the resources is, from 100 (even) down, with the Pod or without. */
function balance(node: NodeInfo, resources: readonly string[], pod: PodRequests | undefined): number {
  const fractions = resources.map((name) => {
    const used = requestedOf(node, name) + (pod === undefined ? 0 : podRequestOf(pod, name));
    return Math.min(1, used / allocatableOf(node, name));
  });
  return Math.trunc((1 - standardDeviation(fractions)) * MAX_SCORE);
}

function standardDeviation(fractions: readonly number[]): number {
  const [first, second] = fractions;
  if (first === undefined || second === undefined) return 0;
  if (fractions.length === 2) return Math.abs(first - second) / 2;
  const mean = fractions.reduce((sum, fraction) => sum + fraction, 0) / fractions.length;
  const squares = fractions.reduce((sum, fraction) => sum + (fraction - mean) * (fraction - mean), 0);
  return Math.sqrt(squares / fractions.length);
}
