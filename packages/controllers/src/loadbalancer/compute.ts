import { deepEqual } from '@kybern/core';
import type { LoadBalancerIngress, Service } from '@kybern/core/kinds';
import type { PlannedEvent } from '../planned-event.ts';

/** Holds a Service until its load balancer is gone. */
export const LOAD_BALANCER_FINALIZER = 'service.kubernetes.io/load-balancer-cleanup';

/** What to do for a Service's load balancer. */
export type LoadBalancerPlan =
  | { readonly type: 'none' }
  /** It wants addresses: `addFinalizer` first, then the status. */
  | { readonly type: 'ensure'; readonly addFinalizer: boolean }
  /** It had some and wants none any longer. */
  | { readonly type: 'cleanUp'; readonly clearStatus: boolean };

/**
 * Decides whether a Service gets, keeps or loses a load balancer. Services with a `loadBalancerClass` are another implementation's.
 *
 * @see kubernetes cloud-provider v0.36 controllers/service/controller.go (syncLoadBalancerIfNeeded)
 */
export function computeLoadBalancer({ metadata, spec, status }: Service): LoadBalancerPlan {
  const hasFinalizer = metadata.finalizers?.includes(LOAD_BALANCER_FINALIZER) === true;
  const deleting = metadata.deletionTimestamp !== undefined;
  if (spec.type === 'LoadBalancer' && spec.loadBalancerClass === undefined && !deleting) return { type: 'ensure', addFinalizer: !hasFinalizer };
  return hasFinalizer ? { type: 'cleanUp', clearStatus: !deleting && (status?.loadBalancer?.ingress ?? []).length > 0 } : { type: 'none' };
}

/** The families of which a Service wants one address each; IPv4 when it does not say. */
export function wantedFamilies({ spec }: Service): readonly ('IPv4' | 'IPv6')[] {
  const families = (spec.ipFamilies ?? []).filter((family) => family !== '');
  return families.length === 0 ? ['IPv4'] : families;
}

/**
 * What `status.loadBalancer.ingress` shall say.
 *
 * @returns undefined when it does
 */
export function wantedIngress({ status }: Service, ips: readonly string[]): readonly LoadBalancerIngress[] | undefined {
  const ingress = ips.map((ip): LoadBalancerIngress => ({ ip, ipMode: 'VIP' }));
  return deepEqual(status?.loadBalancer?.ingress, ingress) ? undefined : ingress;
}

/** The events around a change, in Kubernetes' words. */
export const Events: Readonly<Record<'ensuring' | 'ensured' | 'deleting' | 'deleted', PlannedEvent>> = {
  ensuring: { type: 'Normal', reason: 'EnsuringLoadBalancer', message: 'Ensuring load balancer' },
  ensured: { type: 'Normal', reason: 'EnsuredLoadBalancer', message: 'Ensured load balancer' },
  deleting: { type: 'Normal', reason: 'DeletingLoadBalancer', message: 'Deleting load balancer' },
  deleted: { type: 'Normal', reason: 'DeletedLoadBalancer', message: 'Deleted load balancer' },
};

/** The event of a failure. */
export const syncFailed = (message: string): PlannedEvent => ({
  type: 'Warning',
  reason: 'SyncLoadBalancerFailed',
  message: `Error syncing load balancer: failed to ensure load balancer: ${message}`,
});
