import { deepEqual, formatQuantity, parseQuantity } from '@kybern/core';
import type { PersistentVolumeClaim, Pod, ResourceQuota, ResourceQuotaStatus, Service } from '@kybern/core/kinds';
import { inScopes } from './scopes.ts';
import { claimUsage, podUsage, serviceUsage, sumUsage, type Usage } from './usage.ts';

/** What {@link computeQuota} looks at. */
export interface QuotaInput {
  /** Wall time in ms. */
  readonly nowMs: number;
  readonly quota: ResourceQuota;
  /** Of the quota's namespace, as are the rest. */
  readonly pods: readonly Pod[];
  readonly services: readonly Service[];
  readonly claims: readonly PersistentVolumeClaim[];
  /** How many objects there are of a resource such as `configmaps` or `deployments.apps`; undefined when nobody counts them. */
  readonly count: (resource: string) => number | undefined;
}

/** Resources that are counted under their plain name. */
const PLAIN_COUNTS: readonly string[] = ['configmaps', 'secrets', 'replicationcontrollers', 'resourcequotas'];

/**
 * A quota's status: what it allows, and what is used of it. A quota with scopes counts Pods only.
 *
 * @returns undefined when it is as it is
 * @see kubernetes v1.36 pkg/controller/resourcequota/resource_quota_controller.go (syncResourceQuota), pkg/quota/v1/resources.go (CalculateUsage)
 */
export function computeQuota(input: QuotaInput): ResourceQuotaStatus | undefined {
  const { quota, nowMs } = input;
  const { hard = {} } = quota.spec;
  const isScoped = (quota.spec.scopes ?? []).length + (quota.spec.scopeSelector?.matchExpressions ?? []).length > 0;
  const pods = sumUsage(input.pods.filter((pod) => inScopes(quota.spec, pod)).map((pod) => podUsage(pod, nowMs)));
  const others = isScoped ? new Map() : sumUsage([...input.services.map(serviceUsage), ...input.claims.map(claimUsage)]);
  const used: Record<string, string> = {};
  for (const name of Object.keys(hard)) {
    const amount = amountOf(name, { usage: sumUsage([pods, others]), count: isScoped ? () => undefined : input.count });
    if (amount !== undefined) used[name] = amount;
  }
  const status: ResourceQuotaStatus = { hard, used };
  return deepEqual(status, quota.status) ? undefined : status;
}

interface Counts {
  readonly usage: Usage;
  readonly count: (resource: string) => number | undefined;
}

function amountOf(name: string, { usage, count }: Counts): string | undefined {
  const used = usage.get(name);
  if (used !== undefined) return formatQuantity(used);
  const resource = name.startsWith('count/') ? name.slice('count/'.length) : PLAIN_COUNTS.includes(name) ? name : undefined;
  if (resource === undefined || ['pods', 'services', 'persistentvolumeclaims'].includes(resource)) return '0';
  const counted = count(resource);
  return counted === undefined ? undefined : formatQuantity(parseQuantity(String(counted)));
}
