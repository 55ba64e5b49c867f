import { compareQuantities } from '@kybern/core';
import type { Container, Pod, PodStatus } from '@kybern/core/kinds';

const COMPUTE = ['cpu', 'memory'] as const;

/**
 * How a Pod is treated when the node runs short, from its requests and limits of cpu and memory.
 *
 * @see kubernetes v1.36 pkg/apis/core/v1/helper/qos/qos.go (ComputePodQOS)
 */
export function computeQosClass({ spec }: Pod): NonNullable<PodStatus['qosClass']> {
  // What is said of the Pod as a whole decides alone.
  if (COMPUTE.some((name) => isAsked(spec.resources?.requests?.[name]) || isAsked(spec.resources?.limits?.[name]))) {
    return isGuaranteed({ name: '', ...(spec.resources !== undefined && { resources: spec.resources }) }) ? 'Guaranteed' : 'Burstable';
  }
  const containers = [...(spec.initContainers ?? []), ...spec.containers];
  const asks = (container: Container): boolean =>
    COMPUTE.some((name) => isAsked(container.resources?.requests?.[name]) || isAsked(container.resources?.limits?.[name]));
  if (!containers.some(asks)) return 'BestEffort';
  return containers.every(isGuaranteed) ? 'Guaranteed' : 'Burstable';
}

const isAsked = (quantity: string | undefined): boolean => quantity !== undefined && compareQuantities(quantity, '0') > 0;

function isGuaranteed({ resources }: Container): boolean {
  return COMPUTE.every((name) => {
    const limit = resources?.limits?.[name];
    const request = resources?.requests?.[name] ?? limit;
    return limit !== undefined && request !== undefined && isAsked(limit) && compareQuantities(limit, request) === 0;
  });
}
