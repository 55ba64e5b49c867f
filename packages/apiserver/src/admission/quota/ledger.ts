import {
  addQuantities,
  compareQuantities,
  formatQuantity,
  ownValue,
  parseQuantity,
  subtractQuantities,
  type KubernetesObject,
  type Quantity,
} from '@kybern/core';
import type { ResourceQuota, ResourceQuotaStatus } from '@kybern/core/kinds';
import { isInScopes } from './scopes.ts';
import { usageOf, type Usage } from './usage.ts';

/** A change of one object, as far as quotas care. */
export interface Transfer {
  /** `pods`, `deployments.apps` */
  readonly resource: string;
  readonly before: KubernetesObject | undefined;
  readonly after: KubernetesObject | undefined;
}

const ZERO: Quantity = parseQuantity('0');

/** By how much a change moves what is used of a quota: only what the quota limits, and only what differs. */
export function transferTo({ spec }: ResourceQuota, { resource, before, after }: Transfer): Usage {
  const counted = (object: KubernetesObject | undefined): Usage =>
    usageOf(resource, object !== undefined && isInScopes(spec, resource, object) ? object : undefined);
  const [old, now] = [counted(before), counted(after)];
  const moved = new Map<string, Quantity>();
  for (const name of Object.keys(spec.hard ?? {})) {
    const [was, is] = [old.get(name), now.get(name)];
    if (was === undefined && is === undefined) continue;
    const delta = subtractQuantities(is ?? ZERO, was ?? ZERO);
    if (compareQuantities(delta, ZERO) !== 0) moved.set(name, delta);
  }
  return moved;
}

/** What a quota's status becomes, or why it must not. */
export type Charge = { readonly fits: true; readonly status: ResourceQuotaStatus } | { readonly fits: false; readonly reason: string };

/**
 * Books a transfer. What becomes less is never refused, and neither is what stays as it is, however much is used already.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/apiserver/pkg/admission/plugin/resourcequota/controller.go (CheckRequest)
 */
export function charge({ metadata, spec, status }: ResourceQuota, transfer: Usage): Charge {
  const hard = spec.hard ?? {};
  const used: Record<string, string> = { ...status?.used };
  const exceeded: string[] = [];
  for (const [name, delta] of transfer) {
    const sum = addQuantities(ownValue(used, name) ?? '0', delta);
    if (compareQuantities(delta, ZERO) > 0 && compareQuantities(sum, hard[name] as string) > 0) exceeded.push(name);
    used[name] = formatQuantity(sum);
  }
  if (exceeded.length === 0) return { fits: true, status: { hard, used } };
  const list = (amount: (name: string) => string): string =>
    exceeded
      .sort()
      .map((name) => `${name}=${amount(name)}`)
      .join(',');
  const requested = list((name) => formatQuantity(transfer.get(name) as Quantity));
  const usedNow = list((name) => formatQuantity(ownValue(status?.used, name) ?? '0'));
  return {
    fits: false,
    reason: `exceeded quota: ${metadata.name}, requested: ${requested}, used: ${usedNow}, limited: ${list((name) => formatQuantity(hard[name] as string))}`,
  };
}

/** What is used of a quota by all objects of its namespace. `objectsOf` gives those of one resource. */
export function usedOf(quota: ResourceQuota, resources: ReadonlySet<string>, objectsOf: (resource: string) => Iterable<KubernetesObject>): Usage {
  const total = new Map<string, Quantity>();
  for (const resource of resources) {
    for (const object of objectsOf(resource)) {
      for (const [name, amount] of transferTo(quota, { resource, before: undefined, after: object }))
        total.set(name, addQuantities(total.get(name) ?? ZERO, amount));
    }
  }
  return total;
}
