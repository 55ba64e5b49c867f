import { compareQuantities } from '@kybern/core';
import type { PodSpec, ResourceRequirements } from '@kybern/core/kinds';

/** How readily a Pod is sacrificed when its node runs short. */
export type QosClass = 'BestEffort' | 'Burstable' | 'Guaranteed';

const COUNTED = ['cpu', 'memory'] as const;

/** The quality of service that a Pod's requests and limits give it. @see kubernetes v1.36 pkg/apis/core/helper/qos/qos.go (ComputePodQOS) */
export function qosClassOf(spec: PodSpec): QosClass {
  if (hasAmounts(spec.resources)) return isGuaranteed(spec.resources) ? 'Guaranteed' : 'Burstable';
  let asks = false;
  let guaranteed = true;
  for (const containers of [spec.containers, spec.initContainers]) {
    for (const { resources } of containers ?? []) {
      if (hasAmounts(resources)) asks = true;
      if (guaranteed && !isGuaranteed(resources)) guaranteed = false;
    }
  }
  if (!asks) return 'BestEffort';
  return guaranteed ? 'Guaranteed' : 'Burstable';
}

function hasAmounts(resources: ResourceRequirements | undefined): resources is ResourceRequirements {
  if (resources === undefined) return false;
  for (const name of COUNTED) if (isPositive(resources.requests?.[name]) || isPositive(resources.limits?.[name])) return true;
  return false;
}

/** Limits for everything that counts, and requests as high as they are. */
function isGuaranteed(resources: ResourceRequirements | undefined): boolean {
  if (resources === undefined) return false;
  for (const name of COUNTED) {
    const limit = resources.limits?.[name];
    if (limit === undefined || !isPositive(limit)) return false;
    const request = resources.requests?.[name];
    if (request !== undefined && request !== limit && compareQuantities(request, limit) !== 0) return false;
  }
  return true;
}

function isPositive(quantity: string | undefined): boolean {
  if (quantity === undefined) return false;
  const first = quantity.charCodeAt(0);
  return first >= 49 && first <= 57 ? true : compareQuantities(quantity, '0') > 0;
}
