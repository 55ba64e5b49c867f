import { compareQuantities } from '@kybern/core';
import { compareQuantityTexts } from '../validation/quantities.ts';
import type { Container, PodSpec, ResourceRequirements } from '@kybern/core/kinds';

/** How readily a Pod is sacrificed when its node runs short. */
export type QosClass = 'BestEffort' | 'Burstable' | 'Guaranteed';

/** The quality of service that a Pod's requests and limits give it. @see kubernetes v1.36 pkg/apis/core/helper/qos/qos.go (ComputePodQOS) */
export function qosClassOf(spec: PodSpec): QosClass {
  if (hasAmounts(spec.resources)) return isGuaranteed(spec.resources) ? 'Guaranteed' : 'Burstable';
  const { containers, initContainers = NONE } = spec;
  if (!containers.some(asks) && !initContainers.some(asks)) return 'BestEffort';
  return containers.every(isBounded) && initContainers.every(isBounded) ? 'Guaranteed' : 'Burstable';
}

const NONE: readonly Container[] = [];
const asks = ({ resources }: Container): boolean => hasAmounts(resources);
const isBounded = ({ resources }: Container): boolean => isGuaranteed(resources);

function hasAmounts(resources: ResourceRequirements | undefined): resources is ResourceRequirements {
  if (resources === undefined) return false;
  const { requests, limits } = resources;
  return isPositive(requests?.['cpu']) || isPositive(requests?.['memory']) || isPositive(limits?.['cpu']) || isPositive(limits?.['memory']);
}

/** Limits for everything that counts, and requests as high as they are. */
function isGuaranteed(resources: ResourceRequirements | undefined): boolean {
  return resources !== undefined && isFull(resources, 'cpu') && isFull(resources, 'memory');
}

function isFull({ requests, limits }: ResourceRequirements, name: 'cpu' | 'memory'): boolean {
  const limit = limits?.[name];
  if (limit === undefined || !isPositive(limit)) return false;
  const request = requests?.[name];
  return request === undefined || request === limit || compareQuantityTexts(request, limit) === 0;
}

function isPositive(quantity: string | undefined): boolean {
  if (quantity === undefined) return false;
  const first = quantity.charCodeAt(0);
  return first >= 49 && first <= 57 ? true : compareQuantities(quantity, '0') > 0;
}
